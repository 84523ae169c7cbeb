"""What the machine does: its disk, its memory, and the compiled loops on weights in memory."""

import mmap
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from stages.weights.tensors.held import NOTHING, Factors, as_packed
from stages.weights.tensors.loops import export_rows, merge_rows
from stages.weights.tensors.mxfp4 import BLOCK, quantize, rule_of

DISK_BYTES = 2**31
DISK_PIECE = 2**24
COPIED_BYTES = 2**28
ROUNDS = 9


def disk_speeds(folder: Path, size: int = DISK_BYTES) -> tuple[float, float]:
    """GB/s of a file that is written, into space that was reserved, and read: past the memory that
    the system keeps files in, so that the disk alone is measured."""
    piece = mmap.mmap(-1, DISK_PIECE)  # lies where the disk can take it
    piece.write(os.urandom(DISK_PIECE))
    path = folder / "speed-of-the-disk"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_DIRECT)
    try:
        os.posix_fallocate(file, 0, size)
        began = time.perf_counter()
        for start in range(0, size, DISK_PIECE):
            os.pwrite(file, piece, start)
        os.fsync(file)
        written = time.perf_counter()
        for start in range(0, size, DISK_PIECE):
            os.preadv(file, [piece], start)
        read = time.perf_counter()
    finally:
        os.close(file)
        path.unlink()
    return size / (written - began) / 1e9, size / (read - written) / 1e9


def forget_folder(folder: Path) -> None:
    """Its files are read from the disk again and not from memory."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def at_once(work: Callable[[int], object], threads: int) -> float:
    """The least seconds of a few rounds in which each thread does the work."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))  # compiled, and all pages touched
        found: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            list(pool.map(work, range(threads)))
            found.append(time.perf_counter() - began)
    return min(found)


def copy_speed(threads: int) -> float:
    """GB/s read and written together."""
    arrays = [np.ones((2, COPIED_BYTES // 8), np.float32) for _ in range(threads)]
    seconds = at_once(lambda i: np.copyto(arrays[i][0], arrays[i][1]), threads)
    return threads * COPIED_BYTES / seconds / 1e9


def loop_speeds(rows: int, columns: int, rank: int, threads: int) -> dict[str, float]:
    """GB/s of BF16 for one MXFP4 expert (rows, columns) a thread, in memory: what merge and export
    do to it, and quantising alone."""
    generator = np.random.default_rng(0)
    numbers = torch.from_numpy(generator.standard_normal((rows, columns), np.float32) * 0.02)
    blocks, scales = quantize(numbers, "even", threads=1)
    left = generator.standard_normal((rows, rank), np.float32) * 0.01
    right = generator.standard_normal((rank, columns), np.float32) * 0.01
    factors, rule = Factors(left, right, np.float32(2)), rule_of("even")
    assert rule is not None
    weight = as_packed(blocks, scales)
    halves = [np.empty((columns, rows), np.uint16) for _ in range(threads)]
    packed = [
        (np.empty((rows, columns // BLOCK, BLOCK // 2), np.uint8), np.empty_like(weight.scales))
        for _ in range(threads)
    ]
    works: dict[str, Callable[[int], object]] = {
        "merge": lambda i: merge_rows(weight, factors, halves[i], True),
        "export": lambda i: export_rows(weight, factors, NOTHING, rule, True, *packed[i]),
        "quantise": lambda _: quantize(numbers, "even", threads=1),
    }
    size = threads * rows * columns * 2 / 1e9
    return {name: size / at_once(work, threads) for name, work in works.items()}
