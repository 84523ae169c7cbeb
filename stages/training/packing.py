"""Encoded rows as blocks, and blocks as batches in which no row sees another.

A block holds the ids and labels of one or more rows, one after the other; each of its rows is a
*document*. To a model a packed block must be as many sequences as it has documents, so a batch

* counts `position_ids` from 0 in each document,
* labels no document's first token: the loss shifts labels by one, so the end of the document before
  would be trained to predict it,
* gives 4-D masks (batch, 1, query, key) that are causal inside a document and closed between
  documents. Transformers would find documents from `position_ids` alone, but not in every model
  (gpt-oss does not pass them on to its masks), and in no model once it makes a cache.

The masks are additive: 0 where a token is seen, the lowest number of the dtype where it is not.
Eager attention and sdpa both take that form; a boolean one would be *added* by eager attention.
Padding is a document of its own behind the others, so no row of a mask is empty and no softmax NaN.

What a mask forbids is computed all the same: a block of 512 tokens with four rows pays for 16
squares of 128 and uses 4. `attend_by_document` computes only the 4; by masks alone, packing rows of
one length is slower than padding them (`python -m benchmarks.packing --masks-alone`).
"""

import sys
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, TypedDict

from stages.chat.rendering import IGNORED
from stages.pipeline.errors import DataError, ModelError
from stages.pipeline.tables import Row

BY_DOCUMENT = "_by_document"


class Block(TypedDict):
    """Rows one after the other. `seq_lengths` (TRL's name): their tokens, in the order of `ids`."""

    ids: list[str]
    seq_lengths: list[int]
    input_ids: list[int]
    labels: list[int]


def one_row_each(rows: Iterable[Row]) -> list[Block]:
    """The rows unpacked, in their order."""
    return [_joined([row]) for row in rows]


def pack(rows: Iterable[Row], block_tokens: int) -> list[Block]:
    """The rows in blocks of at most `block_tokens`, each row whole and in one block.

    Best fit decreasing: the longest rows first, each into the fullest block that has room. Rows of
    one length go by their id, so the order in which distinct rows come changes nothing. TRL's
    `pack_dataset` does the same, but cuts long rows and packs within batches of 1000.

    Raises:
        DataError: a row is longer than a block, or empty.
    """
    longest_first = sorted(rows, key=lambda row: (-len(row["input_ids"]), row["id"]))
    shortest = len(longest_first[-1]["input_ids"]) if longest_first else 0
    packed: list[list[Row]] = []
    spaces: list[tuple[int, int]] = []  # tokens left and number of each block with room, sorted
    for row in longest_first:
        tokens = len(row["input_ids"])
        if not 0 < tokens <= block_tokens:
            raise DataError(
                f"data/encoded: row {row['id']}",
                f"it has {tokens} tokens, a block has room for 1 to {block_tokens}.",
                "Make blocks at least as long as encode.max_length_tokens in params.yaml.",
            )
        found = bisect_left(spaces, (tokens, -1))
        if found < len(spaces):
            space, number = spaces.pop(found)
            packed[number].append(row)
        else:
            space, number = block_tokens, len(packed)
            packed.append([row])
        if space - tokens >= shortest:
            insort(spaces, (space - tokens, number))
    return [_joined(block) for block in packed]


def _joined(rows: list[Row]) -> Block:
    return {
        "ids": [row["id"] for row in rows],
        "seq_lengths": [len(row["input_ids"]) for row in rows],
        "input_ids": [token for row in rows for token in row["input_ids"]],
        "labels": [label for row in rows for label in row["labels"]],
    }


class Masks(dict):
    """4-D masks by layer type, and `tokens`, the number of tokens that are not padding.

    TRL counts the tokens of a batch with `attention_mask.sum()` (sft_trainer.py, compute_loss),
    which a plain dict lacks. The number is an item, since the trainer copies dicts item by item.
    """

    def sum(self) -> Any:
        return self["tokens"]


class Collator:
    """Makes a batch of blocks, padded to the longest: `input_ids`, `labels`, `position_ids` and
    `attention_mask`.

    The mask is 4-D for packed blocks (by layer type where the model tells its layers apart), in
    `dtype`, which is the model's. For unpacked ones it is the ordinary 2-D one.

    Raises:
        ModelError: packed, but the model has layers that no mask can close.
    """

    def __init__(self, config: Any, pad_id: int, packed: bool, dtype: str = "float32"):
        self.pad_id = pad_id
        self.dtype = dtype
        self.windows = attention_windows(config) if packed else None

    def __call__(self, blocks: Sequence[Block]) -> dict[str, Any]:
        import torch

        shape = len(blocks), max(len(block["input_ids"]) for block in blocks)
        input_ids = torch.full(shape, self.pad_id)
        labels = torch.full(shape, IGNORED)
        position_ids = torch.zeros(shape, dtype=torch.long)
        documents = torch.zeros(shape, dtype=torch.long)
        real = torch.zeros(shape, dtype=torch.long)
        for line, block in enumerate(blocks):
            tokens = len(block["input_ids"])
            if self.windows is None and len(block["seq_lengths"]) > 1:
                raise ValueError(f"rows {block['ids']} share a block, but the collator is unpacked")
            input_ids[line, :tokens] = torch.tensor(block["input_ids"])
            labels[line, :tokens] = torch.tensor(block["labels"])
            real[line, :tokens] = 1
            lengths = [*block["seq_lengths"], shape[1] - tokens]  # the last document is padding
            position_ids[line] = torch.cat([torch.arange(length) for length in lengths])
            documents[line] = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
        labels[position_ids == 0] = IGNORED
        return {
            "input_ids": input_ids,
            "labels": labels,
            "position_ids": position_ids,
            "attention_mask": real if self.windows is None else self._masks(documents, real.sum()),
        }

    def _masks(self, documents_BL: Any, tokens: Any) -> Any:
        assert self.windows is not None
        masks = {
            layer_type: additive_mask(documents_BL, window, self.dtype)
            for layer_type, window in self.windows.items()
        }
        return masks[""] if "" in masks else Masks(masks, tokens=tokens)

    def rows_of(self, input_ids: Any, blocks: Iterable[Block]) -> list[str]:
        """The ids of the rows in a batch, found by their tokens, so that an error can name them.

        Found and not remembered: a trainer collates ahead of the step that it is at, and does so in
        other processes where it has workers. Rows that are equal are all named.
        """
        ids_by_tokens: dict[tuple[int, ...], list[str]] = {}
        for block in blocks:
            ids_by_tokens.setdefault(tuple(block["input_ids"]), []).extend(block["ids"])
        found: list[str] = []
        for line in input_ids.tolist():
            while tuple(line) not in ids_by_tokens and line and line[-1] == self.pad_id:
                line.pop()
            found += ids_by_tokens.get(tuple(line), [])
        return found


