"""A view of a text in which numbers and e-mail addresses have one spelling, with a map back to
the text.

People write 010-1234-5678 also as ０１０－１２３４－５６７８, 010 - 1234 - 5678, 010ㅡ1234ㅡ5678,
공일공 1234 5678, O1O-1234-5678 or with invisible characters between. The recognisers read the
view, so that each needs to know only the plain spelling. The view is never written anywhere: NFKC
or anything like it on the text itself would turn ㅋㅋㅋ, ㅠㅠ and ① into other characters.

Every rewriting keeps the length: a character becomes another one, or NOTHING, and NOTHING is then
dropped from the view together with its offset. So the map is a sequence of offsets, one for each
character of the view. A syllable in pieces, as macOS writes file names (NFD), becomes the whole
one, followed by NOTHING.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from stages.pii.spellings import NOTHING, PLATE_LETTERS, SPELLINGS, may_be_spelled_out

# The last two are a vowel that looks like a dash.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\ufe58\ufe63\u30fc\uff70ㅡᅳ"
_MIDDOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65\u318d\u119e"
_TILDES = "\u223c\u301c"
_BLANKS = (
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
)
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u3164"
    "\u20e3\ufe0e\ufe0f\ufeff"
)
_SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
# What belongs to the character before: the rest of such a syllable, the key around a digit.
_REST = re.compile("(?<=[\u1100-\u1112])[\u1161-\u1175][\u11a8-\u11c2]?|(?<=[0-9])\ufe0f?\u20e3")
_CHARACTERS = {
    **{ord(c): "-" for c in _DASHES},
    **{ord(c): "·" for c in _MIDDOTS},
    **{ord(c): "~" for c in _TILDES},
    **{ord(c): " " for c in _BLANKS},
    **{ord(c): NOTHING for c in _INVISIBLE},
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width ASCII
    **{code: str((code - 0x1D7CE) % 10) for code in range(0x1D7CE, 0x1D800)},  # mathematical digits
    **{ord(small): usual for small, usual in zip("﹐﹒﹕﹟﹫﹢", ",.:#@+", strict=True)},
    ord("。"): ".",
    ord("\r"): NOTHING,
}
# All but the usual: a short negated class is ten times as fast as the class of _CHARACTERS.
_UNUSUAL = re.compile("[^ -~\n가-힣ㄱ-ㅠㅢㅣ…“”‘’]")

_CIRCLED = {"⓪": "0", "⓿": "0"} | {
    circled: str(digit)
    for row in ("①②③④⑤⑥⑦⑧⑨", "⓵⓶⓷⓸⓹⓺⓻⓼⓽", "❶❷❸❹❺❻❼❽❾", "➀➁➂➃➄➅➆➇➈")
    for digit, circled in enumerate(row, start=1)
}
_C = "".join(_CIRCLED)

# A text without any of these, and with nothing spelled out, holds nothing to mask.
_PLAIN_CANDIDATE = re.compile(
    f"[0-9@\u1100-\u1112\uff10-\uff19\uff20\ufe6b\U0001d7ce-\U0001d7ff{_C}]"
)

# ⓪①⓪-①②③④-⑤⑥⑦⑧, and on plates and in addresses, ④⑦보 ⑨⑥④③, 중앙로 ②⑤; elsewhere one or two
# alone are the number of a list item.
_CIRCLED_NUMBER = re.compile(
    f"[{_C}](?:[-./·~_ ]?[{_C}]){{4,}}+|[{_C}]{{3,}}|[{_C}]{{2}}(?=[{PLATE_LETTERS}] ?[{_C}])|"
    f"[{_C}]{{2}}(?<=[로길동리] ..)(?:-[{_C}]{{1,3}})?"
)
# Single digits with spaces between: there are few texts with two of them.
_SPACED = re.compile("(?: [0-9]){2}")

# 0 1 0 - 1 2 3 4 - 5 6 7 8, 0 1 0-1 2 3 4-5 6 7 8: nine or more single digits; a passport, a
# plate, 중앙로 1 5 2.
_SPACED_NUMBER = re.compile(
    r"[0-9](?<![0-9].)(?<![0-9] .)"
    r"(?: {1,3}(?:- {1,2})?[0-9](?![0-9])|-[0-9](?= [0-9] [0-9])(?<= [0-9] [0-9]-.)){8,}+|"
    r"[A-Za-z](?<![0-9A-Za-z].)(?: [0-9]){3} [0-9A-Za-z](?: [0-9]){4}(?![0-9A-Za-z])|"
    rf"[0-9](?<![0-9].)(?<![0-9] .)(?: [0-9]){{1,2}} [{PLATE_LETTERS}] [0-9](?: [0-9]){{3}}"
    r"(?! ?[0-9](?![가-힣]))|"
    r"[0-9](?<=[로길동리] .)(?: (?:- )?[0-9](?![0-9])){1,7}+"
)


class View(NamedTuple):
    """`text` to search in; `offsets[i]` is where its character i begins in `source`."""

    text: str
    offsets: Sequence[int]
    source: str

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that view[start:end], not empty, was read from."""
        after = self.offsets[end - 1] + 1
        rest = _REST.match(self.source, after)
        return self.offsets[start], rest.end() if rest else after


def may_hold_personal_data(text: str) -> bool:
    """False only where no recogniser can find anything: most lines of chat and news end here."""
    return bool(_PLAIN_CANDIDATE.search(text)) or may_be_spelled_out(text)


def normalise(text: str) -> View:
    """The view of `text`. Work and size are linear in its length."""
    source = text
    offsets: Sequence[int] = range(len(text))
    if _UNUSUAL.search(text):
        # First, or the vowel of 그 would become a dash.
        text = _SYLLABLE.sub(_compose, text).translate(_CHARACTERS)
        if NOTHING in text:
            text, offsets = _drop_nothing(text, offsets)
        text = _CIRCLED_NUMBER.sub(_circled, text)
    if _SPACED.search(text):
        text = _SPACED_NUMBER.sub(_close_up, text)
        text, offsets = _drop_nothing(text, offsets)
    for cues, pattern, respell in SPELLINGS:
        for cue in cues:  # any() with a generator takes twice as long, and this runs on every row
            if cue in text:
                text = pattern.sub(respell, text)
                if NOTHING in text:
                    text, offsets = _drop_nothing(text, offsets)
                break
    return View(text, offsets, source)


def _drop_nothing(text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    kept = [offset for offset, char in zip(offsets, text, strict=True) if char != NOTHING]
    return text.replace(NOTHING, ""), kept


def _compose(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[0]) + NOTHING * (len(match[0]) - 1)


def _circled(match: re.Match[str]) -> str:
    return "".join(_CIRCLED.get(c, c) for c in match[0])


def _close_up(match: re.Match[str]) -> str:
    return match[0].replace(" ", NOTHING)
