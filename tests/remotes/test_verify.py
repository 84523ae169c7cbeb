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


@pytest.mark.parametrize("path", ["model.bin", "folder/deep/3.txt"])
def test_what_the_workspace_alone_has_wrong_comes_from_the_cache(project, path):
    whole = project.content()
    damage(project.folder / path, b"edited")
    found = project.command("verify", check=False)
    assert f"{path} has other content (6 bytes)" in found and "dvc checkout" in found
    cure(project, found)
    assert project.content() == whole


def test_raw_text_that_is_nowhere_else_is_not_deleted(project):
    """An object of the cache that has gone bad, or a file that was edited: who can tell?"""
    raw = project.folder / "data/raw/own.jsonl"
    raw.parent.mkdir(parents=True)
    raw.write_text("as it was")
    project.command("add", "data/raw/own.jsonl")
    cached = object_of(project, "data/raw/own.jsonl")
    for file in (raw, cached):
        damage(file, b"as it is")
    found = project.command("verify", check=False)
    assert "data/raw/own.jsonl has other content" in found and "rm " not in found
    cure(project, found)
    assert raw.read_text() == "as it is" == cached.read_text()


def test_a_raw_file_that_cannot_be_added_leaves_nothing(project):
    (project.folder / "data/raw/own").mkdir(parents=True)
    (project.folder / "data/raw/own/a.jsonl").write_text("a")
    project.command("add", "data/raw/own")
    before = (project.folder / "data/raw/own.dvc").read_bytes()
    project.command("add", "data/raw/own/a.jsonl", check=False)  # it is in what is added already
    assert not (project.folder / "data/raw/own/a.jsonl.dvc").exists()
    assert (project.folder / "data/raw/own.dvc").read_bytes() == before


def test_a_link_to_an_object_that_is_gone_is_wrong(project):
    project.run("dvc", "config", "--local", "cache.type", "symlink")
    project.run("dvc", "checkout", "--relink")
    whole = (project.folder / "model.bin").read_bytes()
    project.object("model.bin").unlink()
    found = project.command("verify", check=False)
    assert "model.bin is a link to what is there no more" in found
    cure(project, found)
    assert (project.folder / "model.bin").read_bytes() == whole


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


def test_what_must_not_be_shared_is_not_sent_as_a_cure(project):
    text = (project.folder / "dvc.yaml").read_text()
    own = "  own:\n    cmd: cp data/ingested/a own\n    deps: [data/ingested/a]\n    outs: [own]\n"
    ingest = "  ingest:\n    cmd: mkdir -p data/ingested && echo 1 > data/ingested/a\n"
    ingest += "    outs:\n      - data/ingested/a: {remote: personal}\n"
    (project.folder / "dvc.yaml").write_text(text + ingest + own)
    project.run("dvc", "remote", "add", "--local", "personal", "personal")
    project.run("dvc", "repro", "--quiet")
    for command in (("push",), ("verify_remote", "--cure")):
        said = project.command(*command, check=False)
        assert said.startswith("ERROR own: holds text that is not masked"), said


def test_foreign_files_on_a_remote_are_none_of_ours(project, tmp_path):
    (tmp_path / "bucket/files/md5/.snapshot/h/ab").mkdir(parents=True)
    (tmp_path / "bucket/files/md5/.snapshot/h/ab/cd").write_text("x")
    (tmp_path / "bucket/files/md5/ab").mkdir(exist_ok=True)
    (tmp_path / "bucket/files/md5/ab/link").symlink_to("/nowhere")
    assert "no outputs are not whole" in project.command("verify_remote")


def test_without_a_remote_nothing_is_called_whole(tmp_path):
    project = small_project(tmp_path / "bare")
    for command in ("verify_remote", "push"):
        assert "has no remote" in project.command(command, check=False)
    assert not (project.folder / ".dvc/personal").exists()


