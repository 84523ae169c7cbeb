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
    letters = [c for c in text if unicodedata.category(c)[0] == "L"]
    if not letters:
        return 0.0
    foreign = sum(1 for c in letters if not is_hangul(c) and not c.isascii())
    return foreign / len(letters)
