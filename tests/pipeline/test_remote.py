"""Data and models travel through a remote; a fresh clone fetches what it needs and reruns nothing."""

from pathlib import Path

import pytest

from stages.formats.json_files import read_json
from tests.micro import Project

pytestmark = pytest.mark.pipeline


@pytest.fixture
def pushed(project: Project, tmp_path: Path) -> Project:
    """The project with all its data in remotes, of those, too, who may see unmasked text."""
    project.run("dvc", "remote", "add", "--default", "store", str(tmp_path / "remote"))
    project.run("dvc", "remote", "modify", "personal", "url", str(tmp_path / "personal"))
    project.commit("Name the remote")
    project.run("dvc", "push")
    return project


def clone(project: Project, folder: Path) -> Project:
    project.run("git", "clone", "--quiet", ".", str(folder))
    copy = Project(folder)
    assert not (folder / "models/base").exists()
    return copy


def test_pull_leaves_nothing_to_do(pushed: Project, tmp_path: Path) -> None:
    copy = clone(pushed, tmp_path / "clone")
    copy.run("dvc", "pull")
    assert copy.repro() == set()
    assert copy.lock_text() == pushed.lock_text()


@pytest.mark.soak_long
def test_a_change_fetches_only_what_it_needs(pushed: Project, tmp_path: Path) -> None:
    copy = clone(pushed, tmp_path / "clone")
    copy.edit_params(
        lambda params: params["gate"]["rules"]["quarantined_share"].update(at_most=0.2)
    )
    flags = ("--pull", "--allow-missing")
    cards = {f"card@{variant}" for variant in ("adapter", "merged-bf16", "mxfp4")}
    assert copy.repro(*flags) == {"check", "gate", "report"} | cards
    assert not any((copy.folder / name).exists() for name in ("data/ingested", "models/base"))

    copy.edit_params(lambda params: params["export"]["mxfp4"].update(rule="ceil6"))
    assert copy.repro(*flags) == {
        *("check", "export@mxfp4", "export_gguf@bf16", "compare@mxfp4"),
        *("answer@mxfp4", "evaluate@mxfp4", "contrast", "gate", "report", *cards),
    }
    assert (copy.folder / "models/merged-bf16").is_dir()
    assert not any((copy.folder / name).exists() for name in ("data/ingested", "data/scrubbed"))


def test_a_change_of_one_source_never_takes_half_the_corpus(
    pushed: Project, tmp_path: Path
) -> None:
    """The other sources' tables are not there; curate must not take one source for all of them."""
    copy = clone(pushed, tmp_path / "clone")
    copy.run("dvc", "pull", "data/raw/own/chat.jsonl.dvc")
    with (copy.folder / "data/raw/own/chat.jsonl").open("a", encoding="utf-8") as file:
        file.write(
            '{"style": "kakao_casual", "dialog": ["거기 어때?", "조용하고 커피가 맛있어"]}\n'
        )
    before = read_json(copy.folder / "metrics/curate.json")["rows_in_by_source"]
    output = copy.run("dvc", "repro", "--pull", "--allow-missing", check=False)
    missing = ["scrub@dialogue", "scrub@instruct", "scrub@news"]
    assert f"Run `dvc pull {' '.join(missing)}`" in output
    copy.run("dvc", "pull", *missing)
    copy.repro("--pull", "--allow-missing", "curate")
    after = read_json(copy.folder / "metrics/curate.json")["rows_in_by_source"]
    assert after == before | {"chat": before["chat"] + 1}
