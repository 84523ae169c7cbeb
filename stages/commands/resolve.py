"""`python -m stages.commands.resolve` resolves dvc.lock and metrics in a merge that stopped at
conflicts (`make resolve`). Other files, params.yaml among them, are resolved by hand."""

import logging
import subprocess
from typing import Any

from ruamel.yaml import YAML

from stages.pipeline.dvc_lock import LOCK
from stages.pipeline.errors import PipelineError
from stages.pipeline.program import run
from stages.remotes.merging import merged, results

log = logging.getLogger("resolve")

BASE, OURS, THEIRS = 1, 2, 3  # as Git numbers them in a conflict
CONTINUED_BY = {
    "MERGE_HEAD": "git commit",
    "REBASE_HEAD": "git rebase --continue",
    "CHERRY_PICK_HEAD": "git cherry-pick --continue",
}


class MergeError(PipelineError, RuntimeError):
    """A merge that is not what this command can resolve."""


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], capture_output=True, check=True).stdout


def conflicts() -> set[str]:
    listed = git("diff", "--name-only", "--diff-filter=U", "-z").decode().split("\0")
    return set(filter(None, listed))


def entries(side: int) -> dict[str, Any]:
    """The stages of one side's dvc.lock; none where it has none."""
    shown = subprocess.run(["git", "show", f":{side}:{LOCK}"], capture_output=True, check=False)
    content = YAML(typ="safe", pure=True).load(shown.stdout) if not shown.returncode else None
    return (content or {}).get("stages", {})


def take(path: str, side: str) -> bool:
    """Takes a file or folder that is in Git from one side; False where the side has none."""
    has = subprocess.run(
        ["git", "cat-file", "-e", f"{side}:{path}"], capture_output=True, check=False
    )
    if has.returncode == 0:
        git("checkout", side, "--", path)
    return has.returncode == 0


def their_commit() -> str:
    """The name that Git gives to the commit which is merged in.

    Raises:
        MergeError: none is.
    """
    for name in CONTINUED_BY:
        asked = ["git", "rev-parse", "--verify", "--quiet", name]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return name
    raise MergeError("Git", "merges no commit here.", "Run `git merge <branch>` first.")


def main() -> None:
    from dvc.utils.serialize import dump_yaml

    where = conflicts()
    if str(LOCK) not in where:
        raise MergeError(
            str(LOCK),
            "is in no conflict.",
            "Run `git merge <branch>` first; where only one side has new results, Git takes them.",
        )
    their_name = their_commit()
    ours, theirs = entries(OURS), entries(THEIRS)
    stages = merged(entries(BASE), ours, theirs)
    dump_yaml(str(LOCK), {"schema": "2.0", "stages": stages})
    git("add", "--", str(LOCK))
    taken = sum(
        take(path, "HEAD" if is_ours else their_name) for path, is_ours in results(stages, ours)
    )
    left = sorted(conflicts())
    log.info("dvc.lock and %d results are resolved.", taken)
    if left:
        log.info("By hand, then `git add`: %s", ", ".join(left))
    log.info(
        "Then: make pull && make repro && git add dvc.lock metrics && %s", CONTINUED_BY[their_name]
    )


if __name__ == "__main__":
    run(main)
