"""The one table of measures: what each is called, which way is better, and its formula.

A formula is a function of sums over rows (`sums.py` has what is summed), so the same one gives
the figure of a set, of a part of it, and of each resample. Where what it divides by is 0, the
measure does not apply. Two measures are not functions of sums; `evaluate` makes them.

  bits_per_byte   bits that the model needs for the references, by the UTF-8 bytes of their text;
                  unlike a loss a token it compares models with different tokenizers
  perplexity      2 to the bits a token of the references
  rouge…          of 100, the mean over rows; rouge_sum… is on a scale of 300
  f1_char, exact_match   of 100, as KorQuAD's script has them
  …_share         of the answers; foreign_char_share, foreign_strict_share and repetition_share
                  are means over the answers that are not empty
  topic_macro_f1  the mean over the topics of 2 right / (asked + found)

Shares are between 0 and 1 here and percent on the page; ROUGE, BERTScore, exact match and F1 are
points of 100 in both.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

Sums = Mapping[str, np.ndarray]  # of a set: without axes; of its resamples: one each
Formula = Callable[[Sums], np.ndarray]
Kind = Literal["number", "points", "share"]
Better = Literal["lower", "higher", "near_one", "as_reference", "unknown"]


class Measure(NamedTuple):
    ko: str
    en: str
    kind: Kind
    better: Better
    formula: Formula | None


def _of(part: str, whole: str, scale: float = 1.0) -> Formula:
    return lambda s: scale * s[part] / s[whole]


def _rouge_sum(unit: str) -> Formula:
    one, two, longest = (f"{kind}_{unit}" for kind in ROUGE_KINDS)
    return lambda s: 100 * (s[one] + s[two] + s[longest]) / s["rows"]


def _macro_f1(sums: Sums) -> np.ndarray:
    """Topics that a resample has not are left out of its mean."""
    both = sums["by_topic_asked"] + sums["by_topic_found"]
    each = np.where(both > 0, 2 * sums["by_topic_right"] / np.maximum(both, 1), np.nan)
    present = np.maximum(np.sum(both > 0, axis=-1), 1)
    return np.where(np.any(both > 0, axis=-1), np.nansum(each, axis=-1) / present, np.nan)


ROUGE_KINDS = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L"}
UNITS = {
    "syllable": ("음절", "syllables"),
    "morph": ("형태소", "morphemes"),
    "eojeol": ("어절", "eojeol"),
}


def _rouge(unit: str) -> dict[str, Measure]:
    """ROUGE of one unit of text, and the sum of its three kinds."""
    ko, en = UNITS[unit]
    of_kinds = {
        f"{kind}_{unit}": Measure(
            f"{label}({ko})",
            f"{label}, {en}",
            "points",
            "higher",
            _of(f"{kind}_{unit}", "rows", 100),
        )
        for kind, label in ROUGE_KINDS.items()
    }
    together = Measure(f"ROUGE 합({ko})", f"ROUGE sum, {en}", "points", "higher", _rouge_sum(unit))
    return {**of_kinds, f"rouge_sum_{unit}": together}


ROUGE = _rouge("syllable") | _rouge("morph") | _rouge("eojeol")
# In the order of the page.
TABLE: dict[str, Measure] = {
    "bits_per_byte": Measure(
        "바이트당 비트", "bits per byte", "number", "lower", _of("bits", "bytes")
    ),
    "rougeL_syllable": ROUGE["rougeL_syllable"],
    "rouge_sum_morph": ROUGE["rouge_sum_morph"],
    "topic_accuracy": Measure(
        "주제 정확도", "topic accuracy", "share", "higher", _of("topic_right", "topic_asked")
    ),
    "speech_level_accuracy": Measure(
        "말투 정확도", "speech level accuracy", "share", "higher", _of("level_right", "level_asked")
    ),
    "exact_match": Measure(
        "완전 일치", "exact match", "points", "higher", _of("exact_match", "rows", 100)
    ),
    "f1_char": Measure(
        "글자 F1", "F1, characters", "points", "higher", _of("f1_char", "rows", 100)
    ),
    "foreign_response_share": Measure(
        "외국 문자가 섞인 답", "answers with a foreign letter", "share", "lower",
        _of("foreign_response", "rows"),
    ),
    "personal_data_share": Measure(
        "개인정보가 든 답", "answers with personal data", "share", "lower",
        _of("personal_data", "rows"),
    ),
    "repetition_share": Measure(
        "반복되는 부분", "repeated text", "share", "lower", _of("repetition", "said")
    ),
    "stopped_share": Measure(
        "스스로 끝난 답", "answers that end with the stop token", "share", "higher",
        _of("stopped", "rows"),
    ),
    "length_ratio": Measure(
        "참조 답 대비 길이", "length relative to the reference", "number", "near_one",
        _of("chars", "chars_reference"),
    ),
    "perplexity": Measure(
        "퍼플렉서티", "perplexity", "number", "lower",
        lambda s: np.exp2(s["bits"] / s["answer_tokens"]),
    ),
    "rougeL_syllable_by_chance": Measure(
        "우연히 얻는 ROUGE-L(음절)", "ROUGE-L by chance, syllables", "points", "lower", None
    ),
    **ROUGE,
    "bertscore_f1": Measure(
        "BERTScore F1", "BERTScore F1", "points", "higher",
        _of("bertscore", "bertscore_asked", 100),
    ),
    "topic_macro_f1": Measure("주제 매크로 F1", "topic macro F1", "share", "higher", _macro_f1),
    "foreign_char_share": Measure(
        "외국 문자 비율", "foreign letters", "share", "lower", _of("foreign_char", "said")
    ),
    "foreign_strict_share": Measure(
        "한글 아닌 글자 비율", "letters other than Hangul", "share", "lower",
        _of("foreign_strict", "said"),
    ),
    "warning_share": Measure(
        "경고 문구가 든 답", "answers with a warning", "share", "lower", _of("warning", "rows")
    ),
    "forbidden_share": Measure(
        "금지어가 든 답", "answers with a forbidden term", "share", "lower",
        _of("forbidden", "rows"),
    ),
    "schema_kept_share": Measure(
        "형식을 지킨 답", "answers that keep the schema", "share", "higher",
        _of("schema_kept", "schema_asked"),
    ),
    "empty_share": Measure(
        "빈 답", "empty answers", "share", "lower", lambda s: 1 - s["said"] / s["rows"]
    ),
    "starts_with_hangul_share": Measure(
        "한글로 시작하는 답", "answers that start in Hangul", "share", "higher",
        _of("starts_with_hangul", "rows"),
    ),
    "distinct_answer_share": Measure("서로 다른 답", "distinct answers", "share", "higher", None),
    "slang_share": Measure(
        "속어가 든 답", "answers with slang", "share", "as_reference", _of("slang", "rows")
    ),
    "slang_share_reference": Measure(
        "속어가 든 참조 답", "references with slang", "share", "unknown",
        _of("slang_reference", "rows"),
    ),
    "emoji_share": Measure(
        "이모지가 든 답", "answers with emoji", "share", "as_reference", _of("emoji", "rows")
    ),
    "emoji_share_reference": Measure(
        "이모지가 든 참조 답", "references with emoji", "share", "unknown",
        _of("emoji_reference", "rows"),
    ),
}  # fmt: skip
FORMULAS: dict[str, Formula] = {
    name: measure.formula for name, measure in TABLE.items() if measure.formula is not None
}
# What a reader asks first, on the page and in summaries; the others stand in a list that opens.
HEADLINE = tuple(TABLE)[:12]
