"""Row work on many processes: a pure function over Arrow batches, its results in their order.

Work is a picklable function from one batch to one batch. Nothing that a batch becomes depends on
another, so the engine, the number of workers and their speed leave no trace in the output.
"""

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.params.runtime import Runtime
from stages.pipeline.errors import EngineError, ParamsError, PipelineError
from stages.rows.workers import AHEAD, Work, on_workers

RAY_ANSWERS_S = 15  # a cluster that lives answers within two
RAY_RETRIES = 3  # of a batch whose worker died


def map_batches(
    work: Work, batches: Iterable[pa.RecordBatch], runtime: Runtime
) -> Iterator[pa.RecordBatch]:
    """`work` on every batch, in order, holding a few batches of input and output in memory.

    Raises:
        ParamsError: runtime.engine is ray, which is not installed.
        EngineError: a worker was killed, or the cluster does not answer.
        What `work` raises.
    """
    batches = iter(batches)
    if runtime.engine == "ray":
        yield from _on_ray(work, batches)
        return
    first = list(islice(batches, 2))
    if runtime.workers == 1 or len(first) < 2:  # a process costs more than one batch
        yield from map(work, chain(first, batches))
        return
    yield from on_workers(work, chain(first, batches), runtime.workers)


def _on_ray(work: Work, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each batch as a task of the cluster, so many at a time as its CPUs take.

    Tasks rather than Ray Data: that tries a batch which kills its worker for ever, holds a whole
    data set's results back for their order, and logs what goes wrong over hundreds of lines.
    """
    try:
        import ray
        from ray.exceptions import RayError, RayTaskError
    except ImportError:
        raise ParamsError(
            "params.yaml",
            "runtime.engine is ray, which is not installed.",
            "Run `pip install 'malssi[ray]'`, or write local.",
        ) from None

    if not ray.is_initialized():
        _join_cluster(ray)
    # A reference, so that what the work carries is sent once and not with every batch.
    shared = ray.put(work)
    task = ray.remote(max_retries=RAY_RETRIES, scheduling_strategy="SPREAD")(_on_batch)
    waiting: deque[Any] = deque()
    try:
        for batch in batches:
            waiting.append(task.remote(shared, batch))
            if len(waiting) >= AHEAD * ray.cluster_resources().get("CPU", 1):
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
    except RayTaskError as error:
        if isinstance(error.cause, PipelineError):
            raise error.cause from None
        raise
    except RayError as error:
        raise EngineError(
            "the Ray cluster",
            f"lost a batch of rows {RAY_RETRIES + 1} times ({type(error).__name__}), most likely "
            "for want of memory.",
            "See the logs of its workers, and run again; nothing half-written was kept.",
        ) from None


def _join_cluster(ray: Any) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one of this machine's own.

    Raises:
        EngineError: it does not answer. Ray's own way to find out takes two minutes.
    """
    settings = {
        # The nodes need the stages' modules, wherever they and this process work.
        "runtime_env": {"py_modules": [str(Path(__file__).resolve().parents[1])]},
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    # One error ends the stage with its message; those of other batches would be logged beside it.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    # Left to itself, Ray tries a batch that the memory has no room for without end.
    os.environ.setdefault("RAY_task_oom_retries", str(RAY_RETRIES))
    address = os.environ.get("RAY_ADDRESS") or "local"
    if address == "local":
        ray.init(address, include_dashboard=False, **settings)
        return
    check = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        subprocess.run(check, timeout=RAY_ANSWERS_S, check=True, capture_output=True)
        ray.init(address, **settings)
    except (subprocess.SubprocessError, ConnectionError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"RAY_ADDRESS={address}",
            f"no Ray cluster of this version answers there ({type(error).__name__}).",
            "Start one (`ray start --head`), name its head as host:port, or unset RAY_ADDRESS.",
        ) from None


def _on_batch(work: Work, batch: pa.RecordBatch) -> pa.RecordBatch:
    return work(batch)
