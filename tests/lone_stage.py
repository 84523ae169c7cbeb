"""One stage run as a program in a folder of its own, without DVC."""

import os
import subprocess
import sys
from pathlib import Path

from tests.micro import ROOT


def run_stage(folder: Path, *command: str, **environment: str) -> str:
    """What it says on stderr if it fails, else nothing."""
    place = environment | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | place,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if answer.returncode == 0 else answer.stderr
