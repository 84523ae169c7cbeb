"""The compiled loops beside the same work one matrix after the other: the bytes of weights, and sums
to six digits, since these are added up in another order."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch

from stages.weights.quantising.change import losses
from stages.weights.tensors.held import NO_FACTORS, NOTHING, Held, as_held, as_packed, reused
from stages.weights.tensors.loops import export_columns, export_rows, merge_rows
from stages.weights.tensors.lora import Change
from stages.weights.tensors.mxfp4 import BLOCK, RULES, dequantize, quantize, rule_of

ROWS, WIDTH = 70, 160  # more than two strips, and no multiple of one
FORMS = ("mxfp4", "bf16", "float32")


def weights(form: str, generator: torch.Generator, rows: int = ROWS) -> tuple[Held, torch.Tensor]:
    """As the loops and as the rest of the code take them."""
    weight = torch.randn(rows, WIDTH, generator=generator) * 0.05
    weight[5] = 0
    if form == "mxfp4":
        packed = quantize(weight, "even")
        packed[0][3] |= 0x88  # -0 among others
        return as_packed(*packed), dequantize(*packed)
    weight = weight.to(torch.bfloat16) if form == "bf16" else weight
    return as_held(weight), weight


def change_of(rank: int) -> Change:
    """That leaves rows 10..20 as they are."""
    generator = np.random.default_rng(rank)
    a = generator.standard_normal((1, rank, WIDTH), np.float32)
    b = generator.standard_normal((1, ROWS, rank), np.float32) * np.float32(0.01)
    b[0, 10:20] = 0
    return Change(a, b, 0.7)


def about(sums: Sequence[float]) -> object:
    return pytest.approx(sums, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("rank", [0, 1, 8, 13])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("rows", [ROWS, ROWS - 2, 64])  # 68 and 64 are turned four at once
def test_rows_are_merged_as_matrices_are(form, rank, across, rows):
    held, weight = weights(form, torch.Generator().manual_seed(rank), rows)
    change = change_of(rank)
    factors = change.factors(last=rows) if rank else NO_FACTORS
    tuned = change.tuned(weight) if rank else weight.float()
    into = np.zeros((WIDTH, rows) if across else (rows, WIDTH), np.uint16)
    finite, *sums = merge_rows(held, factors, into, across)
    found = torch.from_numpy(into).view(torch.bfloat16)
    assert finite and torch.equal(found.T if across else found, tuned.to(torch.bfloat16))
    numbers = [weight.float(), tuned, tuned - weight.float()]
    squares = [float(each.double().square().sum()) for each in numbers]
    assert sums == (about(squares) if rank else [0.0, 0.0, 0.0])


@pytest.mark.parametrize("rank", [0, 1, 8, 13])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("given", [False, True], ids=["changed", "merged"])
def test_rows_are_exported_as_matrices_are(form, rule, rank, given):
    held, weight = weights(form, torch.Generator().manual_seed(rank))
    change, by = change_of(rank), rule_of(rule)
    assert by is not None
    tuned = change.tuned(weight) if rank else weight.float()
    if given:
        tuned = tuned.to(torch.bfloat16).float()
    scales_before = torch.from_numpy(held.scales) if form == "mxfp4" else None
    blocks, scales = quantize(tuned, rule, scales_before)
    untuned = weight
    if form == "mxfp4":
        same = (tuned == weight).unflatten(-1, (-1, BLOCK)).all(-1)
        assert rank == 0 or given or 0 < same.sum() < same.numel()
        blocks[same] = torch.from_numpy(held.blocks)[same]
        scales[same] = torch.from_numpy(held.scales)[same]
    elif rank:
        untuned = dequantize(*quantize(weight, rule))
    exported = dequantize(blocks, scales)
    wanted = [*losses(weight, tuned, exported, untuned).values(), 0, 0]
    if form == "mxfp4":
        wanted[4] = int((scales.numpy() != held.scales).sum())
        wanted[5] = int((exported != weight).unflatten(-1, (-1, BLOCK)).any(-1).sum())
    factors = change.factors() if rank and not given else NO_FACTORS
    instead = as_held(tuned.to(torch.bfloat16)) if given else NOTHING
    made = np.empty(blocks.shape, np.uint8), np.empty(scales.shape, np.uint8)
    finite, *found = export_rows(held, factors, instead, by, rank > 0, *made)
    assert finite
    assert np.array_equal(made[0], blocks.numpy()) and np.array_equal(made[1], scales.numpy())
    assert found[:4] == about(wanted[:4]) and found[4:] == wanted[4:]


@pytest.mark.parametrize("rank", [0, 1, 8, 13])
@pytest.mark.parametrize("form", ["bf16", "float32"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("given", [False, True], ids=["changed", "merged"])
def test_columns_are_exported_as_matrices_are(form, rule, rank, given):
    """A matrix (out, in) that lies as (in, out)."""
    stored = torch.randn(WIDTH, ROWS, generator=torch.Generator().manual_seed(rank)) * 0.05
    stored = stored.to(torch.bfloat16) if form == "bf16" else stored
    weight, change, by = stored.T, change_of(rank), rule_of(rule)
    assert by is not None
    tuned = change.tuned(weight) if rank else weight
    if given:
        tuned = tuned.to(torch.bfloat16)
    blocks, scales = quantize(tuned, rule)
    untuned = dequantize(*quantize(weight, rule)) if rank else weight
    wanted = list(losses(weight, tuned, dequantize(blocks, scales), untuned).values())
    factors = change.factors(across=True) if rank and not given else NO_FACTORS
    instead = as_held(tuned.T) if given else NOTHING
    made = np.empty(blocks.shape, np.uint8), np.empty(scales.shape, np.uint8)
    finite, *found = export_columns(as_held(stored), factors, instead, by, rank > 0, *made)
    assert finite and found == about(wanted)
    assert np.array_equal(made[0], blocks.numpy()) and np.array_equal(made[1], scales.numpy())


def edges() -> Iterator[float]:
    """About the largest number of BF16, and half a unit more, which is infinite."""
    largest = np.float32(torch.finfo(torch.bfloat16).max)
    for bits in range(-2, 3):
        yield float((largest.view(np.uint32) + np.uint32(0x8000 + bits)).view(np.float32))
    yield from (float(largest), float("inf"), float("nan"), 3.4e38)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_bf16_does_not_hold_is_told(sign):
    for value in edges():
        weight = torch.full((3, 40), 0.5)
        weight[1, 39] = sign * value
        into = np.empty((3, 40), np.uint16)
        finite, *_ = merge_rows(as_held(weight), NO_FACTORS, into, False)
        assert finite == bool(torch.isfinite(weight.to(torch.bfloat16)).all()), value


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("form", ["bf16", "float32"])
def test_what_is_no_number_is_not_exported(form, value):
    weight = torch.zeros(3, 64, dtype=torch.bfloat16 if form == "bf16" else torch.float32)
    weight[2, 63] = value
    rule = rule_of("even")
    assert rule is not None
    made = np.empty((3, 2, 16), np.uint8), np.empty((3, 2), np.uint8)
    assert not export_rows(as_held(weight), NO_FACTORS, NOTHING, rule, False, *made)[0]


def test_every_rounding_to_bf16_is_that_of_torch():
    """All upper halves of a float, with lower halves that lie on both sides of the middle."""
    upper = np.arange(0x7F7F, dtype=np.uint32)
    for lower in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF):
        bits = np.concatenate([upper, upper + 0x8000]) << np.uint32(16) | np.uint32(lower)
        weight = torch.from_numpy(bits.view(np.float32).reshape(2, -1))
        into = np.empty(weight.shape, np.uint16)
        finite, *_ = merge_rows(as_held(weight), NO_FACTORS, into, False)
        rounded = weight.to(torch.bfloat16).view(torch.uint16)
        assert finite and np.array_equal(into, rounded.numpy())


def test_memory_is_used_again_for_one_purpose_alone():
    first = reused("a test", (2, 3), np.uint16)
    first[:] = 7
    other = reused("another", (2, 3), np.uint16)
    other[:] = 1
    again = reused("a test", (5,), np.uint8)
    assert (first == 7).all() and np.shares_memory(first, again)
    assert not np.shares_memory(first, other)
    assert not np.shares_memory(first, reused("a test", (1000,), np.uint8))
