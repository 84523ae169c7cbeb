"""Logits where they are wanted alone. Of a chat's tokens one in six is an answer's, and the product
with the vocabulary is a large part of what a model computes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from stages.chat.rendering import IGNORED

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel


def before_labels(labels_BL: "Tensor") -> "Tensor":
    """Where the token that comes next has a label: (rows, tokens). Nothing comes after the last."""
    from torch.nn.functional import pad

    return pad(labels_BL[:, 1:] != IGNORED, (0, 1))


@contextmanager
def only_positions(model: "PreTrainedModel | PeftModel", wanted_BL: "Tensor") -> Iterator[None]:
    """Meanwhile the logits of a forward pass are (1, wanted positions, vocabulary), line after
    line: the model's backbone gives out these hidden states and no others."""

    def keep(_module: "Module", _given: object, output: Any) -> Any:
        wanted = wanted_BL.to(output.last_hidden_state.device)
        output.last_hidden_state = output.last_hidden_state[wanted].unsqueeze(0)
        return output

    whole = cast(Any, model)
    causal = whole.get_base_model() if hasattr(model, "peft_config") else whole
    hook = causal.base_model.register_forward_hook(keep)
    try:
        yield
    finally:
        hook.remove()