def attention_windows(config: Any) -> dict[str, int | None]:
    """For each layer type of a model, how many tokens a token sees, itself included; None is all.
    The only key is "" where one mask serves all layers.

    Raises:
        ModelError: layers that carry state past a mask (linear attention, Mamba), or an attention
            that takes no 4-D mask.
    """
    attention = config._attn_implementation
    if attention.removesuffix(BY_DOCUMENT) not in ("eager", "sdpa"):
        raise ModelError(
            "the base model",
            f"its attention is {attention!r}, which takes no mask that keeps packed rows apart.",
            "Load it with eager attention or sdpa, or train without packing.",
        )
    text = config.get_text_config()
    sliding = getattr(text, "sliding_window", None)
    layer_types = getattr(text, "layer_types", None)
    if layer_types is None:
        return {"": sliding}
    windows = {"full_attention": None, "sliding_attention": sliding}
    if unknown := sorted(set(layer_types) - set(windows)):
        raise ModelError(
            "the base model",
            f"it has layers of {unknown}, in which packed rows cannot be kept apart.",
            "Train it without packing.",
        )
    return {layer_type: windows[layer_type] for layer_type in sorted(set(layer_types))}


def additive_mask(documents_BL: Any, window: int | None, dtype: str) -> Any:
    """(batch, 1, query, key): 0 where query and key are of one document and the key is the query
    itself or before it, by fewer than `window` tokens."""
    import torch

    place = torch.arange(documents_BL.shape[1])
    behind_LL = place[:, None] - place
    reach_LL = behind_LL >= 0 if window is None else (behind_LL >= 0) & (behind_LL < window)
    seen_BLL = (documents_BL[:, :, None] == documents_BL[:, None, :]) & reach_LL
    number = getattr(torch, dtype)
    closed = torch.full(seen_BLL.shape, torch.finfo(number).min, dtype=number)
    return closed.masked_fill(seen_BLL, 0)[:, None]


def attend_by_document(model: Any) -> None:
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
    attention = model.config._attn_implementation.removesuffix(BY_DOCUMENT)
    model.set_attn_implementation(attention + BY_DOCUMENT)


def _eager_by_document(module: Any, *tensors: Any, **options: Any) -> tuple[Any, None]:
    # Eager attention is the model's own: that of gpt-oss has sinks, that of Gemma 2 a soft cap.
    own = sys.modules[type(module).__module__].eager_attention_forward
    return _by_document(own, module, *tensors, **options)


def _sdpa_by_document(module: Any, *tensors: Any, **options: Any) -> tuple[Any, None]:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    return _by_document(sdpa_attention_forward, module, *tensors, **options)


def _by_document(
    attend: Callable[..., tuple[Any, Any]],
    module: Any,
    query_BHLD: Any,
    key_BHLD: Any,
    value_BHLD: Any,
    mask_B1LL: Any,
    position_ids: Any = None,
    **options: Any,
) -> tuple[Any, None]:
    """`attend` on one document after the other; a document begins where positions are 0."""
    import torch

    lines, length = query_BHLD.shape[0], query_BHLD.shape[2]
    # Nothing to go by, one line of positions for all, or a cache of keys, from which one generates.
    if position_ids is None or position_ids.shape != (lines, length) or key_BHLD.shape[2] != length:
        return attend(module, query_BHLD, key_BHLD, value_BHLD, mask_B1LL, **options)[0], None
    attended = []
    for line, positions in enumerate(position_ids.tolist()):
        starts = [0, *(place for place in range(1, length) if positions[place] == 0)]
        of_line = []
        for start, end in pairwise([*starts, length]):
            part = slice(line, line + 1), slice(None), slice(start, end)
            mask = None if mask_B1LL is None else mask_B1LL[*part, start:end]
            of_document, _ = attend(
                module, query_BHLD[part], key_BHLD[part], value_BHLD[part], mask, **options
            )
            of_line.append(of_document)
        attended.append(torch.cat(of_line, dim=1))
    return torch.cat(attended), None
