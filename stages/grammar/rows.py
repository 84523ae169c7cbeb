"""What the generators emit: a raw row, and the personal data that was planted in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """One synthetic personal datum: its type (RRN, PHONE, ...) and the exact characters in the
    row's text."""

    type: str
    value: str


@dataclass(frozen=True)
class Row:
    raw: dict
    planted: tuple[Planted, ...] = ()


def without_repeats(rows: Iterator[Row]) -> Iterator[Row]:
    """Skips rows whose content was seen before in this stream."""
    seen: set[str] = set()
    for row in rows:
        key = json.dumps(row.raw, ensure_ascii=False, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield row
