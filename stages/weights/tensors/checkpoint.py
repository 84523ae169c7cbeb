"""Checkpoints as folders of safetensors shards, read a piece at a time.

On disk: `model.safetensors`, or `model-00001-of-0000N.safetensors` with an index file
`model.safetensors.index.json`, {"metadata": {"total_size"}, "weight_map": {tensor: shard}}; beside
them config.json and the tokenizer. A safetensors file is the length of its header (8 bytes, little
endian), the header, {tensor: {"dtype", "shape", "data_offsets": [start, stop]}} in JSON, and the
tensors' bytes, one after the other without a gap. A name stands once in a header.

Files are read by offset and not mapped: what was read and let go counts as memory no longer.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from stages.formats.json_files import Json, read_json
from stages.pipeline.errors import DataError, InputError, ModelError, cut, shown
from stages.weights.tensors.held import Array, reused

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
AGAIN = "Delete the folder and run `dvc checkout`, or `dvc repro`."
MOST_HEADER_BYTES = 100_000_000  # as the safetensors library reads
MOST_AXES = 8
AHEAD_BYTES = 64_000_000  # of a file, that the disk is asked for before they are read
SHARD = re.compile(r"[\w.-]{1,200}\.safetensors", re.ASCII)  # a file of the folder, and no path
# What stands beside the weights and goes with them unchanged.
COMPANIONS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """Where a tensor lies."""

    file: int
    start: int
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        """Of one index along the first axis."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize


