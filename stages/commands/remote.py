"""`python -m stages.commands.remote --url s3://bucket/path` sets up the remote that all share, and
with `--name personal` the one for unmasked text (`make remote URL=... NAME=...`)."""

import argparse
import logging
import os

from stages.pipeline.program import run
from stages.remotes.reach import SAID, reach
from stages.remotes.setup import set_up
from stages.remotes.unmasked import PERSONAL

log = logging.getLogger("remote")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--name", default="storage")
    parser.add_argument("--endpoint", default="", help="of a bucket that is not at Amazon")
    asked = parser.parse_args()
    changed = set_up(asked.name, asked.url, asked.endpoint, os.environ)
    outcome = reach(asked.name)
    if outcome in SAID:
        what, fix = SAID[outcome]
        log.warning("it is written down, but the remote %s %s %s", asked.name, what, fix)
    else:
        log.info("the remote %s answers.", asked.name)
    if changed:
        paths = " ".join(map(str, changed))
        log.info("For the others: git commit %s -m 'Name the remote'", paths)
    elif asked.name == PERSONAL:
        log.info(
            "Only this clone knows it. Whoever else may see unmasked text runs the same command."
        )


if __name__ == "__main__":
    run(main)
