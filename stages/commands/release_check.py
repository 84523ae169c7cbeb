"""`python -m stages.commands.release_check` prints the verdict of the gate, rule by rule. It fails
unless the verdict is `pass`, and is of what lies here, whole."""

import sys

from stages.pipeline.program import run
from stages.release.check import judged, lines, verdict
from stages.remotes.contents import refuse_damaged


def main() -> None:
    from dvc.repo import Repo

    judged()
    with Repo() as repo:
        refuse_damaged(repo)
    gate = verdict()
    print("\n".join(lines(gate)))
    if gate["verdict"] != "pass":
        sys.exit(1)


if __name__ == "__main__":
    run(main)
