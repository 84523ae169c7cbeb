"""MXFP4: blocks of 32 numbers that share a power-of-two scale, 4.25 bits a weight.

Format (OCP Microscaling v1.0, as stored by gpt-oss):
  element  E2M1, 4 bits: sign, 2 bits of exponent, 1 of mantissa.
           Codes 0-7 are 0, 0.5, 1, 1.5, 2, 3, 4, 6; codes 8-15 are their negatives (8 is -0).
  scale    E8M0, 8 bits: code c is 2^(c - 127), c in 0..254; 255 would be NaN and is never written.
  packing  two elements a byte, the even one in the low nibble; 16 bytes a block.
A tensor (..., n) with n a multiple of 32, blocked along its last axis, becomes `blocks` uint8
(..., n/32, 16) and `scales` uint8 (..., n/32).

The scale's exponent, where amax = 1.m x 2^E is the largest magnitude of the block:
  floor  E - 2: the rule of the specification; the largest element may be clamped to 6
  even   E - 2, one more if 1.m >= 1.75: rounds amax to two bits first (compressed-tensors, torchao)
  ceil6  E - 2, one more if 1.m > 1.5: never clamps (triton, modelopt)
Elements are rounded half to even and clamped to 6.
"""

import torch

BLOCK = 32
VALUES = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
# The midpoints between neighbouring codes, and whether a value on the midpoint goes up: it goes to
# the neighbour with an even code.
MIDPOINTS = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
# What is added to the bits of amax (float32) before its exponent is read.
ROUNDING = {"floor": 0, "even": 0x200000, "ceil6": 0x3FFFFF}


def quantize(weight: torch.Tensor, rule: str) -> tuple[torch.Tensor, torch.Tensor]:
    """(blocks, scales) of a floating-point tensor whose last axis is a multiple of 32.

    Raises:
        ValueError: a value is NaN or infinite, or the last axis does not divide into blocks.
    """
    if weight.shape[-1] % BLOCK:
        raise ValueError(f"the last axis, {weight.shape[-1]}, is no multiple of {BLOCK}")
    values = weight.float().unflatten(-1, (-1, BLOCK))
    if not torch.isfinite(values).all():
        raise ValueError("a weight is NaN or infinite")
    amax_bits = values.abs().amax(-1).view(torch.int32)
    exponent = ((amax_bits + ROUNDING[rule]) >> 23) - 2
    scales = exponent.clamp(0, 254)
    scaled = torch.ldexp(values.abs(), (127 - scales).unsqueeze(-1)).contiguous()
    # right=False counts midpoints below the value, right=True also those equal to it.
    down = torch.bucketize(scaled, MIDPOINTS, right=False)
    up = torch.bucketize(scaled, MIDPOINTS, right=True)
    codes = torch.where(down % 2 == 0, down, up).to(torch.uint8)
    codes |= torch.signbit(values).to(torch.uint8) << 3
    return codes[..., 0::2] | (codes[..., 1::2] << 4), scales.to(torch.uint8)


def dequantize(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The float32 tensor (..., n) of blocks (..., n/32, 16) and scales (..., n/32)."""
    codes = torch.stack([blocks & 0x0F, blocks >> 4], dim=-1).flatten(-2)
    values = VALUES[(codes & 7).long()]
    signed = torch.where(codes >= 8, -values, values)
    return torch.ldexp(signed, (scales.int() - 127).unsqueeze(-1)).flatten(-2)
