"""A small DVC project with commits and clones, for what remotes do: it takes a second, not a run of
the pipeline."""

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from tests.micro import ROOT, environment_for

DVC_YAML = """
stages:
  make:
    cmd: cp -r source/. .
    deps: [source]
    outs:
      - folder
      - model.bin
      - figures.json: {cache: false}
"""


@dataclass(frozen=True)
class Small:
    folder: Path

    def run(self, *command: str, check: bool = True, **environment: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment_for({"PYTHONPATH": str(ROOT), **environment}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}"
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def command(self, name: str, *arguments: str, check: bool = True, **environment: str) -> str:
        """One of the project's commands."""
        python = (sys.executable, "-m", f"stages.commands.{name}")
        return self.run(*python, *arguments, check=check, **environment)

    def oid(self, path: str) -> str:
        (entry,) = YAML(typ="safe", pure=True).load(self.folder / "dvc.lock")["stages"].values()
        return next(out["md5"] for out in entry["outs"] if out["path"] == path)

    def object(self, path: str) -> Path:
        return self.folder / ".dvc/cache/files/md5" / self.oid(path)[:2] / self.oid(path)[2:]

    def clone(self, folder: Path) -> "Small":
        self.run("git", "clone", "--quiet", ".", str(folder))
        return Small(folder)

    def content(self) -> dict[str, bytes]:
        files = [*(self.folder / "folder").rglob("*"), self.folder / "model.bin"]
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in files
            if file.is_file()
        }


def small_project(folder: Path) -> Small:
    """Made, run and committed, without a remote."""
    drawn = random.Random(0)
    (folder / "source/folder/deep").mkdir(parents=True)
    for index in range(20):
        place = folder / "source/folder" / ("deep" if index % 2 else "")
        (place / f"{index}.txt").write_bytes(drawn.randbytes(1_000 + index))
    (folder / "source/model.bin").write_bytes(drawn.randbytes(2_000_000))
    (folder / "source/figures.json").write_text("{}\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "params.yaml").write_text("{}\n")
    project = Small(folder)
    project.run("git", "init", "--quiet")
    project.run("dvc", "init", "--quiet")
    project.run("dvc", "repro", "--quiet")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "Made")
    return project


def without_permission() -> bool:
    """Root may write everywhere."""
    return os.getuid() != 0