class Checkpoint:
    """The tensors of a folder, by name, in the order of their names. Use it as a context; several
    threads may read at once. `single`: the file's name where there is no index."""

    def __init__(self, folder: Path, single: str = WEIGHTS):
        self.folder = folder
        self._indexed: set[str] | None = None
        if (folder / INDEX).is_file():
            if (folder / single).is_file():
                raise ModelError(
                    str(folder),
                    f"holds both {single} and {INDEX}, and which one is meant cannot be told.",
                    "Remove the one that is not.",
                )
            try:
                weight_map = dict(read_json(folder / INDEX)["weight_map"])
                self._indexed, shards = set(weight_map), sorted(set(weight_map.values()))
                if not all(SHARD.fullmatch(shard) for shard in shards):
                    raise ValueError("it names what is no file of weights")
            except (DataError, KeyError, TypeError, ValueError) as error:
                raise _damaged(folder / INDEX, error) from None
        elif (folder / single).is_file():
            shards = [single]
        else:
            raise InputError(
                str(folder), "holds no safetensors weights.", "Run `dvc repro` or `dvc pull`."
            )
        if missing := [shard for shard in shards if not (folder / shard).is_file()]:
            raise InputError(
                str(folder / missing[0]), "is not there.", "Run `dvc repro` or `dvc pull`."
            )
        self._shards = shards

    def __enter__(self) -> Self:
        self._where: dict[str, Stored] = {}
        with ExitStack() as opening:  # what is open is closed again if something is refused
            for shard in self._shards:
                found = self._opened(self.folder / shard, opening)
                if twice := sorted(found.keys() & self._where.keys()):
                    raise ModelError(
                        str(self.folder / shard),
                        f"has {cut(twice[0])}, as another shard does.",
                        AGAIN,
                    )
                self._where |= found
            if self._indexed is not None and self._indexed != set(self._where):
                name = min(self._indexed ^ set(self._where))
                raise ModelError(
                    str(self.folder / INDEX),
                    f"and the shards beside it do not name the same tensors; one is {cut(name)}.",
                    AGAIN,
                )
            self._stack = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _opened(self, path: Path, opening: ExitStack) -> dict[str, Stored]:
        file = os.open(path, os.O_RDONLY)
        opening.callback(os.close, file)
        try:
            header, begin, size = _header(file)
            kinds = {entry["dtype"] for entry in header.values()}
            if strange := sorted(kinds - DTYPES.keys()):
                raise ModelError(
                    str(path),
                    f"holds numbers of a kind that cannot be merged, {shown(strange[0])}.",
                    "Use weights in BF16, FP16, FP32 or MXFP4.",
                )
            return _in_place(header, file, begin, size)
        except ModelError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _damaged(path, error) from None

    def __len__(self) -> int:
        """How many tensors are stored."""
        return len(self._where)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._where))

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def stored(self, name: str) -> Stored:
        return self._where[name]

    def __getitem__(self, name: str) -> torch.Tensor:
        stored = self._where[name]
        if not stored.shape:
            return self._read(stored, stored.start, stored.dtype.itemsize).reshape(())
        return self.rows(name, 0, stored.shape[0])

    def rows(self, name: str, first: int, last: int, purpose: str = "") -> torch.Tensor:
        """Rows first..last along the first axis. With a purpose, in memory that this thread's next
        rows of this purpose take again."""
        stored = self._where[name]
        start, length = stored.start + first * stored.row_bytes, (last - first) * stored.row_bytes
        room = reused(f"{self.folder} {purpose}", [length], np.uint8) if purpose else None
        numbers = self._read(stored, start, length, room)
        return numbers.reshape(last - first, *stored.shape[1:])

    def _read(
        self, stored: Stored, start: int, length: int, room: Array | None = None
    ) -> torch.Tensor:
        if not length:
            return torch.empty(0, dtype=stored.dtype)
        room = np.empty(length, np.uint8) if room is None else room
        if hasattr(os, "posix_fadvise"):  # Linux: what lies behind it is most often wanted next
            os.posix_fadvise(stored.file, start + length, AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
        view, done = room.data, 0
        while done < length:
            count = os.preadv(stored.file, [view[done:]], start + done)
            if not count:
                raise InputError(
                    str(self.folder), "became shorter while it was read.", "Run again."
                )
            done += count
        return torch.from_numpy(room).view(stored.dtype)


def _damaged(path: Path, error: Exception) -> ModelError:
    return ModelError(str(path), f"is damaged ({type(error).__name__}: {cut(str(error))}).", AGAIN)


def _header(file: int) -> tuple[Json, int, int]:
    """What a file says of its tensors, where the first one lies, and how many bytes they have.

    Raises:
        ValueError: the header is cut, too long, or no JSON; or it has a name twice, of which
            readers take different ones.
    """

    def once(pairs: list[tuple[str, object]]) -> Json:
        if len(found := dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice in the header")
        return found

    size = os.fstat(file).st_size
    length = int.from_bytes(os.pread(file, 8, 0), "little")
    if not 0 < length <= min(size - 8, MOST_HEADER_BYTES):
        raise ValueError(f"a header of {length:,} bytes in a file of {size:,}")
    header = json.loads(os.pread(file, length, 8), object_pairs_hook=once)
    header.pop("__metadata__", None)
    return header, 8 + length, size - 8 - length


def _in_place(header: Json, file: int, begin: int, size: int) -> dict[str, Stored]:
    """The tensors of a header, which must fill the file.

    Raises:
        ValueError: they overlap, leave a gap, or are larger or smaller than the file.
    """
    found: dict[str, Stored] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
        start, stop = entry["data_offsets"]
        if len(shape) > MOST_AXES or not all(
            type(number) is int and 0 <= number <= size for number in (start, stop, *shape)
        ):
            raise ValueError(f"{name} has a place or a shape that cannot be")
        if stop - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} has {stop - start} bytes, which is not what its shape takes")
        found[name] = Stored(file, begin + start, dtype, shape)
        spans.append((start, stop))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError(f"the tensors overlap or leave a gap at byte {end}")
        end = stop
    if end != size:
        raise ValueError(f"the tensors have {end} bytes, and the file has {size} for them")
    return found


def copy_companions(source: Path, target: Path, *but: str) -> None:
    """Copies config, generation config and tokenizer from one checkpoint to another."""
    for name in COMPANIONS:
        if name not in but and (source / name).is_file():
            shutil.copyfile(source / name, target / name)
