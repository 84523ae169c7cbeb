"""MXFP4: blocks of 32 numbers that share a power-of-two scale, 4.25 bits a weight.

Format (OCP Microscaling v1.0, as stored by gpt-oss):
  element  E2M1, 4 bits: sign, 2 bits of exponent, 1 of mantissa.
           Codes 0-7 are 0, 0.5, 1, 1.5, 2, 3, 4, 6; codes 8-15 are their negatives (8 is -0).
  scale    E8M0, 8 bits: code c is 2^(c - 127), c in 0..254; 255 would be NaN and is never written.
  packing  two elements a byte, the even one in the low nibble; 16 bytes a block.
A tensor (..., n) with n a multiple of 32, blocked along its last axis, becomes `blocks` uint8
(..., n/32, 16) and `scales` uint8 (..., n/32).

The scale's exponent, where amax = 1.m x 2^E is the largest magnitude of the block:
  floor   E - 2: the rule of the specification; the largest element may be clamped to 6
  even    E - 2, one more if 1.m >= 1.75: rounds amax to two bits first (torchao EVEN)
  ceil6   E - 2, one more if 1.m > 1.5: never clamps (triton, modelopt)
  search  of E - 3, E - 2, E - 1 and the scale that the block had before, if that is given, the one
          with the least squared error; at a tie the first of (before, E - 2, E - 1, E - 3)
A scale below code 0 is 0, which is also that of a block of zeros. Elements are rounded half to even
and clamped to 6.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch

from stages.weights.tensors.compiled import compiled

BLOCK = 32
LANES = 256  # blocks that are worked on at once, one a lane of the processor's vectors
VALUES = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
# What is added to the bits of amax (float32) before its exponent is read.
ROUNDING = {"floor": 0, "even": 0x200000, "ceil6": 0x3FFFFF, "search": 0}
RULES = tuple(ROUNDING)
INFINITE = 0x7F800000
NO_SCALE = np.empty((0, 0), np.uint8)
Found = TypeVar("Found")
Array = np.ndarray  # of the axes and the dtype that a docstring tells


def quantize(
    weight: torch.Tensor,
    rule: str,
    scales_before: torch.Tensor | None = None,
    threads: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(blocks, scales) of a float32 or BF16 tensor whose last axis is a multiple of 32.
    `threads`: as many as torch has, if none is said; their number changes no byte.

    A transposed view is read as it lies, without a copy. `scales_before`, of the shape of the
    scales, are candidates of `search`.

    Raises:
        ValueError: a value is NaN or infinite, or the last axis does not divide into blocks.
    """
    if not weight.numel() or weight.shape[-1] % BLOCK:
        raise ValueError(f"{tuple(weight.shape)}: the last axis is not a multiple of {BLOCK}")
    if weight.dtype not in (torch.float32, torch.bfloat16):
        weight = weight.float()
    *shape, length = weight.shape
    count = length // BLOCK
    blocks = torch.empty((*shape, count, BLOCK // 2), dtype=torch.uint8)
    scales = torch.empty((*shape, count), dtype=torch.uint8)
    rows = shape[-1] if shape else 1
    if scales_before is not None and scales_before.shape != scales.shape:
        raise ValueError(f"scales are {tuple(scales.shape)}, not {tuple(scales_before.shape)}")
    before = None if scales_before is None else _numbers(scales_before).reshape(-1, rows, count)
    to_blocks = _numbers(blocks).reshape(-1, rows, count, BLOCK // 2)
    to_scales = _numbers(scales).reshape(-1, rows, count)
    for index, matrix in enumerate(weight.detach().cpu().reshape(-1, rows, length)):
        if matrix.stride(0) != 1 and matrix.stride(1) != 1:
            matrix = matrix.contiguous()
        bits = matrix.view(torch.int32 if matrix.dtype == torch.float32 else torch.int16)
        lies_down = matrix.stride(1) == 1
        numbers = _numbers(bits if lies_down else bits.T)
        kernel = _encode_rows if lies_down else _encode_columns
        own_before = NO_SCALE if before is None else before[index]
        rest = (ROUNDING[rule], rule == "search", own_before, to_blocks[index], to_scales[index])
        parts = _in_parts(kernel, threads, rows, numbers, *rest)
        if not all(parts):
            raise ValueError("a weight is NaN or infinite")
    return blocks, scales


def dequantize(
    blocks: torch.Tensor, scales: torch.Tensor, threads: int | None = None
) -> torch.Tensor:
    """The float32 tensor (..., n) of blocks (..., n/32, 16) and scales (..., n/32)."""
    values = torch.empty((*scales.shape[:-1], scales.shape[-1] * BLOCK), dtype=torch.float32)
    held, shared = _numbers(blocks).reshape(-1, BLOCK // 2), _numbers(scales).reshape(-1)
    lines = _numbers(values).reshape(-1, BLOCK)
    _in_parts(_decode, threads, len(lines), held, shared, lines)
    return values


def nearest(values: torch.Tensor) -> torch.Tensor:
    """The element that each value is rounded to, under a scale of 1, on any device."""
    magnitudes = values.abs()
    step = torch.where(magnitudes < 2, 0.5, torch.where(magnitudes < 4, 1.0, 2.0))
    # torch rounds half to even, and so the code is even: steps are spaced as codes are.
    return torch.copysign(((magnitudes / step).round() * step).clamp(max=6.0), values)


def _numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().numpy()


def _in_parts(
    kernel: Callable[..., Found], threads: int | None, rows: int, *arguments: object
) -> list[Found]:
    """`kernel(first, last, *arguments)` of as many parts of the rows as there are threads."""
    threads = max(1, min(threads or torch.get_num_threads(), rows))
    edges = [rows * part // threads for part in range(threads + 1)]
    if threads == 1:
        return [kernel(0, rows, *arguments)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda a, b: kernel(a, b, *arguments), edges[:-1], edges[1:]))


# The kernels hold LANES blocks as (element, lane), so that a loop over lanes is one over vectors.


@compiled
def _encode_rows(
    first: int, last: int, bits: Array, rounding: int, search: bool, before: Array,
    blocks: Array, scales: Array,
) -> bool:  # fmt: skip
    """Rows first..last of bits (rows, n), blocks along what lies together in memory."""
    count = bits.shape[1] // BLOCK
    shift = 16 if bits.itemsize == 2 else 0
    tile = np.empty((BLOCK, LANES), np.uint32)
    old = np.empty(LANES, np.int32)
    codes = np.empty((BLOCK, LANES), np.uint8)
    chosen = np.empty(LANES, np.int32)
    for row in range(first, last):
        for start in range(0, count, LANES):
            lanes = min(LANES, count - start)
            for lane in range(lanes):
                for element in range(BLOCK):
                    here = bits[row, (start + lane) * BLOCK + element]
                    tile[element, lane] = np.uint32(here) << np.uint32(shift)
                old[lane] = before[row, start + lane] if before.size else -1
            if not _encode(tile, lanes, rounding, search, old, codes, chosen):
                return False
            for lane in range(lanes):
                scales[row, start + lane] = chosen[lane]
                for pair in range(BLOCK // 2):
                    high = codes[2 * pair + 1, lane] << np.uint8(4)
                    blocks[row, start + lane, pair] = codes[2 * pair, lane] | high
    return True


@compiled
def _encode_columns(
    first: int, last: int, bits: Array, rounding: int, search: bool, before: Array,
    blocks: Array, scales: Array,
) -> bool:  # fmt: skip
    """Rows first..last of a matrix that lies as its transpose: bits (n, rows)."""
    count = bits.shape[0] // BLOCK
    shift = 16 if bits.itemsize == 2 else 0
    tile = np.empty((BLOCK, LANES), np.uint32)
    old = np.empty(LANES, np.int32)
    codes = np.empty((BLOCK, LANES), np.uint8)
    chosen = np.empty(LANES, np.int32)
    for start in range(first, last, LANES):
        lanes = min(LANES, last - start)
        for block in range(count):
            for element in range(BLOCK):
                for lane in range(lanes):
                    here = bits[block * BLOCK + element, start + lane]
                    tile[element, lane] = np.uint32(here) << np.uint32(shift)
            for lane in range(lanes):
                old[lane] = before[start + lane, block] if before.size else -1
            if not _encode(tile, lanes, rounding, search, old, codes, chosen):
                return False
            for lane in range(lanes):
                scales[start + lane, block] = chosen[lane]
                for pair in range(BLOCK // 2):
                    high = codes[2 * pair + 1, lane] << np.uint8(4)
                    blocks[start + lane, block, pair] = codes[2 * pair, lane] | high
    return True


@compiled
def _encode(
    tile: Array, lanes: int, rounding: int, search: bool, old: Array, codes: Array, chosen: Array
) -> bool:
    """The codes and the scale of each lane of a tile of float32 bits; False if not finite."""
    amax = np.zeros(LANES, np.uint32)
    for element in range(BLOCK):
        for lane in range(lanes):
            amax[lane] = max(amax[lane], tile[element, lane] & np.uint32(0x7FFFFFFF))
    for lane in range(lanes):
        if amax[lane] >= np.uint32(INFINITE):
            return False
        exponent = np.int32((amax[lane] + np.uint32(rounding)) >> np.uint32(23)) - 2
        chosen[lane] = min(max(exponent, 0), 254)
    magnitudes = (tile & np.uint32(0x7FFFFFFF)).view(np.float32)
    if search:
        _choose(magnitudes, lanes, old, chosen)
    inverse = np.empty(LANES, np.float32)
    for lane in range(lanes):
        inverse[lane] = math.ldexp(1.0, 127 - chosen[lane])
    for element in range(BLOCK):
        for lane in range(lanes):
            x = magnitudes[element, lane] * inverse[lane]
            # The code counts the midpoints below x; one on which x lies, only if the code that
            # follows is even.
            code = np.uint8(x > 0.25) + np.uint8(x >= 0.75) + np.uint8(x > 1.25)
            code += np.uint8(x >= 1.75) + np.uint8(x > 2.5) + np.uint8(x >= 3.5) + np.uint8(x > 5)
            sign = np.uint8((tile[element, lane] >> np.uint32(28)) & np.uint32(8))
            codes[element, lane] = np.uint8(code) | sign
    return True


@compiled
def _choose(magnitudes: Array, lanes: int, old: Array, chosen: Array) -> None:
    """Replaces each lane's scale by that with the least squared error among its neighbours."""
    middle = chosen.copy()
    scale = np.empty(LANES, np.int32)
    least = np.full(LANES, np.inf)
    error = np.empty(LANES, np.float64)
    inverse = np.empty(LANES, np.float32)
    unit = np.empty(LANES, np.float32)
    for attempt in range(4):
        for lane in range(lanes):
            scale[lane] = min(max(middle[lane] + (0, 0, 1, -1)[attempt], 0), 254)
            if attempt == 0 and 0 <= old[lane] <= 254:
                scale[lane] = old[lane]
            inverse[lane] = math.ldexp(1.0, 127 - scale[lane])
            unit[lane] = math.ldexp(1.0, scale[lane] - 127)
            error[lane] = 0.0
        for element in range(BLOCK):
            for lane in range(lanes):
                x = magnitudes[element, lane] * inverse[lane]
                nearest = np.float32(0.5) * (
                    np.float32(x > 0.25) + np.float32(x >= 0.75)
                    + np.float32(x > 1.25) + np.float32(x >= 1.75)
                )  # fmt: skip
                nearest += np.float32(x > 2.5) + np.float32(x >= 3.5)
                nearest += np.float32(2) * np.float32(x > 5)
                # Of what will be read, which at the ends of the range is 0 or infinite.
                miss = np.float64(magnitudes[element, lane] - nearest * unit[lane])
                error[lane] += miss * miss
        for lane in range(lanes):
            if error[lane] < least[lane]:
                least[lane] = error[lane]
                chosen[lane] = scale[lane]


@compiled
def _decode(first: int, last: int, blocks: Array, scales: Array, values: Array) -> None:
    for line in range(first, last):
        scale = np.float32(math.ldexp(1.0, int(scales[line]) - 127))
        for byte in range(BLOCK // 2):
            pair = blocks[line, byte]
            values[line, 2 * byte] = VALUES[pair & 15] * scale
            values[line, 2 * byte + 1] = VALUES[pair >> 4] * scale
