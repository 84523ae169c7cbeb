"""The LoRA adapter on the base model, and the proof that it sits where it was asked to.

PEFT trains whatever part of the targets it finds and only warns of the rest, so a typo would tune a
different model. Here every target, layer and pattern must match something, or nothing is trained.
"""

import logging
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from stages.params.train import Lora
from stages.pipeline.errors import ModelError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

log = logging.getLogger("train")

_LAYER = re.compile(r"\.layers\.([0-9]+)\.")


def with_adapter(model: "PreTrainedModel", lora: Lora) -> "PeftModel":
    """A PeftModel around `model`. The adapter's factors are in float32; on a 4-bit base TRL's
    trainer makes them BF16.

    Raises:
        ModelError: a target, layer or pattern names nothing in the model.
    """
    from peft import LoraConfig, get_peft_model

    modules, parameters = wanted(model, lora)
    dropout = lora.lora_dropout
    if parameters and dropout:
        log.warning(
            "lora_dropout is 0 instead of %s: %s are parameters and no layers that an input passes "
            "through, so there is nothing to drop.", dropout, lora.target_parameters,
        )  # fmt: skip
        dropout = 0.0
    tuned = get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=lora.r,
            lora_alpha=lora.lora_alpha,
            lora_dropout=dropout,
            # By their full names only where short ones would not do.
            target_modules=lora.target_modules if lora.layers is None else modules,
            target_parameters=parameters or None,
            rank_pattern=by_full_name(lora.rank_pattern, [*modules, *parameters]),
            alpha_pattern=by_full_name(lora.alpha_pattern, [*modules, *parameters]),
            use_rslora=lora.use_rslora,
            bias="none",
        ),
    )
    check_adapted(tuned, modules, parameters)
    return tuned


def wanted(model: "PreTrainedModel", lora: Lora) -> tuple[list[str], list[str]]:
    """The full names of the linear layers and of the parameters that the adapter is to change."""
    import torch

    output = model.get_output_embeddings()
    embeddings = model.get_input_embeddings().weight
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not output
    ]
    held = set(linear)
    plain = [
        name
        for name, parameter in model.named_parameters()
        if parameter.dim() > 1
        and not name.endswith("bias")
        # Tied to the output: a change to it would be one to both, which PEFT does not train.
        and not (model.config.tie_word_embeddings and parameter is embeddings)
        and name.rpartition(".")[0] not in held  # the weight of a layer is target_modules' to name
    ]
    if lora.layers is not None:
        _check_layers(plain, lora.layers)
    asked = linear if lora.target_modules == "all-linear" else None
    if asked is None:
        asked = _matching(linear, list(lora.target_modules), "target_modules")
    parameters = _matching(plain, lora.target_parameters, "target_parameters")
    modules, parameters = (
        [name for name in names if _in_layers(name, lora.layers)] for names in (asked, parameters)
    )
    for key in ("rank_pattern", "alpha_pattern"):
        left = [*modules, *parameters]
        for target in getattr(lora, key):  # the first that fits decides
            matches = _matching(left, [target], key)
            left = [name for name in left if name not in matches]
    return sorted(modules), sorted(parameters)


def by_full_name(pattern: Mapping[str, int], names: list[str]) -> dict[str, int]:
    """A value for each name that some key ends, of the first such key. What is saved so means the
    same in any order of its keys."""
    found: dict[str, int] = {}
    for key, value in pattern.items():
        for name in _matching(names, [key], "patterns"):
            found.setdefault(name, value)
    return found


def _matching(names: list[str], targets: list[str], key: str) -> list[str]:
    """The names that end on one of the targets, part by part."""
    found: list[str] = []
    for target in targets:
        matches = [name for name in names if name == target or name.endswith(f".{target}")]
        if not matches:
            ends = sorted({_LAYER.split(name)[-1] for name in names})
            ends = sorted({*ends, *(name.rpartition(".")[2] for name in names)})
            near = get_close_matches(target, ends, n=3, cutoff=0.5) or ends[:12]
            raise ModelError(
                f"params.yaml: train.lora.{key}",
                f"{target!r} names nothing in the base model that is free to be adapted.",
                f"Did you mean one of {near}?",
            )
        found += matches
    return list(dict.fromkeys(found))


def _check_layers(names: list[str], layers: list[int]) -> None:
    there = {int(number) for name in names for number in _LAYER.findall(f".{name}")}
    if missing := sorted(set(layers) - there):
        raise ModelError(
            "params.yaml: train.lora.layers",
            f"{missing} are not layers of the base model, which has {len(there)}.",
            f"Use numbers from 0 to {max(there, default=0)}.",
        )


def _in_layers(name: str, layers: list[int] | None) -> bool:
    number = _LAYER.search(f".{name}")
    return layers is None or (number is not None and int(number[1]) in layers)


def check_adapted(tuned: "PeftModel", modules: list[str], parameters: list[str]) -> None:
    """Compares what PEFT made with what was asked, name by name."""
    adapted = {
        name.removeprefix("base_model.model.").partition(".lora_A.")[0]
        for name, parameter in tuned.named_parameters()
        if ".lora_A." in name and parameter.requires_grad
    }
    # PEFT wraps the module that holds a parameter, once for each: x, x.base_layer, ...
    holders = [name.rpartition(".")[0] for name in parameters]
    wrapped = sorted({name.replace(".base_layer", "") for name in adapted})
    asked = sorted({*modules, *holders})
    count = len(adapted)
    if wrapped != asked or count != len(modules) + len(parameters):
        raise ModelError(
            "the adapter",
            f"sits on {count} weights, asked were {len(modules) + len(parameters)}; "
            f"the difference is at {sorted(set(wrapped) ^ set(asked))[:5]}.",
            "Change train.lora in params.yaml, or report the base model: PEFT does not know it.",
        )


def trainable(tuned: "PeftModel") -> dict[str, int]:
    """How many parameters are trained, how many there are, and on how many weights of each kind the
    adapter sits."""
    parameters = list(tuned.named_parameters())
    adapted = [name for name, p in parameters if ".lora_A." in name and p.requires_grad]
    return {
        "trainable_parameters": sum(p.numel() for _, p in parameters if p.requires_grad),
        "total_parameters": sum(
            p.numel() * (2 if type(p).__name__ == "Params4bit" else 1) for _, p in parameters
        ),
        "adapted_weights": len(adapted),
        "adapted_expert_weights": sum(".experts." in name for name in adapted),
    }
