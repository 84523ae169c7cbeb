"""The whole pipeline gives one dvc.lock, whichever processor computes its numeric stages."""

import os
import sys
from pathlib import Path

import pytest

from tests.micro import STAGES, Project, ran
from tests.numerics.test_portable import PROCESSORS, QEMU

NUMERIC = (
    *("base", "train", "merge", "export", "export_gguf", "compare", "answer", "evaluate"),
    *("contrast", "gate", "report"),
)
PYTHON = """#!/bin/sh
case "$2" in
  {stages}) exec {qemu} -cpu {processor} {python} "$@" ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.mark.soak
@pytest.mark.pipeline
@pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 (Debian's qemu-user) is not installed")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_one_lock_on_every_processor(finished: Project, tmp_path: Path, processor: str) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    stages = "|".join(f"stages.{name}" for name in NUMERIC)
    python.write_text(
        PYTHON.format(stages=stages, qemu=QEMU, processor=processor, python=sys.executable)
    )
    python.chmod(0o755)
    project = finished.copy_to(tmp_path / "project")
    path = (
        f"{python.parent}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    output = project.run("dvc", "repro", "--force", "--no-run-cache", PATH=path)
    assert ran(output) == set(STAGES)
    assert project.lock_text() == finished.lock_text()
