"""What a training will need, reckoned from the model's shape before its weights are loaded.

Memory: the weights in their numbers; for each trained number its own, its gradient and the two
moments of AdamW, in float32; the activations that wait for the backward pass; and the logits of
one chunk. Time: 4 FLOPs a token and active weight (forward 2, backward through frozen weights 2), 6
with gradient checkpointing, at SHARE of what a matrix product reaches on this device.
"""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.params.train import Lora, Train
from stages.pipeline import paths
from stages.pipeline.errors import TrainingError
from stages.training.adapter import wanted

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHARE = 0.4  # of a large matrix product's speed
BYTES = {"float32": 4, "bfloat16": 2}
NF4_BYTES = 0.52  # 4 bits, and their scales, quantised too
# Values that a layer keeps for the backward pass, in units of the hidden size; and with gradient
# checkpointing its input alone.
KEPT, KEPT_CHECKPOINTED = 16, 1
CHUNK_TOKENS = 1024  # of which the output layer makes logits at once
PROBE_SIZE = 1024
OVERHEAD = 1.1


@dataclass(frozen=True)
class Shape:
    """The model's weights, and what of them works on one token."""

    weights: int
    linear: int  # of them in linear layers, which nf4 covers
    active: int
    trained: int  # numbers of the adapter
    layers: int
    hidden: int
    vocabulary: int


@dataclass(frozen=True)
class Estimate:
    memory_bytes: int
    seconds: float

    def __str__(self) -> str:
        return f"about {self.memory_bytes / 1e9:.1f} GB and {_spoken(self.seconds)}"


def shape_of_base(lora: Lora) -> Shape:
    """Read from config.json; the weights are not touched.

    Raises:
        ModelError: the adapter cannot sit where it is asked to.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(paths.BASE, trust_remote_code=False)
    with init_empty_weights():
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    output = model.get_output_embeddings()
    linear = sum(
        module.weight.numel()
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module is not output
    )
    weights = sum(p.numel() for p in model.parameters())
    experts = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name)
    text = config.get_text_config()
    count = getattr(text, "num_local_experts", None) or getattr(text, "num_experts", None) or 1
    used = getattr(text, "num_experts_per_tok", None) or count
    return Shape(
        weights,
        linear,
        int(weights - experts * (1 - used / count)),
        trained_numbers(model, lora),
        text.num_hidden_layers,
        text.hidden_size,
        text.vocab_size,
    )


def trained_numbers(model: "PreTrainedModel", lora: Lora) -> int:
    """r rows and r columns for each weight; for fused experts (expert, in, out) once for each."""
    modules, parameters = wanted(model, lora)
    weights = [*(f"{name}.weight" for name in modules), *parameters]
    shapes = [tuple(model.get_parameter(name).shape) for name in weights]
    ranks = [_rank(name, lora) for name in (*modules, *parameters)]
    return sum(
        rank * math.prod(shape[:-2]) * sum(shape[-2:])
        for rank, shape in zip(ranks, shapes, strict=True)
    )


def _rank(name: str, lora: Lora) -> int:
    named = (r for end, r in lora.rank_pattern.items() if f".{name}".endswith(f".{end}"))
    return next(named, lora.r)


def estimate(
    shape: Shape, train: Train, batch_tokens: int, tokens: int, shards: int = 1
) -> Estimate:
    """For one of the devices, which works on `tokens` in all, `batch_tokens` at once, and holds one
    of so many `shards` of the weights."""
    number = BYTES[train.dtype]
    packed = shape.linear if train.quantization == "nf4" else 0
    weights = packed * NF4_BYTES + (shape.weights - packed) * number
    adapter = 16 * shape.trained
    kept = KEPT_CHECKPOINTED if train.gradient_checkpointing else KEPT
    activations = batch_tokens * shape.hidden * shape.layers * kept * number
    if train.gradient_checkpointing:
        activations += batch_tokens * shape.hidden * KEPT * number
    logits = min(batch_tokens, CHUNK_TOKENS) * shape.vocabulary * 4 * 2
    memory = int(OVERHEAD * ((weights + adapter) / shards + activations + logits))
    flops = (6 if train.gradient_checkpointing else 4) * shape.active * tokens
    return Estimate(memory, flops / (SHARE * flops_a_second(train.dtype)))


def flops_a_second(dtype: str) -> float:
    """What a square matrix product reaches here."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    square = torch.ones(PROBE_SIZE, PROBE_SIZE, dtype=getattr(torch, dtype), device=device)
    best_s = float("inf")
    for _ in range(3):
        start_s = time.perf_counter()
        (square @ square).sum().item()
        best_s = min(best_s, time.perf_counter() - start_s)
    return 2 * PROBE_SIZE**3 / best_s


def memory_here() -> int:
    """Bytes that are free on the device that would train."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0]
    return psutil.virtual_memory().available


def refuse_what_cannot_fit(found: Estimate, free_bytes: int) -> None:
    if found.memory_bytes > free_bytes:
        raise TrainingError(
            "params.yaml: train",
            f"would take about {found.memory_bytes / 1e9:.1f} GB, and "
            f"{free_bytes / 1e9:.1f} GB are free here.",
            "Lower runtime.device_batch_size, set train.gradient_checkpointing, take bfloat16 or "
            "quantization nf4, or train on a larger device.",
        )


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
