"""ROUGE for Korean: rouge_score's counts over tokens that keep Hangul.

rouge_score's own tokenizer keeps [a-z0-9] alone, so identical Korean sentences score 0 and
sentences that share only a number score 1. The names say which tokens were counted:
  eojeol    words between blanks, lower case; only Hangul, ASCII letters and digits are kept
  syllable  the same text without blanks, one character a token; lenient to particles and spacing
Scores are F1 in 0..100, averaged over the pairs.
"""

import re
import unicodedata
from collections.abc import Sequence

from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

KINDS = ("rouge1", "rouge2", "rougeL")
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


TOKENIZERS: dict[str, Tokenizer] = {"eojeol": Eojeol(), "syllable": Syllable()}


def rouge(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """`rouge1_eojeol` ... `rougeL_syllable` of predictions against as many references."""
    scores: dict[str, float] = {}
    for name, tokenizer in TOKENIZERS.items():
        scorer = RougeScorer(list(KINDS), tokenizer=tokenizer)
        pairs = [scorer.score(r, p) for r, p in zip(references, predictions, strict=True)]
        for kind in KINDS:
            mean = sum(pair[kind].fmeasure for pair in pairs) / len(pairs)
            scores[f"{kind}_{name}"] = round(100 * mean, 4)
    return scores
