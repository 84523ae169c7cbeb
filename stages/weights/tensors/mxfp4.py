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

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from stages.weights.tensors.held import NOTHING, Held, as_held
from stages.weights.tensors.loops import BLOCK, Rule, across, decode_rows, encode_rows

# What is added to the bits of amax (float32) before its exponent is read.
ROUNDING = {"floor": 0, "even": 0x200000, "ceil6": 0x3FFFFF, "search": 0}
RULES = tuple(ROUNDING)
Found = TypeVar("Found")


def quantize(
    weight: torch.Tensor,
    rule: str,
    scales_before: torch.Tensor | None = None,
    threads: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(blocks, scales) of a float32 or BF16 tensor whose last axis is a multiple of 32.
    `threads`: as many as torch has, if none is said; their number changes no byte.

    A transposed view is turned over first. `scales_before`, of the shape of the scales, are
    candidates of `search`.

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
    no_scales, by = NOTHING.scales, Rule(ROUNDING[rule], rule == "search")
    before = None if scales_before is None else scales_before.cpu().reshape(-1, rows, count)
    to_blocks, to_scales = blocks.view(-1, rows, count, BLOCK // 2), scales.view(-1, rows, count)
    for index, matrix in enumerate(weight.detach().cpu().reshape(-1, rows, length)):
        own = no_scales if before is None else before[index].contiguous().numpy()
        out = (to_blocks[index].numpy(), to_scales[index].numpy())
        rest = (as_rows(matrix), by, own, *out)
        if not all(_in_parts(encode_rows, threads, rows, *rest)):
            raise ValueError("a weight is NaN or infinite")
    return blocks, scales


def rule_of(rule: str) -> Rule | None:
    """As the loops take it; None for what is no rule of this format."""
    return Rule(ROUNDING[rule], rule == "search") if rule in RULES else None


def as_rows(matrix: torch.Tensor) -> Held:
    """(rows, n), which may lie as its transpose."""
    if matrix.stride(0) != 1 or matrix.stride(1) == 1:
        return as_held(matrix)
    held = as_held(matrix.T)
    return held._replace(halves=across(held.halves), floats=across(held.floats))


def dequantize(
    blocks: torch.Tensor, scales: torch.Tensor, threads: int | None = None
) -> torch.Tensor:
    """The float32 tensor (..., n) of blocks (..., n/32, 16) and scales (..., n/32)."""
    values = torch.empty((*scales.shape[:-1], scales.shape[-1] * BLOCK), dtype=torch.float32)
    count, rows = scales.shape[-1], scales.shape[:-1].numel()
    shape = (rows, count, BLOCK // 2)
    held = (blocks.cpu().reshape(shape).numpy(), scales.cpu().reshape(rows, count).numpy())
    _in_parts(decode_rows, threads, rows, *held, values.view(rows, -1).numpy())
    return values


def nearest(values: torch.Tensor) -> torch.Tensor:
    """The element that each value is rounded to, under a scale of 1, on any device."""
    magnitudes = values.abs()
    step = torch.where(magnitudes < 2, 0.5, torch.where(magnitudes < 4, 1.0, 2.0))
    # torch rounds half to even, and so the code is even: steps are spaced as codes are.
    return torch.copysign(((magnitudes / step).round() * step).clamp(max=6.0), values)


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
