"""What tests share: the place of the real Korean data, and finished runs of the micro profile."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.micro import ROOT, Project, make_project
from tests.workspace import lay_out


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test of the finished project comes first and the others last: while one worker makes the
    project, the other has something else to do."""
    needs = [item for item in items if "finished" in getattr(item, "fixturenames", ())]
    first = needs[:1]
    others = [item for item in items if item not in needs]
    items[:] = [*first, *others, *needs[1:]]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real Korean text, the gold set of personal data and the o200k vocabulary."""
    folder = Path(os.environ.get("MALSSI_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the real data is not here: {folder} (set MALSSI_SHARED)")
    return folder.resolve()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which `dvc repro` has run once, without a tracker. Tests copy it; all workers
    share one."""
    return ran_once(tmp_path_factory, "finished", "0", tracking=False)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same in a folder of another name, with another hash seed, and with the tracker."""
    return ran_once(tmp_path_factory, "another place/말씨", "4321", tracking=True)


def ran_once(factory: pytest.TempPathFactory, name: str, hash_seed: str, tracking: bool) -> Project:
    """A fresh project in which `dvc repro` has run; what that said is in `repro.log` beside it."""
    base = factory.getbasetemp()
    place = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "ran" / hash_seed
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "lock"):
        folder = place / name
        log = folder.parent / "repro.log"
        if not log.is_file():
            project = make_project(folder, tracking)
            said = project.run("dvc", "repro", PYTHONHASHSEED=hash_seed)
            project.commit("Run the pipeline")
            log.write_text(said, encoding="utf-8")
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
    """A copy of the finished project for a test to change."""
    return finished.copy_to(tmp_path / "project")
