"""Filters that look at one row alone, as a whole and text by text: a long Korean question does not
make up for an answer in Chinese."""

from stages.formats.tables import Row, row_texts
from stages.korean.script import foreign_share, hangul_share
from stages.params.curate import Curate

SHORTEST_PART_CHARS = 10  # a name or a label may be in Chinese characters alone


def refusal(row: Row, limits: Curate) -> str | None:
    """Why one row on its own is left out, or None."""
    text = "\n".join(row_texts(row))
    if len(text) < limits.min_chars:
        return "too_short"
    if len(text) > limits.max_chars:
        return "too_long"
    parts = [text, *(part for part in row_texts(row) if len(part) >= SHORTEST_PART_CHARS)]
    if any(foreign_share(part) > limits.max_foreign_share for part in parts):
        return "foreign_script"
    if hangul_share(text) < limits.min_hangul_share:
        return "not_korean"
    return None
