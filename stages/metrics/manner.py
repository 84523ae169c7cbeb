"""How answers are written, whatever they say: script, beginning, repetition, speech level.

Foreign letters are counted at three levels, since each alone misses something:
  foreign_char_share      letters that are neither Hangul nor ASCII Latin, of all letters
  foreign_strict_share    ASCII Latin counted as well: Vietnamese is mostly that, and so is OpenAI
  foreign_response_share  answers with at least one letter of the first kind
"""

from collections import Counter
from collections.abc import Sequence

from stages.korean.script import foreign_share, hangul_share, is_hangul
from stages.korean.speech_level import speech_level, tone_of

REPEATED_CHARS = 8  # a piece of an answer that comes again counts as a repetition
# What a style asks its answers to end with, by the end of its name.
TONES = {"_formal": "formal", "_casual": "casual"}


def manner(predictions: Sequence[str], styles: Sequence[str]) -> dict[str, float | None]:
    """The shares over answers; None where no style asks for a speech level."""
    count = len(predictions)
    said = [text for text in predictions if text]

    def share(values: Sequence[float]) -> float:
        return round(sum(values) / len(values), 6) if values else 0.0

    asked = [
        (tone_of(speech_level(text)), tone)
        for text, style in zip(predictions, styles, strict=True)
        for ending, tone in TONES.items()
        if style.endswith(ending)
    ]
    return {
        "empty_share": round(1 - len(said) / count, 6),
        "foreign_char_share": share([foreign_share(text) for text in said]),
        "foreign_strict_share": share([strict_share(text) for text in said]),
        "foreign_response_share": round(sum(foreign_share(t) > 0 for t in predictions) / count, 6),
        "starts_with_hangul_share": round(sum(map(starts_with_hangul, predictions)) / count, 6),
        "repetition_share": share([repetition(text) for text in said]),
        "speech_level_accuracy": share([found == tone for found, tone in asked]) if asked else None,
    }


def strict_share(text: str) -> float:
    """Letters that are not Hangul, of all letters (0.0 of none)."""
    return 1 - hangul_share(text) if any(c.isalpha() for c in text) else 0.0


def starts_with_hangul(text: str) -> bool:
    """The first letter or digit is Hangul: an answer that begins in another script, or with a piece
    of the prompt's markup, has lost its way."""
    first = next((c for c in text if c.isalnum()), "")
    return bool(first) and is_hangul(first)


def repetition(text: str) -> float:
    """The share of the pieces of REPEATED_CHARS characters that came before in the same text."""
    pieces = Counter(text[i : i + REPEATED_CHARS] for i in range(len(text) - REPEATED_CHARS + 1))
    total = pieces.total()
    return 1 - len(pieces) / total if total else 0.0
