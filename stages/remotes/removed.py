"""Brings back what a run that failed has removed. DVC removes the outputs of a stage before it runs
it, and where unmasked text is absent, `dvc repro --allow-missing` takes what is gone for made."""

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stages.pipeline.git import asked
from stages.pipeline.hashes import dvc_hash
from stages.remotes.dvc import dvc
from stages.remotes.recorded import Recorded, recorded
from stages.remotes.unmasked import PERSONAL, absent

if TYPE_CHECKING:
    from dvc.repo import Repo

log = logging.getLogger("removed")


def is_fresh(repo: "Repo") -> bool:
    """Whether nothing that all share is here or in the cache: a clone that has pulled nothing."""
    shared = [out for out in repo.index.outs if out.use_cache and out.remote != PERSONAL]
    return all(not out.exists and out.changed_cache() for out in shared)


def bring_back(repo: "Repo") -> None:
    """Puts recorded outputs that are gone back: from the cache, from the remote that all share, and
    what DVC keeps no copy of, such as metrics, from Git. Says which came, and which did not."""
    gone = [out for out in recorded(repo) if not out.place.exists() and out.remote != PERSONAL]
    lacking = absent(repo, personal=False)
    afar = [out.path for out in gone if out.path in lacking]
    near = [out.path for out in gone if out.is_cached and out.path not in afar]
    if near:
        dvc("checkout", "--quiet", "--allow-missing", "--", *near)
    if afar and repo.config["core"].get("remote"):
        dvc("pull", "--quiet", "--allow-missing", "--", *afar)
    for out in gone:
        if not out.is_cached:
            _from_git(out)
    came = [out.path for out in gone if out.place.exists()]
    if came:
        log.info("%d outputs that were gone are back as recorded: %s", len(came), ", ".join(came))
    if lost := [out.path for out in gone if out.path not in came]:
        log.warning(
            "%s: gone, and neither in the cache, nor on the remote that all share, nor in Git. "
            "Whoever has it runs `make push`; `dvc repro --force --single-item <stage>` makes it "
            "anew.",
            ", ".join(lost),
        )


def _from_git(out: Recorded) -> None:
    """If it is there as recorded: what another run made would count as changed."""
    path = Path(out.path)
    asked("checkout", "--quiet", "--", out.path)
    if path.exists() and dvc_hash(path) != out.oid:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
