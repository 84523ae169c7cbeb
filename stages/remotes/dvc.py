"""DVC, of this environment, as a command."""

import subprocess
import sys


def dvc(*arguments: str) -> int:
    """Runs it in the terminal of the user, and returns its exit code."""
    return subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode


def asked(*arguments: str) -> str:
    """What it prints, without the last line end; nothing where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if not done.returncode else ""
