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
from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import NamedTuple

NOTHING = "\0"

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

_NUMERALS = dict(zip("공영빵일이삼사오육륙칠팔구", "0001234566789", strict=True))
_CIRCLED = {"⓪": "0", "⓿": "0"} | {
    circled: str(digit)
    for row in ("①②③④⑤⑥⑦⑧⑨", "⓵⓶⓷⓸⓹⓺⓻⓼⓽", "❶❷❸❹❺❻❼❽❾", "➀➁➂➃➄➅➆➇➈")
    for digit, circled in enumerate(row, start=1)
}
_LOOKALIKES = str.maketrans("OoIlㅇ", "00110")
_N = "".join(_NUMERALS)
_D = "0-9" + _N
_HEARD = {"엠": "M", "에스": "S", "알": "R", "지": "G", "디": "D"}
_SPOKEN_DASH = " ?(?:에|다시|대시|하이픈) ?"
_DIGITS = frozenset("0123456789" + _N)
_C = "".join(_CIRCLED)
# The letters that stand for the use of a car: private, taxi, delivery, rental.
PLATE_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자하허호배"
_SPOKEN_PLATE = f"[{_D}]{{2,3}}[{PLATE_LETTERS}] ?[{_N}]{{4}}"
_SPOKEN_HOUSE = f"[로길동리] (?<![{_D}]..)[{_N}]{{3}}(?=번지|에|으?로|입|인|이에|[^가-힣]|$)"
_MORE_NUMERALS = f"[- ]{{0,3}}[{_D}]{{2}}|(?!이[에야고라])[{_D}]"
# How many digits stand between the dashes of a number that a line's end may break.
_GROUPINGS = frozenset(
    {
        (6, 7),  # resident and foreigner numbers
        (2, 2, 6, 2),  # driver licences
        (4, 4, 4, 4), (4, 6, 5), (4, 6, 4),  # cards
        (3, 2, 5),  # business numbers
        (2, 3, 4), (2, 4, 4), (3, 3, 4), (3, 4, 4), (4, 3, 4), (4, 4, 4),  # telephones
        (6, 2, 6), (3, 3, 6), (3, 2, 6), (4, 3, 6), (3, 6, 5), (4, 2, 7),  # accounts
        (3, 4, 4, 2), (3, 6, 2, 3), (3, 2, 4, 3), (2, 3, 6, 3), (4, 4, 4, 1), (3, 2, 6, 1),
    }
)  # fmt: skip

# A text without any of these holds nothing to mask, in any spelling known here.
_PLAIN_CANDIDATE = re.compile(
    f"[0-9@\u1100-\u1112\uff10-\uff19\uff20\ufe6b\U0001d7ce-\U0001d7ff{_C}]"
)
_SPOKEN_CANDIDATE = re.compile(
    f"[{_N}](?:[^0-9a-z]{{0,3}}[{_N}]){{7}}|{_SPOKEN_PLATE}|{_SPOKEN_HOUSE}"
)
_BRACKETED_AT = re.compile(r"[ #<(\[{](?:at|AT)[ #>)\]}]|[#<(\[{][aA][#>)\]}]")


# ⓪①⓪-①②③④-⑤⑥⑦⑧, and on plates and in addresses, ④⑦보 ⑨⑥④③, 중앙로 ②⑤; elsewhere one or two
# alone are the number of a list item.
_CIRCLED_NUMBER = re.compile(
    f"[{_C}](?:[-./·~_ ]?[{_C}]){{4,}}+|[{_C}]{{3,}}|[{_C}]{{2}}(?=[{PLATE_LETTERS}] ?[{_C}])|"
    f"[{_C}]{{2}}(?<=[로길동리] ..)(?:-[{_C}]{{1,3}})?"
)
# Single digits with blanks between: there are few texts with two of them.
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
    return bool(
        _PLAIN_CANDIDATE.search(text)
        or "골뱅이" in text
        or "앳" in text
        or _SPOKEN_CANDIDATE.search(text)
        or _BRACKETED_AT.search(text)
    )


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
    for cues, pattern, respell in _SPELLINGS:
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


def _as(sign: str) -> Callable[[re.Match[str]], str]:
    """Respell a match as one sign followed by nothing."""
    return lambda match: sign + NOTHING * (len(match[0]) - 1)


