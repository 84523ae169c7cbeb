"""Quantisation-aware training: the experts are computed with as they will ship.

What the model multiplies with is base + adapter rounded to MXFP4, by the rule `even`; the gradient
passes through the rounding as if it were not there (straight-through). So the adapter learns what
survives the export: an ordinary one, over experts that are in MXFP4 already, changes weights by
less than half a step, and rounding to the nearest undoes it. Experts that are not adapted are
rounded once, since they do not change.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora.layer import ParamWrapper
from torch.autograd.function import FunctionCtx

from stages.pipeline import paths
from stages.pipeline.errors import ModelError
from stages.weights.tensors.mxfp4 import BLOCK, ROUNDING, nearest

log = logging.getLogger("train")


def train_as_it_ships(tuned: PeftModel) -> None:
    """Changes a PeftModel so that its fused experts are rounded to MXFP4 when they are used.

    Raises:
        ModelError: the model has none.
    """
    experts: list[Any] = [
        module.get_base_layer() if isinstance(module, ParamWrapper) else module
        for name, module in tuned.named_modules()
        if name.endswith(".mlp.experts")
    ]
    if tuned.config.model_type != "gpt_oss" or not experts:
        raise ModelError(
            str(paths.BASE),
            f"is {tuned.config.model_type}, and train.qat is for the fused experts of gpt_oss.",
            "Set train.qat to false in params.yaml.",
        )
    for name, parameter in tuned.named_parameters():
        if name.endswith(("gate_up_proj", "down_proj")) and parameter.shape[1] % BLOCK:
            raise ModelError(
                str(paths.BASE),
                f"{name} has {parameter.shape[1]} inputs, and MXFP4 needs a multiple of {BLOCK}.",
                "Set train.qat to false in params.yaml.",
            )
    adapted = 0
    rounded: set[int] = set()
    for module in list(tuned.modules()):
        if isinstance(module, ParamWrapper) and module.get_base_layer() in experts:
            module.__class__ = _RoundedExperts
            rounded.add(id(module.get_param()))
            adapted += 1
    for module in experts:
        for parameter in (module.gate_up_proj, module.down_proj):
            if id(parameter) not in rounded:
                parameter.data = rounded_to_mxfp4(parameter.data)
    log.info("qat: %d adapted expert weights are rounded to MXFP4 at each step", adapted)


def rounded_to_mxfp4(weight: torch.Tensor) -> torch.Tensor:
    """What the export of experts (E, in, out) will hold, in the dtype that they are in."""
    held = weight.float().transpose(-1, -2).unflatten(-1, (-1, BLOCK))
    amax = held.abs().amax(-1, keepdim=True)
    exponent = ((amax.view(torch.int32) + ROUNDING["even"]) >> 23) - 2
    step = torch.ldexp(torch.ones_like(amax), exponent.clamp(0, 254) - 127)
    exact = nearest(held / step) * step
    return exact.flatten(-2).transpose(-1, -2).to(weight.dtype)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, weight: torch.Tensor) -> torch.Tensor:
        return rounded_to_mxfp4(weight)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


class _Round(torch.nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return _StraightThrough.apply(weight)  # pyright: ignore[reportReturnType] - its result is untyped


class _RoundedExperts(ParamWrapper):
    """PEFT adds the adapter to a parameter while it is used; here the sum is then rounded."""

    @contextmanager
    def _activate_lora(self, active_adapters: list[str]) -> Iterator[None]:
        with super()._activate_lora(active_adapters):
            parametrised = getattr(self.get_base_layer(), "parametrizations", {})
            if self.parameter_name not in parametrised:
                yield  # no adapter is active
                return
            steps = parametrised[self.parameter_name]
            steps.append(_Round())
            try:
                yield
            finally:
                del steps[-1]
