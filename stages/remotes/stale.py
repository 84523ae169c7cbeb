"""Raw files that are of an older commit than their `.dvc` files: after `git pull` without
`make pull`. `dvc repro` would take them for new ones, and write the old hash back."""

from pathlib import Path
from typing import TYPE_CHECKING

from stages.pipeline.git import asked
from stages.pipeline.hashes import dvc_hash
from stages.remotes.unmasked import RemoteError

if TYPE_CHECKING:
    from dvc.repo import Repo


def refuse_stale(repo: "Repo") -> None:
    """
    Raises:
        RemoteError: it names the files, and how to say which version is meant.
    """
    stale = [
        str(out)
        for out in repo.index.outs
        if out.stage.is_data_source and out.exists and out.status() and _is_older(Path(out.fs_path))
    ]
    if stale:
        raise RemoteError(
            ", ".join(stale),
            "is of an older commit than its `.dvc` file, and would be written back into it.",
            "`make pull` brings the newer one; if the older one is meant, `make add FILE=...`.",
        )


def _is_older(place: Path) -> bool:
    """Whether what is there was recorded once."""
    log = asked("log", "--patch", "--format=", "--", f"{place}.dvc") or ""
    return f"md5: {dvc_hash(place)}\n" in log
