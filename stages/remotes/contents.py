"""The content of every output here against what dvc.lock records.

DVC compares sizes and times, and trusts what once came into its cache: a transfer that was cut
leaves a short file there, and every later check calls it clean. Only reading all of it tells.
"""

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stages.pipeline.hashes import counted_files, dvc_hash
from stages.remotes.recorded import Recorded, recorded
from stages.remotes.unmasked import RemoteError

if TYPE_CHECKING:
    from dvc.repo import Repo


@dataclass
class Verified:
    """What was read, and what of it is wrong."""

    files: int = 0
    size: int = 0
    seconds: float = 0.0
    absent: list[str] = field(default_factory=list)  # outputs that are not here
    wrong: dict[str, str] = field(default_factory=dict)  # by path: what is wrong with it
    cures: list[str] = field(default_factory=list)  # commands


def verify(
    outs: Sequence[Recorded], shows: Callable[[int], object] = lambda size: None
) -> Verified:
    """Reads every output that is here, several files at a time; `shows` is told the bytes of
    each."""
    done, started = Verified(), time.monotonic()
    here = [out for out in outs if out.place.exists()]
    done.absent = [out.path for out in outs if out not in here]
    sizes = {file: file.stat().st_size for out in here for file in _files(out)}

    def hashed(file: Path) -> str:
        found = dvc_hash(file)
        shows(sizes[file])
        return found

    with ThreadPoolExecutor() as pool:
        hashes = dict(zip(sizes, pool.map(hashed, sizes), strict=True))
    done.files, done.size = len(sizes), sum(sizes.values())
    for out in here:
        if wrong := _wrong_in(out, hashes, sizes):
            done.wrong |= wrong
            done.cures += list(_cures(out))
    done.seconds = time.monotonic() - started
    return done


def refuse_damaged(repo: "Repo") -> None:
    """
    Raises:
        RemoteError: an output that is here is not what dvc.lock records.
    """
    if wrong := verify(recorded(repo)).wrong:
        raise RemoteError(
            ", ".join(sorted(wrong)),
            "is not what dvc.lock records.",
            "`make verify` says what is wrong with it, and the commands that cure it.",
        )


def _files(out: Recorded) -> list[Path]:
    return counted_files(out.place) if out.place.is_dir() else [out.place]


def _wrong_in(
    out: Recorded, hashes: Mapping[Path, str], sizes: Mapping[Path, int]
) -> dict[str, str]:
    entries = out.entries() if out.is_folder else {".": out.oid}
    if entries is None:  # what was in the folder is not known here, but the hash of all of it is
        same = dvc_hash(out.place) == out.oid
        return {} if same else {out.path: "is not what dvc.lock records"}
    expected = {out.place / name: oid for name, oid in entries.items()}
    wrong = {}
    for file in sorted({*expected, *_files(out)}):
        name = str(Path(out.path) / file.relative_to(out.place))
        if file not in hashes:
            wrong[name] = "is missing"
        elif file not in expected:
            wrong[name] = "is in no record"
        elif hashes[file] != expected[file]:
            wrong[name] = f"has other content ({sizes[file]:,} bytes)"
    return wrong


def _cures(out: Recorded) -> Iterator[str]:
    """Commands that bring the recorded content back: objects of the cache that are not what their
    names say go first, else they would come again."""
    path = shlex.quote(out.path)
    if not out.is_cached:
        yield f"git checkout -- {path}"
        return
    for oid in sorted({out.oid, *(out.entries() or {}).values()}):
        if out.object(oid).is_file() and not out.is_whole(oid):
            yield f"rm -f {shlex.quote(str(out.object(oid)))}"
    yield f"rm -rf {path} && dvc pull {path}"
