"""`python -m stages.commands.release 1.2.0` releases what the gate passed under a version
(`make release VERSION=1.2.0`), all of it or nothing."""

import argparse
import logging

from stages.commands.push import check as check_masked
from stages.commands.push import push
from stages.pipeline.program import run
from stages.release.check import ReleaseError, judged, lines, verdict
from stages.release.hub import committed
from stages.release.version import branch, check_version, committed_changelog, publish_version
from stages.remotes.contents import refuse_damaged
from stages.remotes.holdings import verify_remote
from stages.remotes.reach import refuse_unreachable

log = logging.getLogger("release")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="1.2.0")
    parser.add_argument("--remote", default="origin", help="of Git")
    asked = parser.parse_args()
    last = check_version(asked.version, asked.remote)
    branch()
    committed_changelog()
    check_what_is_here()
    push_objects()
    tags = publish_version(asked.version, last, asked.remote)
    log.info("%s is out. Others fetch it by `dvc artifacts get <this repository> mxfp4 "
             "--rev v%s`.", tags[0], asked.version)  # fmt: skip


def check_what_is_here() -> None:
    """
    Raises:
        ReleaseError, RemoteError: the verdict is none of this, or not `pass`; something is not
            committed, damaged, or not masked.
    """
    from dvc.repo import Repo

    committed()
    judged()
    gate = verdict()
    if gate["verdict"] != "pass":
        raise ReleaseError("metrics/gate.json", "; ".join(lines(gate)), "Train a better model.")
    check_masked()
    with Repo() as repo:
        refuse_damaged(repo)


def push_objects() -> None:
    """
    Raises:
        ReleaseError, RemoteError: no remote takes all of it.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        name = repo.config["core"].get("remote")
        if not name:
            raise ReleaseError("dvc", "has no remote.", "`make remote URL=...` sets one up.")
        refuse_unreachable(name)
        if push():
            raise ReleaseError(f"the remote {name}", "did not take all.", "Release again.")
        if faults := verify_remote(repo, name).faults:
            raise ReleaseError(
                f"the remote {name}",
                f"does not hold all of {', '.join(faults)}.",
                "`make verify-remote` says the cure.",
            )


if __name__ == "__main__":
    run(main)
