"""The same inputs give the same bytes, wherever, however often and however interrupted they run."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.micro import STAGES, Project, environment_for, make_project, ran

pytestmark = pytest.mark.pipeline


@pytest.mark.soak_long
def test_another_folder_and_hash_seed(finished: Project, elsewhere: Project) -> None:
    """S1-11 aside, nothing of the machine's state may enter: dvc.lock is the same."""
    log = (elsewhere.folder.parent / "repro.log").read_text(encoding="utf-8")
    assert ran(log) == set(STAGES) - {"sample"}
    here, there = (
        {name: entry for name, entry in project.lock().items() if name != "check"}
        for project in (finished, elsewhere)
    )
    assert there == here, "but for the hash of params.yaml, in which the tracker is on"


def test_git_sees_no_data(finished: Project) -> None:
    """Nor does DVC write ignore files into folders that a stage reads as a whole."""
    assert finished.run("git", "status", "--porcelain") == ""
    tracked = set(finished.run("git", "ls-files", "data", "models").split())
    lexicons = {
        f"data/lexicons/{name}.txt" for name in ("emoji", "forbidden", "latin", "slang", "warnings")
    }
    assert tracked - lexicons == {
        *("data/README.md", "data/raw/own/chat.jsonl.dvc", "data/templates/chatml.jinja"),
        "models/README.md",
    }
    assert list((finished.folder / "data/scrubbed").glob(".gitignore")) == []


@pytest.mark.soak_long
def test_forced_again(project: Project) -> None:
    before = project.lock_text()
    assert project.repro("--force") == set(STAGES)
    assert project.lock_text() == before


def killed_runs(folder: Path, kills: int) -> str:
    """The dvc.lock after `kills` runs that were killed at random moments, and one that was not."""
    project = make_project(folder)
    rng = random.Random(20260101)
    for _ in range(kills):
        process = subprocess.Popen(
            ["dvc", "repro"],
            cwd=folder,
            env=environment_for({}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(1.0, 12.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    project.repro()
    assert [str(path) for path in folder.rglob("*.partial")] == []
    return project.lock_text()


@pytest.mark.soak
def test_killed_five_times(finished: Project, tmp_path: Path) -> None:
    assert killed_runs(tmp_path / "project", 5) == finished.lock_text()


@pytest.mark.soak_long
def test_killed_twenty_times(finished: Project, tmp_path: Path) -> None:
    assert killed_runs(tmp_path / "project", 20) == finished.lock_text()


@pytest.mark.soak_long
def test_killed_five_hundred_times(finished: Project, tmp_path: Path) -> None:
    assert killed_runs(tmp_path / "project", 500) == finished.lock_text()
