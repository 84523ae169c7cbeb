"""The folder in which a stage's shards are made, and from which a run of the same work resumes."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from stages.pipeline import own_folders, paths
from stages.pipeline.dvc_yaml import code_of
from stages.pipeline.errors import BusyError
from stages.pipeline.hashes import counted_files
from stages.pipeline.own_folders import lock_file

log = logging.getLogger("weights")

LIBRARIES = ("torch", "numba", "numpy", "transformers")


@contextmanager
def shards_room(
    stage: str, made_from: Sequence[Path], params: Mapping[str, object]
) -> Generator[Path, None, None]:
    """The folder in which this stage's shards are made: another one for other inputs, parameters,
    code or libraries, so that a run resumes only from what it would make itself. It is locked
    meanwhile; rooms of other runs are removed, if no process works in them.

    Raises:
        BusyError: another process makes the same shards.
    """
    own = {
        "inputs": {path.as_posix(): _stamps(path) for path in made_from},
        "params": params,
        "code": code_of(stage),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    rooms = paths.project_root() / ".checkpoints" / stage
    name = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:16]
    rooms.mkdir(parents=True, exist_ok=True)
    for other in sorted(rooms.glob("*.lock")):
        if other.stem != name and (handle := lock_file(other)) is not None:
            log.info("the shards in %s are of another run and are removed.", rooms / other.stem)
            shutil.rmtree(rooms / other.stem, ignore_errors=True)
            other.unlink()
            os.close(handle)
    handle = lock_file(rooms / f"{name}.lock")
    if handle is None:
        raise BusyError(
            str(rooms / name),
            "another process makes the same shards.",
            "Wait for it to end, or stop it, and run again.",
        )
    try:
        own_folders.make(rooms / name)
        yield rooms / name
    finally:
        if not (rooms / name).exists():
            (rooms / f"{name}.lock").unlink()
        os.close(handle)


def _stamps(path: Path) -> dict[str, tuple[int, ...]]:
    """What cannot stay the same when a file changes, of each file: to read all of them for a hash
    takes longer than to make the shards. The last is the time that nobody can set. Files that are
    put there again have other stamps, though their content is the same: the run starts anew."""
    found: dict[str, tuple[int, ...]] = {}
    for file in counted_files(path) if path.is_dir() else [path]:
        is_now = file.stat()
        times = (is_now.st_mtime_ns, is_now.st_ctime_ns)
        found[file.as_posix()] = (is_now.st_size, is_now.st_ino, *times)
    return found
