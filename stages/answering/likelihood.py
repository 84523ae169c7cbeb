"""How well a model expects what the test set says: the negative log-likelihood of the tokens of an
answer (its channel header and stop token included, as a server generates them) in bits."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stages.answering.positions import before_labels, only_positions
from stages.chat.rendering import IGNORED, Encoded

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def answer_bits(
    model: "PreTrainedModel | PeftModel", rows: Sequence[Encoded], pad_id: int
) -> list[float]:
    """The bits of each row's labelled tokens, for one batch that fits into memory."""
    import torch

    longest = max(len(row.input_ids) for row in rows)

    def padded(values: list[int], filler: int) -> list[int]:
        return values + [filler] * (longest - len(values))

    def tensor(values: list[list[int]]) -> torch.Tensor:
        return torch.tensor(values, device=model.device)

    ids = tensor([padded(row.input_ids, pad_id) for row in rows])
    labels = tensor([padded(row.labels, IGNORED) for row in rows])
    mask = tensor([padded([1] * len(row.input_ids), 0) for row in rows])
    wanted = before_labels(labels)
    with torch.inference_mode(), only_positions(model, wanted):
        logits = model(input_ids=ids, attention_mask=mask).logits[0].float()
    targets, lines = labels[:, 1:][wanted[:, :-1]], wanted.nonzero()[:, 0]
    nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none").double()
    sums = torch.zeros(len(rows), dtype=torch.double, device=nats.device).index_add(0, lines, nats)
    return [float(total) / math.log(2) for total in sums]
