"""How an answer is written, whatever it says: script, beginning, repetition.

Foreign letters are counted at three levels, since each alone misses something:
  foreign_char      letters that are neither Hangul nor ASCII Latin, of all letters
  foreign_strict    ASCII words counted as well, but for those that are ordinary in Korean text
                    (`data/lexicons/latin.txt`): Vietnamese is mostly ASCII, and so is OpenAI
  foreign_response  whether there is a letter of the first kind

Full-width letters (ＡＩ), Å and α are no ASCII, so they count as foreign.
"""

import re
from collections import Counter

from stages.korean.script import foreign_share, hangul_share, is_hangul

REPEATED_CHARS = 8  # a piece of an answer that comes again counts as a repetition
_ASCII_WORD = re.compile(r"[A-Za-z]+")


def manner(text: str, ordinary: frozenset[str]) -> dict[str, float]:
    """What is counted of an answer, in 0..1; nothing of it where there is no text. `ordinary`: the
    ASCII words that do not count as a foreign language, in lower case."""
    foreign = foreign_share(text)
    return {
        "foreign_char": foreign,
        "foreign_strict": strict_share(text, ordinary),
        "foreign_response": float(foreign > 0),
        "starts_with_hangul": float(starts_with_hangul(text)),
        "repetition": repetition(text),
    }


def strict_share(text: str, ordinary: frozenset[str]) -> float:
    """Letters that are not Hangul, of all letters but those of ordinary words (0.0 of none)."""
    rest = _ASCII_WORD.sub(lambda word: "" if word[0].lower() in ordinary else word[0], text)
    return 1 - hangul_share(rest) if any(c.isalpha() for c in rest) else 0.0


def starts_with_hangul(text: str) -> bool:
    """The first letter or digit is Hangul: an answer that begins in another script, or with a piece
    of the prompt's markup, has lost its way (S3-08)."""
    first = next((c for c in text if c.isalnum()), "")
    return bool(first) and is_hangul(first)


def repetition(text: str) -> float:
    """The share of the pieces of REPEATED_CHARS characters that came before in the same text."""
    pieces = Counter(text[i : i + REPEATED_CHARS] for i in range(len(text) - REPEATED_CHARS + 1))
    total = pieces.total()
    return 1 - len(pieces) / total if total else 0.0
