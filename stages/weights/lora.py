"""A LoRA adapter as the changes it makes to named weights.

PEFT stores, for a linear layer `m` with weight W (out, in), `base_model.model.m.lora_A.weight`
(r, in) and `base_model.model.m.lora_B.weight` (out, r); the tuned weight is W + s B A with
s = lora_alpha / r, or lora_alpha / sqrt(r) for rank-stabilised LoRA.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from stages.pipeline.errors import ModelError
from stages.pipeline.run import read_json

PREFIX = "base_model.model."
UNSUPPORTED = ("use_dora", "target_parameters", "rank_pattern", "alpha_pattern", "modules_to_save")


@dataclass(frozen=True)
class Adapter:
    """The factors by the name of the weight that they change."""

    factors: dict[str, tuple[torch.Tensor, torch.Tensor]]
    scale: float

    def tuned(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """W + s B A in float32, of the shape of `weight` (out, in)."""
        a, b = self.factors[name]
        if weight.shape != (b.shape[0], a.shape[1]):
            raise ModelError(
                "models/adapter",
                f"its change to {name} is {(b.shape[0], a.shape[1])}, the weight is "
                f"{tuple(weight.shape)}.",
                "Adapter and base do not belong together: run `dvc repro train`.",
            )
        return weight.float() + self.scale * (b.float() @ a.float())


def load_adapter(folder: Path) -> Adapter:
    """Reads an adapter that PEFT saved.

    Raises:
        ModelError: a tensor in it would not be merged. None is ever left out silently.
    """
    config = read_json(folder / "adapter_config.json")
    if used := [key for key in UNSUPPORTED if config.get(key)]:
        raise ModelError(
            str(folder / "adapter_config.json"),
            f"uses {used}, which the merge does not cover.",
            "Train with plain LoRA on linear layers.",
        )
    try:
        tensors = load_file(folder / "adapter_model.safetensors")
    except (FileNotFoundError, SafetensorError):
        raise ModelError(
            str(folder / "adapter_model.safetensors"),
            "is missing or damaged.",
            "Delete it and run `dvc checkout`, or `dvc repro`.",
        ) from None
    factors = {}
    for key in sorted(tensors):
        module = key.removeprefix(PREFIX).removesuffix(".lora_A.weight")
        partner = f"{PREFIX}{module}.lora_B.weight"
        if key.endswith(".lora_A.weight") and partner in tensors:
            factors[f"{module}.weight"] = (tensors[key], tensors[partner])
    if stray := sorted(set(tensors) - _keys(factors)):
        raise ModelError(
            str(folder / "adapter_model.safetensors"),
            f"holds {len(stray)} tensors that are no LoRA pair, the first is {stray[0]}.",
            "Run `dvc repro train` to make it again.",
        )
    if not factors:
        raise ModelError(
            str(folder / "adapter_model.safetensors"),
            "holds no tensor.",
            "Run `dvc repro train` to make it again.",
        )
    rank = math.sqrt(config["r"]) if config["use_rslora"] else config["r"]
    return Adapter(factors, config["lora_alpha"] / rank)


def _keys(factors: dict) -> set[str]:
    modules = [name.removesuffix(".weight") for name in factors]
    return {f"{PREFIX}{module}.lora_{side}.weight" for module in modules for side in "AB"}
