"""`python -m stages.commands.push` sends what was made to the remotes (`make push`), after a check
that nothing unmasked goes to the one that all share. `--check` checks alone, as the Git hook does
before each `git push`."""

import argparse
import logging
import sys

from stages.params.reading import read_params
from stages.pipeline import paths
from stages.pipeline.program import run
from stages.remotes.dvc import dvc
from stages.remotes.holdings import refuse_versions
from stages.remotes.planted import Params, refuse_planted
from stages.remotes.reach import names
from stages.remotes.recorded import recorded
from stages.remotes.unmasked import RemoteError, refuse_to_share

log = logging.getLogger("push")


def check() -> None:
    """
    Raises:
        RemoteError: something unmasked would go to a remote that all share.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        refuse_to_share(repo)
    if paths.PARAMS.is_file() and paths.SCRUBBED.is_dir():
        refuse_planted(read_params(Params))


def push() -> int:
    """Sends all outputs that have a place to go to, and returns DVC's exit code.

    Raises:
        RemoteError: there is no remote, or one that cannot be verified.
    """
    from dvc.repo import Repo

    with Repo() as repo:
        remotes, default = names(repo), repo.config["core"].get("remote")
        outs = [out for out in recorded(repo) if out.is_pushed]
    if not remotes:
        raise RemoteError("dvc", "has no remote.", "`make remote URL=...` sets one up.")
    for name in remotes:
        refuse_versions(repo, name)
    bound = [out.path for out in outs if (out.remote or default) in remotes]
    return dvc("push", "--", *bound) if bound else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="send nothing")
    only_check = parser.parse_args().check
    check()
    if not only_check:
        sys.exit(push())
    log.info("nothing unmasked would be sent.")


if __name__ == "__main__":
    run(main)
