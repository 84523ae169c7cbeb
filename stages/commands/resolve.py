"""`python -m stages.commands.resolve` resolves dvc.lock and metrics in a merge that stopped at
conflicts (`make resolve`). Other files, params.yaml among them, are resolved by hand."""

import hashlib
import logging
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.pipeline.dvc_lock import LOCK
from stages.pipeline.errors import PipelineError
from stages.pipeline.program import run
from stages.remotes.merging import merged, results

log = logging.getLogger("resolve")

BASE, OURS, THEIRS = 1, 2, 3  # as Git numbers them in a conflict


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


def content_of(path: str, md5: str) -> bytes | None:
    """What one of the sides has of a file, if its hash is the one that is wanted."""
    for commit in ("HEAD", "MERGE_HEAD"):
        shown = subprocess.run(
            ["git", "show", f"{commit}:{path}"], capture_output=True, check=False
        )
        if not shown.returncode and hashlib.md5(shown.stdout).hexdigest() == md5:
            return shown.stdout
    return None


def main() -> None:
    from dvc.utils.serialize import dump_yaml

    where = conflicts()
    if str(LOCK) not in where:
        raise MergeError(
            str(LOCK),
            "is in no conflict.",
            "Run `git merge <branch>` first; where only one side has new results, Git takes them.",
        )
    ours, theirs = entries(OURS), entries(THEIRS)
    stages = merged(entries(BASE), ours, theirs)
    dump_yaml(str(LOCK), {"schema": "2.0", "stages": stages})
    resolved = [str(LOCK)]
    tracked = set(git("ls-files", "-z").decode().split("\0"))
    for path, md5 in results(stages, lambda path: path in tracked):
        if (content := content_of(path, md5)) is not None:
            Path(path).unlink(missing_ok=True)
            Path(path).write_bytes(content)
            resolved.append(path)
    git("add", "--", *resolved)
    left = sorted(conflicts())
    log.info("dvc.lock and %d results are resolved.", len(resolved) - 1)
    if left:
        log.info("By hand, then `git add`: %s", ", ".join(left))
    log.info("Then: make pull && make repro && git add dvc.lock metrics && git commit")


if __name__ == "__main__":
    run(main)
