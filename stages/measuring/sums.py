"""What is measured of a variant, as functions of sums over rows.

Each answered row has a number under each of SUMMANDS; 0 where it does not apply. A measure is made
from the sums of these over a set of rows, by its formula in `measures.py`.
"""

from collections.abc import Sequence

import numpy as np

from stages.formats.tables import Row
from stages.measuring.measures import FORMULAS, ROUGE_KINDS

ROUGES = tuple(f"{kind}_{unit}" for unit in ("eojeol", "syllable", "morph") for kind in ROUGE_KINDS)
SUMMANDS = (
    *("rows", "said", "bits", "bytes", "answer_tokens", *ROUGES, "exact_match", "f1_char"),
    *("topic_asked", "topic_right", "level_asked", "level_right"),
    *("foreign_char", "foreign_strict", "foreign_response", "starts_with_hangul", "repetition"),
    *("warning", "slang", "slang_reference", "emoji", "emoji_reference", "chars"),
    *("chars_reference", "stopped", "personal_data", "forbidden", "schema_asked", "schema_kept"),
    *("bertscore", "bertscore_asked"),
)


def topics_of(rows: Sequence[Row]) -> list[str]:
    """The topics that are asked for in the rows."""
    return sorted({row["topic"] for row in rows if row["topic"] and row["topic_found"]})


def columns(rows: Sequence[Row], topics: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The names of what is summed, and its values (rows, names): SUMMANDS, then for each of the
    topics whether it was asked, found, and both."""
    names = list(SUMMANDS)
    values = [[float(row[name]) for name in SUMMANDS] for row in rows]
    for topic in topics:
        names += [f"asked {topic}", f"found {topic}", f"right {topic}"]
        for row, of in zip(rows, values, strict=True):
            asked, found = row["topic"] == topic, row["topic_found"] == topic
            known = row["topic_found"] is not None
            of += [float(asked and known), float(found), float(asked and found)]
    return names, np.array(values, dtype=np.float64).reshape(len(rows), len(names))


def measure(name: str, names: Sequence[str], sums: np.ndarray) -> np.ndarray:
    """A measure of sums (..., names); NaN where it does not apply."""
    by_name: dict[str, np.ndarray] = {each: sums[..., i] for i, each in enumerate(names)}
    for kind in ("asked", "found", "right"):
        places = [i for i, each in enumerate(names) if each.startswith(f"{kind} ")]
        by_name[f"by_topic_{kind}"] = sums[..., places]
    with np.errstate(divide="ignore", invalid="ignore"):
        return FORMULAS[name](by_name)


def measures(rows: Sequence[Row]) -> dict[str, float | None]:
    """Every measure of the rows; None where it does not apply."""
    names, values = columns(rows, topics_of(rows))
    sums = values.sum(axis=0)
    return {name: rounded(measure(name, names, sums)) for name in FORMULAS}


def rounded(value: float | np.ndarray) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
