"""Synthetic personal data of 13 types, in the forms in which people write them.

Wherever a numbering plan leaves room, values come from ranges that nobody can own:

| type | form | why it belongs to nobody |
|---|---|---|
| RRN, FRN | YYMMDD-GNNNNNC | the check digit is wrong |
| PHONE, LANDLINE | 010-1NNN-NNNN, 02-1NN-NNNN | no exchange starts with 1 |
| EMAIL | @example.com, @example.co.kr, ... | reserved for documentation |
| IP | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 | reserved for documentation (RFC 5737) |
| CARD | 400000, 424242, 555555 + Luhn | issuer numbers of payment test systems |
| BRN | 0NN-NN-NNNNN with a right check digit | tax office numbers start at 101 |
| ADDRESS | a real district, an invented road | the road does not exist |
| PASSPORT, DRIVER, ACCOUNT, PLATE | random digits | the plans leave no free range |
"""

import random
from collections.abc import Mapping

from stages.grammar.frames import personal_phrases
from stages.grammar.rows import Planted
from stages.grammar.slots import Lexicon, Slots, Word

TYPES = (
    "RRN", "FRN", "PASSPORT", "DRIVER", "PHONE", "LANDLINE", "EMAIL",
    "ACCOUNT", "CARD", "BRN", "ADDRESS", "IP", "PLATE",
)  # fmt: skip

AREA_CODES = (
    "02", "031", "032", "033", "041", "042", "043", "044",
    "051", "052", "053", "054", "055", "061", "062", "063", "064",
)  # fmt: skip
DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
EMAIL_DOMAINS = ("example.com", "example.com", "example.co.kr", "example.org", "example.net")
TEST_ISSUERS = ("400000", "424242", "555555")
DRIVER_REGIONS = (*(str(n) for n in range(11, 27)), "28")
DRIVER_REGION_NAMES = (
    "서울",
    "부산",
    "대구",
    "인천",
    "광주",
    "대전",
    "울산",
    "경기",
    "강원",
    "충북",
    "전남",
    "경북",
    "제주",
)
PLATE_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호"
PLATE_BATCH = 2  # digits before the letter: two until 2019, three since
# Digits per group; the second item holds the digits that open the number.
BANKS = (
    ("국민은행", (6, 2, 6), ""),
    ("신한은행", (3, 3, 6), "110"),
    ("우리은행", (4, 3, 6), "1002"),
    ("하나은행", (3, 6, 5), ""),
    ("농협", (3, 4, 4, 2), "302"),
    ("기업은행", (3, 6, 2, 3), ""),
    ("카카오뱅크", (4, 2, 7), "3333"),
    ("토스뱅크", (4, 4, 4), "1000"),
    ("새마을금고", (4, 4, 4, 1), "9002"),
    ("부산은행", (3, 4, 4, 2), "101"),
)
DISTRICTS = (
    "서울특별시 마포구", "서울특별시 관악구", "서울 송파구", "서울시 노원구", "부산광역시 해운대구", "부산 사하구",
    "대구광역시 수성구", "인천광역시 연수구", "인천 부평구", "광주광역시 북구", "대전광역시 유성구", "대전 서구",
    "울산광역시 남구", "경기도 수원시 영통구", "경기도 성남시 분당구", "경기 고양시 일산동구", "경기도 파주시",
    "강원특별자치도 춘천시", "강원특별자치도 강릉시", "충청북도 청주시 흥덕구", "충남 천안시 서북구",
    "전북특별자치도 전주시 덕진구", "전라남도 순천시", "경상북도 포항시 북구", "경남 창원시 성산구", "제주특별자치도 제주시",
)  # fmt: skip
ROAD_STEMS = (
    "새솔별",
    "햇담",
    "늘찬",
    "도담내",
    "물빛누리",
    "해든솔",
    "가온재",
    "마루샘",
    "꽃담길목",
    "별마루터",
    "온새미",
    "다솜내",
)
NAME_PARTS = (
    "minji", "junho", "seoyeon", "haneul", "dohyun", "jiwoo", "yuna", "hyunwoo", "sora", "taemin", "eunbi", "woojin",
    "bora", "chanho", "gaeun", "jisoo", "nari", "sungmin", "yerin", "hyejin",
)  # fmt: skip


class Personal:
    """Decides which rows carry personal data, and plants it.

    `share` is the fraction of rows, of those kinds of row that have room for personal data, that carry some.
    """

    def __init__(self, share: float = 0.15):
        if not 0 <= share <= 1:
            raise ValueError(
                f"share is {share}, which is no fraction of rows. Give a number from 0 to 1."
            )
        self.share = share

    def wanted(self, rng: random.Random) -> bool:
        return rng.random() < self.share

    def value(self, rng: random.Random, pii_type: str) -> Planted:
        return Planted(pii_type, MAKERS[pii_type](rng))

    def sentence(
        self, rng: random.Random, phrases: Mapping[str, tuple[str, ...]]
    ) -> tuple[str, Planted]:
        """One phrase with a value, from a table {type: templates with {value}}."""
        turns, planted = self.exchange(
            rng, {t: tuple((p,) for p in ps) for t, ps in phrases.items()}
        )
        return turns[0], planted

    def exchange(
        self,
        rng: random.Random,
        exchanges: Mapping[str, tuple[tuple[str, ...], ...]],
        *lexicons: Lexicon,
    ) -> tuple[list[str], Planted]:
        """The turns of one exchange with a value, from a table {type: exchanges of templates}."""
        planted = self.value(rng, rng.choice(sorted(exchanges)))
        slots = Slots(rng, *lexicons, personal_phrases.WORDS)
        slots["value"] = Word(planted.value)
        slots["bank"] = Word("")
        if planted.type == "ACCOUNT":
            bank, number = planted.value.split(" ", 1)
            planted = Planted("ACCOUNT", number)
            slots["bank"], slots["value"] = Word(bank), Word(number)
        return [slots.fill(turn) for turn in rng.choice(exchanges[planted.type])], planted


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def registration_number(rng: random.Random, foreign: bool) -> str:
    """YYMMDD-GNNNNNC with a check digit that is wrong (section 4 of the number facts: 11 -
    weighted sum mod 11)."""
    year, month, day = rng.randint(1950, 2009), rng.randint(1, 12), rng.randint(1, 28)
    century_code = (5 if year < 2000 else 7) if foreign else (1 if year < 2000 else 3)
    body = f"{year % 100:02}{month:02}{day:02}{century_code + rng.randint(0, 1)}{digits(rng, 5)}"
    weighted = sum(
        int(d) * w for d, w in zip(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True)
    )
    right = ((13 if foreign else 11) - weighted % 11) % 10
    number = body + str((right + rng.randint(1, 9)) % 10)
    return f"{number[:6]}{rng.choice(('-', '-', '-', '-', '', ' - '))}{number[6:]}"


