"""Checkpoints as folders of safetensors shards, read and written one tensor at a time.

On disk: `model.safetensors`, or `model-00001-of-0000N.safetensors` with an index file
`model.safetensors.index.json`, {"metadata": {"total_size"}, "weight_map": {tensor: shard}}; beside
them config.json and the tokenizer.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from stages.pipeline.errors import InputError, ModelError
from stages.pipeline.run import read_json, write_json

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
# What stands beside the weights and goes with them unchanged.
COMPANIONS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


class Checkpoint:
    """The tensors of a folder, by name, in the order of their names. Use it as a context."""

    def __init__(self, folder: Path):
        self.folder = folder
        if (folder / INDEX).is_file():
            shards = sorted(set(read_json(folder / INDEX)["weight_map"].values()))
        elif (folder / WEIGHTS).is_file():
            shards = [WEIGHTS]
        else:
            raise InputError(
                str(folder), "holds no safetensors weights.", "Run `dvc repro` or `dvc pull`."
            )
        if missing := [shard for shard in shards if not (folder / shard).is_file()]:
            raise InputError(
                str(folder / missing[0]), "is not there.", "Run `dvc repro` or `dvc pull`."
            )
        self._shards = shards

    def __enter__(self) -> "Checkpoint":
        self._stack = ExitStack()
        self._where = {}
        for shard in self._shards:
            try:
                opened = safe_open(str(self.folder / shard), framework="pt", device="cpu")
            except SafetensorError:
                raise ModelError(
                    str(self.folder / shard),
                    "is damaged.",
                    "Delete it and run `dvc checkout`, or `dvc repro`.",
                ) from None
            file = self._stack.enter_context(opened)
            self._where |= dict.fromkeys(file.keys(), file)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._where))

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._where[name].get_tensor(name)


def write_checkpoint(
    folder: Path, tensors: Iterable[tuple[str, torch.Tensor]], max_shard_bytes: int
) -> int:
    """Writes tensors as they come, at most one shard in memory, and returns their bytes.

    A tensor larger than `max_shard_bytes` gets a shard of its own. The file header says
    {"format": "pt"} and nothing else, which keeps the bytes the same from run to run.
    """
    shards: list[list[str]] = []
    pending: dict[str, torch.Tensor] = {}
    total = pending_bytes = 0

    def flush() -> None:
        save_file(pending, str(folder / f"{len(shards)}.part"), metadata={"format": "pt"})
        shards.append(sorted(pending))
        pending.clear()

    for name, tensor in tensors:
        if pending and pending_bytes + tensor.nbytes > max_shard_bytes:
            flush()
            pending_bytes = 0
        pending[name] = tensor.contiguous()
        pending_bytes += tensor.nbytes
        total += tensor.nbytes
    flush()
    if len(shards) == 1:
        (folder / "0.part").rename(folder / WEIGHTS)
        return total
    weight_map: dict[str, str] = {}
    for index, names in enumerate(shards):
        file = f"model-{index + 1:05d}-of-{len(shards):05d}.safetensors"
        (folder / f"{index}.part").rename(folder / file)
        weight_map |= dict.fromkeys(names, file)
    write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})
    return total


def copy_companions(source: Path, target: Path, *but: str) -> None:
    """Copies config, generation config and tokenizer from one checkpoint to another."""
    for name in COMPANIONS:
        if name not in but and (source / name).is_file():
            shutil.copyfile(source / name, target / name)
