"""What a merge will write: every tensor of the base, with the adapter's change where there is one.

The plan is made from the headers alone; numbers are read when a piece of it is made. A piece is an
expert, or some rows: W + s B A in float32, rounded to BF16 once. Floating-point tensors that the
adapter leaves alone become BF16 (a copy, if they are BF16 already), others are copied.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from dataclasses import dataclass

import numpy as np
import torch

from stages.pipeline.errors import ModelError
from stages.weights.tensors.held import (
    NO_FACTORS,
    Array,
    Factors,
    Held,
    from_halves,
    halves_of,
    reused,
)
from stages.weights.tensors.loops import all_finite, merge_rows
from stages.weights.tensors.lora import Adapter
from stages.weights.tensors.model import Model
from stages.weights.tensors.shards import Group, Made, rows_at_once


@dataclass(frozen=True)
class MergePlan:
    """Base and adapter, both open."""

    base: Model
    adapter: Adapter

    def groups(self) -> list[Group]:
        return [self._group(name) for name in self.base]

    def _group(self, name: str) -> Group:
        base, adapter = self.base, self.adapter
        shape = base.shape(name)
        if shape and (base.is_packed(name) or (base.is_experts(name) and name in adapter)):
            return self._experts(name, shape)
        return self._tuned_matrix(name) if name in adapter else self._untouched(name)

    def _experts(self, name: str, shape: tuple[int, int, int]) -> Group:
        """An expert at a time, in the layout (expert, in, out) that transformers computes with."""
        count, rows, columns = shape
        packed = self.base.is_packed(name)

        def make(first: int, last: int) -> Made:
            factors = NO_FACTORS
            if name in self.adapter:
                factors = self.adapter[name].factors(first, across=not packed)
            weight = self.base.held(name, first, last)
            into = reused("merged", (1, columns, rows), np.uint16)
            sums = _merge(name, weight, factors, into[0], across=packed)
            return {name: from_halves(into)}, sums

        return Group({name: (torch.bfloat16, (count, columns, rows))}, 1, make)

    def _tuned_matrix(self, name: str) -> Group:
        shape = self.base.stored(name).shape

        def make(first: int, last: int) -> Made:
            factors = self.adapter[name].factors(first=first, last=last)
            into = reused("merged", (last - first, *shape[1:]), np.uint16)
            sums = _merge(name, self.base.held(name, first, last), factors, into, across=False)
            return {name: from_halves(into)}, sums

        return Group({name: (torch.bfloat16, shape)}, rows_at_once(shape), make)

    def _untouched(self, name: str) -> Group:
        stored = self.base.stored(name)
        floats = stored.dtype.is_floating_point

        def make(first: int, last: int) -> Made:
            weight = (
                self.base[name] if not stored.shape else self.base.rows(name, first, last, "copied")
            )
            if not floats:
                return {name: weight}, {}
            rounded = weight.to(torch.bfloat16)
            _check(name, all_finite(halves_of(rounded).reshape(-1)))
            return {name: rounded}, {}

        dtype = torch.bfloat16 if floats else stored.dtype
        return Group({name: (dtype, stored.shape)}, rows_at_once(stored.shape), make)


def _merge(
    name: str, weight: Held, factors: Factors, into: Array, across: bool
) -> dict[str, float]:
    """Writes the piece as BF16 into `into`. Returns |W|^2, |W + D|^2 and |D|^2, where it has a
    change D."""
    finite, *sums = merge_rows(weight, factors, into, across)
    _check(name, finite)
    return dict(zip(("weight", "tuned", "delta"), sums, strict=True)) if factors.left.size else {}


def _check(name: str, finite: bool) -> None:
    """
    Raises:
        ModelError: a value is NaN, or too large for BF16.
    """
    if not finite:
        raise ModelError(
            "models/merged-bf16",
            f"{name} would hold NaN or infinity.",
            "Look at the base model's weight; if it is fine, train with a lower rate.",
        )