def test_who_has_not_the_content_removes_nothing(project, tmp_path):
    stored(project, "model.bin").unlink()
    copy = project.clone(tmp_path / "clone")
    said = copy.command("verify_remote", "--cure", check=False)
    assert "left as they are" in said and "model.bin" in said


@pytest.mark.parametrize("setting", ["version_aware", "worktree"])
def test_a_remote_of_versions_is_refused_by_its_name(project, setting):
    project.run("dvc", "remote", "modify", "storage", setting, "true")
    for command in ("push", "verify_remote"):
        said = project.command(command, check=False)
        assert said.startswith(f"ERROR the remote storage: is set to {setting}"), said


def test_what_dvc_2_recorded_is_named_until_it_is_migrated(project):
    raw = project.folder / "old.txt"
    raw.write_text("old\n")
    project.run("dvc", "add", "old.txt")
    project.run("dvc", "push")
    record = project.folder / "old.txt.dvc"
    record.write_text(record.read_text().replace("  hash: md5\n", ""))
    cached = object_of(project, "old.txt")
    legacy = project.folder / ".dvc/cache" / cached.parent.name / cached.name
    legacy.parent.mkdir()
    cached.rename(legacy)
    for command in ("verify", "verify_remote"):
        said = project.command(command, check=False)
        assert "old.txt is recorded by md5-dos2unix" in said, said
    assert "1 could not be compared" in project.command("verify", check=False)
    project.run("dvc", "cache", "migrate", "--dvc-files")
    said = project.command("verify")
    assert "none wrong" in said and "could not be compared" not in said, said


def test_imports(project, tmp_path):
    """A folder of another repository comes from there; what came by its address is pushed."""
    source = small_project(tmp_path / "source")
    (source.folder / "folder/a.orig").write_text("as editors leave it")
    source.run("dvc", "commit", "--force", "--quiet")
    source.run("git", "commit", "--quiet", "--all", "--message", "More")
    (project.folder / ".dvcignore").write_text("*.orig\n")
    project.run("dvc", "import", str(source.folder), "folder", "--out", "imported")
    (source.folder / "another.bin").write_text("another")
    project.run("dvc", "import-url", str(source.folder / "another.bin"), "url.bin")
    assert (project.folder / "imported/a.orig").is_file()
    assert "none wrong" in project.command("verify")
    assert "url.bin: it is not there" in project.command("verify_remote", check=False)
    project.run("dvc", "push")
    said = project.command("verify_remote")
    assert "imported: of `dvc import`" in said and "no outputs are not whole" in said


def test_names_that_are_ignored_by_now_are_compared(project):
    """As a folder was recorded before .dvcignore had the name."""
    source = project.folder / "source/folder/b.orig"
    source.write_text("b")
    project.run("dvc", "repro", "--quiet")
    assert "none wrong" in project.command("verify")
    damage(project.folder / "folder/b.orig", b"c")
    assert "folder/b.orig has other content" in project.command("verify", check=False)


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param("here", marks=pytest.mark.soak),
        pytest.param("in the cache", marks=pytest.mark.soak),
        "everywhere",
    ],
)
def test_names_that_begin_with_a_dash_are_cured(project, lost):
    text = (project.folder / "dvc.yaml").read_text()
    own = "  -own:\n    cmd: echo 1 > ./-rf && echo 2 > ./-figures\n"
    own += "    outs:\n      - ./-rf\n      - ./-figures: {cache: false}\n"
    (project.folder / "dvc.yaml").write_text(text + own)
    project.run("dvc", "repro", "--quiet")
    project.run("dvc", "push")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "More")
    if lost != "here":
        damage(object_of(project, "-rf"), b"0")
    if lost == "everywhere":
        shutil.rmtree(project.folder.parent / "bucket")
        project.run("dvc", "remote", "remove", "storage")
    for name in ("-rf", "-figures"):
        damage(project.folder / name, b"0")
    found = project.command("verify", check=False)
    assert "-rf has other content" in found and "-figures has other content" in found
    cure(project, found)
    assert "none wrong" in project.command("verify")
