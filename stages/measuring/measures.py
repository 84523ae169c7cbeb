"""What is measured of a variant, as functions of sums over rows.

Each answered row has a number under each of SUMMANDS; 0 where it does not apply. A measure is made
from the sums of these over a set of rows, so that the same formula gives the figure of a set, of a
part of it, and of each resample of it (`bootstrap.py`). Where what it divides by is 0, it does not
apply.

  bits_per_byte   bits that the model needs for the references, by the UTF-8 bytes of their text;
                  unlike a loss a token it compares models with different tokenizers
  perplexity      2 to the bits a token of the references
  rouge…          of 100, the mean over rows; rouge_sum… is on a scale of 300
  f1_char, exact_match   of 100, as KorQuAD's script has them
  …_share         of the answers; foreign_char_share, foreign_strict_share and repetition_share
                  are means over the answers that are not empty
  topic_macro_f1  the mean over the topics of 2 right / (asked + found)
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from stages.formats.tables import Row
from stages.measuring.rouge import KINDS, TOKENIZERS

ROUGES = tuple(f"{kind}_{tokens}" for tokens in TOKENIZERS for kind in KINDS)
SUMMANDS = (
    *("rows", "said", "bits", "bytes", "answer_tokens", *ROUGES, "exact_match", "f1_char"),
    *("topic_asked", "topic_right", "level_asked", "level_right"),
    *("foreign_char", "foreign_strict", "foreign_response", "starts_with_hangul", "repetition"),
    *("warning", "slang", "slang_reference", "emoji", "emoji_reference", "chars"),
    *("chars_reference", "stopped", "personal_data", "forbidden", "schema_asked", "schema_kept"),
    *("bertscore", "bertscore_asked"),
)

Sums = Mapping[str, np.ndarray]  # of a set: without axes; of its resamples: one each


def _of(part: str, whole: str, scale: float = 1.0) -> Callable[[Sums], np.ndarray]:
    return lambda s: scale * s[part] / s[whole]


def _rouge_sum(tokens: str) -> Callable[[Sums], np.ndarray]:
    one, two, longest = (f"{kind}_{tokens}" for kind in KINDS)
    return lambda s: 100 * (s[one] + s[two] + s[longest]) / s["rows"]


def _macro_f1(sums: Sums) -> np.ndarray:
    """Topics that a resample has not are left out of its mean."""
    both = sums["by_topic_asked"] + sums["by_topic_found"]
    each = np.where(both > 0, 2 * sums["by_topic_right"] / np.maximum(both, 1), np.nan)
    present = np.maximum(np.sum(both > 0, axis=-1), 1)
    return np.where(np.any(both > 0, axis=-1), np.nansum(each, axis=-1) / present, np.nan)


MEASURES: dict[str, Callable[[Sums], np.ndarray]] = {
    "bits_per_byte": _of("bits", "bytes"),
    "perplexity": lambda s: np.exp2(s["bits"] / s["answer_tokens"]),
    **{name: _of(name, "rows", 100) for name in ROUGES},
    **{f"rouge_sum_{tokens}": _rouge_sum(tokens) for tokens in TOKENIZERS},
    "exact_match": _of("exact_match", "rows", 100),
    "f1_char": _of("f1_char", "rows", 100),
    "topic_accuracy": _of("topic_right", "topic_asked"),
    "topic_macro_f1": _macro_f1,
    "speech_level_accuracy": _of("level_right", "level_asked"),
    "foreign_char_share": _of("foreign_char", "said"),
    "foreign_strict_share": _of("foreign_strict", "said"),
    "foreign_response_share": _of("foreign_response", "rows"),
    "warning_share": _of("warning", "rows"),
    "starts_with_hangul_share": _of("starts_with_hangul", "rows"),
    "slang_share": _of("slang", "rows"),
    "slang_share_reference": _of("slang_reference", "rows"),
    "emoji_share": _of("emoji", "rows"),
    "emoji_share_reference": _of("emoji_reference", "rows"),
    "length_ratio": _of("chars", "chars_reference"),
    "repetition_share": _of("repetition", "said"),
    "empty_share": lambda s: 1 - s["said"] / s["rows"],
    "stopped_share": _of("stopped", "rows"),
    "personal_data_share": _of("personal_data", "rows"),
    "forbidden_share": _of("forbidden", "rows"),
    "schema_kept_share": _of("schema_kept", "schema_asked"),
    "bertscore_f1": _of("bertscore", "bertscore_asked", 100),
}


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
        return MEASURES[name](by_name)


def measures(rows: Sequence[Row]) -> dict[str, float | None]:
    """Every measure of the rows; None where it does not apply."""
    names, values = columns(rows, topics_of(rows))
    sums = values.sum(axis=0)
    return {name: rounded(measure(name, names, sums)) for name in MEASURES}


def rounded(value: float | np.ndarray) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
