"""`make verify` and `make verify-remote` on each fault that was seen on real servers: what they say
is run, and cures it."""

import shutil
from pathlib import Path

import pytest

from tests.remotes.small import Small, small_project


@pytest.fixture
def project(tmp_path: Path) -> Small:
    """A project with all of it on a remote."""
    made = small_project(tmp_path / "project")
    made.command("remote", "--url", str(tmp_path / "bucket"))
    made.run("git", "commit", "--quiet", "--all", "--message", "Name the remote")
    made.run("dvc", "push")
    return made


def cure(project: Small, said: str) -> None:
    commands = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    assert commands
    for command in commands:
        project.run("sh", "-c", command)


def damage(file: Path, content: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(content)


def object_of(project: Small, path: str) -> Path:
    """Of a file in `folder`, in the cache."""
    import hashlib

    md5 = hashlib.md5((project.folder / path).read_bytes()).hexdigest()
    return project.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


@pytest.mark.soak
@pytest.mark.parametrize("linked", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize(
    ("kind", "said"),
    [("empty", "(0 bytes)"), ("short", "(500 bytes)"), ("flipped", "has other content")],
)
@pytest.mark.parametrize("path", ["model.bin", "folder/deep/3.txt"])
def test_a_damaged_file_is_found_and_cured(project, linked, kind, said, path):
    """As a cut transfer leaves it: in the cache, which DVC trusts, and so in the workspace."""
    project.run("dvc", "config", "--local", "cache.type", linked)
    whole = project.content()
    assert "none wrong" in project.command("verify")
    cached, here = object_of(project, path), project.folder / path
    content = whole[path]
    bad = {"empty": b"", "short": content[:500], "flipped": content[:-1] + b"?"}[kind]
    for file in (cached, here):
        damage(file, bad)
    found = project.command("verify", check=False)
    assert f"{path} has other content" in found and said in found and "1 wrong" in found
    cure(project, found)
    assert project.content() == whole and "none wrong" in project.command("verify")


def test_what_is_missing_or_too_much_is_named(project):
    (project.folder / "folder/0.txt").unlink()
    (project.folder / "folder/more.txt").write_text("x")
    (project.folder / "figures.json").write_text('{"a": 1}')
    shutil.rmtree(project.folder / "source")
    found = project.command("verify", check=False)
    for said in ("folder/0.txt is missing", "folder/more.txt is in no record", "figures.json has"):
        assert said in found
    cure(project, found)
    assert "none wrong" in project.command("verify")


def test_a_folder_whose_listing_is_gone_is_still_compared(project):
    project.object("folder").unlink()
    assert "none wrong" in project.command("verify")
    damage(project.folder / "folder/0.txt", b"")
    found = project.command("verify", check=False)
    assert "folder is not what dvc.lock records" in found
    cure(project, found)
    assert "none wrong" in project.command("verify")


def test_what_is_not_here_is_counted(project, tmp_path):
    copy = project.clone(tmp_path / "clone")
    assert "2 outputs are not here" in copy.command("verify")


def stored(project: Small, path: str) -> Path:
    bucket = project.folder.parent / "bucket/files/md5"
    oid = project.oid(path) if path == "folder" else object_of(project, path)
    if isinstance(oid, Path):
        return bucket / oid.parent.name / oid.name
    return bucket / oid[:2] / oid[2:]


FAULTS = [
    ("model.bin", None, "model.bin: it is not there"),
    ("model.bin", b"", "model.bin: its file"),
    ("model.bin", b"short", "has 5 bytes, and had 2,000,000"),
    ("folder/0.txt", None, "folder: its file"),
    ("folder/0.txt", b"", "has 0 bytes, and had 1,000"),
    ("folder/0.txt", b"short", "has 5 bytes, and had 1,000"),
    ("folder", None, "folder: it is not there"),
    ("folder", b"[]", "folder: the listing of its files is damaged"),
]


@pytest.mark.soak
@pytest.mark.parametrize(("path", "content", "said"), FAULTS)
@pytest.mark.parametrize("by", ["who made it", "a clone without it"])
def test_what_a_remote_lost_is_found_and_sent_again(project, tmp_path, path, content, said, by):
    assert "no outputs are not whole" in project.command("verify_remote")
    file = stored(project, path)
    file.chmod(0o644)
    file.unlink() if content is None else file.write_bytes(content)
    looks = project if by == "who made it" else project.clone(tmp_path / "clone")
    found = looks.command("verify_remote", check=False)
    if content is None or looks is project or path == "model.bin":
        assert said in found
    assert "1 outputs are not whole" in found
    project.command("verify_remote", "--cure")
    assert "no outputs are not whole" in project.command("verify_remote")
    copy = project.clone(tmp_path / "another")
    copy.run("dvc", "pull")
    assert copy.content() == project.content()


def test_who_has_not_the_content_removes_nothing(project, tmp_path):
    stored(project, "model.bin").unlink()
    copy = project.clone(tmp_path / "clone")
    said = copy.command("verify_remote", "--cure", check=False)
    assert "left as they are" in said and "model.bin" in said
