"""A release: a version that others fetch by its name, all of it or nothing.

Objects go to the remote first, where nobody finds them yet. Then one commit (the entry in
CHANGELOG.md) and the tags, which make the version known, go to Git's remote in one push. They are
made as objects of Git alone: branch, index and files are touched only once they are out.
"""

import json
import re
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

from stages.pipeline import paths
from stages.pipeline.git import GitError, asked, git
from stages.release.check import ReleaseError

CHANGELOG = Path("CHANGELOG.md")
HEADLINE = paths.METRICS / "headline.json"
VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
ARTIFACTS = ("adapter", "merged-bf16", "mxfp4", "training-data")  # as dvc.yaml names them


def tags_of(version: str) -> list[str]:
    return [f"v{version}", *(f"{name}@v{version}" for name in ARTIFACTS)]


def check_version(version: str, remote: str) -> str | None:
    """The tag of the last release, if there is one.

    Raises:
        ReleaseError: the version is none, or not above the last one; one of its tags is there.
    """
    match = VERSION.fullmatch(version)
    if not match:
        raise ReleaseError("VERSION", "is not a version.", "Write VERSION=1.2.0.")
    tags = {*git("tag").splitlines(), *_tags_at(remote)}
    found = {tag: VERSION.fullmatch(tag[1:]) for tag in tags if tag.startswith("v")}
    earlier = {tuple(map(int, m.groups())): tag for tag, m in found.items() if m}
    last = max(earlier, default=None)
    if last is not None and tuple(map(int, match.groups())) <= last:
        raise ReleaseError(
            f"VERSION={version}",
            f"is not above the last release, {earlier[last]}.",
            "Name a higher one; a version that is out is never another model.",
        )
    if taken := sorted(tags.intersection(tags_of(version))):
        raise ReleaseError(
            ", ".join(taken), "is a tag already, here or there.", "Name another version."
        )
    return earlier[last] if last is not None else None


def branch() -> str:
    """
    Raises:
        ReleaseError: no branch is checked out.
    """
    if (name := asked("symbolic-ref", "--short", "HEAD")) is None:
        raise ReleaseError(
            "HEAD", "is on no branch.", "Check the branch out that is to be released."
        )
    return name


def _tags_at(remote: str) -> list[str]:
    listed = git("ls-remote", "--tags", "--refs", remote).splitlines()
    return [line.partition("refs/tags/")[2] for line in listed]


def entry(version: str, last: str | None) -> str:
    """The entry of CHANGELOG.md: the headline figures beside those of the last release."""
    now = json.loads(HEADLINE.read_text(encoding="utf-8"))
    before = {}
    if last is not None:
        with suppress(GitError, ValueError):  # it may be older than the file
            before = json.loads(git("show", f"{last}:{HEADLINE.as_posix()}"))
    head = ["figure", last or "before", f"v{version}"]
    rows = [[key, str(before.get(key, "-")), str(value)] for key, value in sorted(now.items())]
    table = [f"| {' | '.join(cells)} |" for cells in [head, ["---", "---:", "---:"], *rows]]
    return "\n".join([f"## {version} - {date.today().isoformat()}", "", *table, "", ""])


def changelog_with(text: str, content: str) -> str:
    """`text` before the first release of a changelog, behind what is unreleased."""
    content = content.rstrip() or "# Changelog"
    first = re.search(r"^## \d", content, re.MULTILINE)
    if first is None:
        return f"{content}\n\n{text.rstrip()}\n"
    return content[: first.start()] + text + content[first.start() :] + "\n"


def committed_changelog() -> str:
    """
    Raises:
        ReleaseError: the file is here, and in no commit.
    """
    if git("ls-files", "--", CHANGELOG.as_posix()):
        return git("show", f"HEAD:{CHANGELOG.as_posix()}")
    if CHANGELOG.exists():
        raise ReleaseError(str(CHANGELOG), "is in no commit.", "Commit it, or move it away.")
    return ""


def publish_version(version: str, last: str | None, remote: str) -> list[str]:
    """Makes the commit and the tags, and pushes both at once. Returns the tags.

    Raises:
        GitError: Git refuses a part of it; then none of it is here or there.
    """
    onto, tags = branch(), tags_of(version)
    commit = _commit(version, changelog_with(entry(version, last), committed_changelog()))
    objects = {tag: _tag(tag, commit, version) for tag in tags}
    refs = [f"{oid}:refs/tags/{tag}" for tag, oid in objects.items()]
    try:
        git("push", "--quiet", "--atomic", remote, f"{commit}:refs/heads/{onto}", *refs)
    except BaseException:
        if tags[0] not in _tags_at(remote):  # else it came through, and the answer did not
            raise
    for tag, oid in objects.items():
        git("update-ref", f"refs/tags/{tag}", oid)
    git("merge", "--quiet", "--ff-only", commit)
    return tags


def _commit(version: str, changelog: str) -> str:
    """The id of a commit on HEAD, which no branch has yet."""
    blob = git("hash-object", "-w", "--stdin", given=changelog)
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git("read-tree", "HEAD", **index)
        git(
            *("update-index", "--add", "--cacheinfo", f"100644,{blob},{CHANGELOG.as_posix()}"),
            **index,
        )
        tree = git("write-tree", **index)
    return git("commit-tree", tree, "-p", "HEAD", "-m", f"Release {version}")


def _tag(tag: str, commit: str, version: str) -> str:
    """The id of an annotated tag, which has no name here yet."""
    who = git("var", "GIT_COMMITTER_IDENT")
    text = f"object {commit}\ntype commit\ntag {tag}\ntagger {who}\n\nRelease {version}\n"
    return git("mktag", given=text)
