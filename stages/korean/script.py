"""Which script a text is written in, counted over letters."""

import unicodedata


def is_hangul(character: str) -> bool:
    """Syllables, compatibility jamo (ㅋ, ㅠ) and conjoining jamo."""
    return (
        "가" <= character <= "힣"
        or "\u3131" <= character <= "\u318e"
        or "\u1100" <= character <= "\u11ff"
        or "\ua960" <= character <= "\ua97c"  # old letters
        or "\ud7b0" <= character <= "\ud7fb"
        or "\uffa0" <= character <= "\uffdc"  # half width
    )


def foreign_share(text: str) -> float:
    """Letters that are neither Hangul nor ASCII Latin, as a share of all letters (0.0 of none).

    ASCII Latin is not counted: names, units and code are ordinary in Korean text. So the measure
    sees Chinese, Japanese or Cyrillic drift, but not English.
    """
    letters = _letters(text)
    foreign = sum(1 for c in letters if not is_hangul(c) and not c.isascii())
    return foreign / len(letters) if letters else 0.0


def hangul_share(text: str) -> float:
    """Hangul letters as a share of all letters (0.0 of none). No other language is written in it,
    so it tells whether a text is Korean better than a model would."""
    letters = _letters(text)
    return sum(map(is_hangul, letters)) / len(letters) if letters else 0.0


def _letters(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c)[0] == "L"]
