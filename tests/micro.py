"""The micro profile: this project copied into a folder of its own, at sizes that run in seconds."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "params.yaml"
BIN = Path(sys.executable).parent
SOURCES = ("chat", "dialogue", "instruct", "news")
VARIANTS = ("base", "adapter", "merged-bf16", "mxfp4")
STAGES = (
    *("check", "sample"),
    *(f"ingest@{name}" for name in SOURCES),
    *(f"scrub@{name}" for name in SOURCES),
    *("curate", "mix", "base", "encode", "train", "merge", "export@mxfp4"),
    "export_gguf@bf16",
    "compare@mxfp4",
    *(f"answer@{variant}" for variant in VARIANTS),
    *(f"evaluate@{variant}" for variant in VARIANTS),
    *("contrast", "gate", "report", "card@adapter", "card@merged-bf16", "card@mxfp4"),
)
SIZES: dict[str, dict[str, Any]] = {
    "compute": {"threads": 1},
    "runtime": {"progress": False},
    "sample": {
        "news_rows": 90,
        "chat_rows": 80,
        "dialogue_rows": 36,
        "instruct_rows": 36,
        "no_warning_rows": 12,
        "correction_rows": 12,
        "pretrain_documents": 150,
        "malformed_share": 0.05,
        "personal_share": 0.4,
    },
    "mix": {"validation_share": 0.2, "test_share": 0.2},
    "base": {
        "tiny": {
            "vocab_size": 1024,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "head_dim": 16,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "sliding_window": 32,
            "steps": 6,
            "batch_size": 4,
            "block_tokens": 64,
        }
    },
    "encode": {"max_length_tokens": 1024},
    "train": {"logging_steps": 1},
    "export": {"gguf": ["bf16"]},
    "answer": {"max_rows": 20, "batch_size": 10, "max_new_tokens": 4},
    "contrast": {"draws": 100},
}

OWN_CHAT = "data/raw/own/chat.jsonl"
Params = Any  # the tree of params.yaml, as ruamel gives it


@dataclass(frozen=True)
class Project:
    """A copy of this project, and the ways a user works in it."""

    folder: Path
    venv = BIN.parent

    def run(self, *command: str, check: bool = True, **environment: str) -> str:
        """Runs a command in the project and returns all that it printed.

        A failing command fails the test, with its output.
        """
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment_for(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}"
        return done.stdout

    def repro(self, *flags: str, **environment: str) -> set[str]:
        """The stages that `dvc repro` ran."""
        output = self.run("dvc", "repro", *flags, check=True, **environment)
        return ran(output)

    def edit_params(self, edit: Callable[[Params], None]) -> None:
        edit_yaml(self.folder / "params.yaml", edit)

    def edit_text(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def lock(self) -> dict[str, Any]:
        return YAML(typ="safe", pure=True).load(self.folder / "dvc.lock")["stages"]

    def lock_text(self) -> str:
        return (self.folder / "dvc.lock").read_text(encoding="utf-8")

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def copy_to(self, folder: Path) -> "Project":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def environment_for(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with the project's tools first, offline, and `changes`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_", "PYTEST"))}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.com",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.com",
        **changes,
    }


def ran(output: str) -> set[str]:
    return set(re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE))


def edit_yaml(file: Path, edit: Callable[[Params], None]) -> None:
    yaml = YAML()
    yaml.width = 4096
    tree = yaml.load(file)
    edit(tree)
    yaml.dump(tree, file)


def merge_into(target: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping):
            merge_into(target[key], value)
        else:
            target[key] = value


def make_project(folder: Path, tracking: bool = False) -> Project:
    """A fresh project in `folder` with the micro sizes, committed to Git; only `sample` has run."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        figures = name.startswith("metrics/") and name.endswith(("json", "csv"))
        if source.is_file() and not figures and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
    project = Project(folder)
    project.edit_params(lambda params: merge_into(params, SIZES))
    project.edit_params(lambda params: params["runtime"].update(tracking=tracking))
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "repro", "sample")
    own = folder / "data/raw/own"
    own.mkdir()
    shutil.copyfile(folder / "data/raw/sample/chat.jsonl", own / "chat.jsonl")
    project.run("dvc", "add", OWN_CHAT)
    # Not read from the sample's folder, so that a test can edit the file as a user would.
    project.edit_params(lambda params: params["sources"]["chat"].update(path=OWN_CHAT))
    project.commit("Start")
    return project
