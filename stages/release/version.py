"""A release: a version that others fetch by its name, all of it or nothing.

Objects go to the remote first, where nobody finds them yet. Then one commit (the entry in
CHANGELOG.md) and the tags, which make the version known, go to Git's remote in one push. Where that
fails, neither commit nor tags stay here.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from stages.pipeline import paths
from stages.release.check import ReleaseError

CHANGELOG = Path("CHANGELOG.md")
HEADLINE = paths.METRICS / "headline.json"
VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
ARTIFACTS = ("adapter", "merged-bf16", "mxfp4", "training-data")  # as dvc.yaml names them


def git(*arguments: str) -> str:
    """
    Raises:
        ReleaseError: Git refuses; its last line says why.
    """
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise ReleaseError(
            f"git {arguments[0]}", f"fails: {said}.", "Mend that, and release again."
        )
    return done.stdout.strip()


def released() -> dict[tuple[int, ...], str]:
    """The tags of earlier releases, by version."""
    found = {tag: VERSION.fullmatch(tag.removeprefix("v")) for tag in git("tag").splitlines()}
    return {
        tuple(map(int, match.groups())): tag
        for tag, match in found.items()
        if match and tag.startswith("v")
    }


def check_version(version: str) -> str | None:
    """The tag of the last release, if there is one.

    Raises:
        ReleaseError: the version is none, or not above the last one.
    """
    match = VERSION.fullmatch(version)
    if not match:
        raise ReleaseError("VERSION", "is not a version.", "Write VERSION=1.2.0.")
    earlier = released()
    last = max(earlier, default=None)
    if last is not None and tuple(map(int, match.groups())) <= last:
        raise ReleaseError(
            f"VERSION={version}",
            f"is not above the last release, {earlier[last]}.",
            "Name a higher one; a version that is out is never another model.",
        )
    return earlier[last] if last is not None else None


def entry(version: str, last: str | None) -> str:
    """The entry of CHANGELOG.md: the headline figures beside those of the last release."""
    now = json.loads(HEADLINE.read_text(encoding="utf-8"))
    before = {}
    if last is not None:
        with suppress(ReleaseError, ValueError):  # it may be older than the file
            before = json.loads(git("show", f"{last}:{HEADLINE.as_posix()}"))
    head = ["figure", last or "before", f"v{version}"]
    rows = [[key, str(before.get(key, "-")), str(value)] for key, value in sorted(now.items())]
    table = [f"| {' | '.join(cells)} |" for cells in [head, ["---", "---:", "---:"], *rows]]
    return "\n".join([f"## {version} - {date.today().isoformat()}", "", *table, "", ""])


def write_entry(text: str) -> None:
    """Puts it before the first release in CHANGELOG.md, behind what is unreleased."""
    content = CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.is_file() else "# Changelog\n\n"
    first = re.search(r"^## \d", content, re.MULTILINE)
    place = first.start() if first else len(content.rstrip()) + 2
    content = content.rstrip() + "\n\n" if not first else content
    CHANGELOG.write_text(content[:place] + text + content[place:], encoding="utf-8")


@contextmanager
def undone_if_it_fails(tags: list[str]) -> Iterator[None]:
    """Takes the commit and the tags that are made within back, if anything fails."""
    commit = git("rev-parse", "HEAD")
    try:
        yield
    except BaseException:
        there = set(git("tag").splitlines())
        for tag in filter(there.__contains__, tags):
            git("tag", "--delete", tag)
        git("reset", "--quiet", "--hard", commit)
        raise


def publish_version(version: str, last: str | None, remote: str) -> list[str]:
    """Makes the commit and the tags, and pushes both at once. Returns the tags.

    Raises:
        ReleaseError: Git refuses a part of it; then none of it is left.
    """
    branch = git("rev-parse", "--abbrev-ref", "HEAD")
    tags = [f"v{version}", *(f"{name}@v{version}" for name in ARTIFACTS)]
    with undone_if_it_fails(tags):
        write_entry(entry(version, last))
        git("add", "--", CHANGELOG.as_posix())
        git("commit", "--quiet", "--message", f"Release {version}")
        for tag in tags:
            git("tag", "--annotate", tag, "--message", f"Release {version}")
        refs = [f"refs/tags/{tag}" for tag in tags]
        git("push", "--quiet", "--atomic", remote, f"HEAD:refs/heads/{branch}", *refs)
    return tags
