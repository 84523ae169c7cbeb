"""Safetensors shards, written a piece at a time. A killed run resumes after the last finished one.

Shapes are known before the first number is, so each shard's header is written first and pieces go
to their places in the file, by several threads. A shard is `<name>.part` until all of it is on the
disk, and what was measured of its tensors stands beside it; a run that finds finished shards in its
room resumes after them. No byte depends on the number of threads or on the size of pieces.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
import logging
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch
from safetensors import SafetensorError, safe_open
from tqdm import tqdm

from stages.formats.json_files import Json, read_json, write_json
from stages.pipeline.durable import sync, sync_names
from stages.weights.tensors.checkpoint import DTYPES, INDEX, WEIGHTS

log = logging.getLogger("weights")

NAMES = {dtype: name for name, dtype in DTYPES.items()}
PIECE_NUMBERS = 16_000_000  # of a tensor at once: about one expert of gpt-oss
FLUSH_BYTES = 128_000_000  # go to the disk at once

Made = tuple[dict[str, torch.Tensor], dict[str, float]]


@dataclass(frozen=True)
class Group:
    """Tensors that are made together, `step` indices of their first axis at a time.

    `make(first, last)` gives these rows of each tensor, and sums that are added up over the group.
    They may lie in memory that the next call by the same thread takes again.
    """

    tensors: Mapping[str, tuple[torch.dtype, tuple[int, ...]]]
    step: int
    make: Callable[[int, int], Made]

    @property
    def rows(self) -> int:
        shapes = [shape for _, shape in self.tensors.values()]
        return shapes[0][0] if shapes[0] else 1

    @property
    def nbytes(self) -> int:
        return sum(math.prod(shape) * dtype.itemsize for dtype, shape in self.tensors.values())


def rows_at_once(shape: Sequence[int]) -> int:
    """How many rows of a tensor make a piece."""
    return max(1, PIECE_NUMBERS // max(1, math.prod(shape[1:])))


def write_shards(
    room: Path, groups: Sequence[Group], max_shard_bytes: int, threads: int, progress: bool
) -> dict[str, dict[str, float]]:
    """Writes the groups in their order into `room`, with an index if there is more than one shard,
    and returns the sums of each group by the name of its first tensor.

    A group larger than `max_shard_bytes` gets a shard of its own.
    """
    shards: list[list[Group]] = []
    for group in groups:
        size = sum(other.nbytes for other in shards[-1]) if shards else 0
        if not shards or size + group.nbytes > max_shard_bytes:
            shards.append([])
        shards[-1].append(group)
    names = [f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors" for i in range(len(shards))]
    if len(shards) == 1:
        names = [WEIGHTS]
    sums: dict[str, dict[str, float]] = {}
    total = sum(group.nbytes for group in groups)
    bar = tqdm(total=total, desc="weights", unit="B", unit_scale=True, disable=not progress)
    disk = ThreadPoolExecutor(1)  # a shard goes to the disk while the next one is made
    with bar, disk, ThreadPoolExecutor(threads) as pool:
        finishing: list[Future[None]] = []
        for name, shard in zip(names, shards, strict=True):
            finished = _sums_of(room / name, room / f"{name}.sums.json")
            if finished is None:
                for earlier in finishing[:-1]:
                    earlier.result()
                file, found = _write_shard(room / f"{name}.part", shard, pool, disk, bar)
                finishing.append(disk.submit(_finish, room, name, file, found))
                sums |= found
            else:
                log.info("%s was finished before", name)
                bar.update(sum(group.nbytes for group in shard))
                sums |= finished
        for each in finishing:
            each.result()
    if len(shards) > 1:
        weight_map = {
            tensor: name
            for name, shard in zip(names, shards, strict=True)
            for group in shard
            for tensor in group.tensors
        }
        write_json(room / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})
    return sums


def take_shards(room: Path, folder: Path) -> None:
    """Moves the finished shards and their index to where they are published, which may be another
    disk."""
    for file in sorted(room.iterdir()):
        if file.suffix == ".safetensors" or file.name == INDEX:
            shutil.move(file, folder / file.name)
    shutil.rmtree(room)


def _header(
    tensors: Mapping[str, tuple[torch.dtype, tuple[int, ...]]],
) -> tuple[bytes, dict[str, int], int]:
    """The bytes of a file before its tensors, where each of these starts behind them, and where the
    last one ends. It says {"format": "pt"} and nothing else, which keeps the bytes the same from
    run to run."""
    # Large numbers first, as the safetensors library does: each lies at a multiple of its size.
    order = sorted(tensors, key=lambda name: (-tensors[name][0].itemsize, name))
    header: Json = {"__metadata__": {"format": "pt"}}
    starts, end = {}, 0
    for name in order:
        dtype, shape = tensors[name]
        starts[name], start = end, end
        end += math.prod(shape) * dtype.itemsize
        header[name] = {
            "dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [start, end],
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    text = len(text).to_bytes(8, "little") + text
    return text, starts, end


def _write_shard(
    path: Path,
    groups: Sequence[Group],
    pool: ThreadPoolExecutor,
    disk: ThreadPoolExecutor,
    bar: "tqdm[NoReturn]",
) -> tuple[int, dict[str, dict[str, float]]]:
    """One shard, whole but perhaps not on the disk when this returns. Returns the open file."""
    tensors = {name: each for group in groups for name, each in group.tensors.items()}
    text, starts, end = _header(tensors)
    path.unlink(missing_ok=True)  # of a killed run, or a link that would lead out of the room
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    try:
        os.posix_fallocate(file, 0, len(text) + end)  # a full disk shows before the work
        _write(file, text, 0)

        def piece(group: Group, first: int) -> dict[str, float]:
            made, sums = group.make(first, min(first + group.step, group.rows))
            for name, numbers in made.items():
                dtype, shape = tensors[name]
                if numbers.dtype != dtype or tuple(numbers.shape[1:]) != shape[1:]:
                    raise RuntimeError(f"{name}: {numbers.dtype} {tuple(numbers.shape)}")
                raw = numbers.contiguous().reshape(-1).view(torch.uint8).numpy().data
                row = math.prod(shape[1:]) * dtype.itemsize
                _write(file, raw, len(text) + starts[name] + first * row)
                bar.update(len(raw))
            return sums

        pieces = [
            (group, pool.submit(piece, group, first))
            for group in groups
            for first in range(0, group.rows, group.step)
        ]
        sums: dict[str, dict[str, float]] = {next(iter(group.tensors)): {} for group in groups}
        _add_up(pieces, sums, file, disk)
        return file, sums
    except BaseException:
        os.close(file)
        raise


def _add_up(
    pieces: Sequence[tuple[Group, Future[dict[str, float]]]],
    sums: Mapping[str, dict[str, float]],
    file: int,
    disk: ThreadPoolExecutor,
) -> None:
    """Adds to the sums of each group in the order of its pieces, whoever was first. What is written
    goes to the disk meanwhile, which would else do nothing until the memory for it is full."""
    flushing, waiting_bytes = disk.submit(_flush, file), 0
    try:
        for group, future in pieces:
            into = sums[next(iter(group.tensors))]
            for key, value in future.result().items():
                into[key] = into.get(key, 0.0) + value
            waiting_bytes += group.nbytes * group.step // group.rows
            if waiting_bytes >= FLUSH_BYTES and flushing.done():
                flushing, waiting_bytes = disk.submit(_flush, file), 0
    finally:
        for _, future in pieces:
            future.cancel()
        wait([future for _, future in pieces])  # none writes to a closed file
        wait([flushing])


def _flush(file: int) -> None:
    """What was written goes to the disk, and its memory to what is written next. A file that is
    larger than the memory would else push all out that is there, and new memory takes the system
    as long as the work."""
    os.fdatasync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def _finish(room: Path, name: str, file: int, sums: Mapping[str, Mapping[str, float]]) -> None:
    """Gives a shard its name when all of it, and of what was measured, is on the disk."""
    try:
        os.fsync(file)
    finally:
        os.close(file)
    note = room / f"{name}.sums.json"
    write_json(note, sums)
    sync(note)
    sync_names(room)
    (room / f"{name}.part").rename(room / name)


def _sums_of(shard: Path, note: Path) -> dict[str, dict[str, float]] | None:
    """The sums of a shard that an earlier run finished; None where it did not, or where one of the
    two files is damaged."""
    if not shard.is_file():
        return None
    try:
        with safe_open(shard, "np"):  # its header, and that the file is as long as that says
            return read_json(note)
    except (OSError, ValueError, SafetensorError):
        log.warning("%s is damaged and is made again", shard)
        return None


def _write(file: int, data: bytes | memoryview, start: int) -> None:
    view, done = memoryview(data), 0
    while done < len(view):
        done += os.pwrite(file, view[done:], start + done)
