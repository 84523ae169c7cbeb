"""Rows of a matrix, and what is added to them, as the compiled loops take them."""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

_threads = threading.local()
Array = np.ndarray  # of the axes and the dtype that a docstring tells


class Held(NamedTuple):
    """Rows in one of three forms; the arrays of the others are empty."""

    blocks: Array  # MXFP4: (rows, n / 32, 16) uint8
    scales: Array  # and (rows, n / 32) uint8
    halves: Array  # BF16: (rows, n) uint16
    floats: Array  # (rows, n) float32


class Factors(NamedTuple):
    """What is added to rows: scale * left (rows, r) right (r, n), float32; r is 0 for nothing."""

    left: Array
    right: Array
    scale: np.float32


NOTHING = Held(
    np.empty((0, 0, 0), np.uint8),
    np.empty((0, 0), np.uint8),
    np.empty((0, 0), np.uint16),
    np.empty((0, 0), np.float32),
)
NO_FACTORS = Factors(NOTHING.floats, NOTHING.floats, np.float32(0))


def reused(purpose: str, shape: Sequence[int], dtype: type[np.generic]) -> Array:
    """An array without values, in memory that this thread had before for this purpose: the system
    takes as long to give new memory as the loops take to fill it. It is the caller's until the
    thread asks again."""
    length = math.prod(shape) * np.dtype(dtype).itemsize
    rooms: dict[str, Array] = _threads.__dict__
    if purpose not in rooms or rooms[purpose].nbytes < length:
        rooms[purpose] = np.empty(length, np.uint8)  # in large pages, if it is large
    return rooms[purpose][:length].view(dtype).reshape(shape)


def as_held(matrix: torch.Tensor) -> Held:
    """(rows, n): BF16 as it is, all else in float32."""
    if matrix.dtype == torch.bfloat16:
        return NOTHING._replace(halves=halves_of(matrix))
    return NOTHING._replace(floats=matrix.float().contiguous().numpy())


def as_packed(blocks: torch.Tensor, scales: torch.Tensor) -> Held:
    """MXFP4 of (rows, n)."""
    return NOTHING._replace(blocks=blocks.numpy(), scales=scales.numpy())


def halves_of(tensor: torch.Tensor) -> Array:
    """The same memory, if it lies together: the bits of BF16 numbers."""
    return tensor.contiguous().view(torch.uint16).numpy()


def from_halves(bits: Array) -> torch.Tensor:
    return torch.from_numpy(bits).view(torch.bfloat16)
