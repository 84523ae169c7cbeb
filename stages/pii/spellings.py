"""How numbers and e-mail addresses are spelled beside the plain way, and what each such spelling
becomes in the view of `normalise`: SPELLINGS, a table in the order in which it is applied.

A number may be broken at the end of a line, have spaces around its dashes, be written as it is
said (공일공에 1234에 5678) or with letters for digits. An address may hide its @ and its dots. A
respelling keeps the length: what it leaves out becomes NOTHING.
"""

import re
from collections.abc import Callable
from string import ascii_letters

NOTHING = "\0"

_NUMERALS = dict(zip("공영빵일이삼사오육륙칠팔구", "0001234566789", strict=True))
_LOOKALIKES = str.maketrans("OoIlㅇ", "00110")
_N = "".join(_NUMERALS)
_D = "0-9" + _N
_HEARD = {"엠": "M", "에스": "S", "알": "R", "지": "G", "디": "D"}
_SPOKEN_DASH = " ?(?:에|다시|대시|하이픈) ?"
_DIGITS = frozenset("0123456789" + _N)
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

_LATIN = "A-Za-z0-9"
_MAILBOXES = "naver|gmail|daum|hanmail|kakao|nate|outlook|hotmail|yahoo|icloud"
_BEFORE_A_PLACE = frozenset(
    {
        "look", "looking", "is", "are", "was", "us", "me", "it", "out", "up", "here", "page",
        "site", "blog", "news", "search", "available", "found", "find", "visit", "meet", "see",
        "read", "check", "buy", "sold", "work", "works", "worked", "working", "engineer",
        "manager",
    }
)  # fmt: skip
_LONGEST_WORD = max(map(len, _BEFORE_A_PLACE)) + 1

_SPOKEN_CANDIDATE = re.compile(
    f"[{_N}](?:[^0-9a-z]{{0,3}}[{_N}]){{7}}|{_SPOKEN_PLATE}|{_SPOKEN_HOUSE}"
)
_BRACKETED_AT = re.compile(r"[ #<(\[{](?:at|AT)[ #>)\]}]|[#<(\[{][aA][#>)\]}]")


def may_be_spelled_out(text: str) -> bool:
    """False only where nothing below makes a number or an e-mail address of a text without a digit
    and without @."""
    return (
        "골뱅이" in text
        or "앳" in text
        or bool(_SPOKEN_CANDIDATE.search(text))
        or bool(_BRACKETED_AT.search(text))
    )


def _as(sign: str) -> Callable[[re.Match[str]], str]:
    """Respell a match as one sign followed by nothing."""
    return lambda match: sign + NOTHING * (len(match[0]) - 1)


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


_ALWAYS = ("",)
# Each with cues: if the view has none of them, there is nothing to respell.
SPELLINGS: tuple[tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
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
