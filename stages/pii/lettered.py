"""Numbers with letters in them: passports, driver licences with a region's name, plates of cars."""

import re
from collections.abc import Iterator

from stages.pii.found import Confidence, Found
from stages.pii.labels import label_after
from stages.pii.numbers import AMOUNT, NON_DIGITS, RIGHT, SEPARATOR, Number
from stages.pii.spellings import PLATE_LETTERS

# A letter and 8 digits, since December 2021 a letter, 3 digits, a letter, 4 digits
# (https://www.busanjin.go.kr/index.busanjin?menuCd=DOM_000000104005007000);
# before 2008 two letters and 7 digits.
_GAP = "[-./·~_ \\n]?"
_O = "[0-9Oo]"  # the letter for the digit: M32OP0040
_PASSPORT = re.compile(
    r"[A-Za-z](?<![0-9A-Za-z].)(?:"
    rf"[A-Za-z]{_GAP}[0-9]{{7}}"
    rf"|{_GAP}{_O}{{3}}{_GAP}"
    rf"(?:[A-Za-z]{_GAP}{_O}{{4}}|{_O}{{5}}|{_O}{_GAP}{_O}{{4}})"
    r")(?![0-9A-Za-z])"
)
_PASSPORT_NEAR = re.compile(r"여권|passport(?!\])", re.IGNORECASE)  # a mask is not a label
_PASSPORT_REACH = 24
_DAY = re.compile("(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_PASSPORT_DIGITS = 3  # at least so many true ones among the look-alikes


def _passport(number: Number) -> Confidence | None:
    label = number.label
    if label == "PASSPORT" or label_after(number.text, number.end) == "PASSPORT":
        return "high"
    # A question is answered in the next sentence: 여권번호요? M12345678.
    before = number.text[max(0, number.start - _PASSPORT_REACH) : number.start]
    if label is None and _PASSPORT_NEAR.search(before):
        return "high"
    if (
        label == "CODE"
        or number.in_url
        or _DAY.fullmatch(number.digits)  # D20240115 is a file of a day
        or not number.written.isalnum()
        or len(number.digits) < 7
        or not number.written[0].isupper()
    ):
        return None
    return "low" if number.written[0] in "MSRGDO" else None


def find_passports(text: str) -> Iterator[Found]:
    for match in _PASSPORT.finditer(text):
        number = Number(text, match.start(), match.end(), NON_DIGITS.sub("", match[0]))
        if len(number.digits) < _PASSPORT_DIGITS:
            continue
        two_letters = match[0][1].isalpha()
        if two_letters and number.label != "PASSPORT":
            continue
        confidence = _passport(number)
        if confidence:
            yield Found("PASSPORT", match.start(), match.end(), "passport", confidence)


_REGIONS = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
_NAMED_DRIVER = re.compile(rf"[0-9]{{2}}{SEPARATOR}[0-9]{{6}}{SEPARATOR}[0-9]{{2}}{RIGHT}")
_REGION_BEFORE = re.compile(rf"(?:{_REGIONS})[- (]{{0,2}}$")
_PLATE = re.compile(
    rf"(?P<count>[0-9]{{1,3}}+)(?P<gap>[-·. ]?)(?P<letter>[{PLATE_LETTERS}])(?P<dash>[-·. \n]?)"
    rf"(?P<serial>{_O}{{4}}){RIGHT}"
)


def _region_start(text: str, start: int) -> int:
    """Where a region's name right before `start` begins, else `start`."""
    before = text[max(0, start - 5) : start]
    region = _REGION_BEFORE.search(before)
    return start - len(before) + region.start() if region else start


def find_named_drivers(text: str) -> Iterator[Found]:
    for match in _NAMED_DRIVER.finditer(text):
        start = _region_start(text, match.start())
        if start < match.start():
            yield Found("DRIVER", start, match.end(), "driver_region_name", "high")


# 대법원 83누7396 판결: the cases of a year are counted by kind
_CASE = re.compile(" ?(?:판결|결정|선고|사건|호)")
_COURT = re.compile("(?:법원|헌재|재판소|[고지]법|선고) ?$")
_COURT_REACH = 5
_NOT_BEFORE_PLATE = re.compile(r"[0-9A-Za-z.,\-제약총]")
# Another plate may follow: in a list only its mask would let this one through, round by round.
_NOT_AFTER_LOOSE = re.compile(
    "년|월|일|시|분|(?:부|대|곳|세대|가구)(?![가-힣])|"
    rf"(?![·.,:/-]?[0-9]{{2,3}}[{PLATE_LETTERS}][- ]?[0-9]{{4}})[A-Za-z·.,:/-]?[0-9A-Za-z:/-]"
)
_LARGE = re.compile("[만억천조]| [만억천조](?:원|명|개)?(?![가-힣])")
_COUNTERS = "가나다도조호주배부구수고"  # 20도 2000: also a degree, a paragraph, a week, ...


def find_plates(text: str) -> Iterator[Found]:
    """12가3456 is a plate by its shape.

    12가 3456 is one with a label, with a region or with a letter that counts nothing.
    """
    for match in _PLATE.finditer(text):
        if _NOT_BEFORE_PLATE.match(text[max(0, match.start() - 1) : match.start()]) or AMOUNT.match(
            text, match.end()
        ):
            continue
        if _LARGE.match(text, match.end()):
            continue  # 12조 3000억
        count, gap, letter, dash, serial = match.group("count", "gap", "letter", "dash", "serial")
        start = _region_start(text, match.start())
        number = Number(text, start, match.end(), match[0])
        if start < match.start() or number.labelled("PLATE"):
            yield Found("PLATE", start, match.end(), "plate", "high")
        elif (
            len(count) == 1
            or gap
            or dash in ("·", ".", "\n")
            or not serial.isdecimal()
            or number.label == "CODE"
            or _CASE.match(text, match.end())
            or number.follows(_COURT, _COURT_REACH)
        ):
            continue
        elif not dash:
            yield Found("PLATE", start, match.end(), "plate", "high")
        elif not (dash == " " and letter in _COUNTERS) and not _NOT_AFTER_LOOSE.match(
            text, match.end()
        ):
            yield Found("PLATE", start, match.end(), "plate_loose", "low")
