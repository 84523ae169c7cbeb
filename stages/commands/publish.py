"""`python -m stages.commands.publish --variant mxfp4 --repo my-company/name` uploads a variant and
its card to a repository of the model hub, if the gate passed what lies here."""

import argparse
import logging
import re

from stages.params.base import Base
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline.errors import InputError
from stages.pipeline.program import run
from stages.pipeline.variants import TUNED
from stages.release.hub import check, committed, files_of, upload

log = logging.getLogger("publish")


class Params(Sections):
    base: Base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", required=True, choices=TUNED)
    parser.add_argument("--repo", required=True, help="my-company/name")
    parser.add_argument("--public", action="store_true", help="else it is private")
    asked = parser.parse_args()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", asked.repo):
        raise InputError(
            asked.repo or "REPO", "names no repository.", "Write REPO=my-company/name."
        )
    check(asked.variant)
    commit = committed()
    files = files_of(asked.variant, asked.repo, commit, read_params(Params).base)
    address = upload(asked.repo, files, asked.public, f"malssi {asked.variant} of {commit}")
    log.info("%d files of %s: %s", len(files), asked.variant, address)


if __name__ == "__main__":
    run(main)