def _compose(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[0]) + NOTHING * (len(match[0]) - 1)


def _circled(match: re.Match[str]) -> str:
    return "".join(_CIRCLED.get(c, c) for c in match[0])


def _close_up(match: re.Match[str]) -> str:
    return match[0].replace(" ", NOTHING)


def _slashes(match: re.Match[str]) -> str:
    return match[0].replace(" / ", "-" + NOTHING * 2)


def _broken_line(match: re.Match[str]) -> str:
    """Join two lines only if the groups of digits are then those of a known number."""
    sizes = tuple(map(len, re.split("[-\n]", match[0])))
    return match[0].replace("\n", "-") if sizes in _GROUPINGS else match[0]


def _spoken_plate(match: re.Match[str]) -> str:
    letter = re.search(f"[{PLATE_LETTERS}](?= ?[{_N}]{{4}}$)", match[0])
    assert letter is not None
    place = letter.start()
    front, rest = match[0][:place], match[0][place + 1 :]
    spelled = (_NUMERALS.get(c, c) for c in rest)
    return "".join(_NUMERALS.get(c, c) for c in front) + letter[0] + "".join(spelled)


def _spoken_passport(match: re.Match[str]) -> str:
    letter, digits = match.groups()
    blanks = len(match[0]) - 1 - len(digits)
    return _HEARD[letter] + NOTHING * blanks + "".join(_NUMERALS[c] for c in digits)


def _spoken_numerals(match: re.Match[str]) -> str:
    return "".join(_NUMERALS.get(c, c) for c in match[0])


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
    sizes = tuple(map(len, groups))
    too_long = (
        count in (14, 17)
        or (starts_with_zero and (sizes[-1] == 5 or (count == 12 and sizes not in _GROUPINGS)))
        or (sizes == (11,) and not starts_with_zero)
        or (sizes not in _GROUPINGS and (*sizes[:-1], sizes[-1] - 1) in _GROUPINGS)
    )
    body, particle = (run[:-1], "이") if run[-1] == "이" and too_long else (run, "")
    is_spoken = False
    parts = []
    for part in re.split(f"([{_D}]+)", body):
        is_spoken = is_spoken or sum(c in _NUMERALS for c in part) >= 2
        parts.append("".join(_NUMERALS.get(c, c) for c in part) if is_spoken else part)
    return "".join(parts) + particle


def _lookalikes(match: re.Match[str]) -> str:
    """Respell a number with some letters in it, but not O12345678, which is a passport."""
    letters = sum(c in "OoIlㅇ" for c in match[0])
    digits = sum(c in _DIGITS for c in match[0])
    is_number = digits >= max(4, letters) and digits + letters >= 8
    is_passport = letters == 1 and match[0].isalnum() and match[0][0] != "ㅇ"
    return match[0].translate(_LOOKALIKES) if is_number and not is_passport else match[0]


def _spoken_at(match: re.Match[str]) -> str:
    """hong at naver.com, but not: look at naver.com."""
    before = match.string[max(0, match.start() - _LONGEST_WORD) : match.start()]
    word = before[len(before.rstrip(ascii_letters)) :]
    return match[0] if word.lower() in _BEFORE_A_PLACE else _as("@")(match)


