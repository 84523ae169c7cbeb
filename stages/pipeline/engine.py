"""Row work on many processes: a pure function over Arrow batches, its results in their order.

Work is a picklable function from one batch to one batch. Nothing that a batch becomes depends on
another, so the engine, the number of workers and their speed leave no trace in the output.
"""

import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from stages.pipeline.config import Runtime
from stages.pipeline.errors import InputError

Work = Callable[[pa.RecordBatch], pa.RecordBatch]
AHEAD = 2  # batches in flight for each worker
RAY_WINDOW = 64  # batches that are handed to the cluster at a time


def map_batches(
    work: Work, batches: Iterable[pa.RecordBatch], runtime: Runtime
) -> Iterator[pa.RecordBatch]:
    """`work` on every batch, in order, holding a few batches of input and output in memory.

    Raises:
        InputError: runtime.engine is ray, and Ray is not installed or its cluster not there.
    """
    batches = iter(batches)
    if runtime.engine == "ray":
        yield from _on_ray(work, batches)
        return
    first = list(islice(batches, 2))
    if runtime.workers == 1 or len(first) < 2:  # a process costs more than one batch
        yield from map(work, chain(first, batches))
        return
    yield from _on_processes(work, chain(first, batches), runtime.workers)


def _on_processes(
    work: Work, batches: Iterator[pa.RecordBatch], workers: int
) -> Iterator[pa.RecordBatch]:
    # Started afresh, not forked: Arrow has threads, and a fork may take one that holds a lock.
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(work, batch))
                if len(waiting) >= workers * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """A worker whose stage was killed would otherwise wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _on_ray(work: Work, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A window of batches at a time as one Ray data set, so that the driver's memory stays flat.

    The cluster is the one that RAY_ADDRESS names, or one of this machine's own.
    """
    try:
        import ray
        import ray.data
    except ImportError:
        raise InputError(
            "runtime.engine", "is ray, which is not installed.", "pip install 'malssi[ray]'."
        ) from None

    if not ray.is_initialized():
        try:
            ray.init(
                runtime_env={"py_modules": ["stages"]},
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except ConnectionError:
            raise InputError(
                "RAY_ADDRESS",
                "names a cluster that does not answer.",
                "Start it, or unset RAY_ADDRESS.",
            ) from None
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    while window := list(islice(batches, RAY_WINDOW)):
        given = [pa.Table.from_batches([batch]) for batch in window]
        done = ray.data.from_arrow(given).map_batches(
            partial(_on_table, work), batch_format="pyarrow", batch_size=None
        )
        tables: Any = done.iter_batches(batch_size=None, batch_format="pyarrow")
        for table in tables:
            yield from table.combine_chunks().to_batches()


def _on_table(work: Work, table: pa.Table) -> pa.Table:
    """Work as Ray wants it, from table to table."""
    (batch,) = table.combine_chunks().to_batches()
    return pa.Table.from_batches([work(batch)])
