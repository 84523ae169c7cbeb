"""A view of a text in which numbers and e-mail addresses have one spelling, with a map back to
the text.

People write 010-1234-5678 also as ０１０－１２３４－５６７８, 010 - 1234 - 5678, 010ㅡ1234ㅡ5678,
공일공 1234 5678, O1O-1234-5678 or with invisible characters between. The recognisers read the
view, so that each needs to know only the plain spelling. The view is never written anywhere: NFKC
or anything like it on the text itself would turn ㅋㅋㅋ, ㅠㅠ and ① into other characters.

Every rewriting keeps the length: a character becomes another one, or NOTHING, and NOTHING is then
dropped from the view together with its offset. So the map is a sequence of offsets, one for each
character of the view.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

NOTHING = "\0"

# The last two are a vowel that looks like a dash.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\u30fc\uff70ㅡᅳ"
_MIDDOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65\u318d\u119e"
_TILDES = "\u223c\u301c"
_BLANKS = (
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
)
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u3164"
    "\ufe0e\ufe0f\ufeff"
)
_CHARACTERS = {
    **{ord(c): "-" for c in _DASHES},
    **{ord(c): "·" for c in _MIDDOTS},
    **{ord(c): "~" for c in _TILDES},
    **{ord(c): " " for c in _BLANKS},
    **{ord(c): NOTHING for c in _INVISIBLE},
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width ASCII
    **{code: str((code - 0x1D7CE) % 10) for code in range(0x1D7CE, 0x1D800)},  # mathematical digits
    ord("。"): ".",
    ord("\r"): NOTHING,
}
# All but the usual: a short negated class is ten times as fast as the class of _CHARACTERS.
_UNUSUAL = re.compile("[^ -~\n가-힣ㄱ-ㅠㅢㅣ…“”‘’]")

_NUMERALS = dict(zip("공영빵일이삼사오육륙칠팔구", "0001234566789", strict=True))
_CIRCLED = {"⓪": "0", "⓿": "0"} | {
    circled: str(digit)
    for row in ("①②③④⑤⑥⑦⑧⑨", "⓵⓶⓷⓸⓹⓺⓻⓼⓽", "❶❷❸❹❺❻❼❽❾", "➀➁➂➃➄➅➆➇➈")
    for digit, circled in enumerate(row, start=1)
}
_LOOKALIKES = str.maketrans("OoIl", "0011")
_N = "".join(_NUMERALS)
_D = "0-9" + _N
_SPOKEN_DASH = " ?(?:에|다시|대시|하이픈) ?"
_DIGITS = frozenset("0123456789" + _N)

# A text without any of these holds nothing to mask, in any spelling known here.
_PLAIN_CANDIDATE = re.compile(
    "[0-9@\uff10-\uff19\uff20\U0001d7ce-\U0001d7ff" + "".join(_CIRCLED) + "]"
)
_SPOKEN_CANDIDATE = re.compile(f"[{_N}](?:[^0-9a-z]{{0,3}}[{_N}]){{7}}")
_BRACKETED_AT = re.compile(r"[ #<(\[{](?:at|AT)[ #>)\]}]")


class View(NamedTuple):
    """`text` to search in; `offsets[i]` is where its character i stands in the original text."""

    text: str
    offsets: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that view[start:end], not empty, was read from."""
        return self.offsets[start], self.offsets[end - 1] + 1


def may_hold_personal_data(text: str) -> bool:
    """False only where no recogniser can find anything: most lines of chat and news end here."""
    return bool(
        _PLAIN_CANDIDATE.search(text)
        or "골뱅이" in text
        or "앳" in text
        or _SPOKEN_CANDIDATE.search(text)
        or _BRACKETED_AT.search(text)
    )


def normalise(text: str) -> View:
    """The view of `text`. Work and size are linear in its length."""
    offsets: Sequence[int] = range(len(text))
    if _UNUSUAL.search(text):
        text = text.translate(_CHARACTERS)
        if NOTHING in text:
            text, offsets = _drop_nothing(text, offsets)
    for cues, pattern, respell in _SPELLINGS:
        for cue in cues:  # any() with a generator takes twice as long, and this runs on every row
            if cue in text:
                text = pattern.sub(respell, text)
                if NOTHING in text:
                    text, offsets = _drop_nothing(text, offsets)
                break
    return View(text, offsets)


