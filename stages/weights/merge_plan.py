"""What a merge will write: every tensor of the base, with the adapter's change where there is one.

The plan is made from the headers alone; numbers are read when a piece of it is made. A piece is an
expert, or some rows: W + s B A in float32, rounded to BF16 once. Floating-point tensors that the
adapter leaves alone become BF16 (a copy, if they are BF16 already), others are copied.
"""

from dataclasses import dataclass

import torch

from stages.pipeline.errors import ModelError
from stages.weights.tensors.change import energies
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

        def make(first: int, _: int) -> Made:
            weight, sums = self.base.matrix(name, first), {}
            if name in self.adapter:
                tuned = self.adapter[name].tuned(weight, first)
                weight, sums = tuned, energies(weight, tuned)
            return {name: in_bf16(name, weight.T).unsqueeze(0)}, sums

        count, rows, columns = shape
        return Group({name: (torch.bfloat16, (count, columns, rows))}, 1, make)

    def _tuned_matrix(self, name: str) -> Group:
        def make(first: int, last: int) -> Made:
            weight = self.base.rows(name, first, last)
            tuned = self.adapter[name].tuned(weight, first=first)
            return {name: in_bf16(name, tuned)}, energies(weight, tuned)

        shape = self.base.stored(name).shape
        return Group({name: (torch.bfloat16, shape)}, rows_at_once(shape), make)

    def _untouched(self, name: str) -> Group:
        stored = self.base.stored(name)
        floats = stored.dtype.is_floating_point

        def make(first: int, last: int) -> Made:
            weight = self.base.rows(name, first, last) if stored.shape else self.base[name]
            return {name: in_bf16(name, weight) if floats else weight}, {}

        dtype = torch.bfloat16 if floats else stored.dtype
        return Group({name: (dtype, stored.shape)}, rows_at_once(stored.shape), make)


def in_bf16(name: str, weight: torch.Tensor) -> torch.Tensor:
    """Rounded once.

    Raises:
        ModelError: a value is NaN, or too large for BF16.
    """
    rounded = weight.to(torch.bfloat16)
    if not torch.isfinite(rounded).all():
        raise ModelError(
            "models/merged-bf16",
            f"{name} would hold NaN or infinity.",
            "Look at the base model's weight; if it is fine, train with a lower rate.",
        )
    return rounded
