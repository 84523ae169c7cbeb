"""`python -m stages.commands.release_check` prints the verdict of the gate, rule by rule. It fails
unless the verdict is `pass`, and is of what lies here."""

import sys

from stages.pipeline.program import run
from stages.release.check import judged, lines, verdict


def main() -> None:
    judged()
    gate = verdict()
    print("\n".join(lines(gate)))
    if gate["verdict"] != "pass":
        sys.exit(1)


if __name__ == "__main__":
    run(main)