def _drop_nothing(text: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    kept = [offset for offset, char in zip(offsets, text, strict=True) if char != NOTHING]
    return text.replace(NOTHING, ""), kept


def _as(sign: str) -> Callable[[re.Match[str]], str]:
    """Respell a match as one sign followed by nothing."""
    return lambda match: sign + NOTHING * (len(match[0]) - 1)


def _circled(match: re.Match[str]) -> str:
    return "".join(_CIRCLED[c] for c in match[0])


def _close_up(match: re.Match[str]) -> str:
    return match[0].replace(" ", NOTHING)


def _spoken_separators(match: re.Match[str]) -> str:
    dashes = re.sub(_SPOKEN_DASH, lambda dash: "-" + NOTHING * (len(dash[0]) - 1), match[0])
    return dashes if sum(c in _DIGITS for c in dashes) >= 8 else match[0]


def _spoken_digits(match: re.Match[str]) -> str:
    """Respell groups of two and more Hangul numerals as digits, and single ones behind such a
    group.

    A last 이 that makes the number one too long is a particle (…오육칠팔이에요) and stays.
    """
    run = match[0]
    if run.isascii():
        return run
    groups = re.findall(f"[{_D}]+", run)
    count = sum(map(len, groups))
    starts_with_zero = run[0] in "0공영"
    too_long = count in (14, 17) or (starts_with_zero and (len(groups[-1]) == 5 or count == 12))
    body, particle = (run[:-1], "이") if run[-1] == "이" and too_long else (run, "")
    is_spoken = False
    parts = []
    for part in re.split(f"([{_D}]+)", body):
        is_spoken = is_spoken or sum(c in _NUMERALS for c in part) >= 2
        parts.append("".join(_NUMERALS.get(c, c) for c in part) if is_spoken else part)
    return "".join(parts) + particle


def _lookalikes(match: re.Match[str]) -> str:
    """Respell a number with some letters in it, but not O12345678, which is a passport."""
    letters = sum(c in "OoIl" for c in match[0])
    is_number = letters * 2 <= len(match[0]) and (letters > 1 or not match[0].isalnum())
    return match[0].translate(_LOOKALIKES) if is_number else match[0]


_LATIN = "A-Za-z0-9"
_ALWAYS = ("",)
# Each with cues: if the view has none of them, there is nothing to respell.
_SPELLINGS: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    # ⓪①⓪-①②③④-⑤⑥⑦⑧; one or two alone are the number of a list item
    (_ALWAYS, re.compile("[" + "".join(_CIRCLED) + "]{3,}"), _circled),
    # 0 1 0 - 1 2 3 4 - 5 6 7 8: nine or more single digits
    (
        _ALWAYS,
        re.compile(r"[0-9](?<![0-9].)(?<![0-9] .)(?: (?:- )?[0-9](?![0-9])){8,}+"),
        _close_up,
    ),
    # 010 - 1234, 010 / 1234, and a number broken after or before its dash at the end of a line
    (
        (" -", "- ", "-\n", "\n-", " /", " ·", " ~"),
        re.compile(
            rf" -(?<=[{_D}] -)[ \n]{{0,2}}(?=[{_D}])|-(?<=[{_D}]-)[ \n]{{1,2}}(?=[{_D}])|"
            rf"\n-(?<=[{_D}]\n-) ?(?=[{_D}])| [/·~](?<=[{_D}] .) (?=[{_D}])"
        ),
        _as("-"),
    ),
    # 010에 1234에 5678, as it is said on the phone
    (
        ("에", "다시", "대시", "하이픈"),
        re.compile(f"[{_D}](?<![{_D}].)[{_D}]{{1,6}}+(?:{_SPOKEN_DASH}[{_D}]{{1,7}}+){{1,4}}+"),
        _spoken_separators,
    ),
    # 공일공-1234-오육칠팔: Hangul numerals in a row
    (_ALWAYS, re.compile(f"[{_D}](?:[-./·~_, ]{{0,3}}[{_D}]){{7,}}+"), _spoken_digits),
    # O1O-746O-153O
    (
        ("O", "o", "I", "l"),
        re.compile(
            rf"[0-9OoIl](?<![{_LATIN}].)[0-9OoIl]+(?:[-. ]?[0-9OoIl]{{3,7}}){{1,3}}(?![{_LATIN}])"
        ),
        _lookalikes,
    ),
    # user[at]naver(dot)com, user#at#naver.com, 211[.]45[.]12[.]7
    (
        ("[", "(", "{", "<", "#"),
        re.compile(r" ?[\[({<#] ?(?:at|앳|골뱅이|@) ?[\])}>#] ?", re.IGNORECASE),
        _as("@"),
    ),
    (
        ("[", "(", "{", "<", "#"),
        re.compile(r" ?[\[({<#] ?(?:dot|닷|점|\.) ?[\])}>#] ?", re.IGNORECASE),
        _as("."),
    ),
    # user 골뱅이 네이버 닷컴, user at naver dot com, user @ naver.com
    (
        ("골뱅이", "앳"),
        re.compile(
            rf" ?(?:골뱅이(?<=[{_LATIN}]골뱅이)|골뱅이(?<=[{_LATIN}] 골뱅이)|"
            rf"앳(?<=[{_LATIN}]앳)|앳(?<=[{_LATIN}] 앳)) ?(?=[{_LATIN}가-힣])"
        ),
        _as("@"),
    ),
    (
        (" at ", " AT "),
        re.compile(rf" (?<=[{_LATIN}] )at (?=[-{_LATIN}]{{1,40}} dot )", re.IGNORECASE),
        _as("@"),
    ),
    (
        (" @", "@ "),
        re.compile(rf" @(?<=[{_LATIN}] @) ?(?=[{_LATIN}가-힣])|@ (?=[{_LATIN}가-힣])"),
        _as("@"),
    ),
)
