"""docs/how-to/erasure.md, followed to its end: no object in the cache or on a remote holds what was
erased, and everything else is still there."""

import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.documents import DOCS, Block, commands
from tests.micro import OWN_CHAT, Project, environment_for

pytestmark = [pytest.mark.soak, pytest.mark.pipeline]

VALUE = "-".join(("010", "4567", "8901"))  # so that this file does not hold it
ROW = f'{{"style": "kakao_casual", "dialog": ["새 번호 뭐야?", "{VALUE}야 저장해 줘"]}}\n'
PAGE = DOCS / "how-to/erasure.md"


@pytest.fixture
def with_the_person(project: Project, tmp_path: Path) -> Project:
    """A project that has run on a person's row, and pushed what it made to both remotes."""
    python = ("python", "-m")
    project.run(*python, "stages.commands.remote", "--url", str(tmp_path / "storage"))
    personal = ("--name", "personal", "--url", str(tmp_path / "personal"))
    project.run(*python, "stages.commands.remote", *personal)
    file = project.folder / OWN_CHAT
    content = file.read_text(encoding="utf-8")
    file.write_text(content + ROW, encoding="utf-8")
    project.run(*python, "stages.commands.add", OWN_CHAT)
    project.run("dvc", "repro")
    project.commit("With the person")
    project.run(*python, "stages.commands.push")
    with file.open("a", encoding="utf-8") as edited:
        edited.write(ROW)
    project.run(*python, "stages.commands.add", OWN_CHAT)  # which no commit names
    project.run("git", "checkout", "--", f"{OWN_CHAT}.dvc")
    project.run("dvc", "checkout")
    return project


def holding(store: Path) -> list[str]:
    """The objects with the value in them, whatever their format."""
    found = []
    for file in filter(Path.is_file, store.rglob("*")):
        content = file.read_bytes()
        if content[:4] == b"PAR1":
            content = str(pq.read_table(file).to_pylist()).encode()
        if VALUE.encode() in content:
            found.append(f"{file.parent.name}{file.name}")
    return sorted(found)


def follow(project: Project, blocks: list[Block], typed: str, scripts: Path) -> str:
    """Runs blocks in one terminal, in which the user types."""
    text = "\n".join(block.text for block in blocks).replace("/tmp/", f"{scripts}/")
    done = subprocess.run(
        ("bash", "-eo", "pipefail", "-c", text),
        cwd=project.folder,
        env=environment_for({"VENV": str(project.venv)}),
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_nothing_is_left_of_a_person(with_the_person: Project, tmp_path: Path) -> None:
    project = with_the_person
    stores = {
        "cache": project.folder / ".dvc/cache",
        "personal": tmp_path / "personal",
        "storage": tmp_path / "storage",
    }
    held = {name: len(holding(store)) for name, store in stores.items()}
    assert held == {"cache": 3, "personal": 2, "storage": 0}  # raw files, and their rows
    trained_on_it = project.lock()["train"]["outs"][0]["md5"]

    *recipe, garbage = commands(PAGE)
    assert "dvc gc" in garbage.text
    said = follow(project, recipe, f"{VALUE}\n", tmp_path)
    found = [line for line in said.splitlines() if line.startswith("data/")]
    assert found == ["data/ingested/chat/00000.parquet", OWN_CHAT]  # once: nothing, later
    for name in stores:
        assert f"{name}: holds 0 of " in said
    assert not [name for name, store in stores.items() if holding(store)]
    assert "none wrong; 0 outputs are not here" in said
    assert said.count("no outputs are not whole") == 2
    assert project.lock()["train"]["outs"][0]["md5"] != trained_on_it

    # No file anywhere in the project, and no commit, has the value either.
    own = [".git", ".dvc"]
    grep = ("grep", "--recursive", "--files-with-matches", *(f"--exclude-dir={d}" for d in own))
    assert not project.run(*grep, VALUE, ".", check=False)
    assert not project.run("git", "log", "--all", "--oneline", "-S", VALUE)

    # Collecting garbage afterwards takes nothing that is needed.
    follow(project, [garbage], "y\n", tmp_path)
    project.run("python", "-m", "stages.commands.verify_remote")
    assert "up to date" in project.run("dvc", "status")
