"""A raw file that a colleague has changed: `git pull` without `make pull`."""

from pathlib import Path

import pytest

from tests.remotes.small import Small, small_project

RAW = "data/raw/own/chat.jsonl"


def write(project: Small, text: str) -> None:
    (project.folder / RAW).write_text(text)
    project.command("add", RAW)
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", text)


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Small, Small]:
    first = small_project(tmp_path / "first")
    (first.folder / RAW).parent.mkdir(parents=True)
    (first.folder / ".gitignore").write_text(f"{RAW}\n/folder\n/model.bin\n")
    write(first, "old")
    second = first.clone(tmp_path / "second")
    (second.folder / RAW).write_text("old")  # as `make pull` brought it
    write(first, "new")
    second.run("git", "pull", "--quiet")
    return first, second


def test_the_old_one_is_not_written_back(clones: tuple[Small, Small]) -> None:
    _, second = clones
    before = (second.folder / f"{RAW}.dvc").read_bytes()
    said = second.command("repro", check=False)
    assert said.startswith(f"ERROR {RAW}: is of an older commit than its `.dvc` file")
    assert (second.folder / f"{RAW}.dvc").read_bytes() == before


def test_a_new_one_is_taken_and_an_old_one_if_it_is_meant(clones: tuple[Small, Small]) -> None:
    first, second = clones
    (first.folder / RAW).write_text("newer")
    first.command("repro")
    second.command("add", RAW)
    second.run("git", "commit", "--quiet", "--all", "--message", "The old one")
    assert "older commit" not in second.command("repro", check=False)
