"""What DVC has recorded of each output: in dvc.lock, or in a `.dvc` file."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import read_json_list
from stages.pipeline.hashes import dvc_hash

if TYPE_CHECKING:
    from dvc.repo import Repo


@dataclass(frozen=True)
class Recorded:
    """`oid`: the MD5 of a file, or `….dir` of the listing of a folder. `remote`: its own one."""

    path: str
    place: Path
    oid: str
    size: int | None
    remote: str | None
    is_cached: bool
    is_pushed: bool
    cache: Path
    stage: str | None  # that made it; none of a `.dvc` file

    @property
    def is_folder(self) -> bool:
        return self.oid.endswith(".dir")

    def object(self, oid: str) -> Path:
        """Where DVC's cache has what an id names."""
        return self.cache / oid[:2] / oid[2:]

    def is_whole(self, oid: str) -> bool:
        """Whether the cache here has it, and the content is what its id says."""
        file = self.object(oid)
        return file.is_file() and dvc_hash(file) == oid.removesuffix(".dir")

    def entries(self) -> dict[str, str] | None:
        """Of a folder, the id of each file by its path in it; None where the cache here has no
        whole listing."""
        if not self.is_folder or not self.is_whole(self.oid):
            return None
        return {entry["relpath"]: entry["md5"] for entry in read_json_list(self.object(self.oid))}


def unread(repo: "Repo") -> dict[str, str]:
    """Outputs that have no MD5 of their content, so that nothing here can compare them; by path,
    what is to be said of each."""
    found = {}
    for out in repo.index.outs:
        if out.hash_info and out.hash_info.name != "md5":
            found[str(out)] = (
                f"is recorded by {out.hash_info.name}, as DVC 2 did, and was not compared. `dvc "
                "cache migrate --dvc-files`, commit the `.dvc` files, and `make push`."
            )
        elif out.files and not out.hash_info:
            found[str(out)] = (
                "is recorded by the versions that a remote of the cloud keeps, and was not "
                f"compared. `dvc remove {shlex.quote(f'./{out}.dvc')}`, and `dvc add` it anew."
            )
    return found


def imported(repo: "Repo") -> list[str]:
    """What `dvc import` brought: DVC fetches it from its repository, and pushes it nowhere."""
    return sorted(str(out) for out in repo.index.outs if out.stage.is_repo_import)


def recorded(repo: "Repo") -> list[Recorded]:
    """In the order of their paths; outputs that were never made are left out, and those that are
    `unread`."""
    cache = Path(repo.cache.local.path)
    found = [
        Recorded(
            path=str(out),
            place=Path(out.fs_path),
            oid=out.hash_info.value,
            size=out.meta.size if out.meta else None,
            remote=out.remote,
            is_cached=out.use_cache,
            is_pushed=out.use_cache and out.can_push and not out.stage.is_repo_import,
            cache=cache,
            stage=None if out.stage.is_data_source else out.stage.addressing,
        )
        for out in repo.index.outs
        if out.hash_info and out.hash_info.value and out.hash_info.name == "md5"
    ]
    return sorted(found, key=lambda out: out.path)
