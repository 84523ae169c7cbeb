"""Encoded rows as blocks, and blocks as batches in which no row sees another.

A block holds what its rows begin with (`prefix_tokens`), once, and then the rest of each row; each
rest is a *document*. To a model a packed block must be as many sequences as it has documents, so a
batch

* counts `position_ids` of each document from the end of the prefix,
* labels no document's first token: the loss shifts labels by one, so the end of the document before
  would be trained to predict it,
* gives 4-D masks (batch, 1, query, key) that are causal, open from a document to itself and to the
  prefix, and closed between documents. Transformers would find documents from `position_ids` alone,
  but not in every model (gpt-oss does not pass them on to its masks), and in no model once it makes
  a cache.

The masks are additive: 0 where a token is seen, the lowest number of the dtype where it is not.
Eager attention and sdpa both take that form; a boolean one would be *added* by eager attention.
Padding is a document of its own behind the others, so no row of a mask is empty and no softmax NaN.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

from stages.chat.rendering import IGNORED
from stages.formats.tables import Row
from stages.pipeline.errors import DataError, ModelError
from stages.training.prefixes import by_prefix

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig

BY_DOCUMENT = "_by_document"


class Block(TypedDict):
    """Rows one after the other, without what they all begin with but for once, before them.
    `seq_lengths` (TRL's name): their tokens without it, in the order of `ids`."""

    ids: list[str]
    prefix_tokens: int
    seq_lengths: list[int]
    input_ids: list[int]
    labels: list[int]


def one_row_each(rows: Iterable[Row]) -> list[Block]:
    """The rows unpacked, in their order."""
    return [_joined([row], 0) for row in rows]


def pack(rows: Iterable[Row], block_tokens: int) -> list[Block]:
    """The rows in blocks of at most `block_tokens`, each row whole and in one block.

    Rows that begin alike go together, so that a block computes what they share once. Best fit
    decreasing: the longest rows first, each into the fullest block that has room. Rows of one
    length go by their id, so the order in which distinct rows come changes nothing. TRL's
    `pack_dataset` fits them so, too, but cuts long rows and packs within batches of 1000.

    Raises:
        DataError: a row is longer than a block, or empty.
    """
    rows = list(rows)
    for row in rows:
        if not 0 < len(row["input_ids"]) <= block_tokens:
            raise DataError(
                f"data/encoded: row {row['id']}",
                f"it has {len(row['input_ids'])} tokens, a block has room for 1 to {block_tokens}.",
                "Make blocks at least as long as encode.max_length_tokens in params.yaml.",
            )
    return [
        _joined(fitted, prefix)
        for prefix, group in by_prefix(rows)
        for fitted in _best_fit(group, prefix, block_tokens - prefix)
    ]


def _best_fit(rows: list[Row], prefix: int, room: int) -> list[list[Row]]:
    """The rows by block; of each the tokens behind the prefix need room."""
    longest_first = sorted(rows, key=lambda row: (-len(row["input_ids"]), row["id"]))
    shortest = len(longest_first[-1]["input_ids"]) - prefix
    packed: list[list[Row]] = []
    spaces: list[tuple[int, int]] = []  # tokens left and number of each block with room, sorted
    for row in longest_first:
        tokens = len(row["input_ids"]) - prefix
        found = bisect_left(spaces, (tokens, -1))
        if found < len(spaces):
            space, number = spaces.pop(found)
            packed[number].append(row)
        else:
            space, number = room, len(packed)
            packed.append([row])
        if space - tokens >= shortest:
            insort(spaces, (space - tokens, number))
    return packed


def _joined(rows: list[Row], prefix: int) -> Block:
    ids, labels = list(rows[0]["input_ids"][:prefix]), [IGNORED] * prefix
    for row in rows:
        ids += row["input_ids"][prefix:]
        labels += row["labels"][prefix:]
    return {
        "ids": [row["id"] for row in rows],
        "prefix_tokens": prefix,
        "seq_lengths": [len(row["input_ids"]) - prefix for row in rows],
        "input_ids": ids,
        "labels": labels,
    }


class Masks(dict):
    """4-D masks by layer type, and `tokens`, the number of tokens that are not padding.

    TRL counts the tokens of a batch with `attention_mask.sum()` (sft_trainer.py, compute_loss),
    which a plain dict lacks. The number is an item, since the trainer copies dicts item by item.
    """

    def sum(self) -> "Tensor":
        return self["tokens"]


class Batch(TypedDict):
    """(rows, tokens) each; the mask is 2-D, or 4-D of packed blocks, or one for each layer type."""

    input_ids: "Tensor"
    labels: "Tensor"
    position_ids: "Tensor"
    attention_mask: "Tensor | Masks"


class Collator:
    """Makes a batch of blocks, padded to the longest: `input_ids`, `labels`, `position_ids` and
    `attention_mask`.

    The mask is 4-D for packed blocks (by layer type where the model tells its layers apart), in
    `dtype`, which is the model's. For unpacked ones it is the ordinary 2-D one.

    Raises:
        ModelError: packed, but the model has layers that no mask can close.
    """

    def __init__(
        self, config: "PretrainedConfig", pad_id: int, packed: bool, dtype: str = "float32"
    ):
        self.pad_id = pad_id
        self.dtype = dtype
        self.windows = attention_windows(config) if packed else None

    def __call__(self, blocks: Sequence[Block]) -> Batch:
        import torch

        shape = len(blocks), max(len(block["input_ids"]) for block in blocks)
        input_ids = torch.full(shape, self.pad_id)
        labels = torch.full(shape, IGNORED)
        position_ids = torch.zeros(shape, dtype=torch.long)
        # The prefix is 0, its documents are numbered from 1, and padding is -1.
        documents = torch.zeros(shape, dtype=torch.long)
        for line, block in enumerate(blocks):
            prefix, lengths = block["prefix_tokens"], block["seq_lengths"]
            tokens = len(block["input_ids"])
            if self.windows is None and len(lengths) > 1:
                raise ValueError(f"rows {block['ids']} share a block, but the collator is unpacked")
            input_ids[line, :tokens] = torch.tensor(block["input_ids"])
            labels[line, :tokens] = torch.tensor(block["labels"])
            parts = [
                torch.arange(prefix),
                *(torch.arange(prefix, prefix + length) for length in lengths),
                torch.arange(shape[1] - tokens),
            ]
            position_ids[line] = torch.cat(parts)
            numbers = torch.tensor([0, *range(1, len(lengths) + 1), -1])
            sizes = torch.tensor([len(part) for part in parts])
            documents[line] = numbers.repeat_interleave(sizes)
        begins = torch.ones(shape, dtype=torch.bool)
        begins[:, 1:] = documents[:, 1:] != documents[:, :-1]
        labels[begins] = IGNORED
        real = (documents >= 0).long()
        return {
            "input_ids": input_ids,
            "labels": labels,
            "position_ids": position_ids,
            "attention_mask": real
            if self.windows is None
            else self._masks(documents, position_ids, real.sum()),
        }

    def _masks(
        self, documents_BL: "Tensor", position_ids_BL: "Tensor", tokens: "Tensor"
    ) -> "Tensor | Masks":
        assert self.windows is not None
        masks = {
            layer_type: additive_mask(documents_BL, position_ids_BL, window, self.dtype)
            for layer_type, window in self.windows.items()
        }
        return masks[""] if "" in masks else Masks(masks, tokens=tokens)

    def rows_of(self, input_ids: "Tensor", blocks: Iterable[Block]) -> list[str]:
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


def attention_windows(config: "PretrainedConfig") -> dict[str, int | None]:
    """For each layer type of a model, how many tokens a token sees, itself included; None is all.
    The only key is "" where one mask serves all layers.

    Raises:
        ModelError: layers that carry state past a mask (linear attention, Mamba), or an attention
            that takes no 4-D mask.
    """
    attention = config._attn_implementation or "eager"
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


def additive_mask(
    documents_BL: "Tensor", position_ids_BL: "Tensor", window: int | None, dtype: str
) -> "Tensor":
    """(batch, 1, query, key): 0 where the key is of the query's document, or of the prefix and the
    query of a document, and is the query itself or before it, by fewer than `window` positions."""
    import torch

    query, key = documents_BL[:, :, None], documents_BL[:, None, :]
    behind_BLL = position_ids_BL[:, :, None] - position_ids_BL[:, None, :]
    seen_BLL = ((query == key) | ((key == 0) & (query > 0))) & (behind_BLL >= 0)
    if window is not None:
        seen_BLL &= behind_BLL < window
    number = getattr(torch, dtype)
    closed = torch.full(seen_BLL.shape, torch.finfo(number).min, dtype=number)
    return closed.masked_fill(seen_BLL, 0)[:, None]
