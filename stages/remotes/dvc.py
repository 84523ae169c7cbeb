"""DVC, of this environment, as a command."""

import subprocess
import sys

LIMIT_S = 30.0


def dvc(*arguments: str) -> int:
    """Runs it in the terminal of the user, and returns its exit code."""
    return subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode


def asked(*arguments: str, within_s: float = LIMIT_S) -> str:
    """What it prints, without the last line end; nothing where it fails, or says nothing in that
    time, as on a disk of a network that is gone."""
    command = [sys.executable, "-m", "dvc", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=within_s
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip() if not done.returncode else ""
