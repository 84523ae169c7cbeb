"""What tests share: the place of the real Korean data, and one finished run of the micro profile."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.micro import ROOT, Project, make_project
from tests.workspace import lay_out


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real Korean text, the gold set of personal data and the o200k vocabulary."""
    folder = Path(os.environ.get("MALSSI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the real data is not here: {folder} (set MALSSI_SHARED)")
    return folder.resolve()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which `dvc repro` has run once. Tests copy it; all workers share one.

    Its output is kept in `repro.log` beside it.
    """
    base = tmp_path_factory.getbasetemp()
    place = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with FileLock(place / "finished.lock"):
        folder = place / "finished"
        if not (place / "repro.log").is_file():
            project = make_project(folder)
            log = project.run("dvc", "repro", PYTHONHASHSEED="0")
            project.commit("Run the pipeline")
            (place / "repro.log").write_text(log, encoding="utf-8")
    return Project(folder)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped params.yaml as the working directory. Nothing has run in it.

    A file of tests that needs more than that lays it out in a `workspace` of its own over this one.
    """
    monkeypatch.chdir(tmp_path)
    return lay_out(tmp_path)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, without the tracker, for a test to change."""
    copy = finished.copy_to(tmp_path / "project")
    copy.edit_params(lambda params: params["runtime"].update(tracking=False))
    return copy
