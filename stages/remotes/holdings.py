"""What a remote holds against what it shall hold, by its listing: nothing is fetched but the
listings of folders that are not in the cache here.

An object that is there counts as whole unless its size, or on S3 its MD5, is another one than it
was. DVC itself looks for the listing of a folder alone: it calls a remote complete that has lost
files of one.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.remotes.recorded import Recorded, recorded
from stages.remotes.unmasked import RemoteError

if TYPE_CHECKING:
    from dvc.repo import Repo

MD5 = re.compile("[0-9a-f]{32}")
EMPTY = hashlib.md5().hexdigest()
AT_ONCE = 16  # requests for single objects, where a server lists nothing


class Stored(NamedTuple):
    size: int | None
    md5: str | None  # S3 has it of an object that was sent in one part


class Fault(NamedTuple):
    oid: str  # `….dir` of the listing of a folder
    what: str


@dataclass
class Held:
    """What was found of one remote."""

    objects: int = 0
    faults: dict[str, list[Fault]] = field(default_factory=dict)  # by output


def verify_remote(repo: "Repo", name: str) -> Held:
    """Looks for every object of the recorded outputs that are bound for the remote.

    Raises:
        RemoteError: it keeps its objects otherwise than by their hashes.
        What the remote's library raises where it cannot be reached.
    """
    refuse_versions(repo, name)
    odb = repo.cloud.get_remote_odb(name)
    outs = _bound_for(repo, name)
    stored = _listed(odb)
    if stored is None:
        listings = _asked_for(odb, [out.oid for out in outs])
        there = [out for out in outs if out.oid in listings]
        stored = listings | _asked_for(odb, [i for out in there for i in _ids(out, odb) or ()])
    done = Held(objects=len(stored))
    for out in outs:
        if faults := list(_faults(out, odb, stored)):
            done.faults[out.path] = faults
    return done


def refuse_versions(repo: "Repo", name: str) -> None:
    """
    Raises:
        RemoteError: the remote keeps files under their own names, in the versions of a bucket.
    """
    settings = repo.config["remote"].get(name, {})
    if on := [key for key in ("version_aware", "worktree") if settings.get(key)]:
        raise RemoteError(
            f"the remote {name}",
            f"is set to {' and '.join(on)}: it keeps files by their names, and not by the hashes "
            "that are compared here.",
            f"`dvc remote modify --unset {name} {on[0]}` for a new place, or set up another one "
            "(`make remote URL=... NAME=...`).",
        )


def send_again(repo: "Repo", name: str, held: Held) -> list[str]:
    """Puts the objects that are lost or damaged there again, under their names. Returns the outputs
    that are left as they are, since their content is not whole in the cache here."""
    odb = repo.cloud.get_remote_odb(name)
    kept = []
    for out in _bound_for(repo, name):
        wrong = {fault.oid for fault in held.faults.get(out.path, [])}
        if out.oid in wrong and out.is_folder:
            wrong |= set((out.entries() or {}).values())
        if wrong and not all(map(out.is_whole, wrong)):
            kept.append(out.path)
            continue
        for oid in sorted(wrong, key=lambda oid: oid.endswith(".dir")):  # a listing comes last
            odb.fs.put_file(str(out.object(oid)), odb.oid_to_path(oid))
    return kept


def _bound_for(repo: "Repo", name: str) -> list[Recorded]:
    default = repo.config["core"].get("remote")
    return [out for out in recorded(repo) if out.is_pushed and (out.remote or default) == name]


def _faults(out: Recorded, odb: Any, stored: Mapping[str, Stored]) -> Iterator[Fault]:
    if out.oid not in stored:
        yield Fault(out.oid, "it is not there")
        return
    if not out.is_folder:
        yield from _wrong(out, odb, out.oid, stored)
        return
    ids = _ids(out, odb)
    if ids is None or any(_wrong(out, odb, out.oid, stored)):
        yield Fault(out.oid, "the listing of its files is damaged")
        return
    wrong = [fault for oid in ids for fault in _wrong(out, odb, oid, stored)]
    yield from wrong
    size = sum(stored[oid].size or 0 for oid in ids if oid in stored)
    if not wrong and out.size is not None and size != out.size:
        yield Fault(out.oid, f"it has {size:,} bytes in all, and had {out.size:,}")


def _wrong(out: Recorded, odb: Any, oid: str, stored: Mapping[str, Stored]) -> Iterator[Fault]:
    size = out.size if oid == out.oid and not out.is_folder else None
    if oid not in stored:
        yield Fault(oid, f"its file {oid} is not there")
        return
    if size is None and out.object(oid).is_file():
        size = out.object(oid).stat().st_size
    found = stored[oid]
    if found.size is not None and size is not None and found.size != size:
        yield Fault(oid, f"its file {oid} has {found.size:,} bytes, and had {size:,}")
    elif found.size == 0 and oid != EMPTY:
        yield Fault(oid, f"its file {oid} is empty")
    elif found.md5 not in (None, oid.removesuffix(".dir")) and not _is_there_whole(odb, oid):
        yield Fault(oid, f"its file {oid} has other content")


def _is_there_whole(odb: Any, oid: str) -> bool:
    """What the server calls its MD5 is another thing where it encrypts; then the content tells."""
    with odb.fs.open(odb.oid_to_path(oid), "rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest() == oid.removesuffix(".dir")


def _ids(out: Recorded, odb: Any) -> list[str] | None:
    """The id of each file of a folder, by its listing: from the cache here, or the remote. None
    where that is damaged."""
    if not out.is_folder:
        return []
    if (entries := out.entries()) is not None:
        return list(entries.values())
    content = odb.fs.cat_file(odb.oid_to_path(out.oid))
    if hashlib.md5(content).hexdigest() != out.oid.removesuffix(".dir"):
        return None
    return [entry["md5"] for entry in json.loads(content)]


def _listed(odb: Any) -> dict[str, Stored] | None:
    """All objects by their hashes; None where the server lists nothing (HTTP)."""
    if odb.fs.protocol in ("http", "https"):
        return None
    if odb.fs.protocol == "local":
        files = (file for file in Path(odb.path).rglob("*") if file.is_file())
        found = {file.as_posix(): {"size": file.stat().st_size} for file in files}
    else:
        found = odb.fs.fs.find(odb.path, detail=True)
    top = odb.path.rstrip("/") + "/"
    pairs = ((path.partition(top)[2].split("/"), info) for path, info in found.items())
    return {"".join(parts): _stored(info, odb) for parts, info in pairs if len(parts) == 2}


def _asked_for(odb: Any, oids: list[str]) -> dict[str, Stored]:
    def ask(oid: str) -> tuple[str, Stored] | None:
        try:
            return oid, _stored(odb.fs.info(odb.oid_to_path(oid)), odb)
        except FileNotFoundError:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(answer for answer in pool.map(ask, dict.fromkeys(oids)) if answer)


def _stored(info: Mapping[str, Any], odb: Any) -> Stored:
    etag = str(info.get("ETag") or "").strip('"') if odb.fs.protocol == "s3" else ""
    return Stored(info.get("size"), etag if MD5.fullmatch(etag) else None)
