"""The commands of README and documents, run as they are written, page by page, in a micro project.

A page begins in a finished project of its own, in which nothing is uncommitted. Its blocks run in
order; a line before a block may say `<!-- not run: why -->`, or `<!-- fails: text of the error -->`.
The Korean pages have the same commands (test_documents.py).
"""

from pathlib import Path

import pytest

from tests.documents import commands, english, name
from tests.micro import Project

pytestmark = [pytest.mark.soak, pytest.mark.pipeline]

PAGES = [page for page in english() if any(not block.not_run for block in commands(page))]


@pytest.fixture
def cloned(finished: Project, tmp_path: Path) -> Project:
    """As a user has it after `make repro`: with `.venv`, and nothing to commit."""
    project = finished.copy_to(tmp_path / "project")
    project.edit_params(lambda params: params["runtime"].update(tracking=False))
    (project.folder / ".venv").symlink_to(project.venv)
    with (project.folder / ".git/info/exclude").open("a") as exclude:
        exclude.write("/.venv\n")
    project.run("dvc", "repro")
    project.commit("Start")
    return project


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_run_as_written(cloned: Project, page: Path) -> None:
    for block in commands(page):
        if block.not_run:
            continue
        # `make` takes the environment that is there instead of making one.
        shell = ("bash", "-eo", "pipefail", "-c")
        output = cloned.run(
            *shell, block.text, check=block.fails is None, VENV=str(cloned.venv), PAGER="cat"
        )
        if block.fails is not None:
            assert block.fails in output, f"{name(page)}:{block.line}\n{output}"
