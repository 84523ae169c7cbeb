"""BERTScore (T. Zhang and others, 2020, arXiv 1904.09675) with an encoder of the user's own: F1 of
greedy matches between the token embeddings of answer and reference.

Each token is matched with the nearest one of the other text by cosine; precision is the mean over
the answer's tokens, recall over the reference's. No weights by rarity and no rescaling, so the
figure compares only with others of the same encoder and layer. Special tokens are left out.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stages.params.evaluate import Bertscore

if TYPE_CHECKING:
    from torch import Tensor

BATCH_SIZE = 32


def greedy_f1(answer: "Tensor", reference: "Tensor") -> float:
    """F1 of two matrices of embeddings (tokens, size); 0.0 where one has no token."""
    import torch

    if not len(answer) or not len(reference):
        return 0.0
    unit = torch.nn.functional.normalize
    nearness = unit(answer.float(), dim=-1) @ unit(reference.float(), dim=-1).T
    precision, recall = float(nearness.amax(1).mean()), float(nearness.amax(0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def bertscore(predictions: Sequence[str], references: Sequence[str], of: Bertscore) -> list[float]:
    """F1 of each pair.

    Raises:
        InputError, ModelError: the encoder cannot be used.
    """
    from stages.preflight.encoder import check_encoder  # which loads what reads models

    check_encoder(of)
    found = zip(_embeddings(predictions, of), _embeddings(references, of), strict=True)
    return [greedy_f1(answer, reference) for answer, reference in found]


def _embeddings(texts: Sequence[str], of: Bertscore) -> "Iterator[Tensor]":
    """(tokens, size) of each text."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(of.path, trust_remote_code=False)
    model: Any = AutoModel.from_pretrained(
        of.path, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
    ).eval()
    for start in range(0, len(texts), BATCH_SIZE):
        batch = tokenizer(
            list(texts[start : start + BATCH_SIZE]),
            padding=True,
            truncation=True,
            return_tensors="pt",
            return_special_tokens_mask=True,
        )
        special = batch.pop("special_tokens_mask").bool()
        with torch.inference_mode():
            states = model(**batch, output_hidden_states=True).hidden_states[of.layer]
        for vectors, left_out in zip(states, special, strict=True):
            yield vectors[~left_out]
