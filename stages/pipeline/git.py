"""Git, as a command."""

import os
import re
import subprocess

from stages.pipeline.errors import PipelineError


class GitError(PipelineError, RuntimeError):
    """Git refuses."""


def git(*arguments: str, given: str | None = None, **environment: str) -> str:
    """What it prints, without white space at its ends.

    Raises:
        GitError: Git refuses; what it said of that is repeated.
    """
    done = _done(arguments, given, environment)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it says nothing"]
        telling = [line for line in lines if re.search("fatal:|error:|rejected", line)]
        said = (telling or lines)[0].strip()
        raise GitError(f"git {arguments[0]}", f"fails: {said}.", "Mend that, and try again.")
    return done.stdout.strip()


def asked(*arguments: str) -> str | None:
    """As `git`; None where Git refuses."""
    done = _done(arguments)
    return None if done.returncode else done.stdout.strip()


def _done(
    arguments: tuple[str, ...],
    given: str | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        input=given,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        errors="surrogateescape",  # a path may be of any bytes
        check=False,
    )
