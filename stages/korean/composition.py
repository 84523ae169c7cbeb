"""Composed text (NFC) in time that is linear in the text.

`unicodedata.normalize` brings the marks behind a letter into their order by insertion, which is
quadratic: 10^5 marks in two orders, one after the other, take ten seconds. So long runs are sorted
before, mark by mark as Unicode's canonical ordering has it, which leaves the result as it is.
"""

import re
import unicodedata
from itertools import groupby

# Shorter runs cost little. No mark is one of these characters.
_MAY_BE_MARKS = re.compile("[^\n -~가-힣]{33,}")


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", _MAY_BE_MARKS.sub(_in_order, text))


def _in_order(run: re.Match[str]) -> str:
    # One by one: a few marks are two in one, and the letters of Tibetan may begin with marks.
    pieces = "".join(unicodedata.normalize("NFD", character) for character in run[0])
    stretches = groupby(pieces, key=lambda piece: unicodedata.combining(piece) > 0)
    return "".join("".join(sorted(of, key=unicodedata.combining)) for _, of in stretches)
