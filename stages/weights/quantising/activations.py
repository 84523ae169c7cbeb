"""What the experts of a gpt-oss are given, on rows of the training split: the inputs that its
weights are multiplied with, and how much each of them counts.

The model runs whole, in BF16, one row at a time, so that no padding is counted.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from stages.weights.tensors.lora import Adapter, Change
from stages.weights.tensors.model import GATE_UP, Model

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Activations:
    """The inputs of every expert of every layer, in memory: tokens x hidden size x 2 bytes a layer.

    `limit` and `alpha` are those of gpt-oss' gated unit, clamp(up) + 1 times a sigmoid.
    """

    def __init__(self, folder: Path, rows: Iterable[list[int]]):
        from transformers import AutoModelForCausalLM

        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.bfloat16, attn_implementation="eager", use_safetensors=True,
            trust_remote_code=False,
        )  # fmt: skip
        self._limit = model.config.swiglu_limit
        self._alpha = model.config.swiglu_alpha
        found: dict[str, list[tuple[torch.Tensor, ...]]] = {}

        def keep(name: str) -> Callable[[torch.nn.Module, tuple[torch.Tensor, ...]], None]:
            def hook(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
                hidden, chosen, shares = given
                flat = hidden.reshape(-1, hidden.shape[-1])
                found.setdefault(name, []).append((flat.clone(), chosen.clone(), shares.clone()))

            return hook

        for name, module in model.named_modules():
            if name.endswith(".mlp.experts"):
                module.register_forward_pre_hook(keep(name))
        with torch.inference_mode():
            for ids in rows:
                model(input_ids=torch.tensor([ids]), use_cache=False, logits_to_keep=1)
        self._found = {
            name: tuple(torch.cat(each) for each in zip(*parts, strict=True))
            for name, parts in found.items()
        }

    def of(
        self, name: str, expert: int, base: Model, adapter: Mapping[str, Change] | Adapter
    ) -> torch.Tensor:
        """The inputs (tokens, in) in float32 of an expert's weight. Each is times its routing
        share, so that a token counts for as much as the expert does for it. `base` and `adapter`
        give the weights of `gate_up_proj`, which make the inputs of `down_proj`."""
        module, _, which = name.rpartition(".")
        hidden, chosen, shares = self._found[module]
        token, place = torch.where(chosen == expert)
        given = hidden[token].float()
        share = shares[token, place].float().unsqueeze(1)
        if which == GATE_UP:
            return given * share
        before = f"{module}.{GATE_UP}"
        weight = base.matrix(before, expert)
        if before in adapter:
            weight = adapter[before].tuned(weight, expert)
        bias = base.rows(f"{before}_bias", expert, expert + 1)[0].float()
        both = given @ weight.float().T + bias
        gate = both[:, ::2].clamp(max=self._limit)
        up = both[:, 1::2].clamp(-self._limit, self._limit)
        return (up + 1) * gate * torch.sigmoid(gate * self._alpha) * share
