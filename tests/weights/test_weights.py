"""The MXFP4 codec, number by number."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.weights.tensors.mxfp4 import BLOCK, dequantize, quantize

RULES = ("floor", "even", "ceil6")
CODES = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
CODES += [-value for value in CODES]
TOP = 3.4028234663852886e38  # the largest float32


def block(*values: float) -> torch.Tensor:
    """One block that begins with the values, the rest zeros."""
    return torch.tensor([*values, *[0.0] * (BLOCK - len(values))], dtype=torch.float32)


def codes_of(blocks: torch.Tensor) -> list[int]:
    return torch.stack([blocks & 15, blocks >> 4], dim=-1).flatten().tolist()


def test_all_sixteen_codes_are_read_and_written_exactly():
    """Low nibble first; code 8 is minus zero and stays so."""
    blocks = torch.tensor([[[low | high << 4 for low, high in zip(range(0, 16, 2), range(1, 16, 2), strict=True)] * 2]], dtype=torch.uint8)  # fmt: skip
    scales = torch.tensor([[127]], dtype=torch.uint8)
    values = dequantize(blocks, scales)
    assert values.shape == (1, 32)
    assert values[0].tolist() == CODES * 2
    assert math.copysign(1, values[0, 8]) == -1
    for rule in RULES:
        again, exponents = quantize(values, rule)
        assert torch.equal(again, blocks) and torch.equal(exponents, scales)


def test_every_scale_is_the_power_of_two_that_it_names():
    """E8M0: 2^(code - 127), from 2^-127, which is a denormal float32, to 2^127."""
    blocks = torch.full((255, 1, 16), 0x22, dtype=torch.uint8)  # all elements are 1.0
    values = dequantize(blocks, torch.arange(255, dtype=torch.uint8).unsqueeze(-1))
    assert values.shape == (255, 32)
    for code, row in enumerate(values.tolist()):
        assert row == [2.0 ** (code - 127)] * 32


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.25, 0.0), (0.75, 1.0), (1.25, 1.0), (1.75, 2.0), (2.5, 2.0), (3.5, 4.0), (5.0, 4.0)],
)
def test_ties_go_to_the_even_code_and_neighbours_to_the_nearest(value, rounded):
    here = torch.tensor(value)
    below, above = here.nextafter(torch.tensor(0.0)), here.nextafter(torch.tensor(9.0))
    low = max(code for code in CODES if code < value)
    high = min(code for code in CODES if code > value)
    blocks, scales = quantize(block(value, -value, below.item(), above.item(), 6.0), "even")
    assert scales.tolist() == [127]
    assert dequantize(blocks, scales)[:4].tolist() == [rounded, -rounded, low, high]


@pytest.mark.parametrize(
    ("amax", "floor", "even", "ceil6"),
    [
        # (scale code, stored amax): 127 is a scale of 1, under which 6 is the largest
        (4.0, (127, 4.0), (127, 4.0), (127, 4.0)),
        (6.0, (127, 6.0), (127, 6.0), (127, 6.0)),
        (6.0000005, (127, 6.0), (127, 6.0), (128, 6.0)),  # ceil6 steps here
        (6.9999995, (127, 6.0), (127, 6.0), (128, 6.0)),
        (7.0, (127, 6.0), (128, 8.0), (128, 8.0)),  # even steps here; 3.5 is a tie, to 4
        (7.9999995, (127, 6.0), (128, 8.0), (128, 8.0)),  # floor clamps, off by 2
        (8.0, (128, 8.0), (128, 8.0), (128, 8.0)),
        (0.0, (0, 0.0), (0, 0.0), (0, 0.0)),
        (2.0**-125, (0, 2.0**-125), (0, 2.0**-125), (0, 2.0**-125)),
        (2.0**-128, (0, 2.0**-128), (0, 2.0**-128), (0, 2.0**-128)),  # half of the least scale
        (2.0**-140, (0, 0.0), (0, 0.0), (0, 0.0)),
        (TOP, (252, 6 * 2.0**125), (253, 2.0**128), (253, 2.0**128)),
    ],
)
def test_the_scale_rules_at_their_boundaries(amax, floor, even, ceil6):
    for rule, (code, stored) in zip(RULES, (floor, even, ceil6), strict=True):
        blocks, scales = quantize(block(-amax), rule)
        assert scales.item() == code, rule
        top = dequantize(blocks, scales)[0].item()
        if stored < 2.0**128:  # the last ones round to what float32 calls infinite
            assert top == -stored, rule


def test_the_last_axis_is_blocked_and_the_others_stay():
    weight = torch.arange(2 * 3 * 64).reshape(2, 3, 64).float()
    blocks, scales = quantize(weight, "even")
    assert (blocks.shape, blocks.dtype) == ((2, 3, 2, 16), torch.uint8)
    assert (scales.shape, scales.dtype) == ((2, 3, 2), torch.uint8)
    one, one_scale = quantize(weight[1, 2, 32:], "even")
    assert torch.equal(blocks[1, 2, 1:], one) and torch.equal(scales[1, 2, 1:], one_scale)


def test_bfloat16_weights_give_what_their_float32_values_give():
    weight = torch.randn(4, 64, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    for bf16, fp32 in zip(quantize(weight, "even"), quantize(weight.float(), "even"), strict=True):
        assert torch.equal(bf16, fp32)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(bad):
    for rule in RULES:
        with pytest.raises(ValueError, match="NaN or infinite"):
            quantize(block(1.0, bad), rule)


def test_an_axis_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"48.*32"):
        quantize(torch.zeros(2, 48), "even")


def test_dequantizing_agrees_with_transformers():
    """The reader of gpt-oss; it returns (E, in, out), as the model computes."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    generator = torch.Generator().manual_seed(1)
    blocks = torch.randint(256, (2, 64, 3, 16), generator=generator, dtype=torch.uint8)
    scales = torch.randint(100, 150, (2, 64, 3), generator=generator, dtype=torch.uint8)
    theirs = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    assert torch.equal(dequantize(blocks, scales).transpose(1, 2), theirs)


FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
BLOCKS = st.lists(FLOAT32, min_size=BLOCK, max_size=BLOCK)


@settings(max_examples=150, deadline=None)
@given(
    codes=st.lists(st.integers(0, 255), min_size=16, max_size=16),
    scale=st.integers(0, 251),
    rule=st.sampled_from(RULES),
)
def test_what_the_format_can_hold_is_kept_exactly(codes, scale, rule):
    """So a checkpoint that is read and written again does not drift."""
    values = dequantize(
        torch.tensor([codes], dtype=torch.uint8), torch.tensor([scale], dtype=torch.uint8)
    )
    again = dequantize(*quantize(values, rule))
    assert torch.equal(again, values)
    assert torch.equal(torch.signbit(again), torch.signbit(values))


@settings(max_examples=150, deadline=None)
@given(values=BLOCKS, rule=st.sampled_from(RULES))
def test_every_element_is_the_nearest_that_its_scale_allows(values, rule):
    """The error is at most half a step; beyond the largest code it is the distance to 6."""
    blocks, scales = quantize(torch.tensor(values), rule)
    scale = 2.0 ** (scales.item() - 127)
    for value, code in zip(values, codes_of(blocks), strict=True):
        error = abs(value / scale - CODES[code])
        assert error == min(abs(value / scale - each) for each in CODES)
    largest = max(abs(value) for value in values) / scale
    assert largest <= {"floor": 8, "even": 7, "ceil6": 6}[rule] or scale == 2.0**127
