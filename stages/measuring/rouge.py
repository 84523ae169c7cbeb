"""ROUGE for Korean: rouge_score's counts over tokens that keep Hangul.

rouge_score's own tokenizer keeps [a-z0-9] alone, so identical Korean sentences score 0 and
sentences that share only a number score 1. The names say which tokens were counted:
  eojeol    words between whitespace, lower case; only Hangul, ASCII letters and digits are kept
  syllable  the same text without whitespace, one character a token; lenient to particles and
            spacing
  morph     the morphemes of kiwipiepy, by their forms; of what is not a word only SL (Latin) and SN
            (numbers) stay
Scores are F1. rouge_score finds the longest common subsequence in a table of all pairs of tokens,
which at 10^5 tokens has 10^10 cells. Here a row of it is one integer (H. Hyyrö, 2004, "Bit-parallel
LCS-length computation revisited"): the same length in one step for each token of the longer text. A
step is linear in the shorter one, and an answer is short: it ends at `answer.max_new_tokens`.
"""

import re
from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any

from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import fmeasure
from rouge_score.tokenizers import Tokenizer

from stages.korean.composition import nfc
from stages.korean.morphemes import kiwi
from stages.measuring.measures import ROUGE_KINDS

KINDS = tuple(ROUGE_KINDS)
_DROPPED = re.compile(r"[^0-9a-z가-힣ㄱ-ㆎ]+")
# kiwipiepy takes quadratic time to a word without end: aaa... of 10^5 letters takes seven seconds.
_PIECE = re.compile(r".{1,10000}(?!\S)|.{10000}", re.DOTALL)


def _folded(text: str) -> str:
    """NFC, since Hangul may come in pieces (NFD), and lower case."""
    return nfc(text).lower()


class Eojeol(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        return _DROPPED.sub(" ", _folded(text)).split()


class Syllable(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        return list(_DROPPED.sub("", _folded(text)))


class Morph(Tokenizer):
    def tokenize(self, text: str) -> list[str]:
        pieces: Any = map(kiwi().tokenize, _PIECE.findall(nfc(text)))
        tokens = chain.from_iterable(pieces)
        return [t.form for t in tokens if t.tag[0] != "S" or t.tag in ("SL", "SN")]


TOKENIZERS: dict[str, Tokenizer] = {
    "eojeol": Eojeol(), "syllable": Syllable(), "morph": Morph(),
}  # fmt: skip


class _Given(Tokenizer):
    """What a text was cut into before."""

    def __init__(self, tokens: dict[str, list[str]]):
        self.tokens = tokens

    def tokenize(self, text: str) -> list[str]:
        return self.tokens[text]


def rouge(
    prediction: str,
    reference: str,
    kinds: Sequence[str] = KINDS,
    tokens: Sequence[str] = tuple(TOKENIZERS),
) -> dict[str, float]:
    """`rouge1_eojeol` ... `rougeL_morph` of a prediction against its reference, in 0..1."""
    scores: dict[str, float] = {}
    for name in tokens:
        cut = {text: TOKENIZERS[name].tokenize(text) for text in (prediction, reference)}
        counted = RougeScorer([k for k in kinds if k != "rougeL"], tokenizer=_Given(cut))
        found = {k: s.fmeasure for k, s in counted.score(reference, prediction).items()}
        found["rougeL"] = _longest_f1(cut[prediction], cut[reference])
        scores |= {f"{kind}_{name}": found[kind] for kind in kinds}
    return scores


def _longest_f1(prediction: list[str], reference: list[str]) -> float:
    if not prediction or not reference:
        return 0.0
    length = longest_common(prediction, reference)
    return fmeasure(length / len(prediction), length / len(reference))


def longest_common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence."""
    shorter, longer = sorted((one, other), key=len)
    places: dict[Hashable, int] = {}  # of each token of the shorter one, a bit for each place
    for place, token in enumerate(shorter):
        places[token] = places.get(token, 0) | 1 << place
    all_places = (1 << len(shorter)) - 1
    row = all_places  # a bit is 0 where the table's row grows by one
    for token in longer:
        if matched := row & places.get(token, 0):
            row = (row + matched | row - matched) & all_places
    return len(shorter) - row.bit_count()