def passport(rng: random.Random) -> str:
    letter = rng.choice("MMMSR")
    if rng.random() < 0.5:
        return letter + digits(rng, 8)
    return f"{letter}{digits(rng, 3)}{rng.choice('ABCDEFGH')}{digits(rng, 4)}"


def driver_licence(rng: random.Random) -> str:
    tail = f"{rng.randint(0, 24):02}-{digits(rng, 6)}-{digits(rng, 2)}"
    if rng.random() < 0.25:
        return f"{rng.choice(DRIVER_REGION_NAMES)} {tail}"
    return f"{rng.choice(DRIVER_REGIONS)}-{tail}"


def mobile(rng: random.Random) -> str:
    blocks = ("010", "1" + digits(rng, 3), digits(rng, 4))
    if rng.random() < 0.08:
        return f"+82 10-{blocks[1]}-{blocks[2]}"
    return rng.choice(("-", "-", "-", "-", "", " ", ".")).join(blocks)


def landline(rng: random.Random) -> str:
    area, exchange, last = (
        rng.choice(AREA_CODES),
        "1" + digits(rng, rng.choice((2, 2, 3))),
        digits(rng, 4),
    )
    return f"{area}){exchange}-{last}" if rng.random() < 0.1 else f"{area}-{exchange}-{last}"


def email(rng: random.Random) -> str:
    name = rng.choice(NAME_PARTS)
    local = rng.choice((
        f"{name}{rng.randint(1, 99)}",
        f"{name}.{rng.choice(('kim', 'lee', 'park', 'choi', 'jung', 'kang', 'yoon'))}",
        f"{name}_{digits(rng, 4)}",
        f"{name[0]}{rng.choice(NAME_PARTS)}{rng.randint(70, 99)}",
    ))  # fmt: skip
    return f"{local}@{rng.choice(EMAIL_DOMAINS)}"


def account(rng: random.Random) -> str:
    """Bank name, space, number; `Personal.exchange` takes the two apart, since only the number
    is personal."""
    bank, groups, opening = rng.choice(BANKS)
    number = opening + digits(rng, sum(groups) - len(opening))
    parts, start = [], 0
    for size in groups:
        parts.append(number[start : start + size])
        start += size
    return f"{bank} {rng.choice(('-', '-', '-', '')).join(parts)}"


def card(rng: random.Random) -> str:
    body = rng.choice(TEST_ISSUERS) + digits(rng, 9)
    doubled = (
        int(d) * (2 - i % 2) for i, d in enumerate(body)
    )  # 15 digits: the odd places are doubled
    number = body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)
    separator = rng.choice(("-", "-", "-", " ", ""))
    return separator.join(number[i : i + 4] for i in range(0, 16, 4))


def business_number(rng: random.Random) -> str:
    body = f"0{digits(rng, 2)}{rng.randint(1, 79):02}{digits(rng, 4)}"
    total = (
        sum(int(d) * w for d, w in zip(body, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
        + int(body[8]) * 5 // 10
    )
    return f"{body[:3]}-{body[3:5]}-{body[5:]}{-total % 10}"


def address(rng: random.Random) -> str:
    road = rng.choice(ROAD_STEMS) + rng.choice(
        ("로", "로", "대로", f"로{rng.randint(2, 60)}번길", "길")
    )
    building = f"{rng.randint(1, 290)}" + (f"-{rng.randint(1, 20)}" if rng.random() < 0.2 else "")
    unit = f"{rng.randint(1, 18)}{rng.randint(1, 8):02}호"
    block = f"{rng.randint(101, 118)}동 " if rng.random() < 0.6 else ""
    return f"{rng.choice(DISTRICTS)} {road} {building}{rng.choice((', ', ', ', ' '))}{block}{unit}"


def ip_address(rng: random.Random) -> str:
    return f"{rng.choice(DOCUMENTATION_NETWORKS)}.{rng.randint(1, 254)}"


def plate(rng: random.Random) -> str:
    area = rng.randint(10, 69) if rng.random() < 0.5 else rng.randint(100, 699)
    return f"{area}{rng.choice(PLATE_LETTERS)}{rng.choice(('', '', ' '))}{rng.randint(1000, 9999)}"


MAKERS = {
    "RRN": lambda rng: registration_number(rng, foreign=False),
    "FRN": lambda rng: registration_number(rng, foreign=True),
    "PASSPORT": passport,
    "DRIVER": driver_licence,
    "PHONE": mobile,
    "LANDLINE": landline,
    "EMAIL": email,
    "ACCOUNT": account,
    "CARD": card,
    "BRN": business_number,
    "ADDRESS": address,
    "IP": ip_address,
    "PLATE": plate,
}
