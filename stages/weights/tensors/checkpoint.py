"""Checkpoints as folders of safetensors shards, read a piece at a time.

On disk: `model.safetensors`, or `model-00001-of-0000N.safetensors` with an index file
`model.safetensors.index.json`, {"metadata": {"total_size"}, "weight_map": {tensor: shard}}; beside
them config.json and the tokenizer. A safetensors file is the length of its header (8 bytes, little
endian), the header, {tensor: {"dtype", "shape", "data_offsets": [start, stop]}} in JSON, and the
tensors' bytes.

Files are read by offset and not mapped: what was read and let go counts as memory no longer.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch

from stages.formats.json_files import read_json
from stages.pipeline.errors import InputError, ModelError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
AGAIN = "Delete the folder and run `dvc checkout`, or `dvc repro`."
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
            except (KeyError, TypeError, ValueError):
                raise ModelError(str(folder / INDEX), "is damaged.", AGAIN) from None
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
                        str(self.folder / shard), f"has {twice[0]}, as another shard does.", AGAIN
                    )
                self._where |= found
            if self._indexed is not None and self._indexed != set(self._where):
                name = min(self._indexed ^ set(self._where))
                raise ModelError(
                    str(self.folder / INDEX),
                    f"and the shards beside it do not name the same tensors; one is {name}.",
                    AGAIN,
                )
            self._stack = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _opened(self, path: Path, opening: ExitStack) -> dict[str, Stored]:
        file = os.open(path, os.O_RDONLY)
        opening.callback(os.close, file)
        size = os.fstat(file).st_size
        try:
            length = int.from_bytes(os.pread(file, 8, 0), "little")
            if length > size:
                raise ValueError("the header is longer than the file")
            header = json.loads(os.pread(file, length, 8))
            header.pop("__metadata__", None)
            found = {}
            for name, entry in header.items():
                start, stop = (8 + length + offset for offset in entry["data_offsets"])
                stored = Stored(file, start, DTYPES[entry["dtype"]], tuple(entry["shape"]))
                if stop > size or stop - start != math.prod(stored.shape) * stored.dtype.itemsize:
                    raise ValueError(f"{name} does not fit into the file")
                found[name] = stored
        except KeyError as error:
            raise ModelError(
                str(path),
                f"holds numbers of a kind that cannot be merged, {error}.",
                "Use weights in BF16, FP16, FP32 or MXFP4.",
            ) from None
        except (ValueError, TypeError, AttributeError):
            raise ModelError(str(path), "is damaged.", AGAIN) from None
        return found

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

    def rows(self, name: str, first: int, last: int) -> torch.Tensor:
        """Rows first..last along the first axis."""
        stored = self._where[name]
        start = stored.start + first * stored.row_bytes
        numbers = self._read(stored, start, (last - first) * stored.row_bytes)
        return numbers.reshape(last - first, *stored.shape[1:])

    def _read(self, stored: Stored, start: int, length: int) -> torch.Tensor:
        if not length:
            return torch.empty(0, dtype=stored.dtype)
        room = bytearray(length)
        view, done = memoryview(room), 0
        while done < length:
            count = os.preadv(stored.file, [view[done:]], start + done)
            if not count:
                raise InputError(
                    str(self.folder), "became shorter while it was read.", "Run again."
                )
            done += count
        return torch.frombuffer(room, dtype=stored.dtype)


def copy_companions(source: Path, target: Path, *but: str) -> None:
    """Copies config, generation config and tokenizer from one checkpoint to another."""
    for name in COMPANIONS:
        if name not in but and (source / name).is_file():
            shutil.copyfile(source / name, target / name)
