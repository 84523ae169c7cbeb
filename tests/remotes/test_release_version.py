"""`make release`: a version that others fetch, all of it or nothing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from stages.release.check import ReleaseError
from stages.release.version import ARTIFACTS, changelog_with, check_version, entry
from tests.micro import environment_for
from tests.remotes.small import Small

DVC_YAML = """
stages:
  model:
    foreach: [adapter, merged-bf16, mxfp4]
    do:
      cmd: mkdir -p models/${item} && cp made/${item} models/${item}/model.bin
      deps: ['made/${item}']
      outs: ['models/${item}']
  mix:
    cmd: mkdir -p data/splits && cp made/mxfp4 data/splits/train
    deps: [made/mxfp4]
    outs: [data/splits/train]
  gate:
    cmd: mkdir -p metrics && cp made/gate.json metrics/gate.json && cp made/headline.json metrics
    deps: [made/gate.json, made/headline.json, models/mxfp4]
    outs:
      - metrics/gate.json: {cache: false}
      - metrics/headline.json: {cache: false}
artifacts:
  adapter: {path: models/adapter, type: model}
  merged-bf16: {path: models/merged-bf16, type: model}
  mxfp4: {path: models/mxfp4, type: model}
  training-data: {path: data/splits/train, type: dataset}
"""
RULE = {"figure": "x.y", "against": None, "at_least": 1.0, "low": None, "high": None, "why": None}


def write_made(folder: Path, model: bytes, verdict: str = "pass", loss: float = 2.5) -> None:
    made = folder / "made"
    made.mkdir(exist_ok=True)
    for name in ("adapter", "merged-bf16", "mxfp4"):
        (made / name).write_bytes(model + name.encode())
    rules = {"gain": {**RULE, "result": verdict, "value": 2.0}}
    gate = {"verdict": verdict, "passed": verdict == "pass", "rules": rules}
    (made / "gate.json").write_text(json.dumps(gate))
    (made / "headline.json").write_text(json.dumps({"loss_nats": loss, "verdict": verdict}))


def runs(project: Small) -> None:
    project.run("dvc", "repro", "--quiet")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "Run")


@pytest.fixture
def project(tmp_path: Path) -> Small:
    """A project whose gate has passed, with a bare repository and a remote."""
    folder = tmp_path / "project"
    folder.mkdir()
    write_made(folder, b"first ")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    shutil.copy("params.yaml", folder)
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\nSoon.\n")
    (folder / ".gitignore").write_text("/models/\n/data/\n")
    found = Small(folder)
    found.run("git", "init", "--quiet", "--initial-branch", "main")
    found.run("dvc", "init", "--quiet")
    found.command("remote", "--url", str(tmp_path / "bucket"))
    runs(found)
    found.run(
        "git", "init", "--quiet", "--bare", "--initial-branch", "main", str(tmp_path / "bare.git")
    )
    found.run("git", "remote", "add", "origin", str(tmp_path / "bare.git"))
    found.run("git", "push", "--quiet", "origin", "main")
    return found


def tags_of(repository: Path) -> set[str]:
    done = subprocess.run(
        ["git", "tag"], cwd=repository, env=environment_for({}), capture_output=True, check=True
    )
    return set(done.stdout.decode().split())


def state(project: Small) -> tuple[str, str, set[str], str]:
    bare = project.folder.parent / "bare.git"
    return (
        project.run("git", "rev-parse", "HEAD"),
        project.run("git", "status", "--short"),
        tags_of(project.folder),
        project.run("git", "ls-remote", str(bare)),
    )


@pytest.mark.soak
def test_two_releases_and_a_project_that_fetches_each(project: Small, tmp_path: Path) -> None:
    project.command("release", "1.0.0")
    names = {"v1.0.0", *(f"{name}@v1.0.0" for name in ARTIFACTS)}
    assert tags_of(tmp_path / "bare.git") == names == tags_of(project.folder)
    write_made(project.folder, b"second ", loss=2.25)
    runs(project)
    project.command("release", "1.1.0")
    changes = (project.folder / "CHANGELOG.md").read_text()
    assert changes.index("Soon.") < changes.index("## 1.1.0") < changes.index("## 1.0.0")
    assert "| figure | v1.0.0 | v1.1.0 |" in changes and "| loss_nats | 2.5 | 2.25 |" in changes
    assert not project.run("git", "status", "--short")

    consumer = Small(tmp_path / "consumer")
    consumer.folder.mkdir()
    consumer.run("git", "init", "--quiet")
    consumer.run("dvc", "init", "--quiet")
    source = str(tmp_path / "bare.git")
    for version, content in (("v1.0.0", "first mxfp4"), ("v1.1.0", "second mxfp4")):
        consumer.run("dvc", "artifacts", "get", source, "mxfp4", "--rev", version, "-o", version)
        assert (consumer.folder / version / "model.bin").read_text() == content
    consumer.run("dvc", "import", source, "models/mxfp4", "--rev", "v1.0.0", "-o", "model")
    assert (consumer.folder / "model/model.bin").read_text() == "first mxfp4"
    consumer.run("dvc", "update", "model.dvc", "--rev", "v1.1.0")
    assert (consumer.folder / "model/model.bin").read_text() == "second mxfp4"


def break_push(project: Small) -> None:
    hook = project.folder.parent / "bare.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)


def break_tag(project: Small) -> None:
    """Somebody has the tag of one artifact there already."""
    project.run("git", "tag", "mxfp4@v1.0.0")
    project.run("git", "push", "--quiet", "origin", "mxfp4@v1.0.0")
    project.run("git", "tag", "--delete", "mxfp4@v1.0.0")


def break_branch(project: Small) -> None:
    """Somebody else has pushed in between."""
    other = Small(project.folder.parent / "other")
    project.run(
        "git", "clone", "--quiet", str(project.folder.parent / "bare.git"), str(other.folder)
    )
    other.run("git", "commit", "--quiet", "--allow-empty", "--message", "Other")
    other.run("git", "push", "--quiet", "origin", "HEAD:main")


def break_verdict(project: Small) -> None:
    write_made(project.folder, b"first ", verdict="fail")
    runs(project)


def break_model(project: Small) -> None:
    (project.folder / "models/mxfp4/model.bin").write_bytes(b"")


def break_tree(project: Small) -> None:
    (project.folder / "CHANGELOG.md").write_text("other")


def break_remote(project: Small) -> None:
    shutil.rmtree(project.folder.parent / "bucket")


@pytest.mark.soak
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (break_push, "git push: fails"),
        (break_tag, "is a tag already"),
        (break_branch, "git push: fails"),
        (break_verdict, "metrics/gate.json"),
        (break_model, "is not what"),
        (break_tree, "is not what lies here"),
        (break_remote, "is not there"),
    ],
)
def test_what_fails_leaves_no_half_of_a_release(project: Small, damage, said) -> None:
    damage(project)
    before = state(project)
    found = project.command("release", "1.0.0", check=False)
    assert "ERROR" in found and said in found
    assert state(project) == before


def test_versions_go_up(project: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    for name in ("v1.2.0", "v0.9.10", "vnone", "mxfp4@v3.0.0"):
        project.run("git", "tag", name)
    assert check_version("1.2.1", "origin") == "v1.2.0"
    for version in ("1.2.0", "1.1.9", "0.10.0"):
        with pytest.raises(ReleaseError, match=r"is not above the last release, v1\.2\.0"):
            check_version(version, "origin")
    for version in ("1.2", "v1.2.3", "1.2.3-rc1", "", "01.2.3", "1.2.3\n"):
        with pytest.raises(ReleaseError, match="is not a version"):
            check_version(version, "origin")


def test_an_entry_stands_before_the_last_release(project: Small, monkeypatch) -> None:
    monkeypatch.chdir(project.folder)
    for content in ("", "# Changelog\n", "# Changelog\n\n## Unreleased\n\n- a\n\n## 0.1.0 - old\n"):
        written = changelog_with(entry("1.0.0", None), content)
        assert written.startswith("# Changelog\n\n") and "\n\n## 1.0.0 - " in written
        assert "| loss_nats | - | 2.5 |" in written and written.endswith("\n")
        assert written.find("0.1.0") == -1 or written.index("1.0.0") < written.index("0.1.0")


@pytest.mark.soak
def test_what_the_user_does_meanwhile_is_his(project: Small) -> None:
    """He edits, stages and adds while objects are on their way; the push then fails."""
    break_push(project)
    for name in ("params.yaml", "new.txt"):
        (project.folder / name).write_text("# of the user\n")
    hook = project.folder / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho '# edited' >> CHANGELOG.md\ngit add CHANGELOG.md new.txt\n")
    hook.chmod(0o755)
    project.run("git", "checkout", "--quiet", "params.yaml")
    said = project.command("release", "1.0.0", check=False)
    assert "git push: fails" in said
    assert "# edited" in (project.folder / "CHANGELOG.md").read_text()
    staged = project.run("git", "diff", "--cached", "--name-only").split()
    assert staged == ["CHANGELOG.md", "new.txt"]


@pytest.mark.soak
def test_what_came_through_without_an_answer_is_out(project: Small) -> None:
    hook = project.folder.parent / "bare.git/hooks/post-receive"
    hook.write_text("#!/bin/sh\nkill -9 $(ps -o ppid= $PPID)\n")
    hook.chmod(0o755)
    project.command("release", "1.0.0")
    assert "v1.0.0" in tags_of(project.folder) & tags_of(project.folder.parent / "bare.git")


@pytest.mark.soak
def test_on_no_branch_nothing_is_released(project: Small) -> None:
    project.run("git", "checkout", "--quiet", "--detach")
    before = state(project)
    assert "ERROR HEAD: is on no branch." in project.command("release", "1.0.0", check=False)
    assert state(project) == before
