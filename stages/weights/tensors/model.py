"""The weights of a model as its modules know them, whatever way its checkpoint holds them.

A matrix is (out, in). The fused experts of gpt-oss are a matrix each, (out, in) too: a checkpoint
holds them as (E, in, out) in 16 bits, which is how transformers computes, or as MXFP4 in
`<name>_blocks` (E, out, in/32, 16) and `<name>_scales` (E, out, in/32). Rows 2i of `gate_up_proj`
are the gate's, rows 2i + 1 the other's.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import torch

from stages.formats.json_files import read_json
from stages.pipeline.errors import ModelError, cut, shown
from stages.weights.tensors.checkpoint import AGAIN, Checkpoint
from stages.weights.tensors.held import Held, as_held, as_packed
from stages.weights.tensors.mxfp4 import BLOCK, dequantize

GATE_UP = "gate_up_proj"
EXPERTS = (f".mlp.experts.{GATE_UP}", ".mlp.experts.down_proj")
FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


class Model(Checkpoint):
    """A checkpoint whose iteration gives the names of weights, of MXFP4 ones without their ending.

    Raises:
        ModelError: it is quantised in another way than gpt-oss is.
    """

    def __init__(self, folder: Path):
        super().__init__(folder)
        config = read_json(folder / "config.json")
        self.family = config.get("model_type")
        quantised = config.get("quantization_config")
        method = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
        if not self.family or (quantised and (method, self.family) != ("mxfp4", "gpt_oss")):
            raise ModelError(
                str(folder / "config.json"),
                f"is a {cut(str(self.family))} quantised by {shown(method)}, of which only gpt-oss "
                "in mxfp4 can be read.",
                "Take the model in BF16 as the base.",
            )

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._check_pairs()
        except ModelError:
            self.__exit__()
            raise
        return self

    def _check_pairs(self) -> None:
        """MXFP4 is two tensors of shapes that belong together, or it is damaged."""
        for stored in super().__iter__():
            if self.is_experts(stored) and len(self.stored(stored).shape) != 3:
                raise ModelError(
                    str(self.folder), f"holds {cut(stored)} in no shape of experts.", AGAIN
                )
            name, _, part = stored.rpartition("_")
            if self.family != "gpt_oss" or part not in ("blocks", "scales"):
                continue
            whole = self.is_packed(name)
            if whole:
                blocks, scales = (self.stored(f"{name}_{part}") for part in ("blocks", "scales"))
                whole = blocks.shape == (*scales.shape, BLOCK // 2) and len(scales.shape) == 3
                whole = whole and blocks.dtype == scales.dtype == torch.uint8
            if not whole:
                raise ModelError(
                    str(self.folder),
                    f"holds {cut(stored)}, without its other half or in no shape for it.",
                    AGAIN,
                )

    def __iter__(self) -> Iterator[str]:
        for name in super().__iter__():
            if name.endswith("_blocks") and self.is_packed(name.removesuffix("_blocks")):
                yield name.removesuffix("_blocks")
            elif not (name.endswith("_scales") and self.is_packed(name.removesuffix("_scales"))):
                yield name

    def is_packed(self, name: str) -> bool:
        """It is held as MXFP4."""
        return self.family == "gpt_oss" and all(
            super(Model, self).__contains__(f"{name}_{part}") for part in ("blocks", "scales")
        )

    def is_experts(self, name: str) -> bool:
        return self.family == "gpt_oss" and name.endswith(EXPERTS)

    def shape(self, name: str) -> tuple[int, int, int] | None:
        """(experts, out, in) of what can be multiplied with, 1 for a matrix; None of all else."""
        if self.is_packed(name):
            experts, rows, count, _ = self.stored(f"{name}_blocks").shape
            return experts, rows, count * BLOCK
        stored = self.stored(name)
        if stored.dtype not in FLOATS:
            return None
        if self.is_experts(name):
            experts, columns, rows = stored.shape
            return experts, rows, columns
        return (1, *stored.shape) if len(stored.shape) == 2 else None

    def shapes(self) -> dict[str, tuple[int, int, int]]:
        return {name: shape for name in self if (shape := self.shape(name)) is not None}

    def matrix(self, name: str, expert: int = 0) -> torch.Tensor:
        """One expert's weight (out, in): float32 if it is held as MXFP4, else as it is stored and
        perhaps a transposed view. Of a weight without experts all of it."""
        if self.is_packed(name):
            return dequantize(*self.packed(name, expert, expert + 1), threads=1)[0]
        if self.is_experts(name):
            return self.rows(name, expert, expert + 1)[0].T
        return self[name]

    def held(self, name: str, first: int, last: int) -> Held:
        """As `matrix`, for the loops and as it is stored: the expert `first`, of which one in 16
        bits is (in, out), or rows first..last of a weight without experts. It lies in memory that
        this thread's next one takes again."""
        if self.is_packed(name):
            blocks, scales = self.packed(name, first, first + 1, "held")
            return as_packed(blocks[0], scales[0])
        if self.is_experts(name):
            return as_held(self.rows(name, first, first + 1, "held")[0])
        return as_held(self.rows(name, first, last, "held"))

    def packed(
        self, name: str, first: int, last: int, purpose: str = ""
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Blocks and scales of some experts, as they are stored; `purpose` as of rows.

        Raises:
            ModelError: a scale is NaN.
        """
        scales = self.rows(f"{name}_scales", first, last, purpose and f"{purpose} scales")
        if (scales == 255).any():
            raise ModelError(str(self.folder), f"{name} has a scale that is NaN.", AGAIN)
        return self.rows(f"{name}_blocks", first, last, purpose), scales
