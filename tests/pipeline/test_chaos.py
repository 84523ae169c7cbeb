"""Whatever disturbs a run, the lock that a run in peace makes afterwards is the undisturbed one."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.micro import STAGES, Project, environment_for

pytestmark = pytest.mark.pipeline

KILLS_PER_STAGE = 4
DAMAGED_LOCK = ("'./dvc.lock' validation failed", "'./dvc.lock' is invalid")
ROWS = "mix"  # the last of the stages that work on rows


def start(project: Project, *command: str, **environment: str) -> subprocess.Popen[str]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        command,
        cwd=project.folder,
        env=environment_for(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def recover(project: Project) -> set[str]:
    """As docs/how-to/recover.md has it: DVC does not write its lock at once."""
    try:
        return project.repro()
    except AssertionError as error:
        if not any(words in str(error) for words in DAMAGED_LOCK):
            raise
    project.run("git", "checkout", "dvc.lock")
    return project.repro()


def in_peace(project: Project, finished: Project) -> None:
    recover(project)
    assert project.lock_text() == finished.lock_text()
    assert [str(path) for path in project.folder.rglob("*.partial")] == []
    assert project.run("dvc", "status").strip() == "Data and pipelines are up to date."


@pytest.mark.soak_long
def test_a_hundred_kills_spread_over_all_stages(project: Project, finished: Project) -> None:
    """Each stage is started alone and killed at a random moment of its work, four times."""
    rng = random.Random(20261130)
    killed = 0
    for _ in range(KILLS_PER_STAGE):
        for stage in rng.sample(sorted(STAGES), len(STAGES)):
            run = start(project, "dvc", "repro", "--single-item", "--force", stage)
            assert run.stdout
            for line in run.stdout:
                if line.startswith("Running stage"):
                    break
            time.sleep(rng.uniform(0.0, 4.0))
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                killed += 1
            run.wait()
    print(f"{killed} of {KILLS_PER_STAGE * len(STAGES)} were killed before they had ended")
    assert killed >= 60
    recover(project)
    assert project.lock_text() == finished.lock_text()
    project.repro("--force")  # what DVC takes from its cache of runs leaves what a kill had begun
    in_peace(project, finished)


@pytest.mark.soak_long
def test_a_lock_cut_while_dvc_wrote_it_costs_no_training(project: Project) -> None:
    project.edit_params(lambda params: params["train"].update(learning_rate=0.0021))
    project.repro()
    whole = project.lock_text()
    for share in (0.0, 0.31, 0.77, 0.99):
        (project.folder / "dvc.lock").write_text(whole[: int(share * len(whole))])
        assert "train" not in recover(project)
        assert project.lock_text() == whole


def workers_of(parent: int) -> Iterator[int]:
    """The processes below a process, the youngest first."""
    for line in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent), "--sort=-start_time"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split():
        yield from workers_of(int(line))
        yield int(line)


@pytest.mark.soak
def test_workers_that_are_killed_lose_no_row(project: Project, finished: Project) -> None:
    """As the kernel does when memory runs out."""
    rng = random.Random(20261130)
    for stage in ("ingest@news", "scrub@news", "scrub@dialogue", "curate", "scrub@instruct"):
        run = start(project, "dvc", "repro", "--single-item", "--force", stage)
        while run.poll() is None:
            time.sleep(rng.uniform(0.05, 0.4))
            for pid in list(workers_of(run.pid))[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        output, _ = run.communicate()
        assert "Traceback" not in output, output[-2000:]
    in_peace(project, finished)


@pytest.mark.soak
def test_two_runs_at_once_leave_what_one_leaves(project: Project, finished: Project) -> None:
    runs = [start(project, "dvc", "repro", "--force", ROWS) for _ in range(2)]
    outputs = [run.communicate()[0] for run in runs]
    assert sorted(run.returncode for run in runs)[0] == 0, outputs
    assert not any("Traceback" in output for output in outputs), outputs
    in_peace(project, finished)


@pytest.mark.soak
@pytest.mark.skipif(os.getuid() != 0, reason="these tests are run by an ordinary user already")
def test_an_ordinary_user_makes_the_same(project: Project, finished: Project) -> None:
    """Root without its powers: what its owner may not do, it may not do either."""
    closed = project.folder.parent / "closed"
    closed.touch(mode=0o000)
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert "Permission denied" in project.run(*powerless, "cat", str(closed), check=False)
    run = start(project, *powerless, "dvc", "repro", "--force", ROWS)
    output, _ = run.communicate()
    assert run.returncode == 0, output
    in_peace(project, finished)


JUMPING = """
import random, time
real, jumps = time.time, random.Random(7)
time.time = lambda: real() + jumps.choice((0, 3600, -3600, 4e8, -4e8))
time.time_ns = lambda: int(time.time() * 1e9)
"""


@pytest.mark.soak
def test_a_clock_that_jumps_changes_nothing(
    project: Project, finished: Project, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(JUMPING)
    run = start(project, "dvc", "repro", "--force", ROWS, PYTHONPATH=str(tmp_path))
    output, _ = run.communicate()
    assert run.returncode == 0, output
    in_peace(project, finished)
