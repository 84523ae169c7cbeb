"""ROUGE for Korean: rouge_score's counts over tokens that keep Hangul.

rouge_score's own tokenizer keeps [a-z0-9] alone, so identical Korean sentences score 0 and
sentences that share only a number score 1. The names say which tokens were counted:
  eojeol    words between whitespace, lower case; only Hangul, ASCII letters and digits are kept
  syllable  the same text without whitespace, one character a token; lenient to particles and
            spacing
  morph     the morphemes of kiwipiepy, by their forms; of what is not a word only SL (Latin) and SN
            (numbers) stay
Scores are F1.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

from stages.korean.morphemes import kiwi
from stages.measuring.measures import ROUGE_KINDS

KINDS = tuple(ROUGE_KINDS)
_DROPPED = re.compile(r"[^0-9a-z가-힣ㄱ-ㆎ]+")


def _folded(text: str) -> str:
    """NFC, since Hangul may come in pieces (NFD), and lower case."""
    return unicodedata.normalize("NFC", text).lower()


class Eojeol(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        return _DROPPED.sub(" ", _folded(text)).split()


class Syllable(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        return list(_DROPPED.sub("", _folded(text)))


class Morph(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        tokens: Any = kiwi().tokenize(unicodedata.normalize("NFC", text))
        return [t.form for t in tokens if t.tag[0] != "S" or t.tag in ("SL", "SN")]


TOKENIZERS: dict[str, Tokenizer] = {
    "eojeol": Eojeol(), "syllable": Syllable(), "morph": Morph(),
}  # fmt: skip


def rouge(
    prediction: str,
    reference: str,
    kinds: Sequence[str] = KINDS,
    tokens: Sequence[str] = tuple(TOKENIZERS),
) -> dict[str, float]:
    """`rouge1_eojeol` ... `rougeL_morph` of a prediction against its reference, in 0..1."""
    scores: dict[str, float] = {}
    for name in tokens:
        given = RougeScorer(list(kinds), tokenizer=TOKENIZERS[name]).score(reference, prediction)
        scores |= {f"{kind}_{name}": given[kind].fmeasure for kind in kinds}
    return scores
