"""How a figure is shown: its unit, its digits, and which way is better.

Shares are between 0 and 1 in the metrics and percent on the page; ROUGE, BERTScore, exact match and
F1 of characters are points of 100 in both. A measure that is not known here is shown as a plain
number that may go either way.
"""

from typing import Literal, NamedTuple

Number = int | float | None
Kind = Literal["number", "points", "share"]
Better = Literal["lower", "higher", "near_one", "as_reference", "unknown"]


class Measure(NamedTuple):
    kind: Kind
    better: Better


UNITS = ("syllable", "morph", "eojeol")
ROUGE = [f"{name}_{unit}" for name in ("rouge1", "rouge2", "rougeL", "rouge_sum") for unit in UNITS]
# In the order of the page.
MEASURES: dict[str, Measure] = {
    "bits_per_byte": Measure("number", "lower"),
    "rougeL_syllable": Measure("points", "higher"),
    "rouge_sum_morph": Measure("points", "higher"),
    "topic_accuracy": Measure("share", "higher"),
    "speech_level_accuracy": Measure("share", "higher"),
    "exact_match": Measure("points", "higher"),
    "f1_char": Measure("points", "higher"),
    "foreign_response_share": Measure("share", "lower"),
    "personal_data_share": Measure("share", "lower"),
    "repetition_share": Measure("share", "lower"),
    "stopped_share": Measure("share", "higher"),
    "length_ratio": Measure("number", "near_one"),
    "perplexity": Measure("number", "lower"),
    "rougeL_syllable_by_chance": Measure("points", "lower"),
    **{name: Measure("points", "higher") for name in ROUGE},
    "bertscore_f1": Measure("points", "higher"),
    "topic_macro_f1": Measure("share", "higher"),
    "foreign_char_share": Measure("share", "lower"),
    "foreign_strict_share": Measure("share", "lower"),
    "warning_share": Measure("share", "lower"),
    "forbidden_share": Measure("share", "lower"),
    "schema_kept_share": Measure("share", "higher"),
    "empty_share": Measure("share", "lower"),
    "starts_with_hangul_share": Measure("share", "higher"),
    "distinct_answer_share": Measure("share", "higher"),
    "slang_share": Measure("share", "as_reference"),
    "slang_share_reference": Measure("share", "unknown"),
    "emoji_share": Measure("share", "as_reference"),
    "emoji_share_reference": Measure("share", "unknown"),
}
# What a reader asks first; the others stand in a list that opens.
FIRST = 12
HEADLINE = tuple(MEASURES)[:FIRST]


def measure_of(name: str) -> Measure:
    return MEASURES.get(name, Measure("number", "unknown"))


def in_order(names: set[str]) -> list[str]:
    """Known measures in the order of the page, then the others by name."""
    known = [name for name in MEASURES if name in names]
    return known + sorted(names - set(known))


def plain(value: Number) -> str:
    """A figure as params.yaml would hold it, with six digits at most."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return f"{float(value):.6g}".replace("-", "−")


def shown(name: str, value: Number, signed: bool = False, unit: bool = True) -> str:
    """The value of a measure with its unit; a difference of shares is in points of percent."""
    if value is None:
        return "–"
    kind = measure_of(name).kind
    if kind == "share":
        text = f"{100 * abs(value):.2f}"
    elif kind == "points":
        text = f"{abs(value):.2f}"
    else:
        text = f"{abs(value):.4f}" if abs(value) < 100 else f"{abs(value):,.1f}"
    if text.strip("0."):  # what is shown as zero has no sign
        text = ("−" if value < 0 else "+" if signed else "") + text
    return f"{text} {'%p' if signed else '%'}" if unit and kind == "share" else text


def percent(share: float) -> str:
    return f"{100 * share:.2f} %".replace("-", "−")


def direction(name: str, difference: float) -> Literal["better", "worse", "changed"]:
    """What a difference means; "changed" where neither way is better by itself."""
    better = measure_of(name).better
    if better not in ("lower", "higher") or not difference:
        return "changed"
    return "better" if (difference > 0) == (better == "higher") else "worse"
