"""What many rows begin with: the frame of a chat format, and the system prompt of a source.

It is the same tokens at the same positions, so it is computed once for all rows of a packed block.
In a causal model nothing that follows changes it, and the gradients that reach it add up.
"""

from collections.abc import Iterable
from itertools import groupby

from stages.chat.rendering import IGNORED
from stages.formats.tables import Row

LEAST_TOKENS = 16  # that a group must share beyond what it shares with the rest
LEAST_ROWS = 64


def by_prefix(rows: Iterable[Row]) -> list[tuple[int, list[Row]]]:
    """The rows in groups, each with the number of tokens that all its rows begin with.

    None of these tokens is trained, nor the one after them, which the prefix would predict. The
    order of the rows changes nothing.
    """
    ordered = sorted(rows, key=lambda row: (list(row["input_ids"]), row["id"]))
    return _parted(ordered, 0) if ordered else []


def _parted(rows: list[Row], known: int) -> list[tuple[int, list[Row]]]:
    """`rows` are in order and have `known` tokens in common."""
    # Of rows in order, all share what the first and the last do.
    first, last = rows[0]["input_ids"], rows[-1]["input_ids"]
    shared = known
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    groups: list[tuple[int, list[Row]]] = []
    rest: list[Row] = []
    for _, same in groupby(rows, key=lambda row: row["input_ids"][shared : shared + 1]):
        part = list(same)
        inner = _parted(part, shared) if LEAST_ROWS <= len(part) < len(rows) else []
        if inner and all(prefix >= shared + LEAST_TOKENS for prefix, _ in inner):
            groups += inner
        else:
            rest += part
    if rest:
        usable = min(shared, *(_untrained(row) - 1 for row in rest))
        groups.append((usable if usable >= LEAST_TOKENS else 0, rest))
    return groups


def _untrained(row: Row) -> int:
    """The number of tokens before the first trained one."""
    labels = row["labels"]
    return next((i for i, label in enumerate(labels) if label != IGNORED), len(labels))
