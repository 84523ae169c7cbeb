"""Work on rows gives the same bytes on one process, on several, and on a Ray cluster."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import psutil
import pyarrow as pa
import pytest

from stages.pipeline.config import Runtime
from stages.pipeline.engine import map_batches
from stages.pipeline.tables import CANONICAL, batches_of, write_batches
from stages.scrub import SCRUBBED, scrub_batch
from tests.test_tables import row

PROJECT = Path(__file__).resolve().parents[1]
WORK = partial(scrub_batch, optional=frozenset())


def runtime(engine: str = "local", workers: int = 1) -> Runtime:
    return Runtime.model_validate(
        {"tracking": False, "progress": False, "engine": engine, "workers": workers}
    )


def batches(rows: int = 2500):
    return batches_of(
        (row(i, t=f"문의는 010-{i:04d}-5678로 ㅋㅋ", u="a" * (i % 7)) for i in range(rows)),
        CANONICAL,
    )


def written(folder: Path, settings: Runtime, rows: int = 2500) -> dict[str, bytes]:
    write_batches(folder, map_batches(WORK, batches(rows), settings), SCRUBBED)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def in_project(monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.syspath_prepend(str(PROJECT))


def test_workers_leave_no_trace(tmp_path, in_project):
    one = written(tmp_path / "one", runtime())
    assert written(tmp_path / "three", runtime(workers=3)) == one
    assert list(map_batches(WORK, iter([]), runtime(workers=3))) == []


def fail_at(batch: pa.RecordBatch, bad: str) -> pa.RecordBatch:
    if bad in batch.column("id").to_pylist():
        raise ValueError("this batch is bad")
    return batch


def test_an_error_in_a_worker_is_the_stages_error(in_project):
    work = partial(fail_at, bad=f"{1500:016x}")
    with pytest.raises(ValueError, match="this batch is bad"):
        list(map_batches(work, batches(), runtime(workers=2)))


def test_batches_are_asked_for_as_they_are_needed(in_project):
    asked = 0

    def counted():
        nonlocal asked
        for batch in batches(30_000):
            asked += 1
            yield batch

    results = map_batches(WORK, counted(), runtime(workers=2))
    next(results)
    assert asked <= 6
    del results


SLOW = """
    import sys, time
    from functools import partial
    sys.path.insert(0, {project!r})
    from stages.pipeline.engine import map_batches
    from tests.test_engine import batches, runtime, sleep
    if __name__ == "__main__":
        list(map_batches(sleep, batches(), runtime(workers=2)))
"""


def sleep(batch: pa.RecordBatch) -> pa.RecordBatch:
    time.sleep(60)
    return batch


def test_workers_end_with_a_killed_stage(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW.format(project=str(PROJECT))))
    stage = subprocess.Popen([sys.executable, str(script)], cwd=PROJECT)
    parent = psutil.Process(stage.pid)
    deadline = time.monotonic() + 60
    while len(workers := parent.children(recursive=True)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(workers) >= 2
    time.sleep(2)
    os.kill(stage.pid, signal.SIGKILL)
    stage.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


@pytest.mark.pipeline
def test_a_ray_cluster_of_two_nodes_writes_the_same_bytes(tmp_path, in_project):
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    one = written(tmp_path / "one", runtime(), rows=6000)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR",
                 runtime_env={"py_modules": ["stages"]})  # fmt: skip
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        assert written(tmp_path / "ray", runtime("ray"), rows=6000) == one
    finally:
        ray.shutdown()
        cluster.shutdown()
