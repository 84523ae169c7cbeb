"""Damaged files of the project's own, where a command reads them: three parts and no traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from safetensors.numpy import save_file

from stages.formats.tables import read_file, read_table, write_table
from stages.pipeline.dvc_lock import recorded
from stages.pipeline.errors import DataError, InputError, ModelError
from stages.preflight.whole import check_whole
from tests.micro import BIN, ROOT

HALF_A_LOCK = "schema: '2.0'\nstages:\n  sample:\n    cmd: a\n    outs:\n    - path: a\n"
NO_LOCKS = ["<<<<<<< ours\n  a: [", "\x00", "stages: 5", "- a", HALF_A_LOCK, "stages: {a: 3}"]
NO_PARAMS = ["a: [", "\x00", "- a", "", "[" * 5000]


def said_by(folder: Path, command: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"stages.commands.{command}", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.mark.parametrize("content", NO_LOCKS)
def test_a_damaged_lock_is_named(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").write_text(content)
    with pytest.raises(DataError, match=r"dvc\.lock.*not as DVC writes it.*git checkout dvc\.lock"):
        recorded()


def test_a_lock_that_is_absent_or_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nothing has run"):
        recorded()
    Path("dvc.lock").write_text("")
    assert recorded() == {}


@pytest.mark.parametrize("command", ["track", "release_check"])
def test_commands_that_read_the_lock_name_it(tmp_path, command):
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "dvc.lock").write_text(HALF_A_LOCK)
    assert "dvc.lock" in said_by(tmp_path, command)


@pytest.mark.parametrize(
    ("command", "content"),
    [("preset", content) for content in NO_PARAMS]
    + [("release_check", content) for content in NO_PARAMS[:2] + NO_PARAMS[-1:]],
)
def test_damaged_params_are_named(tmp_path, command, content):
    for name in ("dvc.lock", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    (tmp_path / "params.yaml").write_text(content)
    named = said_by(tmp_path, command, *(["categories"] if command == "preset" else []))
    assert "params.yaml" in named
    assert (tmp_path / "params.yaml").read_text() == content


@pytest.mark.parametrize("left", [0, 4, 200])
def test_a_damaged_table_is_named(tmp_path, left):
    schema = pa.schema([("id", pa.string())])
    write_table(tmp_path / "table", [{"id": str(i)} for i in range(1000)], schema)
    (file,) = (tmp_path / "table").iterdir()
    file.write_bytes(file.read_bytes()[:left])
    for read in (lambda: list(read_table(tmp_path / "table")), lambda: read_file(file)):
        with pytest.raises(DataError, match=r"00000\.parquet.*dvc checkout --force"):
            read()


@pytest.mark.parametrize("left", [0, 7, -1])
def test_weights_that_end_early_are_named(tmp_path, left):
    import numpy as np

    file = tmp_path / "model.safetensors"
    save_file({"a": np.zeros(1000, dtype=np.float32)}, file)
    check_whole(tmp_path)
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(ModelError, match=r"model\.safetensors.*is damaged"):
        check_whole(tmp_path)


def test_a_full_disk_behind_a_pipe_is_told():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "stages.commands.mask"],
            cwd=ROOT,
            input=b'{"text": "a"}\n',
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"ERROR ") and b"no space is left" in done.stderr
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr
