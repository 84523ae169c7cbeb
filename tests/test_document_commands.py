"""The commands of README and documents, run as they are written, page by page, in a micro project.

Each page begins in a finished project in which nothing is uncommitted. Its blocks run in order; a
line before a block may say `<!-- not run: why -->`, or `<!-- fails: text of the error -->`. The
Korean pages have the same commands (test_documents.py).
"""

from pathlib import Path

import pytest

from tests.documents import commands, english, name
from tests.micro import OWN_CHAT, Project

pytestmark = [pytest.mark.soak, pytest.mark.pipeline]

PAGES = [page for page in english() if any(not block.not_run for block in commands(page))]


@pytest.fixture(scope="module")
def shared_by_pages(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """As a user has it after `make repro`: with `.venv`, and nothing to commit."""
    project = finished.copy_to(tmp_path_factory.mktemp("documents") / "project")
    project.run("python", "-m", "stages.commands.add", OWN_CHAT)
    project.commit("A raw file is for those who may see it")
    project.run("git", "tag", "start")
    (project.folder / ".venv").symlink_to(project.venv)
    with (project.folder / ".git/info/exclude").open("a") as exclude:
        exclude.write("/.venv\n")
    return project


@pytest.fixture
def cloned(shared_by_pages: Project) -> Project:
    """The project as it was at first, whatever another page left."""
    project = shared_by_pages
    (project.folder / ".dvc/config.local").unlink(missing_ok=True)
    project.run("git", "reset", "--quiet", "--hard", "start")
    kept = [f"--exclude={name}" for name in (".venv", ".dvc", ".checkpoints", "__pycache__")]
    project.run("git", "clean", "-fdxq", *kept)
    project.run("dvc", "checkout", "--quiet", "--force")
    return project


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_run_as_written(cloned: Project, page: Path) -> None:
    for block in commands(page):
        if block.not_run:
            continue
        # `make` takes the environment that is there instead of making one.
        output = cloned.run(
            *("bash", "-eo", "pipefail", "-c", block.text),
            check=block.fails is None,
            VENV=str(cloned.venv),
            PAGER="cat",
        )
        if block.fails is not None:
            assert block.fails in output, f"{name(page)}:{block.line}\n{output}"