_LATIN = "A-Za-z0-9"
_MAILBOXES = "naver|gmail|daum|hanmail|kakao|nate|outlook|hotmail|yahoo|icloud"
_BEFORE_A_PLACE = frozenset(
    [
        "look",
        "looking",
        "is",
        "are",
        "was",
        "us",
        "me",
        "it",
        "out",
        "up",
        "here",
        "page",
        "site",
        "blog",
        "news",
        "search",
        "available",
        "found",
        "find",
        "visit",
        "meet",
        "see",
        "read",
        "check",
        "buy",
        "sold",
        "work",
        "works",
        "worked",
        "working",
        "engineer",
        "manager",
    ]
)
_LONGEST_WORD = max(map(len, _BEFORE_A_PLACE)) + 1
_ALWAYS = ("",)
# Each with cues: if the view has none of them, there is nothing to respell.
_SPELLINGS: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    # a number broken at the end of a line with nothing to show for it
    (
        ("\n",),
        re.compile(
            r"(?<![-0-9.])[0-9]{2,7}(?:-[0-9]{2,7}){0,3}+\n[0-9]{2,7}(?:-[0-9]{1,7}){0,3}+(?![-0-9.])"
        ),
        _broken_line,
    ),
    # 010 / 1234 / 5678; a single slash parts the cells of a row: 테헤란로 12 / 0505 1234 5678
    (
        (" / ",),
        re.compile(
            rf"(?<![{_D}])(?:[{_D}]{{2,6}}(?: / [{_D}]{{2,7}}){{2,4}}+|[{_D}]{{6}} / [{_D}]{{7}})"
            rf"(?![{_D}])"
        ),
        _slashes,
    ),
    # 010 - 1234, 010 ~ 1234, and a number broken after or before its dash at the end of a line
    (
        (" -", "- ", "-\n", "\n-", " ·", " ~"),
        re.compile(
            rf" -(?<=[{_D}] -)[ \n]{{0,2}}(?=[{_D}])|-(?<=[{_D}]-)[ \n]{{1,2}}(?=[{_D}])|"
            rf"\n-(?<=[{_D}]\n-) ?(?=[{_D}])| [·~](?<=[{_D}] .) (?=[{_D}])"
        ),
        _as("-"),
    ),
    # 010에 1234에 5678, as it is said on the phone
    (
        ("에", "다시", "대시", "하이픈"),
        re.compile(f"[{_D}](?<![{_D}].)[{_D}]{{1,6}}+(?:{_SPOKEN_DASH}[{_D}]{{1,7}}+){{1,4}}+"),
        _spoken_separators,
    ),
    # 엠 일이삼사오육칠팔: passports
    (
        tuple(_HEARD),
        re.compile(f"({'|'.join(_HEARD)}) ?([{_N}]{{8}})(?![0-9])"),
        _spoken_passport,
    ),
    # 일이가 삼사오육, 12가 삼사오육: plates
    (
        _ALWAYS,
        re.compile(rf"(?<![{_D}])(?<![{_D}][{_D}][- ]){_SPOKEN_PLATE}(?!{_MORE_NUMERALS})"),
        _spoken_plate,
    ),
    # 중앙로150번길 이오이; two numerals may be a word, 중앙로 이사
    (
        _ALWAYS,
        re.compile(_SPOKEN_HOUSE),
        _spoken_numerals,
    ),
    # 공일공-1234-오육칠팔: Hangul numerals in a row
    (_ALWAYS, re.compile(f"[{_D}](?:[-./·~_, ]{{0,3}}[{_D}]){{7,}}+"), _spoken_digits),
    # O1O-746O-153O, ㅇ1ㅇ-746ㅇ-153ㅇ
    (
        ("O", "o", "I", "l", "ㅇ"),
        re.compile(
            rf"[0-9OoIlㅇ](?<![{_LATIN}ㅇ].)[0-9OoIlㅇ]{{0,15}}+"
            rf"(?:[-. ][0-9OoIlㅇ]{{1,7}}+){{0,4}}(?![{_LATIN}ㅇ])"
        ),
        _lookalikes,
    ),
    # user[at]naver(dot)com, user#at#naver.com, 211[.]45[.]12[.]7
    (
        ("[", "(", "{", "<", "#"),
        re.compile(r" ?[\[({<#] ?(?:at?|앳|골뱅이|@) ?[\])}>#] ?", re.IGNORECASE),
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
        re.compile(
            rf" (?<=[{_LATIN}] )at "
            rf"(?=[-{_LATIN}]{{1,40}} dot |(?:{_MAILBOXES})\.(?:com|net)(?![{_LATIN}]))",
            re.IGNORECASE,
        ),
        _spoken_at,
    ),
    # hong%40naver.com, in the address of a page
    (("%40",), re.compile(rf"%40(?<=[{_LATIN}]%40)(?=[{_LATIN}])"), _as("@")),
    (
        (" @", "@ ", "@\n"),
        re.compile(
            rf" @(?<=[{_LATIN}] @) ?(?=[{_LATIN}가-힣])|@ ?\n(?=[{_LATIN}])|@ (?=[{_LATIN}가-힣])"
        ),
        _as("@"),
    ),
)
