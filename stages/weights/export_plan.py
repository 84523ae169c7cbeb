"""What an MXFP4 export will write: the weights that the format packs, quantised from W + s B A in
float32 (or from the merged weights), and all else as it was merged.

Experts that the adapter leaves alone and that the base holds in MXFP4 pass through byte for byte,
and so do single blocks that the adapter does not change. Of each piece it is measured what
quantising cost and what it left of the change (`weights.change`).
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from stages.pipeline import paths
from stages.pipeline.errors import ModelError
from stages.weights.quantising.change import losses
from stages.weights.quantising.layout import Layout
from stages.weights.tensors.held import NO_FACTORS, NOTHING, reused
from stages.weights.tensors.loops import Rule, export_columns, export_rows
from stages.weights.tensors.lora import Adapter
from stages.weights.tensors.model import Model
from stages.weights.tensors.mxfp4 import BLOCK, dequantize
from stages.weights.tensors.shards import Group, Made, rows_at_once

Packed = tuple[torch.Tensor, torch.Tensor]  # blocks and scales
# Of a weight's name, its expert, its values (out, in) and the scales that its blocks had in the
# base.
Quantiser = Callable[[str, int, torch.Tensor, torch.Tensor | None], Packed]
# What the compiled loops measure.
SUMS: tuple[str, ...] = ("error", "tuned", "delta", "kept", "scales_changed", "blocks_changed")


@dataclass(frozen=True)
class ExportPlan:
    """Base, adapter and merged model, all open; `source`: what packed weights are made from."""

    base: Model
    adapter: Adapter
    merged: Model
    layout: Layout
    source: Literal["adapter", "merged"]
    quantiser: Quantiser
    rule: Rule | None  # what the compiled loops quantise by as the quantiser does, if they can

    def groups(self) -> list[Group]:
        return [self._group(name) for name in self.merged]

    def _group(self, name: str) -> Group:
        if not self.layout.packs(name):
            return _passed_on(self.merged, name)
        if self.base.is_packed(name) and name not in self.adapter:
            return _passed_on(self.base, f"{name}_blocks", f"{name}_scales")
        return self._quantised(name)

    def _quantised(self, name: str) -> Group:
        packed = self.layout.packed(name)
        experts = self._in_experts(name)

        def make(first: int, last: int) -> Made:
            blocks, scales, sums = self._piece(name, first, last)
            made = {packed.blocks: blocks, packed.scales: scales}
            if experts:
                return {key: tensor.unsqueeze(0) for key, tensor in made.items()}, sums
            return made | {packed.blocks: blocks.flatten(-2)}, sums

        shapes = {packed.blocks: packed.shape, packed.scales: packed.scales_shape}
        shape = self.base.shape(name)
        step = 1 if experts or shape is None else rows_at_once(shape[1:])
        return Group({key: (torch.uint8, each) for key, each in shapes.items()}, step, make)

    def _in_experts(self, name: str) -> bool:
        shape = self.base.shape(name)
        return self.base.is_experts(name) or (shape is not None and shape[0] > 1)

    def _piece(
        self, name: str, first: int, last: int
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
        """Blocks, scales and sums of one expert, or of some rows."""
        # Merged experts lie across an MXFP4 base.
        from_other = self.source == "merged" and self._in_experts(name)
        if self.rule is None or (from_other and self.base.is_packed(name)):
            blocks, scales, sums = self._by_matrices(name, first, last)
        else:
            blocks, scales, sums = self._by_rows(self.rule, name, first, last)
        sums["blocks"] = float(scales.numel())
        if not math.isfinite(sums["error"]):
            raise ModelError(
                str(paths.MERGED), f"{name}: too large for MXFP4.", "Train with a lower rate."
            )
        return blocks, scales, sums

    def _by_rows(
        self, rule: Rule, name: str, first: int, last: int
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
        """Row by row, where base and change lie alike."""
        changed, experts = name in self.adapter, self._in_experts(name)
        across = experts and not self.base.is_packed(name)
        weight, factors, tuned = self.base.held(name, first, last), NO_FACTORS, NOTHING
        if self.source == "merged":
            tuned = self.merged.held(name, first, last)
        elif changed and experts:
            factors = self.adapter[name].factors(first, across=across)
        elif changed:
            factors = self.adapter[name].factors(first=first, last=last)
        shape = self.layout.packed(name).scales_shape[-2:]
        rows = shape[0] if experts else last - first
        blocks = reused("blocks", (rows, shape[1], BLOCK // 2), np.uint8)
        scales = reused("scales", (rows, shape[1]), np.uint8)
        export = export_columns if across else export_rows
        finite, *found = export(weight, factors, tuned, rule, changed, blocks, scales)
        if not finite:
            raise _not_finite(name, "a weight is NaN or infinite")
        # The last two are there of MXFP4 alone.
        count = len(SUMS) if self.base.is_packed(name) else len(SUMS) - 2
        sums = dict(zip(SUMS[:count], map(float, found[:count]), strict=True))
        return torch.from_numpy(blocks), torch.from_numpy(scales), sums

    def _by_matrices(
        self, name: str, first: int, last: int
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
        """A whole matrix after the other."""
        weight = self._part(self.base, name, first, last)
        tuned = self._tuned(name, weight, first, last)
        before = self.base.packed(name, first, last) if self.base.is_packed(name) else None
        held = None if before is None else (before[0][0], before[1][0])  # of this expert
        blocks, scales = self._rounded(name, first, tuned, held and held[1])
        if held is not None:
            # Also -0, which becomes 0 when nothing is added to it.
            same = (tuned == weight).unflatten(-1, (-1, BLOCK)).all(-1)
            blocks[same], scales[same] = held[0][same], held[1][same]
        exported = dequantize(blocks, scales, threads=1)
        untuned = weight
        if name in self.adapter and held is None:
            untuned = dequantize(*self.quantiser(name, first, weight, None), threads=1)
        sums = losses(weight, tuned, exported, untuned)
        if held is not None:
            sums["scales_changed"] = float((scales != held[1]).sum())
            moved = (exported != weight).unflatten(-1, (-1, BLOCK)).any(-1)
            sums["blocks_changed"] = float(moved.sum())
        return blocks, scales, sums

    def _part(self, model: Model, name: str, first: int, last: int) -> torch.Tensor:
        if self._in_experts(name):
            return model.matrix(name, first)
        return model.rows(name, first, last)

    def _tuned(self, name: str, weight: torch.Tensor, first: int, last: int) -> torch.Tensor:
        if self.source == "merged":
            return self._part(self.merged, name, first, last)
        if name not in self.adapter:
            return weight
        if self._in_experts(name):
            return self.adapter[name].tuned(weight, expert=first)
        return self.adapter[name].tuned(weight, first=first)

    def _rounded(
        self, name: str, expert: int, tuned: torch.Tensor, scales_before: torch.Tensor | None
    ) -> Packed:
        try:
            return self.quantiser(name, expert, tuned, scales_before)
        except ValueError as error:
            raise _not_finite(name, str(error)) from None


def _not_finite(name: str, said: str) -> ModelError:
    return ModelError(
        str(paths.MERGED), f"{name}: {said}.", "Run `dvc repro train` with a lower rate."
    )


def _passed_on(model: Model, *names: str) -> Group:
    """Tensors with as many rows each, as they are stored."""

    def make(first: int, last: int) -> Made:
        return {
            name: model.rows(name, first, last, f"copied {place}")
            if model.stored(name).shape
            else model[name]
            for place, name in enumerate(names)
        }, {}

    stored = {name: model.stored(name) for name in names}
    step = min(rows_at_once(each.shape) for each in stored.values())
    return Group({name: (each.dtype, each.shape) for name, each in stored.items()}, step, make)


def check_merged(base: Model, merged: Model) -> None:
    """Checks that the merged weights are those of this base, by name and shape.

    Raises:
        ModelError: they are not.
    """
    shapes = [{name: model.shape(name) for name in model} for model in (base, merged)]
    if shapes[0] != shapes[1]:
        names = sorted(shapes[0].keys() | shapes[1].keys())
        other = next(name for name in names if shapes[0].get(name, ()) != shapes[1].get(name, ()))
        raise ModelError(
            str(merged.folder),
            f"was not made from {base.folder}: they differ in {other}.",
            "Run `dvc repro merge`.",
        )
