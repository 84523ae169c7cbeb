"""Numbers of digits alone: RRN, FRN, driver licences, cards, telephones, BRN, bank accounts.

Three steps: a run of digits and separators (`_NUMBER`), a format that fits in the run (`FORMATS`,
in order of precedence), and a judge, which sees the digits and the labels beside them and says
how sure it is, or that the number is something else. (Longer than most files: a format and its
judge are read together, and their order is part of both.)
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from stages.pii import checksums
from stages.pii.found import Confidence, Found
from stages.pii.labels import label_after, label_before

_URL = re.compile("[!-~][=/&#%_]$|^[=/&#%_]$")  # 연락처/010 is a row of a form

_NAME_OF_A_CODE = re.compile(
    "(?:번호|코드|송장|시리얼|isbn|s/n|serial|order|tracking|invoice|model|no|num|id)"
    "[은는이가]?[^0-9가-힣a-z]{0,4}$",
    re.IGNORECASE,
)


class Number(NamedTuple):
    """A number in one of the FORMATS, as a judge sees it."""

    text: str
    start: int
    end: int
    digits: str

    @property
    def written(self) -> str:
        return self.text[self.start : self.end]

    @property
    def is_plain(self) -> bool:
        return self.written == self.digits

    @property
    def label(self) -> str | None:
        return label_before(self.text, self.start)

    def labelled(self, *kinds: str) -> bool:
        """The nearest label before says one of `kinds`, or the first one after does.

        A label before that says it is a code settles it.
        """
        before = self.label
        return before in kinds or (before != "CODE" and label_after(self.text, self.end) in kinds)

    def follows(self, pattern: re.Pattern[str], reach: int) -> bool:
        """`pattern`, which ends in `$`, fits the last `reach` characters before the number."""
        return bool(pattern.search(self.text[max(0, self.start - reach) : self.start]))

    @property
    def is_called_a_code(self) -> bool:
        """Right before it stands the name of a code: 주문번호는, 송장:, but not 주문은."""
        return self.label == "CODE" and self.follows(_NAME_OF_A_CODE, 14)

    @property
    def in_url(self) -> bool:
        return self.follows(_URL, 2)


Judge = Callable[[Number], Confidence | None]

SEPARATOR = "[-./·~_ ]"  # one separator, after normalise has closed up ' - ' and broken lines
LEFT = "(?<![0-9A-Za-z])"
RIGHT = "(?![0-9])"
_YYMMDD = "[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_UNITS = "원|달러|엔|명(?!의)|개(?!인)|건(?![물강축])|퍼센트|미터|킬로|리터|그램|톤|시간|km|kg|cc"
AMOUNT = re.compile(rf"{_UNITS}|%|㎡| (?:{_UNITS})(?![가-힣])")  # what follows an amount


def _registration(number: Number, *, own: str, check: Callable[[str], bool]) -> Confidence | None:
    """RRN and FRN. Only a label of something else lets one go, and not if its check digit fits."""
    checked = check(number.digits)
    label = number.label
    if label == "CORPORATE":
        return None
    if label == own:
        return "high"
    is_loose = number.is_plain or " " in number.written
    if is_loose and not checked and AMOUNT.match(number.text, number.end):
        return None
    year, sex = number.digits[:2], int(number.digits[6])
    if number.is_plain:
        in_future = sex in (3, 4, 7, 8) and year > "39"
        # 1705301234567 is a time in milliseconds; whoever it might be was born before 1920.
        is_a_time = "15" <= year <= "19" and sex in (1, 2) and not checked
        is_a_code = (label or label_after(number.text, number.end)) == "CODE"
        if in_future or is_a_time or sex in (0, 9) or is_a_code:
            return None
    elif sex in (0, 9) and (label is not None or checksums.corporate(number.digits)):
        return None  # born before 1900, or rather a company
    elif number.is_called_a_code and not checked:
        return None
    return "high" if checked or not number.is_plain else "low"


def _called_driver(number: Number) -> Confidence | None:
    return "high" if number.labelled("DRIVER") else None


def _driver(number: Number) -> Confidence | None:
    if number.labelled("DRIVER"):
        return "high"
    if number.is_plain or number.labelled("CODE", "ACCOUNT"):
        return None
    region = int(number.digits[:2])
    if not (11 <= region <= 26 or region == 28):
        return None
    return "low" if " " in number.written else "high"


# A170-010-1234-5678 is a part; M123A4567-010-1234-5678 is a passport and a telephone.
_CODE_BEFORE = re.compile("(?<![0-9A-Za-z])[A-Za-z]{1,4}[0-9]{1,6}-$")
_CODE_REACH = 12
# People book and order by telephone: 예약은 02-123-4567. 예약번호 is followed by a code.
_BY_PHONE = re.compile(" ?(?:예약|주문|배달)[은는:]{0,2} ?$")
_BY_PHONE_REACH = 7


# What somebody wrote into a form, /?m=01012345678; but item?id=01012345678 is an item.
_FILLED_IN = re.compile(
    "(?<![a-z_])(?![a-z_]*(?:id|idx|no|num|number|code|seq|key|item|page|ref|order)=)[a-z_]{1,16}=$",
    re.IGNORECASE,
)
_FILLED_IN_REACH = 18


def _phone(number: Number) -> Confidence | None:
    if number.labelled("PHONE"):
        return "high"
    if not number.is_plain:
        return None if number.follows(_CODE_BEFORE, _CODE_REACH) else "high"
    if number.is_called_a_code:
        return None
    if number.digits.startswith("010") and len(number.digits) == 11:
        # 01012345678로 예약했어: no amount and hardly a code looks like that, but a page may be
        # numbered like that.
        is_page = number.in_url and not number.follows(_FILLED_IN, _FILLED_IN_REACH)
        return None if is_page else "high"
    if number.in_url or number.labelled("CODE") or AMOUNT.match(number.text, number.end):
        return None
    return "low"


def _landline(number: Number) -> Confidence | None:
    if number.labelled("PHONE"):
        return "high"
    if AMOUNT.match(number.text, number.end) or number.follows(_CODE_BEFORE, _CODE_REACH):
        return None
    if number.is_plain:
        return None if number.in_url or number.label in ("ACCOUNT", "CODE") else "low"
    if number.label == "CODE" and not number.follows(_BY_PHONE, _BY_PHONE_REACH):
        return None
    return "high"


def _card(number: Number) -> Confidence | None:
    label = number.label
    checked = checksums.luhn(number.digits)
    if label == "CARD":
        return "high"
    if label == "CODE" or not checked or (number.is_plain and number.in_url):
        return None
    if (
        len(number.digits) < 16
        and number.is_plain
        and label_after(number.text, number.end) != "CARD"
    ):
        return None
    return "low" if number.is_plain else "high"


def _brn(number: Number) -> Confidence | None:
    checked = checksums.brn(number.digits)
    if number.labelled("BRN"):
        return "high"
    if not checked or number.is_plain or number.labelled("CODE"):
        return None
    return "high" if number.label != "ACCOUNT" else None


_DAY = "(?:0?[1-9]|1[0-2])[-./·~_]?(?:0?[1-9]|[12][0-9]|3[01])"
# 입금 기간 2024-01-01 ~ 2024-12-31, 이체일시 20240115103025, 기간 240101~241231
_TIME = re.compile(
    rf"(?:19|20)[0-9]{{2}}[-./·~_]{_DAY}(?![0-9])"
    rf"|(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){1,2}(?![0-9])"
    rf"|{_YYMMDD}[-~]{_YYMMDD}(?![-~0-9])"
)


def _account(number: Number, *, is_bank_format: bool) -> Confidence | None:
    """Accounts have no public check digit: a label makes one, or the digit groups of a bank."""
    if not 10 <= len(number.digits) <= 14 or AMOUNT.match(number.text, number.end):
        return None
    if _TIME.match(number.written):
        return None
    if number.labelled("ACCOUNT"):
        return "high"
    is_book = number.digits.startswith(("978", "979"))  # ISBN
    if not is_bank_format or is_book or number.label == "CODE":
        return None
    blanks = number.written.count(" ")
    if blanks and blanks < 3 and not _BANK_PREFIX.match(number.written):
        return None
    return None if label_after(number.text, number.end) == "CODE" else "low"


def _always(number: Number) -> Confidence | None:
    return "high"


def _groups(first: int, second: int, *rest: int) -> str:
    """Digit groups of the given sizes, with the same separator between all of them."""
    sizes = "_".join(map(str, (first, second, *rest)))
    tail = "".join(f"(?P=s{sizes})[0-9]{{{size}}}" for size in rest)
    return f"[0-9]{{{first}}}(?P<s{sizes}>{SEPARATOR})[0-9]{{{second}}}{tail}"


class Format(NamedTuple):
    type: str
    rule: str
    pattern: re.Pattern[str]
    judge: Judge
    shortest: int  # digits; a shorter run is not searched


_SHORTEST = {
    "RRN": 13,
    "FRN": 13,
    "DRIVER": 12,
    "CARD": 14,
    "PHONE": 10,
    "LANDLINE": 9,
    "BRN": 10,
    "ACCOUNT": 10,
}


def _format(type_: str, rule: str, pattern: str, judge: Judge, left: str = LEFT) -> Format:
    compiled = re.compile(left + "(?:" + pattern + ")" + RIGHT)
    return Format(type_, rule, compiled, judge, _SHORTEST.get(type_, 0))


_TO_KOREA = r"(?:(?:\+|00|00[1-9]-?)?82\)?[-. ]?(?:\(0\)[-. ]?|0)?|\(\+82\)[-. ]?0?)"
_P = r"(?:[-./·~_,* ]{1,2})?"  # people vary the separators of phone numbers most
_P_MOBILE = r"(?:[-./·~_,*| ]{1,2}| \| )?"  # 010|1234|5678; 02|123|4567 may be cells of a table
_AREA = "3[1-3]|4[1-4]|5[1-5]|6[1-4]"
_TEL = f"(?:{LEFT}|(?<=[Tt][Ee][Ll])|(?<=[Hh][Pp])|(?<=[Ff][Aa][Xx])|(?<=[Pp][Hh][Oo][Nn][Ee]))"
_CONSECUTIVE = "(?:~[0-9]{1,2}(?![0-9]))?"  # 02-123-4567~8

# Secondary sources differ. A list for the press:
# https://www.edaily.co.kr/news/read?mediaCodeNo=257&newsId=01269366616060776
# and the clearing institute's own: https://www.cmsedi.or.kr/cms/board/workdata
# Longer formats first, so that none is taken for its own beginning.
_BANKS = "|".join(
    (
        _groups(3, 2, 4, 3),  # KB, old
        _groups(2, 3, 6, 3),  # KB, by branch
        _groups(3, 4, 4, 2),  # NH, Busan
        _groups(3, 6, 2, 3),  # IBK
        _groups(4, 4, 4, 1),  # MG
        _groups(3, 2, 6, 1),  # Daegu
        _groups(6, 2, 6),  # KB, Post
        _groups(3, 3, 6),  # Shinhan, K bank
        _groups(3, 2, 6),  # Shinhan, old, SC
        _groups(4, 3, 6),  # Woori
        _groups(3, 6, 5),  # Hana
        _groups(4, 2, 7),  # Kakao
        "1(?=000)" + _groups(3, 4, 4),  # Toss
    )
)
# Shinhan, Woori, Kakao, Toss and MG open accounts under few prefixes.
_BANK_PREFIX = re.compile("110 |100[025] |33[35][35] |900[0-9] ")

FORMATS: tuple[Format, ...] = (
    # 6-7: birth date, then century and sex: 1-4, 9, 0 residents, 5-8 foreigners
    _format(
        "RRN",
        "rrn",
        f"{_YYMMDD}{SEPARATOR}{{0,2}}[012349][0-9]{{6}}",
        partial(_registration, own="RRN", check=checksums.rrn),
    ),
    _format(
        "FRN",
        "frn",
        f"{_YYMMDD}{SEPARATOR}{{0,2}}[5-8][0-9]{{6}}",
        partial(_registration, own="FRN", check=checksums.frn),
    ),
    # 2-2-6-2: region (11-26, 28), year, serial, check; older cards print the region's name
    _format("DRIVER", "driver", _groups(2, 2, 6, 2), _driver),
    _format("DRIVER", "driver_plain", "[0-9]{12}", _driver),
    _format("DRIVER", "driver_called", _groups(2, 2, 8), _called_driver),
    _format("DRIVER", "driver_called", _groups(2, 10), _called_driver),
    # 4-4-4-4; American Express 4-6-5, Diners 4-6-4. Domestic Korean cards start with 9
    _format("CARD", "card", "(?=[3-69]|2[2-7])" + _groups(4, 4, 4, 4), _card),
    _format("CARD", "amex", "3[47]" + _groups(2, 6, 5), _card),
    _format("CARD", "diners", "3[0689]" + _groups(2, 6, 4), _card),
    _format(
        "CARD",
        "card_plain",
        "(?:[4-69][0-9]|35|2[2-7])[0-9]{14}|3[47][0-9]{13}|3[0689][0-9]{12}",
        _card,
    ),
    # Mobile numbers: 010 + 8 digits, 011-019 + 7 or 8
    # https://www.fnnews.com/news/200312241032568191
    _format(
        "PHONE",
        "mobile",
        rf"\(?01[016789]\)?{_P_MOBILE}(?:[0-9]{{3,4}}|\([0-9]{{3,4}}\)){_P_MOBILE}[0-9]{{4}}",
        _phone,
        _TEL,
    ),
    _format(
        "PHONE",
        "mobile_82",
        rf"{_TO_KOREA}1[016789]\)?{_P}[0-9]{{3,4}}{_P}[0-9]{{4}}",
        _phone,
        _TEL,
    ),
    # 02, area codes, internet 070, personal 050x + 7 or 8 digits
    _format(
        "LANDLINE",
        "landline",
        rf"\(?0(?:2|{_AREA}|70|50[2-8])\)?{_P}(?!0)[0-9]{{3,4}}{_P}[0-9]{{4}}{_CONSECUTIVE}",
        _landline,
        _TEL,
    ),
    _format(
        "LANDLINE",
        "landline_82",
        rf"{_TO_KOREA}(?:2|{_AREA}|70|50[2-8])\)?{_P}(?!0)[0-9]{{3,4}}{_P}[0-9]{{4}}",
        _landline,
        _TEL,
    ),
    # 3-2-5: tax office, kind, serial and check digit
    # https://freecatz.blogspot.com/2014/01/etc_22.html
    _format("BRN", "brn", _groups(3, 2, 5), _brn),
    _format("BRN", "brn_plain", "[0-9]{10}", _brn),
    _format("ACCOUNT", "account_bank", _BANKS, partial(_account, is_bank_format=True)),
    # any grouping and no grouping at all: only with a label
    _format(
        "ACCOUNT",
        "account_groups",
        "[0-9]{2,6}(?P<s>[-./·~_])[0-9]{2,7}(?:(?P=s)[0-9]{1,7}){0,3}",
        partial(_account, is_bank_format=False),
    ),
    _format("ACCOUNT", "account_plain", "[0-9]{10,14}", partial(_account, is_bank_format=False)),
)
REPRESENTATIVE = _format(
    "REPRESENTATIVE", "representative", rf"1[568][0-9]{{2}}{_P}[0-9]{{4}}", _always, _TEL
)

# Eight or more digits with at most three separators between neighbours.
_NUMBER = re.compile(r"[0-9](?:[-+()./·~_,*| :\n]{0,3}[0-9]){7,}+")
NON_DIGITS = re.compile("[^0-9]+")


def find_numbers(text: str, formats: tuple[Format, ...]) -> Iterator[Found]:
    for run in _NUMBER.finditer(text):
        start, end = max(0, run.start() - 2), run.end() + 1  # '(+' before, what must not follow
        length = len(NON_DIGITS.sub("", run[0]))
        for format_ in formats:
            if length < format_.shortest:
                continue
            for match in format_.pattern.finditer(text, start, end):
                digits = NON_DIGITS.sub("", match[0])
                confidence = format_.judge(Number(text, match.start(), match.end(), digits))
                if confidence:
                    yield Found(format_.type, match.start(), match.end(), format_.rule, confidence)


# 010-1234-5678010-2345-6789: no digit may touch a number, but another number may.
_MOBILE = "010[-. ]?[0-9]{4}[-. ]?[0-9]{4}"
_GLUED_MOBILES = re.compile(
    rf"010(?<![0-9A-Za-z]010)[-. ]?[0-9]{{4}}[-. ]?[0-9]{{4}}(?:{_MOBILE})++{RIGHT}"
)


def find_glued_mobiles(text: str) -> Iterator[Found]:
    for run in _GLUED_MOBILES.finditer(text):
        for match in re.finditer(_MOBILE, run[0]):
            start = run.start() + match.start()
            yield Found("PHONE", start, start + len(match[0]), "mobile_glued", "high")


# Behind their label the two halves may be separated by anything: 901010:1234567, 901010(1234567),
# 앞자리 901010 뒷자리 1234567. The year may be whole there, 19901010-1234567, and a Latin label
# may touch, RRN901010-1234567. No gap holds a capital, so none reads over a mask.
_REGISTRATION_CUE = re.compile("주민|외국인|거소|[Rr][Rr][Nn]")
_CALLED_REGISTRATION = re.compile(
    "(?:주민 ?(?:등록)? ?번호|주민번|주민등록|외국인 ?(?:등록)? ?(?:번호|증)|외국인등록|거소 ?신고|"
    r"(?<![A-Za-z])(?:RRN|rrn|Rrn)(?!\]))(?: ?(?:[Nn]o|NO)(?![A-Za-z]))?[^0-9A-Z]{0,12}"
    rf"(?P<number>(?:19|20)?{_YYMMDD}(?:\([0-9]{{7}}\)|(?:[^0-9A-Z가-힣]{{0,3}}|"
    rf"[^0-9A-Z\n]{{0,8}}(?:뒤|뒷|다음)[^0-9A-Z\n]{{0,6}})[0-9]{{7}})){RIGHT}"
)


def find_called_registrations(text: str) -> Iterator[Found]:
    if _REGISTRATION_CUE.search(text):
        for match in _CALLED_REGISTRATION.finditer(text):
            sex = NON_DIGITS.sub("", match["number"])[-7]
            if not AMOUNT.match(text, match.end()):
                type_ = "FRN" if sex in "5678" else "RRN"
                yield Found(type_, *match.span("number"), f"{type_.lower()}_called", "high")
