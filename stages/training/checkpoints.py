"""Checkpoints of an unfinished training, in `.checkpoints/train/<identity>/`.

A run that was killed resumes from its last whole checkpoint and ends with the same bytes as one
that was not. What else would make other bytes (params, data, base, code, libraries, how the batch
is split) is the run's identity: a run never resumes from checkpoints of another identity. They are
named, with what differs, and left alone.
"""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from stages.formats.json_files import read_json, write_json
from stages.params.runtime import Runtime
from stages.pipeline import own_folders, paths
from stages.pipeline.durable import sync, sync_names
from stages.pipeline.dvc_yaml import code_of
from stages.pipeline.errors import DataError
from stages.pipeline.hashes import dvc_hash

log = logging.getLogger("train")

LIBRARIES = (
    *("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "datasets"),
    "tokenizers",
)
WHOLE = "whole.json"  # written last into a checkpoint, with the hashes of its files


def identity(decides: Mapping[str, object], runtime: Runtime, processes: int) -> dict[str, object]:
    """What decides the bytes of the adapter, flat, so that a difference has a name. `decides`: the
    sections of params.yaml that the stage declares."""
    found: dict[str, object] = {}
    _flatten(found, "", decides)
    for split in ("train", "validation"):
        found[f"data.{split}"] = dvc_hash(paths.ENCODED / split)
    found["base"] = dvc_hash(paths.BASE)
    found |= {f"code.{path}": digest for path, digest in code_of("train").items()}
    found |= {f"library.{name}": version(name) for name in LIBRARIES}
    found["processes"] = processes
    found["runtime.launch"] = dvc_hash(Path(runtime.launch)) if runtime.launch else None
    found["runtime.device_batch_size"] = runtime.device_batch_size
    return found


def _flatten(found: dict[str, object], key: str, value: object) -> None:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            _flatten(found, f"{key}.{name}" if key else str(name), inner)
    else:
        found[key] = value


def room_of(own: dict[str, object], speaks: bool) -> Path:
    """The folder for the checkpoints of this identity. The process that `speaks` makes it, and says
    what sets others apart."""
    rooms = paths.project_root() / ".checkpoints" / "train"
    name = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]
    room = rooms / name
    if not speaks:
        return room
    for other in sorted(rooms.glob("*/identity.json")):
        if other.parent.name == name or (last := last_whole(other.parent)) is None:
            continue
        with suppress(DataError):  # a name that a power loss left without its content
            log.warning(
                "%s belongs to another run, so this one does not resume from it: %s. Delete its "
                "folder if you will not run that again.", last, differences(read_json(other), own),
            )  # fmt: skip
    own_folders.make(room)
    write_json(room / "identity.json", own)
    return room


def differences(theirs: dict[str, object], ours: dict[str, object]) -> str:
    keys = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
    return ", ".join(f"{key} was {theirs.get(key)}, now {ours.get(key)}" for key in keys)


def mark_whole(checkpoint: Path) -> None:
    """Says that every file of a checkpoint is written, and is on the disk; without it, a killed run
    left it."""
    digests = {file.name: _digest(file) for file in checkpoint.iterdir() if file.is_file()}
    partial = checkpoint / f"{WHOLE}.partial"
    write_json(partial, digests)
    sync(checkpoint)
    partial.replace(checkpoint / WHOLE)
    sync_names(checkpoint)
    sync_names(checkpoint.parent)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "blake2b").hexdigest()


def last_whole(room: Path) -> Path | None:
    """The whole checkpoint with the highest step, if there is one."""
    checkpoints = _checkpoints(room)
    for step in sorted(checkpoints, reverse=True):
        if _is_whole(checkpoints[step]):
            return checkpoints[step]
    return None


def _checkpoints(room: Path) -> dict[int, Path]:
    """By their steps; what somebody has put beside them (`checkpoint-7.bak`) is none."""
    return {
        int(folder.name.removeprefix("checkpoint-")): folder
        for folder in room.glob("checkpoint-*")
        if re.fullmatch(r"checkpoint-\d+", folder.name, re.ASCII)
    }


def _is_whole(checkpoint: Path) -> bool:
    """A marker that cannot be read, or a file that is not what it was, counts as a killed run's."""
    try:
        digests = read_json(checkpoint / WHOLE)
        return bool(digests) and all(
            _digest(checkpoint / name) == digest for name, digest in digests.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def clear_broken(room: Path) -> None:
    """Removes checkpoints that a killed run left half-written."""
    for folder in _checkpoints(room).values():
        if not _is_whole(folder):
            shutil.rmtree(folder)
