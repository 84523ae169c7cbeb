"""Row work on processes of this machine, each with a pipe of its own.

The pools of the standard library share one pipe for all results. A worker that is killed while it
writes leaves half of a result there, and the pool waits for the other half for ever. Of a pipe with
one writer, the kernel says that the writer has gone.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue

import pyarrow as pa

from stages.pipeline.errors import EngineError

Work = Callable[[pa.RecordBatch], pa.RecordBatch]
AHEAD = 2  # batches in flight for each worker


def on_workers(
    work: Work, batches: Iterable[pa.RecordBatch], workers: int
) -> Iterator[pa.RecordBatch]:
    """`work` on every batch by so many processes, in order.

    Raises:
        EngineError: a worker was killed.
        RuntimeError: `work` raised an error that cannot be sent between processes.
        What else `work` raises.
    """
    idle: SimpleQueue[_Worker] = SimpleQueue()

    def answer(batch: pa.RecordBatch) -> pa.RecordBatch:
        worker = idle.get()
        try:
            return worker.answer(batch)
        finally:
            idle.put(worker)

    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ThreadPoolExecutor(workers) as threads, ExitStack() as ends:
        for _ in range(workers):
            worker = _Worker(work, f"one of {workers} workers")
            ends.callback(worker.end)
            idle.put(worker)
        ends.callback(threads.shutdown, wait=False, cancel_futures=True)
        for batch in batches:
            waiting.append(threads.submit(answer, batch))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Worker:
    def __init__(self, work: Work, called: str):
        # Started afresh, not forked: Arrow has threads, and a fork may take one that holds a lock.
        context = multiprocessing.get_context("spawn")
        self._called = called
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self._process.start()
        theirs.close()

    def answer(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            self._pipe.send(batch)
            answer = self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise EngineError(
                self._called,
                "was killed from outside, most likely for want of memory.",
                "Lower runtime.workers in params.yaml, or free memory, and run again; "
                "nothing half-written was kept.",
            ) from None
        result = pickle.loads(answer)
        if isinstance(result, Exception):
            raise result
        return result

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the stage's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):  # the stage is gone, and has said what there is
        while True:
            batch = pipe.recv()
            try:
                answer = pickle.dumps(work(batch))
            except Exception as error:
                answer = _sendable(error)
            pipe.send_bytes(answer)


def _sendable(error: Exception) -> bytes:
    """The error with the place in the work where it was raised, which no pickle keeps."""
    place = "".join(traceback.format_exception(error))
    error.add_note(f"In a worker:\n{place}")
    try:
        sent = pickle.dumps(error)
        pickle.loads(sent)
    except Exception:
        return pickle.dumps(RuntimeError(f"an error that cannot be sent to the stage:\n{place}"))
    return sent


def _end_with_parent() -> None:
    """A worker whose stage was killed would otherwise finish its batch first."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
