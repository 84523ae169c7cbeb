"""`python -m stages.commands.repro` rebuilds what changed (`make repro`). Where unmasked outputs
are absent, which only some may have, the stages that made them are taken as they are; what a run
that failed removed is brought back first."""

import logging
import os
import subprocess
import sys

from stages.pipeline.program import run
from stages.remotes.dvc import dvc
from stages.remotes.removed import bring_back, is_fresh
from stages.remotes.stale import refuse_stale
from stages.remotes.unmasked import RemoteError, absent, needing
from stages.tracking.notes import COMMAND, LATER, NOTED, NOTES

log = logging.getLogger("repro")


def taken_as_recorded() -> list[str]:
    """The unmasked outputs to do without; none where all of it is here, or is to be made here.

    Raises:
        RemoteError: a changed stage would read one of them.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        refuse_stale(repo)
        away = absent(repo, personal=True)
        if not away or is_fresh(repo):
            return []
        bring_back(repo)
    with Repo() as repo:
        if absent(repo, personal=False):
            return []
        if blocked := needing(repo, away):
            raise RemoteError(
                ", ".join(blocked),
                "changed, and would read text that is not masked, which is not here.",
                "Undo that, or let somebody run it who has the remote `personal`. Nothing was run.",
            )
    return away


def rebuild(*flags: str) -> int:
    """Runs `dvc repro`, then sends the numbers of all stages that ran, of a failed run too."""
    os.environ[LATER] = "1"
    try:
        return dvc("repro", *flags)
    finally:
        if NOTES.is_dir() and any(NOTES.iterdir()):
            subprocess.run([sys.executable, "-m", COMMAND, NOTED], check=False)


def main() -> None:
    away = taken_as_recorded()
    if not away:
        sys.exit(rebuild())
    log.info(
        "%d outputs with unmasked text are not here. They are taken as recorded, so what reads "
        "them must not change: that is up to those who have them.",
        len(away),
    )
    sys.exit(rebuild("--allow-missing"))


if __name__ == "__main__":
    run(main)
