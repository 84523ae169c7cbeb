"""`python -m stages.commands.pull` brings what others made (`make pull`). Outputs that only some
may have (docs/how-to/remotes.md) may be absent; any other one must come. Metrics that a run that
failed has removed come from Git."""

import logging

from stages.pipeline.program import run
from stages.remotes.dvc import dvc
from stages.remotes.removed import bring_back
from stages.remotes.unmasked import PERSONAL, RemoteError, absent

log = logging.getLogger("pull")


def main() -> None:
    from dvc.repo import Repo

    code = dvc("pull", "--allow-missing")
    with Repo() as repo:
        lost, kept = absent(repo, personal=False), absent(repo, personal=True)
        if code or lost:
            raise RemoteError(
                ", ".join(lost) or "dvc pull",
                "did not come.",
                "Whoever made it pushes it (`make push`); `make verify-remote` says what a remote "
                "lacks. What cannot be had is made anew by `dvc repro --force --single-item "
                "<stage>`.",
            )
        bring_back(repo)
    if kept:
        log.info(
            "%s: %d outputs hold text that is not masked, and are only on the remote `%s` of those "
            "who may see them. `make repro` takes them as they are.",
            ", ".join(sorted({"/".join(path.split("/")[:2]) for path in kept})),
            len(kept),
            PERSONAL,
        )


if __name__ == "__main__":
    run(main)
