"""What others do with the same weights: torchao's `to_mx`, and the merge of PEFT and transformers.

    python -m benchmarks.weights_peers <base> <adapter> <merged>

merges as users of PEFT do: the base loaded in BF16, `merge_and_unload`, `save_pretrained`. It is a
process of its own, so that its memory and its time are its own.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import torch

# Of about 0.7 billion weights, 1.4 GB in BF16: the model must fit in memory several times.
DENSE: dict[str, Any] = {
    "vocab_size": 32_000, "hidden_size": 2048, "intermediate_size": 5632,
    "num_hidden_layers": 12, "num_attention_heads": 16, "num_key_value_heads": 16,
}  # fmt: skip
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
SAMPLE = 4  # experts that torchao quantises


def write_dense(models: Path, rank: int) -> float:
    """A model of Llama's family in BF16 and an adapter on all of its linear layers, both random.
    Returns GB of BF16."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM._from_config(LlamaConfig(**DENSE), dtype=torch.bfloat16)
    model.save_pretrained(models / "base")
    size = sum(weight.numel() for weight in model.parameters()) * 2 / 1e9
    lora = LoraConfig(r=rank, target_modules=list(LAYERS), init_lora_weights=False)
    get_peft_model(model, lora).save_pretrained(str(models / "adapter"))  # pyright: ignore[reportArgumentType] - a PreTrainedModel
    return size


def merge_and_save(base: Path, adapter: Path, merged: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    tuned = PeftModel.from_pretrained(model, adapter)
    tuned.merge_and_unload().save_pretrained(merged)  # pyright: ignore[reportCallIssue] - of LoraModel
    for file in merged.iterdir():  # as the stage does
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def to_mx_speed(merged: Path, threads: int) -> float | None:
    """GB/s of BF16 by torchao on the first experts of each merged weight, laid out for it; None
    where it is not installed."""
    try:
        from torchao.prototype.mx_formats.config import ScaleCalculationMode
        from torchao.prototype.mx_formats.mx_tensor import to_mx
    except ImportError:
        return None
    from stages.weights.tensors.model import EXPERTS, Model

    torch.set_num_threads(threads)
    numbers, seconds = 0, 0.0
    with Model(merged) as model:
        for name in (each for each in model if each.endswith(EXPERTS)):
            for expert in range(SAMPLE):
                weight = model.matrix(name, expert).contiguous()
                began = time.perf_counter()
                to_mx(weight, torch.float4_e2m1fn_x2, 32, ScaleCalculationMode.EVEN)
                seconds += time.perf_counter() - began
                numbers += weight.numel()
    return numbers * 2 / seconds / 1e9


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    merge_and_save(*map(Path, sys.argv[1:4]))
