"""One stage run as a program in a folder of its own, without DVC and without a tracker."""

import os
import subprocess
import sys
from pathlib import Path

from tests.micro import ROOT
from tests.workspace import lay_out

NOWHERE = "http://127.0.0.1:1"


def make_room(folder: Path, *names: str) -> Path:
    """A folder laid out for a stage, whose tracker is known to be away, so that none waits for it."""
    lay_out(folder, *names)
    (folder / ".mlflow").mkdir()
    (folder / ".mlflow/unreachable").write_text(NOWHERE)
    return folder


def run_stage(folder: Path, *command: str, **environment: str) -> str:
    """What it says on stderr if it fails, else nothing."""
    place = environment | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | place | {"MLFLOW_TRACKING_URI": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if answer.returncode == 0 else answer.stderr
