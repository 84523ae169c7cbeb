"""Attention computed document by document, for devices on which what a mask forbids costs as much
as what it allows.

A block of 512 tokens with four rows pays for 16 squares of 128 and uses 4. By masks alone, packing
rows of one length is slower on a CPU than padding them (`python -m benchmarks.packing
--masks-alone`).
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from stages.training.packing import BY_DOCUMENT, attention_windows

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    Attended = tuple[Tensor, None]


def attend_by_document(model: "PreTrainedModel") -> None:
    """Makes a model compute attention document by document, in its own eager or sdpa attention.

    The result is that of the masks, which still hold inside each document and wherever a model does
    not tell its attention the `position_ids`.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask, sdpa_mask

    for name, attend, mask in (
        ("eager", _eager_by_document, eager_mask),
        ("sdpa", _sdpa_by_document, sdpa_mask),
    ):
        AttentionInterface.register(name + BY_DOCUMENT, attend)
        AttentionMaskInterface.register(name + BY_DOCUMENT, mask)
    attention_windows(model.config)  # refuses what is neither
    attention = (model.config._attn_implementation or "eager").removesuffix(BY_DOCUMENT)
    model.set_attn_implementation(attention + BY_DOCUMENT)


def _eager_by_document(module: "Module", *tensors: "Tensor", **options: object) -> "Attended":
    # Eager attention is the model's own: that of gpt-oss has sinks, that of Gemma 2 a soft cap.
    own = sys.modules[type(module).__module__].eager_attention_forward
    return _by_document(own, module, *tensors, **options)  # pyright: ignore[reportArgumentType] - options hold the position_ids


def _sdpa_by_document(module: "Module", *tensors: "Tensor", **options: object) -> "Attended":
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return _by_document(sdpa_attention_forward, module, *tensors, **options)  # pyright: ignore[reportArgumentType] - as above


def _by_document(
    attend: Callable[..., "tuple[Tensor, object]"],
    module: "Module",
    query_BHLD: "Tensor",
    key_BHLD: "Tensor",
    value_BHLD: "Tensor",
    mask_B1LL: "Tensor | None",
    position_ids: "Tensor | None" = None,
    **options: object,
) -> "Attended":
    """`attend` on one document after the other, each with the prefix of its block before it."""
    import torch

    lines, length = query_BHLD.shape[0], query_BHLD.shape[2]
    # Nothing to go by, one line of positions for all, or a cache of keys, from which one generates.
    if position_ids is None or position_ids.shape != (lines, length) or key_BHLD.shape[2] != length:
        return attend(module, query_BHLD, key_BHLD, value_BHLD, mask_B1LL, **options)[0], None
    attended = []
    for line, positions in enumerate(position_ids.tolist()):
        of_line = []
        for start, end, prefix in stretches(positions):
            query = slice(line, line + 1), slice(None), slice(start, end)
            seen = [*range(prefix), *range(start, end)] if prefix else slice(start, end)
            keys = slice(line, line + 1), slice(None), seen
            mask = None if mask_B1LL is None else mask_B1LL[query][..., seen]
            of_document, _ = attend(
                module, query_BHLD[query], key_BHLD[keys], value_BHLD[keys], mask, **options
            )
            of_line.append(of_document)
        attended.append(torch.cat(of_line, dim=1))
    return torch.cat(attended), None


def stretches(positions: list[int]) -> list[tuple[int, int, int]]:
    """(start, end, length of the prefix that it sees) of the prefix and the documents of a block,
    and of the padding behind them.

    Positions restart with each document, at the length of the prefix; padding restarts at 0. A
    prefix continues into the first document, so that one begins where the others restart.
    """
    starts = [0, *(i for i in range(1, len(positions)) if positions[i] != positions[i - 1] + 1)]
    prefix = max(positions[start] for start in starts)
    if prefix:
        starts.insert(1, prefix)
    found = []
    for start, end in pairwise([*starts, len(positions)]):
        found.append((start, end, prefix if start and positions[start] == prefix else 0))
    return found
