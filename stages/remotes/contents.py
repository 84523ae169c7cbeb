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
from stages.remotes.recorded import Recorded, recorded, unread
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
    unread: dict[str, str] = field(default_factory=dict)  # by path: why it was not compared
    wrong: dict[str, str] = field(default_factory=dict)  # by path: what is wrong with it
    cures: list[str] = field(default_factory=list)  # commands


def verify(
    outs: Sequence[Recorded],
    shared: Callable[[Recorded], bool],
    shows: Callable[[int], object] = lambda size: None,
) -> Verified:
    """Reads every output that is here, several files at a time; `shows` is told the bytes of
    each."""
    done, started = Verified(), time.monotonic()
    here = [out for out in outs if out.place.exists() or out.place.is_symlink()]
    done.absent = [out.path for out in outs if out not in here]
    found = (file for out in here for file in _files(out) if file.exists())
    sizes = {file: file.stat().st_size for file in found}

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
            done.cures += list(_cures(out, shared))
    done.seconds = time.monotonic() - started
    return done


def refuse_damaged(repo: "Repo") -> None:
    """
    Raises:
        RemoteError: an output that is here is not what dvc.lock records, or cannot be compared.
    """
    if wrong := {**verify(recorded(repo), lambda out: True).wrong, **unread(repo)}:
        raise RemoteError(
            ", ".join(sorted(wrong)),
            "is not what dvc.lock records, or cannot be compared.",
            "`make verify` says what is wrong with it, and the commands that cure it.",
        )


def _files(out: Recorded) -> list[Path]:
    """With what .dvcignore names since then."""
    if not out.place.is_dir():
        return [out.place]
    named = (out.place / name for name in out.entries() or {})
    return sorted({*counted_files(out.place), *filter(Path.is_file, named)})


def _wrong_in(
    out: Recorded, hashes: Mapping[Path, str], sizes: Mapping[Path, int]
) -> dict[str, str]:
    if not out.place.exists():
        return {out.path: "is a link to what is there no more"}
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


def _cures(out: Recorded, shared: Callable[[Recorded], bool]) -> Iterator[str]:
    """Commands that bring the recorded content back. An object of the cache that is not what its
    name says goes aside, else it would come again; so does what no stage makes, which may have been
    edited. `shared`: whether a remote, and not this cache alone, may have what is to come."""
    path = shlex.quote(f"./{out.path}" if out.path.startswith("-") else out.path)
    away = f"rm -rf -- {path}" if out.stage else f"mv {path} {path}.damaged"
    oids = {out.oid, *(out.entries() or {}).values()}
    bad = [oid for oid in sorted(oids) if out.object(oid).is_file() and not out.is_whole(oid)]
    if not out.is_cached:
        yield f"git checkout -- {path}  # or `dvc repro`, if it is of a run that is not committed"
    elif not bad and all(map(out.is_whole, oids)):
        yield f"{away} && dvc checkout {path}"
    elif shared(out):
        for oid in bad:
            cached = shlex.quote(str(out.object(oid)))
            yield f"mv {cached} {cached}.damaged"
        yield f"{away} && dvc pull {path}"
    elif out.stage:
        yield f"dvc repro --force --single-item -- {shlex.quote(out.stage)}"
    else:
        yield (
            f"# {out.path} is on no remote: put a copy of it there, or if you have edited it, "
            "`make add` it"
        )
