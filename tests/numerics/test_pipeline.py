"""The whole pipeline gives one dvc.lock, whichever processor computes its numeric stages."""

import sys
from pathlib import Path

import pytest

from tests.micro import STAGES, Project
from tests.numerics.test_portable import PROCESSORS, QEMU

NUMERIC = (
    *("base", "train", "merge", "export", "export_gguf", "compare", "answer", "evaluate"),
    *("contrast", "gate", "report"),
)


@pytest.mark.soak
@pytest.mark.pipeline
@pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 (Debian's qemu-user) is not installed")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_one_lock_on_every_processor(finished: Project, tmp_path: Path, processor: str) -> None:
    project = finished.copy_to(tmp_path / "project")
    lock = project.lock()
    stages = [stage for stage in lock if stage.partition("@")[0] in NUMERIC]
    assert {stage.partition("@")[0] for stage in stages} == set(NUMERIC)
    for stage in stages:
        for out in lock[stage]["outs"]:
            project.run("rm", "-r", out["path"])
    stages.sort(key=STAGES.index)
    command = "-m", "tests.numerics.stages_in_turn", *stages
    project.run(str(QEMU), "-cpu", processor, sys.executable, *command)
    project.run("dvc", "commit", "--force")
    assert project.lock_text() == finished.lock_text()
