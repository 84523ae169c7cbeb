"""Memory that a model's next operation will ask for again."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST_KEPT = 32 * 2**20  # bytes; glibc takes no more
KEPT = 512 * 2**20


def keep_freed_memory() -> None:
    """glibc gives what is freed back to the system, in large pieces at once, and each page that it
    gets again is filled with zeros first: a quarter of a training's time without this. Does nothing
    where the C library is another."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
        mallopt(M_TRIM_THRESHOLD, KEPT)
