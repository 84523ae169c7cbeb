"""Filters that look at one row alone."""

from stages.korean.script import foreign_share, hangul_share
from stages.pipeline.config import Curate
from stages.pipeline.tables import Row, row_texts


def refusal(row: Row, limits: Curate) -> str | None:
    """Why one row on its own is left out, or None."""
    text = "\n".join(row_texts(row))
    if len(text) < limits.min_chars:
        return "too_short"
    if len(text) > limits.max_chars:
        return "too_long"
    if foreign_share(text) > limits.max_foreign_share:
        return "foreign_script"
    if hangul_share(text) < limits.min_hangul_share:
        return "not_korean"
    return None
