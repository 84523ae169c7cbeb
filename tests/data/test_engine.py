"""Work on rows gives the same bytes on one process, on several, and on a Ray cluster."""

import json
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque
from functools import partial
from itertools import cycle
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from ruamel.yaml import YAML

from stages.formats.tables import CANONICAL, batches_of, write_batches
from stages.params.runtime import Runtime
from stages.params.whole import read_config
from stages.pipeline.deadline import within
from stages.pipeline.errors import DataError, EngineError, PipelineError
from stages.rows.engine import map_batches
from stages.scrub import SCRUBBED, scrub_batch
from tests.data.test_tables import row
from tests.micro import ROOT

WORK = partial(scrub_batch, optional=frozenset())


def runtime(engine: str = "local", workers: int = 1) -> Runtime:
    shipped = read_config(ROOT / "params.yaml").runtime.model_dump()
    return Runtime.model_validate(
        shipped | {"tracking": False, "progress": False, "engine": engine, "workers": workers}
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
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))


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


def refuse(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise DataError("row 7", "holds no text.", "Give it one.")


def test_a_refusal_in_a_worker_keeps_its_three_parts(in_project):
    with pytest.raises(DataError, match=r"^row 7: holds no text\. Give it one\.$") as caught:
        list(map_batches(refuse, batches(), runtime(workers=2)))
    assert caught.value.where == "row 7"


@pytest.mark.parametrize("kind", [PipelineError, *PipelineError.__subclasses__()])
def test_every_refusal_can_be_sent_between_processes(kind):
    sent = pickle.loads(pickle.dumps(kind("where", "what.", "fix.")))
    assert type(sent) is kind and str(sent) == "where: what. fix."
    assert (sent.where, sent.what, sent.fix) == ("where", "what.", "fix.")


def die_at(batch: pa.RecordBatch, bad: str) -> pa.RecordBatch:
    if bad in batch.column("id").to_pylist():
        os.kill(os.getpid(), signal.SIGKILL)
    return batch


def test_a_killed_worker_is_an_error_that_says_so(in_project):
    work = partial(die_at, bad=f"{1500:016x}")
    with pytest.raises(EngineError, match=r"workers: was killed .* memory.*Lower runtime\.workers"):
        list(map_batches(work, batches(), runtime(workers=2)))


def workers_of(stage: psutil.Process) -> list[psutil.Process]:
    return [p for p in stage.children() if "spawn_main" in " ".join(p.cmdline())]


def widen(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch({"text": ["x" * 4_000_000]})  # most of the time goes to sending it


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_a_worker_killed_while_it_sends_is_not_waited_for(in_project, seed):
    """The pool of the standard library waits for ever, in about one of ten such kills."""

    def kill_one():
        while len(workers := workers_of(psutil.Process())) < 2:
            time.sleep(0.01)
        time.sleep(2 + random.Random(seed).random())
        workers[0].kill()

    threading.Thread(target=kill_one, daemon=True).start()
    results = map_batches(widen, cycle(batches(10)), runtime(workers=2))
    with pytest.raises(EngineError, match="workers: was killed"):
        within(60, lambda: deque(results, maxlen=0))


class Unsendable(Exception):
    def __init__(self, one: str, two: str):
        super().__init__(one + two)


def break_off(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise Unsendable("a mistake", " in the work")


def test_an_error_that_cannot_be_sent_is_not_taken_for_a_killed_worker(in_project):
    with pytest.raises(RuntimeError) as caught:
        list(map_batches(break_off, batches(), runtime(workers=2)))
    assert not isinstance(caught.value, PipelineError)
    assert "break_off" in str(caught.value) and "a mistake in the work" in str(caught.value)


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
    from stages.rows.engine import map_batches
    from tests.data.test_engine import batches, runtime, sleep
    if __name__ == "__main__":
        list(map_batches(sleep, batches(), runtime(workers=2)))
"""


def sleep(batch: pa.RecordBatch) -> pa.RecordBatch:
    time.sleep(60)
    return batch


def test_workers_end_with_a_killed_stage(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(textwrap.dedent(SLOW.format(project=str(ROOT))))
    stage = subprocess.Popen([sys.executable, str(script)], cwd=ROOT)
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


# A folder to work in as a user does: the stages, params.yaml and one ingested table.
ROWS = 6000


def workspace(folder: Path, engine: str, rows: int = ROWS) -> Path:
    folder.mkdir()
    (folder / "stages").symlink_to(ROOT / "stages")
    yaml = YAML(typ="safe", pure=True)
    params = yaml.load(ROOT / "params.yaml")
    params["runtime"].update(tracking=False, progress=False, engine=engine, workers=2)
    yaml.dump(params, folder / "params.yaml")
    write_batches(folder / "data/ingested/chat", batches(rows), CANONICAL)
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Without a path to the project: what a node gets of it, the engine must have sent."""
    kept = {k: v for k, v in os.environ.items() if k not in ("RAY_ADDRESS", "PYTHONPATH")}
    return kept | changes


def scrub(folder: Path, **changes: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "stages.scrub", "--source", "chat"]
    return subprocess.run(
        command, cwd=folder, env=environment(**changes), capture_output=True, text=True, check=False
    )


def table(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "data/scrubbed/chat").iterdir()}


def left_nothing(folder: Path) -> bool:
    return not list(folder.glob("data/scrubbed/*")) and not list(folder.rglob("*.partial"))


@pytest.mark.pipeline
def test_a_stage_with_a_killed_worker_leaves_nothing(tmp_path):
    folder = workspace(tmp_path / "killed", "local", rows=60_000)
    stage = subprocess.Popen(
        [sys.executable, "-m", "stages.scrub", "--source", "chat"],
        cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    parent = psutil.Process(stage.pid)
    deadline = time.monotonic() + 60
    workers: list[psutil.Process] = []
    while len(workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        workers = workers_of(parent)
    time.sleep(1)
    workers[0].kill()
    _, said = stage.communicate(timeout=60)
    assert stage.returncode == 1
    assert said.startswith("ERROR one of 2 workers: was killed") and "Traceback" not in said
    assert left_nothing(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of a Ray cluster of two nodes that work in a folder without the project."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.delenv("PYTHONPATH", raising=False)
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        nodes.add_node(num_cpus=1)
    try:
        nodes.wait_for_nodes()
        yield nodes.address
    finally:
        nodes.shutdown()


PLACES = """
    import json, sys, time
    import pyarrow as pa
    sys.path.insert(0, {project!r})
    from stages.rows.engine import map_batches
    from stages.pipeline.errors import DataError
    from stages.pipeline.program import run
    from tests.data.test_engine import batches, runtime

    def place(batch):
        import ray
        from stages.formats import tables
        time.sleep(0.2)
        node = ray.get_runtime_context().get_node_id()
        row = dict(id=batch.column("id")[0].as_py(), node=node, code=tables.__file__)
        return pa.RecordBatch.from_pylist([row])

    def refuse(batch):
        raise DataError("row 7", "holds no text.", "Give it one.")

    def main():
        done = map_batches(place, batches(20_000), runtime("ray"))
        print(json.dumps([row for batch in done for row in batch.to_pylist()]), flush=True)
        list(map_batches(refuse, batches(), runtime("ray")))

    run(main)
"""


@pytest.mark.pipeline
def test_both_nodes_of_a_ray_cluster_work_with_the_code_that_they_were_sent(cluster, tmp_path):
    script = tmp_path / "places.py"
    script.write_text(textwrap.dedent(PLACES.format(project=str(ROOT))))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment(RAY_ADDRESS=cluster),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert len({row["node"] for row in rows}) == 2
    assert [row["id"] for row in rows] == [f"{i:016x}" for i in range(0, 20_000, 1000)]
    assert not [row["code"] for row in rows if str(ROOT) in row["code"]]
    assert done.returncode == 1
    assert done.stderr.strip() == "ERROR row 7: holds no text. Give it one."


@pytest.mark.soak
@pytest.mark.pipeline
def test_a_stage_writes_the_same_bytes_on_a_cluster_and_on_its_own(cluster, tmp_path):
    places = {
        "local": (workspace(tmp_path / "local", "local"), {}),
        "cluster": (workspace(tmp_path / "cluster", "ray"), {"RAY_ADDRESS": cluster}),
        "own": (workspace(tmp_path / "own", "ray"), {}),
    }
    for folder, changes in places.values():
        done = scrub(folder, **changes)
        assert done.returncode == 0, done.stderr
    one = table(places["local"][0])
    assert table(places["cluster"][0]) == one
    assert table(places["own"][0]) == one


@pytest.mark.pipeline
def test_a_ray_cluster_that_is_gone_is_an_error_that_says_so(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    folder = workspace(tmp_path / "gone", "ray")
    began = time.monotonic()
    done = scrub(folder, RAY_ADDRESS=address)
    assert time.monotonic() - began < 40
    assert done.returncode == 1
    assert done.stderr.startswith(f"ERROR RAY_ADDRESS={address}: no Ray cluster")
    assert "unset RAY_ADDRESS" in done.stderr and "Traceback" not in done.stderr
    assert left_nothing(folder)
