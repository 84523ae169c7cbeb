"""`python -m stages.commands.resolve` resolves dvc.lock and metrics in a merge that stopped at
conflicts (`make resolve`). Other files, params.yaml among them, are resolved by hand."""

import logging
from typing import Any

from ruamel.yaml import YAML

from stages.pipeline.dvc_lock import LOCK
from stages.pipeline.errors import PipelineError
from stages.pipeline.git import asked, git
from stages.pipeline.paths import overlap
from stages.pipeline.program import run
from stages.remotes.merging import merged_lock, results

log = logging.getLogger("resolve")

MERGED, BASE, OURS, THEIRS = range(4)  # as Git numbers them in its index
CONTINUED_BY = {
    "MERGE_HEAD": "git commit",
    "REBASE_HEAD": "git rebase --continue",
    "CHERRY_PICK_HEAD": "git cherry-pick --continue",
}


class MergeError(PipelineError, RuntimeError):
    """A merge that is not what this command can resolve."""


def conflicts() -> set[str]:
    listed = git("diff", "--name-only", "--diff-filter=U", "-z").split("\0")
    return set(filter(None, listed))


def lock_of(revision: str) -> dict[str, Any]:
    """dvc.lock of a commit, or of a side of the conflict; empty where that has none."""
    content = YAML(typ="safe", pure=True).load(asked("show", f"{revision}:{LOCK}") or "")
    return content or {}


def take(path: str, side: str) -> bool:
    """Takes a file or folder that is in Git from one side, and nothing that only the other side
    has in it; False where the side has none."""
    has = asked("cat-file", "-e", f"{side}:{path}") is not None
    if has:
        git("restore", f"--source={side}", "--staged", "--worktree", "--", path)
    return has


def their_commit() -> str:
    """The name that Git gives to the commit which is merged in.

    Raises:
        MergeError: none is.
    """
    for name in CONTINUED_BY:
        if asked("rev-parse", "--verify", "--quiet", name) is not None:
            return name
    raise MergeError("Git", "merges no commit here.", "Run `git merge <branch>` first.")


def main() -> None:
    from dvc.utils.serialize import dump_yaml

    where = conflicts()
    if not where:
        raise MergeError(
            str(LOCK),
            "is in no conflict.",
            "Run `git merge <branch>` first; where only one side has new results, Git takes them.",
        )
    their_name = their_commit()
    if str(LOCK) in where:
        ours = lock_of(f":{OURS}")
        lock = merged_lock(lock_of(f":{BASE}"), ours, lock_of(f":{THEIRS}"))
        chosen = list(results(lock.get("stages", {}), ours.get("stages", {})))
        dump_yaml(str(LOCK), lock)
        git("add", "--", str(LOCK))
    else:  # what it records is clear, and tells which side's results are meant
        lock, ours = lock_of(f":{MERGED}"), lock_of("HEAD")
        chosen = [
            (path, is_ours)
            for path, is_ours in results(lock.get("stages", {}), ours.get("stages", {}))
            if any(overlap(path, one) for one in where)
        ]
        if not chosen:
            raise MergeError(
                ", ".join(sorted(where)),
                "is in conflict, and is neither dvc.lock nor a result.",
                f"Resolve it by hand, `git add` it, then `{CONTINUED_BY[their_name]}`.",
            )
    taken = sum(take(path, "HEAD" if is_ours else their_name) for path, is_ours in chosen)
    log.info("%s%d results are resolved.", "dvc.lock and " * (str(LOCK) in where), taken)
    left = sorted(conflicts())
    if left:
        log.info("By hand, then `git add`: %s", ", ".join(left))
    log.info(
        "Then: make pull && make repro && git add dvc.lock metrics && %s", CONTINUED_BY[their_name]
    )


if __name__ == "__main__":
    run(main)
