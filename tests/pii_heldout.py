"""A held-out set of Korean personal data: seeded, with templates, carriers and traps of its own.

`gold(carriers(shared), seed)` returns records of the scorer's format

    {"id", "text", "spans": [{"start", "end", "type", "value", "tier", "form", "ctx", ...}],
     "source", "kind": "planted" | "clean" | "trap"}

A span of type ADDRESS has a `core`, the road or lot name with its number; a span that nobody is
obliged to find (checksum-invalid cards and business numbers, representative numbers, corporate
numbers, companies' business numbers) is `optional`. Tiers: `std` is the canonical spelling, alone
or glued to Hangul; `var` a usual variation; `hard` an obfuscation, meant or not. `ctx` says whether
the template names the type (`label`) or not (`bare`).

All values are drawn from a random generator: nothing in here is anybody's data. Real sentences
are read from the folder of real text, never copied.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

TYPES = (
    ["RRN", "FRN", "PASSPORT", "DRIVER", "PHONE", "LANDLINE", "EMAIL", "ACCOUNT", "CARD", "BRN", "ADDRESS", "IP", "PLATE"]
)  # fmt: skip
PER_TYPE = 130
FORMS_WITH_SEVERAL = 160
PER_TRAP_KIND = 13
CLEAN = {
    "korquad": 520,
    "klue-sts": 240,
    "smilestyle": 260,
    "paraKQC": 160,
    "ko-en-news": 150,
    "koco-news-titles": 100,
    "songys": 90,
}


# real sentences
@dataclass(frozen=True)
class Carriers:
    """Real sentences, (source, text): those that personal data is planted in, and the clean ones."""

    planting: tuple[tuple[str, str], ...]
    clean: tuple[tuple[str, str], ...]


# Lot numbers of real buildings and of one politician's flat stand in the encyclopedia: they are
# addresses, so these sentences are neither clean nor carriers.
HOLDS_AN_ADDRESS = re.compile(r"\d번지|신천동 7-28|의주로2가|회현동1가 147")


def carriers(shared: Path) -> Carriers:
    """The sentences of the folders under `shared`/data, those with personal data left out."""

    def rows(path: str) -> Iterator[dict]:
        with (shared / "data" / path).open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())

    contexts = dict.fromkeys(r["context"] for r in rows("korquad-v1-dev/korquad_dev_part.jsonl"))
    turns = [t for d in rows("smilestyle/dialogs.jsonl") for t in d["turns"]]
    texts: dict[str, list[str]] = {
        "korquad": [s for c in contexts for s in re.split(r"(?<=[.!?])\s+", c)],
        "klue-sts": [t for r in rows("klue-sts/sts_dev.jsonl") for t in (r["s1"], r["s2"])],
        "smilestyle": [text for turn in turns for text in turn.values()],
        "paraKQC": [r["text"] for r in rows("paraKQC/parakqc.jsonl")],
        "ko-en-news": [r["ko"] for r in rows("ko-en-news/ko_en_news.jsonl")],
        "koco-news-titles": [r["title"] for r in rows("koco-news-titles/titles.jsonl")],
        "songys": [t for r in rows("songys-chatbot/chatbot.jsonl") for t in (r["q"], r["a"])],
    }
    planting, clean = [], []
    for source, sentences in texts.items():
        kept = [
            s.strip()
            for s in dict.fromkeys(sentences)
            if 4 < len(s) < 400 and not HOLDS_AN_ADDRESS.search(s)
        ]
        # Which sentences serve is settled by their digest: the same for every seed.
        kept.sort(key=lambda s: hashlib.sha256(s.encode()).digest())
        numbers = [s for s in kept if re.search(r"\d", s)]
        plain = [s for s in kept if not re.search(r"\d", s)]
        with_numbers = numbers[: CLEAN[source] * 3 // 4]
        without = plain[: CLEAN[source] - len(with_numbers)]
        clean += [(source, s) for s in with_numbers + without]
        if source in ("korquad", "klue-sts", "smilestyle", "paraKQC"):
            rest = [s for s in numbers[len(with_numbers) :] + plain[len(without) :] if len(s) < 90]
            rest.sort(key=lambda s: hashlib.sha256(s.encode()).digest())
            planting += [(source, s) for s in rest[:600]]
    return Carriers(tuple(planting), tuple(clean))


# spelling
NAMES = {
    "0": ("공", "영"),
    **{d: (h,) for d, h in zip("123456789", "일이삼사오육칠팔구", strict=True)},
}
WIDE = {ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F))}
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
ZERO_WIDTH = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")
WITH_FINAL = {**dict.fromkeys("0136mn", "n"), **dict.fromkeys("178lr", "l")}  # digits, letters
PARTICLES = {
    "로": ("으로", "로"),
    "은": ("은", "는"),
    "을": ("을", "를"),
    "이": ("이", "가"),
    "과": ("과", "와"),
    "예요": ("이에요", "예요"),
}


def spell(digits: str, rng: random.Random) -> str:
    zero = rng.choice(NAMES["0"])
    return "".join(zero if d == "0" else NAMES[d][0] if d in NAMES else d for d in digits)


def zero_width(text: str, rng: random.Random) -> str:
    for place in sorted(rng.sample(range(1, len(text)), min(3, len(text) - 1)), reverse=True):
        text = text[:place] + rng.choice(ZERO_WIDTH) + text[place:]
    return text


def particle(kind: str, before: str) -> str:
    last = before[-1].lower()
    if "가" <= last <= "힣":
        final = (ord(last) - 0xAC00) % 28
        ends = "l" if final == 8 else "n" if final else ""
    else:
        ends = WITH_FINAL.get(last, "")
    after_consonant, after_vowel = PARTICLES[kind]
    if kind == "로" and ends == "l":
        return after_vowel
    return after_consonant if ends else after_vowel


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


# values
@dataclass(frozen=True)
class Value:
    """One value as it will stand in a text."""

    text: str
    tier: str
    form: str
    needs_label: bool = False
    optional: bool = False
    core: str | None = None
    bank: str = ""
    after: str = ""  # stands behind the value and is no part of it


Groups = tuple[str, ...]


def resident(rng: random.Random, sexes: str) -> Groups:
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(29_000))
    century = sexes[2:] if born.year >= 2000 else sexes[:2]
    front, rest = born.strftime("%y%m%d"), rng.choice(century) + digits(rng, 5)
    body = front + rest
    total = sum(w * int(d) for w, d in zip((2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), body, strict=True))
    check = (13 if sexes[0] == "5" else 11) - total % 11
    # Two fifths as they are issued since October 2020, with a random last digit.
    return front, rest + (str(check % 10) if rng.random() < 0.6 else digits(rng, 1))


def luhn(body: str) -> str:
    total = 0
    for place, d in enumerate(reversed(body)):
        n = int(d) * (2 if place % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return body + str(-total % 10)


def card(rng: random.Random) -> Groups:
    if rng.random() < 0.08:
        number = luhn(rng.choice(("34", "37")) + digits(rng, 12))
        return number[:4], number[4:10], number[10:]
    bins = ("9410", "9420", "9445", "9490", "4518", "4579", "4036", "5137", "5409", "5570", "3569", "6253")  # fmt: skip
    number = luhn(rng.choice(bins) + digits(rng, 11))
    return tuple(number[i : i + 4] for i in (0, 4, 8, 12))


def business(rng: random.Random, middle: int) -> Groups:
    body = f"{rng.randrange(101, 690)}{middle:02d}{digits(rng, 4)}"
    total = sum(w * int(d) for w, d in zip((1, 3, 7, 1, 3, 7, 1, 3, 5), body, strict=True))
    last = str(-(total + 5 * int(body[8]) // 10) % 10)
    return body[:3], body[3:5], body[5:] + last


def driver(rng: random.Random) -> Groups:
    region = rng.choice([*range(11, 27), 28])
    return str(region), f"{rng.randrange(75, 124) % 100:02d}", digits(rng, 6), digits(rng, 2)


def mobile(rng: random.Random) -> Groups:
    kind = rng.random()
    if kind < 0.80:
        return "010", rng.choice("23456789") + digits(rng, 3), digits(rng, 4)
    if kind < 0.87:
        return rng.choice(("011", "016", "017", "018", "019")), "2" + digits(rng, 2), digits(rng, 4)
    if kind < 0.94:
        return "070", rng.choice("4578") + digits(rng, 3), digits(rng, 4)
    return rng.choice(("0502", "0503", "0504", "0505", "0507")), "1" + digits(rng, 3), digits(rng, 4)  # fmt: skip


AREAS = [
    "031",
    "032",
    "033",
    "041",
    "042",
    "043",
    "044",
    "051",
    "052",
    "053",
    "054",
    "055",
    "061",
    "062",
    "063",
    "064",
]


def landline(rng: random.Random) -> Groups:
    area = "02" if rng.random() < 0.35 else rng.choice(AREAS)
    middle = rng.choice("23456789") + digits(rng, rng.choice((2, 2, 3)))
    return area, middle, digits(rng, 4)


# Bank, weight, the lengths of the groups, how the number starts.
BANKS = [
    ("국민은행", 6, (6, 2, 6), ""), ("KB국민", 2, (6, 2, 6), ""), ("신한은행", 5, (3, 3, 6), "110"),
    ("신한", 2, (3, 3, 6), "110"), ("우리은행", 5, (4, 3, 6), "1002"), ("하나은행", 4, (3, 6, 5), ""),
    ("농협", 4, (3, 4, 4, 2), "352"), ("NH농협은행", 2, (3, 4, 4, 2), "301"),
    ("기업은행", 3, (3, 6, 2, 3), ""), ("카카오뱅크", 6, (4, 2, 7), "3333"),
    ("카뱅", 2, (4, 2, 7), "3333"), ("토스뱅크", 4, (4, 4, 4), "1000"), ("케이뱅크", 2, (3, 3, 6), "100"),
    ("새마을금고", 3, (4, 4, 4, 1), "9002"), ("우체국", 2, (6, 2, 6), ""), ("SC제일은행", 1, (3, 2, 6), ""),
    ("부산은행", 1, (3, 4, 4, 2), "112"), ("대구은행", 1, (3, 2, 6, 1), "508"), ("신협", 1, (3, 3, 6), ""),
    ("수협은행", 1, (3, 3, 6), ""), ("광주은행", 1, (3, 3, 6), ""),
]  # fmt: skip


def account(rng: random.Random) -> tuple[str, Groups]:
    bank, _, sizes, start = rng.choices(BANKS, [b[1] for b in BANKS])[0]
    number = start + rng.choice("123456789") + digits(rng, sum(sizes) - len(start) - 1)
    groups, at = [], 0
    for size in sizes:
        groups.append(number[at : at + size])
        at += size
    return bank, tuple(groups)


def has_zero(draw: Callable[[], Groups]) -> Groups:
    """A value with a 0 after its first digit, so that an O can stand for it."""
    while True:
        groups = draw()
        if "0" in "".join(groups):
            return groups


SEPARATED = {
    "dot": ".",
    "space": " ",
    "middle-dot": "·",
    "slash": "/",
    "tilde": "~",
    "spaced-hyphen": " - ",
    "en-dash": "–",
    "figure-dash": "‒",
    "minus": "−",
    "underscore": "_",
    "vowel-dash": "ㅡ",
}
HARD = (
    "hangul", "hangul-e", "hangul-run", "hangul-mixed", "circled", "zero-width", "newline",
    "newline-bare", "spaced", "O", "ieung", "dasi",
)  # fmt: skip


def hard_number(form: str, groups: Groups, rng: random.Random) -> str:
    spelled = [spell(g, rng) for g in groups]
    cut = rng.randrange(1, len(groups))
    match form:
        case "hangul":
            return rng.choice(("-", " ", " - ")).join(spelled)
        case "hangul-e":
            return "에 ".join(spelled)
        case "hangul-run":
            return spell("".join(groups), rng)
        case "hangul-mixed":
            return "-".join((*groups[:cut], *spelled[cut:]))
        case "circled":
            return rng.choice(("-", "", " ")).join(groups).translate(CIRCLED)
        case "zero-width":
            return zero_width("-".join(groups), rng)
        case "newline":
            return "-".join(groups[:cut]) + "-\n" + "-".join(groups[cut:])
        case "newline-bare":
            return "-".join(groups[:cut]) + "\n" + "-".join(groups[cut:])
        case "spaced":
            return rng.choice((" - ", " ", "  ")).join(" ".join(g) for g in groups)
        case "O":
            return "-".join(groups).replace("0", rng.choice("Oo"))
        case "ieung":
            return "-".join(groups).replace("0", "ㅇ")
        case _:
            return rng.choice((" 다시 ", " 하이픈 ", " 대시 ", "다시")).join(groups)


def number_value(groups_of: Callable[[], Groups], tier: str, rng: random.Random) -> Value:
    """The spellings that all numbers of several groups share."""
    groups = groups_of()
    if tier == "std":
        return Value("-".join(groups), tier, "hyphen")
    if tier == "var":
        form = rng.choice([*SEPARATED, "wide", "joined", "joined"])
        if form == "wide":
            return Value("-".join(groups).translate(WIDE), tier, form)
        if form == "joined":
            return Value("".join(groups), tier, form, needs_label=True)
        return Value(SEPARATED[form].join(groups), tier, form, needs_label=True)
    form = rng.choice(HARD)
    if form in ("O", "ieung"):
        groups = has_zero(groups_of)
    return Value(hard_number(form, groups, rng), tier, form, needs_label=True)


def phone_value(kind: str, tier: str, rng: random.Random) -> Value:
    draw = mobile if kind == "PHONE" else landline
    if tier == "var" and rng.random() < 0.55:
        a, b, c = draw(rng)
        abroad = a.removeprefix("0")
        forms = {
            "parentheses": f"({a}) {b}-{c}",
            "parentheses-glued": f"({a}){b}-{c}",
            "closing": f"{a}){b}-{c}",
            "+82": f"+82-{abroad}-{b}-{c}",
            "+82 space": f"+82 {abroad} {b} {c}",
            "+82 mixed": f"+82 {abroad}-{b}-{c}",
            "+82 joined": f"+82{abroad}{b}{c}",
            "+82(0)": f"+82(0){abroad}-{b}-{c}",
            "82": f"82-{abroad}-{b}-{c}",
            "two-groups": f"{a}-{b}{c}",
            "tail": f"{a}{b}-{c}",
            "dot-space": f"{a}. {b}. {c}",
        }
        form = rng.choice(list(forms))
        return Value(forms[form], tier, form, needs_label=True)
    if tier == "hard" and rng.random() < 0.25:
        a, b, c = draw(rng)
        forms = {
            "e": f"{a}에 {b}에 {c}",
            "mixed-head": f"{spell(a, rng)}-{b}-{c}",
            "mixed-head-space": f"{spell(a, rng)} {b} {c}",
            "asterisk": f"{a}*{b}*{c}",
        }
        form = rng.choice(list(forms))
        return Value(forms[form], tier, form, needs_label=True)
    return number_value(lambda: draw(rng), tier, rng)


DRIVER_REGIONS = [
    "서울",
    "부산",
    "경기",
    "강원",
    "충북",
    "충남",
    "전북",
    "전남",
    "경북",
    "경남",
    "제주",
    "대구",
    "인천",
    "광주",
    "대전",
    "울산",
]


def driver_value(tier: str, rng: random.Random) -> Value:
    if tier == "var" and rng.random() < 0.5:
        _, year, serial, check = driver(rng)
        region = rng.choice(DRIVER_REGIONS)
        form, text = rng.choice(
            [
                ("region", f"{region} {year}-{serial}-{check}"),
                ("region-glued", f"{region}{year}-{serial}-{check}"),
                ("region-hyphen", f"{region}-{year}-{serial}-{check}"),
                ("region-space", f"{region} {year} {serial} {check}"),
            ]
        )
        return Value(text, tier, form, needs_label=form == "region-space")
    return number_value(lambda: driver(rng), tier, rng)


def passport_value(tier: str, rng: random.Random) -> Value:
    new = rng.random() < 0.55
    letter = rng.choice("MMMMMMSRGD" if not new else "MMMMMMSR")
    a, b = digits(rng, 3), digits(rng, 4)
    middle = rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") if new else digits(rng, 1)
    number = letter + a + middle + b
    kind = "new" if new else "old"
    if tier == "std":
        return Value(number, tier, kind)
    if tier == "var":
        forms = {
            "lower": number.lower(),
            "space": f"{letter} {number[1:]}",
            "hyphen": f"{letter}-{number[1:]}",
            "halves": f"{number[:5]} {b}",
            "halves-hyphen": f"{number[:5]}-{b}",
            "wide": number.translate(WIDE),
            "thirds": f"{letter}{a} {middle} {b}" if new else f"{letter}{a}-{middle}{b}",
        }
        form = rng.choice(list(forms))
        return Value(forms[form], tier, f"{kind}-{form}", needs_label=True)
    heard = {"M": "엠", "S": "에스", "R": "알", "G": "지", "D": "디"}
    forms = {
        "circled": number.translate(CIRCLED),
        "zero-width": zero_width(number, rng),
        "newline": f"{number[:5]}\n{b}",
        "spaced": " ".join(number),
        "quarters": f"{letter} {number[1:5]} {b}",
        "dotted": f"{letter}.{a}.{middle}.{b}" if new else f"{letter}.{number[1:5]}.{b}",
    }
    if not new:
        forms["hangul"] = heard[letter] + spell(number[1:], rng)
        forms["hangul-spaced"] = heard[letter] + " " + spell(number[1:], rng)
    if "0" in number:
        forms["O"] = number.replace("0", "O")
    form = rng.choice(list(forms))
    return Value(forms[form], tier, f"{kind}-{form}", needs_label=True)


LOCAL = ["minji", "seojun", "haneul", "jiwoo", "hyunwoo", "sora", "dabin", "yerin", "taeho", "gyuri", "boram", "sejin", "nari", "woobin", "chaeyeon"]  # fmt: skip
FAMILY = ["kim", "lee", "park", "choi", "jung", "kang", "cho", "yoon", "jang", "lim"]
DOMAINS = ["naver.com"] * 6 + ["gmail.com"] * 5 + ["daum.net", "hanmail.net", "nate.com", "kakao.com"] * 2 + [
    "icloud.com", "outlook.com", "haneul-tech.co.kr", "daon.or.kr", "mail.saebyeok.ac.kr", "dasom.io", "sanbit.kr",
    "seoul-gaon.go.kr",
]  # fmt: skip
HEARD = {
    "naver.com": ("네이버", "닷컴"), "gmail.com": ("지메일", "닷컴"), "daum.net": ("다음", "닷넷"),
    "hanmail.net": ("한메일", "닷넷"), "nate.com": ("네이트", "닷컴"), "kakao.com": ("카카오", "닷컴"),
}  # fmt: skip


def email_value(tier: str, rng: random.Random) -> Value:
    first, family = rng.choice(LOCAL), rng.choice(FAMILY)
    local = rng.choice(
        [
            f"{first}{digits(rng, rng.choice((2, 3, 4)))}", f"{first}.{family}", f"{family}_{first}",
            f"{first}-{family}{digits(rng, 2)}", f"{family}{first}", f"{first[0]}{family}{digits(rng, 4)}",
        ]
    )  # fmt: skip
    domain = rng.choice(DOMAINS)
    if tier == "std":
        return Value(f"{local}@{domain}", tier, "plain")
    if tier == "var":
        forms = {
            "upper": f"{local}@{domain}".upper(),
            "title": f"{local}@{domain}".title(),
            "tag": f"{local}+shop{digits(rng, 2)}@{domain}",
            "wide-at": f"{local}＠{domain}",
            "wide": f"{local}@{domain}".translate(WIDE),
            "spaced-at": f"{local} @ {domain}",
            "space-after": f"{local}@ {domain}",
            "space-before": f"{local} @{domain}",
            "small-at": f"{local}﹫{domain}",
        }
        form = rng.choice(list(forms))
        return Value(forms[form], tier, form)
    name, _, end = domain.rpartition(".")
    forms = {
        "[at]": f"{local}[at]{domain}",
        "(at)": f"{local}(at){domain}",
        "(a)": f"{local}(a){domain}",
        "[at][dot]": f"{local}[at]{name}[dot]{end}",
        " at dot ": f"{local} at {name} dot {end}",
        "#at#": f"{local}#at#{domain}",
        "골뱅이": f"{local}골뱅이{domain}",
        " 골뱅이 ": f"{local} 골뱅이 {domain}",
        "(골뱅이)": f"{local}(골뱅이){domain}",
        "점": f"{local}@{name}점{end}",
        "골뱅이 점": f"{local} 골뱅이 {name} 점 {end}",
        "쩜": f"{local}골뱅이{name}쩜{end}",
        "앳": f"{local} 앳 {domain}",
        "zero-width": zero_width(f"{local}@{domain}", rng),
        "newline": f"{local}@\n{domain}",
        "[.]": f"{local}@{name}[.]{end}",
        "(dot)": f"{local}@{name}(dot){end}",
    }
    if domain in HEARD:
        said, dot = HEARD[domain]
        forms |= {
            "heard": f"{local} 골뱅이 {said} {dot}",
            "heard-glued": f"{local}골뱅이{said}{dot}",
            "heard-at": f"{local}@{said}{dot}",
            "heard-point": f"{local} 골뱅이 {said} 점 {dot[1:]}",
        }
    form = rng.choice(list(forms))
    return Value(forms[form], tier, form)


def account_value(tier: str, rng: random.Random) -> Value:
    bank = ""

    def draw() -> Groups:
        nonlocal bank
        bank, groups = account(rng)
        return groups

    value = number_value(draw, tier, rng)
    # The bank is context, not part of the value: the template says where it stands.
    return Value(value.text, tier, value.form, needs_label=True, bank=bank)


def card_value(tier: str, rng: random.Random) -> Value:
    value = number_value(lambda: card(rng), tier, rng)
    if tier != "hard" and rng.random() < 0.08:
        last = value.text[-1]
        wrong = chr(ord(last) - 1) if last not in "0０" else chr(ord(last) + 1)
        return Value(value.text[:-1] + wrong, tier, "bad-checksum", True, optional=True)
    joined = value.form in ("joined", "space")
    return Value(value.text, tier, value.form, value.needs_label and not joined)


def business_value(tier: str, rng: random.Random) -> Value:
    if rng.random() < 0.1:
        company = business(rng, rng.choice((81, 82, 83, 85, 86, 87, 88)))
        return Value("-".join(company), tier, "company", optional=True)
    middle = rng.choice([*range(1, 80), *range(90, 100)])
    value = number_value(lambda: business(rng, middle), tier, rng)
    if tier == "std" and rng.random() < 0.08:
        last = str((int(value.text[-1]) + 1) % 10)
        return Value(value.text[:-1] + last, tier, "bad-checksum", True, optional=True)
    return value


# Province, its short name, the city or district, a road, a lot's neighbourhood.
REGIONS = [
    line.split("|")
    for line in """\
서울특별시|서울|강남구|테헤란로|역삼동
서울특별시|서울|마포구|월드컵북로|상암동
서울특별시|서울|송파구|올림픽로|잠실동
서울특별시|서울|노원구|동일로|상계동
서울특별시|서울|관악구|남부순환로|봉천동
서울특별시|서울|은평구|통일로|불광동
서울특별시|서울|영등포구|여의대방로|신길동
서울특별시|서울|성북구|보문로|돈암동
부산광역시|부산|해운대구|센텀중앙로|우동
부산광역시|부산|부산진구|중앙대로|부전동
부산광역시|부산|사하구|낙동대로|괴정동
대구광역시|대구|수성구|달구벌대로|범어동
대구광역시|대구|달서구|월배로|상인동
대구광역시|대구|군위군 군위읍|중앙길|서부리
인천광역시|인천|연수구|송도과학로|송도동
인천광역시|인천|부평구|부평대로|부평동
인천광역시|인천|강화군 강화읍|강화대로|관청리
광주광역시|광주|서구|상무중앙로|치평동
광주광역시|광주|북구|용봉로|용봉동
대전광역시|대전|유성구|대학로|궁동
대전광역시|대전|서구|둔산로|둔산동
울산광역시|울산|남구|삼산로|삼산동
울산광역시|울산|울주군 언양읍|헌양길|동부리
경기도|경기|성남시 분당구|판교역로|삼평동
경기도|경기|수원시 팔달구|효원로|인계동
경기도|경기|고양시 일산동구|중앙로|장항동
경기도|경기|용인시 수지구|포은대로|풍덕천동
경기도|경기|평택시|평택로|비전동
경기도|경기|양평군 양평읍|양근로|양근리
경기도|경기|부천시|길주로|중동
강원특별자치도|강원|강릉시|강릉대로|홍제동
강원특별자치도|강원|춘천시|영서로|퇴계동
강원도|강원|홍천군 홍천읍|석화로|희망리
충청북도|충북|청주시 흥덕구|가로수로|복대동
충청북도|충북|음성군 금왕읍|무극로|무극리
충청남도|충남|천안시 서북구|불당대로|불당동
충청남도|충남|홍성군 홍북읍|충남대로|신경리
전북특별자치도|전북|전주시 완산구|홍산로|효자동
전라북도|전북|군산시|대학로|나운동
전라남도|전남|여수시|시청로|학동
전라남도|전남|무안군 삼향읍|오룡길|남악리
경상북도|경북|포항시 북구|새천년대로|덕산동
경상북도|경북|안동시 풍천면|도청대로|갈전리
경상남도|경남|창원시 성산구|원이대로|용호동
경상남도|경남|김해시|김해대로|부원동
제주특별자치도|제주|제주시|연북로|연동
제주특별자치도|제주|제주시 애월읍|애월로|애월리
제주특별자치도|제주|서귀포시|중앙로|서귀동
세종특별자치시|세종||한누리대로|나성동
""".splitlines()
]
UNITS = (
    "",
    "",
    " {d}동 {h}호",
    ", {d}동 {h}호",
    ", {u}호",
    " {f}층",
    " ({lot})",
    ", {u}호 ({lot})",
)
COMPLEXES = (
    "햇살마을아파트",
    "푸른숲빌라",
    "다온오피스텔",
    "가람타워",
    "은하수마을",
    "한빛주공아파트",
)


def address_value(tier: str, rng: random.Random) -> Value:
    full, short, city, road, lot = rng.choice(REGIONS)
    number = str(rng.randrange(2, 480)) + (f"-{rng.randrange(1, 40)}" if rng.random() < 0.3 else "")
    kind = rng.random()
    if kind < 0.55 or (road.endswith("길") and kind < 0.75):
        core = f"{road} {number}"
    elif kind < 0.75:
        core = f"{road}{rng.choice(('', ' '))}{rng.randrange(3, 190)}{rng.choice(('번길', '길'))} {number}"
    else:
        core = f"{lot} {number}" + rng.choice(("", "번지"))
    unit = rng.choice(UNITS).format(
        d=rng.randrange(101, 130), h=rng.randrange(2, 26) * 100 + rng.randrange(1, 7),
        u=rng.randrange(1, 16) * 100 + rng.randrange(1, 9), f=rng.randrange(2, 16), lot=lot,
    )  # fmt: skip
    whole = " ".join(filter(None, (full, city, core)))
    brief = " ".join(filter(None, (short, city, core)))
    if tier == "std":
        return Value(whole + unit, tier, "full" + ("+unit" if unit else ""), core=core)
    flat = f"{rng.randrange(101, 120)}동 {rng.randrange(2, 20)}0{rng.randrange(1, 5)}호"
    if tier == "var":
        joined = core.replace(" ", "")
        forms: dict[str, tuple[str, str]] = {
            "short": (brief + unit, core),
            "short+unit": (f"{brief} {flat}", core),
            "district": (f"{city or short} {core}{unit}", core),
            "number-glued": (" ".join(filter(None, (short, city, joined))) + unit, joined),
            "building": (f"{brief} {rng.choice(COMPLEXES)} {flat}", core),
            "building-hyphen": (f"{brief} {rng.choice(COMPLEXES)} {rng.randrange(101, 120)}-{rng.randrange(2, 20)}0{rng.randrange(1, 5)}", core),
            "basement": (f"{brief} 지하 {rng.randrange(1, 3)}층 B{rng.randrange(101, 120)}호", core),
            "floor": (f"{brief}, {rng.randrange(2, 20)}층", core),
            "commas": (", ".join(filter(None, (full, city, core))) + unit, core),
            "mountain": (f"{full} {city} {lot} 산 {number}".replace("  ", " "), f"{lot} 산 {number}"),
            "wide": ((brief + unit).translate(WIDE), core),
            "road-only": (f"{road} {number}{unit}", f"{road} {number}"),
        }  # fmt: skip
        if short in ("서울", "부산", "대구", "인천", "광주", "대전", "울산"):
            forms["city-si"] = (f"{short}시 {city} {core}{unit}", core)
        form = rng.choice(list(forms))
        text, core = forms[form]
        return Value(text, tier, form, needs_label=form == "road-only", core=core)
    start, _, last = core.rpartition(" ")
    tail = "" if not unit else f" {flat}"
    place = " ".join(filter(None, (short, city)))
    circled, bare = last.translate(CIRCLED), last.removesuffix("번지")
    variants = {
        "no-blanks": (f"{place} {core}".replace(" ", "") + tail, core),
        "newline": (f"{place}\n{core}{tail}", core),
        "newline-unit": (f"{place} {core}\n{flat}", core),
        "newline-number": (f"{place} {start}\n{last}{tail}", core),
        "circled": (f"{place} {start} {circled}{tail}", f"{start} {circled}"),
        "zero-width": (f"{place} {zero_width(core, rng)}{tail}", core),
        "spaced": (f"{place} {start} {' '.join(bare)}{last.removeprefix(bare)}{tail}", core),
        "dots": (f"{place}·{core}{tail}".replace(" ", "·"), core),
    }
    if re.fullmatch(r"\d+", last):
        spelled = spell(last, rng)
        variants["hangul"] = (f"{place} {start} {spelled}{tail}", f"{start} {spelled}")
    form = rng.choice(list(variants))
    text, core = variants[form]
    return Value(text, tier, form, core=core)


def ip_value(tier: str, rng: random.Random) -> Value:
    first = rng.choice((1, 14, 27, 39, 58, 61, 106, 112, 118, 121, 125, 175, 182, 203, 211, 218, 220, 223))  # fmt: skip
    octets = [str(first), *(str(rng.randrange(1, 255)) for _ in range(3))]
    plain = ".".join(octets)
    if tier == "std":
        return Value(plain, tier, "v4")
    if tier == "var":
        words = [f"{rng.randrange(0x10, 0xFFFF):x}" for _ in range(5)]
        forms: dict[str, tuple[str, str, bool]] = {
            "port": (plain, f":{rng.choice((22, 80, 443, 8080, 3306))}", False),
            "net": (plain, "/32", False),
            "wide": (plain.translate(WIDE), "", True),
            "wide-dots": (plain.replace(".", "．"), "", True),
            "zeros": (".".join(o.zfill(3) for o in octets), "", True),
            "private": (f"192.168.{rng.randrange(256)}.{rng.randrange(1, 255)}", "", True),
            "ten": (f"10.{octets[1]}.{octets[2]}.{octets[3]}", "", True),
            "v6": (":".join(["2001", "2d8", "e1a4", *words]), "", False),
            "v6-short": (f"2406:{words[0]}:{words[1]}::{rng.randrange(1, 99):x}", "", False),
            "v6-upper": (":".join(["2001", "2d8", "e1a4", *words]).upper(), "", False),
        }
        form = rng.choice(list(forms))
        text, after, label = forms[form]
        return Value(text, tier, form, needs_label=label, after=after)
    variants = {
        "[.]": "[.]".join(octets),
        "last[.]": ".".join(octets[:3]) + "[.]" + octets[3],
        "(.)": "(.)".join(octets),
        "spaced-dots": " . ".join(octets),
        "space-after": ". ".join(octets),
        "점": "점".join(octets),
        "점 ": "점 ".join(octets),
        "dot": " dot ".join(octets),
        "[dot]": "[dot]".join(octets),
        "zero-width": zero_width(plain, rng),
        "newline": ".".join(octets[:2]) + ".\n" + ".".join(octets[2:]),
        "middle-dots": "·".join(octets),
        "circled": plain.translate(CIRCLED),
        "commas": ",".join(octets),
    }
    form = rng.choice(list(variants))
    return Value(variants[form], tier, form, needs_label=True)


PLATE_LETTERS = (
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주" * 3 + "아바사자하허호배"
)


def plate_value(tier: str, rng: random.Random) -> Value:
    letter, number = rng.choice(PLATE_LETTERS), rng.choice("123456789") + digits(rng, 3)
    front = str(rng.randrange(100, 700) if rng.random() < 0.5 else rng.randrange(11, 70))
    if tier == "std":
        gap = rng.choice((" ", ""))
        return Value(f"{front}{letter}{gap}{number}", tier, "gap" if gap else "joined")
    if tier == "var":
        region = rng.choice(DRIVER_REGIONS)
        two = str(rng.randrange(11, 70))
        forms = {
            "region": (f"{region} {two}{letter} {number}", False),
            "region-glued": (f"{region}{two}{letter}{number}", False),
            "region-joined": (f"{region} {two}{letter}{number}", False),
            "hyphen": (f"{front}{letter}-{number}", True),
            "spaced": (f"{front} {letter} {number}", True),
            "hyphens": (f"{front}-{letter}-{number}", True),
            "wide": (f"{front}{letter} {number}".translate(WIDE), True),
            "space-before": (f"{front} {letter}{number}", True),
            "region-old": (f"{region} {rng.randrange(1, 10)}{letter} {number}", True),
        }
        form = rng.choice(list(forms))
        text, label = forms[form]
        return Value(text, tier, form, needs_label=label)
    variants = {
        "circled": f"{front}{letter} {number}".translate(CIRCLED),
        "zero-width": zero_width(f"{front}{letter}{number}", rng),
        "newline": f"{front}{letter}\n{number}",
        "spaced": f"{' '.join(front)} {letter} {' '.join(number)}",
        "hangul": f"{spell(front, rng)}{letter} {spell(number, rng)}",
        "hangul-number": f"{front}{letter} {spell(number, rng)}",
        "dot": f"{front}{letter}.{number}",
        "middle-dot": f"{front}·{letter}·{number}",
    }
    if "0" in number:
        variants["O"] = f"{front}{letter} {number.replace('0', 'O')}"
    form = rng.choice(list(variants))
    return Value(variants[form], tier, form, needs_label=True)


def draw_value(kind: str, tier: str, rng: random.Random) -> Value:
    match kind:
        case "RRN":
            return number_value(lambda: resident(rng, "1234"), tier, rng)
        case "FRN":
            return number_value(lambda: resident(rng, "5678"), tier, rng)
        case "PASSPORT":
            return passport_value(tier, rng)
        case "DRIVER":
            return driver_value(tier, rng)
        case "PHONE" | "LANDLINE":
            return phone_value(kind, tier, rng)
        case "EMAIL":
            return email_value(tier, rng)
        case "ACCOUNT":
            return account_value(tier, rng)
        case "CARD":
            return card_value(tier, rng)
        case "BRN":
            return business_value(tier, rng)
        case "ADDRESS":
            return address_value(tier, rng)
        case "IP":
            return ip_value(tier, rng)
        case _:
            return plate_value(tier, rng)


# templates
# {v} the value, {bank} the bank of an account, {zip} a postal code; {로} {은} {을} {이} {과} {예요}
# the particle that fits. A line that starts with * names no type: it is bare.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "RRN": (
        "주민등록번호는 {v}입니다.",
        "주민번호 {v}{로} 조회 부탁드려요",
        "[상담] 본인 확인 때문에 주민번호 여쭤봤고 {v} 확인함",
        "성명 / 주민등록번호 / 관계\n본인 / {v} / 세대주",
        "엄마 주민번호{v}{예요} 보험 청구할 때 써",
        "가족관계증명서 발급용 주민등록번호: {v}",
        "연말정산 부양가족 등록합니다. 주민번호가 {v}이고 작년과 같습니다.",
        "주민번호는{v}인데 뒷자리 맞는지 봐줘",
        "피보험자 주민번호={v}; 계약 유지 중",
        "고객: 주민번호 불러드릴게요. {v}. 상담원: 네 확인되셨습니다.",
        "신청인 주민등록번호 ({v}) 오기 정정 요청",
        "[메모] 전입신고 서류, 주민번호 {v} 누락돼서 다시 보냄",
        "*{v} 이분 서류가 아직 안 왔어요",
        "*제 번호 {v}{로} 다시 조회해 보세요",
        "*접수 명단 3번 {v}",
        "*동생은 {v}, 저는 나중에 알려드릴게요",
    ),
    "FRN": (
        "외국인등록번호는 {v}입니다.",
        "외국인 등록번호 {v}{로} 통장 개설하려고 합니다",
        "체류지 변경 신고: 외국인등록번호 {v}",
        "[인사팀] 신규 입사자 외국인등록번호{v} 등록 바랍니다",
        "등록증 번호가{v}인데 갱신은 어디서 하나요?",
        "국적/외국인등록번호/체류자격\n베트남/{v}/E-9",
        "Alien registration no. {v} 유학생 보험 가입 건",
        "남편 외국인등록번호 {v}{을} 같이 올려 주세요.",
        "거소신고번호 {v}, 만기는 내년 3월이에요",
        "고객이 외국인등록증 번호 {v}{이} 맞다고 함",
        "기숙사 입소 신청서 - 외국인등록번호: {v}",
        "외국인번호 {v}{은} 앞자리만 맞아요",
        "*근로자 {v} 4대 보험 취득 신고했습니다",
        "*{v}{로} 조회하면 이름이 안 떠요",
        "*명단에 {v} 추가해 주세요",
    ),
    "PASSPORT": (
        "여권번호는 {v}입니다.",
        "항공권 예약하게 여권번호 {v}{로} 넣어줘",
        "여권번호{v}, 만료일은 내년 8월",
        "[여행사] 단체 비자 서류 - 여권 번호 : {v}",
        "제 여권은 {v}인데 영문 이름이 틀렸어요",
        "passport no. {v} 호텔 체크인용",
        "면세점 구매하려면 여권번호 필요하대. {v}{예요}",
        "재발급 받은 여권번호가 {v}{로} 바뀌었습니다",
        "분실 신고 접수 / 여권번호 {v} / 습득 장소 공항",
        "ESTA 신청서 여권번호 칸에 {v}{을} 적었어요",
        "고객: 여권번호요? {v}요. 상담원: 감사합니다.",
        "유학 서류에 여권번호 ({v}) 기재 바람",
        "아이 여권번호={v} 메모해 둠",
        "여권 사본 첨부합니다, 번호는{v}",
        "*출국자 명단: {v} 1명",
        "*{v}{로} 탑승 수속 마쳤습니다",
    ),
    "DRIVER": (
        "운전면허번호는 {v}입니다.",
        "면허번호 {v}{로} 렌터카 예약했어요",
        "면허증 번호{v} 갱신 기간 알려주세요",
        "[렌트] 제2운전자 운전면허번호: {v}",
        "운전면허 번호가{v}인데 적성검사 대상인가요",
        "교통민원: 면허번호 {v} 벌점 조회",
        "운전자/면허번호/종별\n홍보팀/{v}/1종 보통",
        "카셰어링 가입하는데 면허번호 {v}{이} 안 맞대요",
        "면허 재발급 신청, 기존 운전면허번호 {v}",
        "대리기사 등록 면허번호={v}",
        "고객이 불러준 면허번호 {v}{을} 입력함",
        "버스 기사 채용 서류 (운전면허 {v}) 접수",
        "driver license {v} 국제면허 발급 문의",
        "*{v}{로} 조회하니 유효하다고 나와요",
        "*신분 확인은 {v}{로} 했습니다",
        "*아빠 면허 사진 찍어뒀어 {v}",
    ),
    "PHONE": (
        "제 연락처는 {v}입니다.",
        "{v}{로} 전화 주세요!",
        "휴대폰 번호{v}{로} 바뀌었어요",
        "[택배] 받는 분 전화 {v} 부재 시 경비실",
        "핸드폰 {v} 문자만 됩니다",
        "연락처는{v}, 저녁 7시 이후 가능",
        "비상연락망: 총무 {v} 회계는 추후 공지",
        "중고 책상 팔아요. 문의는 {v}{로} 카톡이나 문자",
        "콜백 요청 고객 번호 {v} / 요금 문의",
        "010 바뀐 거 저장해. 전화번호 {v}{예요}",
        "학부모 전화 {v}{과} 연결이 안 됩니다",
        "담당자 휴대전화: {v} (오전만)",
        "엄마 번호 {v}인데 통화가 안 되네",
        "인증번호가 {v}{로} 발송되었습니다",
        "*{v}",
        "*급하면 {v}",
        "*수리 기사님 {v}, 4시에 오신대",
        "*안녕하세요 어제 문의드린 {v}입니다",
    ),
    "LANDLINE": (
        "사무실 전화는 {v}입니다.",
        "{v}{로} 전화하시면 예약됩니다",
        "대표전화{v} 내선 3번",
        "[공고] 문의처: 민원봉사과 {v}",
        "집 전화번호 {v}{은} 다음 달에 해지해요",
        "팩스 {v}{로} 보내 주세요",
        "병원 전화는{v}, 점심시간 빼고 받아요",
        "Tel. {v} / 담당 김 과장",
        "고객 자택 전화 {v}{로} 콜백했으나 부재",
        "학원 연락처 {v}{예요} 상담은 세 시부터",
        "관리사무소 전화번호 {v}",
        "회신 전화: {v} (평일 9-18시)",
        "숙소에 전화하려면 {v}{을} 누르세요",
        "FAX: {v} 수신 확인 바람",
        "*본사 {v}, 공장은 따로 알려드립니다",
        "*예약은 {v}",
        "*동물병원 {v} 저장해 둬",
    ),
    "EMAIL": (
        "이메일은 {v}입니다.",
        "견적서는 {v}{로} 보내주세요",
        "메일주소{v} 확인 부탁드립니다",
        "계정 이메일 : {v} / 비밀번호 초기화 요청",
        "자료 필요하면 {v}{로} 메일 줘",
        "[모집] 이력서 제출처 {v} (5월 말까지)",
        "e-mail: {v}\n홈페이지는 준비 중입니다.",
        "참조에 {v}{을} 넣어 주시면 됩니다",
        "구글 드라이브 공유했어. {v} 맞지?",
        "문의는{v}, 답장은 하루쯤 걸려요",
        "고객 메일 {v}{로} 청구서 재발송 완료",
        "뉴스레터 수신 거부합니다. 이메일 {v}",
        "담당자 메일이 {v}{예요}",
        "초대 링크를 {v} 앞으로 보냈습니다.",
        "*{v}{로} 부탁해",
        "*담당: {v}",
        "*발신 {v} 수신 확인 완료",
    ),
    "ACCOUNT": (
        "{bank} {v}{로} 입금해 주세요",
        "계좌번호는 {bank} {v}입니다.",
        "회비는 {bank} {v} 총무 앞으로 보내줘",
        "환불 계좌: {bank} {v} (예금주 본인)",
        "{bank}{v} 여기로 송금 부탁!",
        "월세 {bank} {v}{로} 매달 자동이체",
        "급여 계좌 변경 신청 - {bank} / {v}",
        "[고객센터] 자동이체 계좌 {v} ({bank}) 등록",
        "축의금은 {bank} {v}",
        "내 계좌 {v}{예요} {bank}이고",
        "{bank} 계좌{v}에서 출금이 안 돼요",
        "예금주 확인: {bank} {v}, 금액 5만 원",
        "보증금은 계좌번호 {v}({bank}){로} 이체했습니다.",
        "입금계좌 {v} / 은행 {bank} / 기한 금요일",
        "정산은 {bank} {v}{로} 받을게요 ㅎㅎ",
        "통장 사본 보냅니다. {bank} {v}",
    ),
    "CARD": (
        "카드번호는 {v}입니다.",
        "법인카드 {v}{로} 결제해 주세요",
        "카드 번호{v} 유효기간은 따로 알려드릴게요",
        "[결제 오류] 신용카드 {v} 승인 거절",
        "체크카드 {v} 분실 신고합니다",
        "카드번호가{v}인데 한도 조회 부탁드려요",
        "정기결제 카드: {v} → 교체 요망",
        "고객 카드번호 {v} 확인 후 취소 처리함",
        "호텔 보증용 신용카드 번호 {v}",
        "엄마 카드 {v}{로} 긁어도 돼?",
        "결제수단/번호/할부\n신용카드/{v}/일시불",
        "해외 결제 차단 요청, 카드번호 {v}",
        "재발급 카드번호={v}",
        "*{v}{로} 결제했는데 두 번 빠져나갔어요",
        "*이거 {v} 등록해 줘",
        "*청구 내역: {v} 외 1건",
    ),
    "BRN": (
        "사업자등록번호는 {v}입니다.",
        "사업자번호 {v}{로} 세금계산서 발행해 주세요",
        "사업자 등록번호{v} 간이과세자",
        "상호: 다온상회 / 사업자번호: {v} / 업태 소매",
        "현금영수증 사업자 지출증빙 {v}",
        "사업자번호는{v}, 대표는 저예요",
        "[거래처 등록] 사업자등록번호 {v} 신규",
        "폐업 신고했는데 사업자등록번호 {v}{이} 아직 조회돼요",
        "스마트스토어 입점 신청 (사업자등록번호 {v})",
        "공급자 등록번호 {v}\n공급받는자는 아래와 같음",
        "사업자 {v} 매입 내역 정리 부탁",
        "홈택스에서 사업자번호 {v}{을} 조회했습니다",
        "업체 사업자등록번호={v} 계약서 첨부",
        "*영수증에 {v} 찍혀 있어요",
        "*{v} 이 업체랑 거래 중입니다",
        "*발행처 {v}, 금액은 별도",
    ),
    "ADDRESS": (
        "주소는 {v}입니다.",
        "배송지 {v} 문 앞에 놔주세요",
        "보내실 곳: {v}",
        "이사한 집 주소{v}{예요} 놀러 와",
        "[배송] 받는 곳 {v} / 경비실 보관 불가",
        "본적 및 현주소 : {v}",
        "등기는 {v}{로} 보내 주시기 바랍니다.",
        "출장 수리 접수. 방문지 {v}, 오후 2시",
        "우편번호 {zip} {v}",
        "({zip}) {v}",
        "계약서상 소재지는 {v}{로} 되어 있음",
        "고객 주소 {v}{을} 다시 확인했습니다",
        "자취방은 {v}인데 역에서 가까워",
        "*지금 {v}에 살고 있어요",
        "*{v} 앞에서 기다릴게",
        "*택시 불러줘 {v}{로} 갈 거야",
        "*{v}에서 모임 합니다",
        "*회사는 {v}에 있습니다",
    ),
    "IP": (
        "접속 IP는 {v}입니다.",
        "IP {v}에서 로그인 시도가 있었습니다",
        "아이피{v} 차단 요청",
        "[보안] 비정상 접근 IP: {v} 3회 실패",
        "제 아이피가 {v}인데 접속이 안 돼요",
        "게시글 작성자 IP 주소 {v}",
        "client_ip={v} status=403",
        "아이피 주소는{v}, 사무실에서 접속",
        "서버 로그에 IP {v}{이} 반복됩니다",
        "해외 IP {v}{로} 결제 시도 차단함",
        "고객 IP주소 ({v}) 기준으로 지역 확인",
        "IP 주소 {v}{을} 화이트리스트에 추가",
        "*{v} 에서 접속 기록 확인",
        "*Failed password for root from {v} port 52113",
        "*ping {v} 응답 없음",
        "*{v} - - GET /index.html",
    ),
    "PLATE": (
        "차량번호는 {v}입니다.",
        "{v} 차량 이동 주차 부탁드립니다",
        "차 번호{v} 등록해 주세요",
        "[관리실] 방문 차량 {v} 3시간 무료",
        "우리 차 {v}{로} 하이패스 등록했어",
        "사고 접수 / 상대 차량번호 {v} / 경상",
        "차량 번호판이 {v}인 흰색 차예요",
        "주차권 발급: {v} 승용차",
        "대리 불렀어요. 차 번호는{v}",
        "불법주정차 신고합니다 차량 {v}",
        "렌터카 번호 {v}{을} 배정받으셨습니다",
        "자동차등록번호 {v} 이전 등록 문의",
        "세차 예약 차량번호={v}",
        "*{v} 차주분 연락 바랍니다",
        "*택시 {v}{을} 탔는데 지갑을 두고 내렸어요",
        "*주차장에 {v} 라이트 켜져 있어요",
    ),
}

# Records with several values, as forms and logs hold them.
SEVERAL = (
    "신청서\n성명: 생략\n주민등록번호: {RRN}\n주소: {ADDRESS}\n연락처: {PHONE}",
    "주문자 연락처 {PHONE}, 배송지 {ADDRESS}, 결제 카드 {CARD}",
    "[상담 이력] 발신 {PHONE} / 회신 {LANDLINE} / 메일 {EMAIL}",
    "거래처 카드: 사업자번호 {BRN}, 대표전화 {LANDLINE}, 이메일 {EMAIL}, 계좌 {bank} {ACCOUNT}",
    "입사 서류: 주민번호 {RRN}, 급여계좌 {bank} {ACCOUNT}, 휴대폰 {PHONE}",
    "렌터카 계약 - 면허번호 {DRIVER}, 차량번호 {PLATE}, 연락처 {PHONE}",
    "유학생 등록: 여권번호 {PASSPORT}, 외국인등록번호 {FRN}, 이메일 {EMAIL}",
    "로그인 알림 {EMAIL} 계정이 IP {IP}에서 접속했습니다. 본인이 아니면 {PHONE}{로} 연락 주세요.",
    "휴대폰={PHONE}&메일={EMAIL}&주소={ADDRESS}",
    "환불 요청: 카드번호 {CARD} 취소 후 계좌 {bank} {ACCOUNT}{로} 입금, 문의 {PHONE}",
    "주차 등록 {PLATE} / 입주민 {ADDRESS} / {PHONE}",
    "여행자 보험 가입자 여권번호 {PASSPORT} 주민번호 {RRN} 비상연락처 {PHONE}",
    "고용주 사업자등록번호 {BRN}, 근로자 외국인등록번호 {FRN}, 근무지 {ADDRESS}",
    "성함/연락처/차량\n생략/{PHONE}/{PLATE}",
)
OPTIONAL = (
    "고객센터 {v}{로} 문의하세요", "문의 전화 {v} (평일)", "대표번호{v}입니다.",
)  # fmt: skip


# traps
REGION_NAMES = ["서울특별시", "부산광역시", "세종특별자치시", "강원특별자치도", "전북특별자치도", "제주특별자치도", "경기도", "수원시", "강남구", "해운대구", "전주시", "춘천시", "판교동", "안동시"]  # fmt: skip
# Everyday sentences in which numerals are only syllables.
SYLLABLES = (
    "이사 일정이 삼일 뒤로 밀렸어요", "구이 이인분이랑 육회 하나요", "일이삼사오육칠 순서대로 앉으세요",
    "오이 사 오라고 했는데 사이다만 사 왔어", "공사 일정 공지합니다 칠월 이십일 시작", "육이오 때 이야기를 들었어요",
    "삼일절과 사일구 기념식 준비", "구사일생으로 살아난 이야기", "공이 골대에 일 미터 차이로 빗나갔다",
    "이일 저일 하다 보니 오일이 지났네", "팔이 아파서 칠을 못 하겠어", "구구단 이일은 이 이이는 사 이삼은 육",
    "영영 못 볼 줄 알았는데 일 년 만에 만났다", "다시 일이 생겨서 다시 이사 다시 공사", "공공일자리 사업 이차 모집 육십 명",
)  # fmt: skip
AT_SIGNS = (
    "골뱅이 무침 2인분이랑 소면 추가요", "골뱅이 통조림 3개에 9900원", "팔로우 @haneul_daily 2024 시즌",
    "@Override 붙이고 빌드 1.2.3 올려", "회의 @ 3층 302호", "단가 1,200원 @ 30개 주문", "@홍보팀 2차 시안 확인 부탁",
    "점심은 김밥 점심 닷컴 붐 이야기", "naver.com 접속이 안 돼요", "report.final.v2.pdf 파일 확인", "import numpy@1.26.4 버전 고정",
    "닷컴 버블은 2000년에 꺼졌다", "네이버 닷컴 말고 다음 사이트에서 봤어", "pip install torch==2.1.0 했어요",
    "@ 기호를 입력하세요", "user@ 다음에 도메인을 쓰는 칸입니다",
)  # fmt: skip


def traps(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, text): text that looks like personal data and is none."""

    def n(low: int, high: int) -> int:
        return rng.randrange(low, high)

    def d(count: int) -> str:
        return rng.choice("123456789") + digits(rng, count - 1)

    def day(sep: str = "-") -> str:
        return f"{n(1998, 2026)}{sep}{n(1, 13):02d}{sep}{n(1, 29):02d}"

    def hexa(count: int) -> str:
        return "".join(rng.choice("0123456789abcdef") for _ in range(count))

    pick = rng.choice
    isbn = f"979-11-{d(4)}-{d(3)}-{n(0, 10)}"
    yield "order", f"주문번호 {day('')}-{d(7)} 배송 언제 오나요"
    yield "order-joined", f"주문번호{day('')}{d(8)}건 취소 접수"
    yield "tracking", pick(("운송장 {0}-{1}-{2} 조회", "송장번호 {0}-{1}-{2}번 분실", "택배 {0}{1}{2} 도착")).format(d(4), d(4), d(4))  # fmt: skip
    yield "isbn", f"책 ISBN {isbn} 재고 있나요"
    yield "isbn-old", f"ISBN 89-{d(4)}-{d(3)}-{n(0, 10)} 절판"
    yield (
        "version",
        f"앱을 v{n(1, 9)}.{n(0, 20)}.{n(0, 20)}{pick(('로 올렸더니 느려요', ' 설치 오류', '-rc1 배포'))}",
    )
    yield (
        "version-four",
        f"{pick(('펌웨어', '드라이버', '크롬', '윈도우 빌드'))} {n(1, 20)}.{n(0, 9)}.{n(1, 250)}.{n(1, 250)} {pick(('버전', '업데이트'))} 배포",
    )
    yield "price", f"견적은 {d(3)},{d(3)},000원이고 부가세 {d(2)},{d(3)}원 별도"
    yield (
        "price-man",
        f"중고가 {n(10, 99)}만 {n(1000, 9999)}원 / 정가 {n(100, 999)}만{n(1000, 9999)}원",
    )
    yield "date-range", f"행사 기간 {day('.')} ~ {day('.')} 신청은 {n(1, 13)}/{n(1, 29)}까지"
    yield (
        "timestamp",
        f"로그 {day('')}{n(0, 24):02d}{n(0, 60):02d}{n(0, 60):02d} 이후 오류 {d(3)}건",
    )
    yield "iso-time", f"{day()}T{n(0, 24):02d}:{n(0, 60):02d}:{n(0, 60):02d}.{d(6)}+09:00 작업 시작"
    yield (
        "tennis",
        f"결승에서 {n(2, 4)}-{n(0, 2)}({n(4, 8)}-{n(0, 7)} {n(4, 8)}-{n(0, 7)} {n(6, 8)}-{n(0, 7)})로 이겼다",
    )
    yield "baseball", f"시즌 {n(60, 99)}승 {n(40, 80)}패 승률 0.{d(3)}, 방어율 {n(2, 6)}.{d(2)}"
    yield (
        "statute",
        f"{pick(('시행규칙', '고시', '별표', '산업안전기준'))} {n(1, 20)}.{n(1, 9)}.{n(1, 9)}.{n(1, 9)}{pick(('항', '호', '조'))}에 따른다",
    )
    yield "law", f"법률 제{d(5)}호 제{n(10, 99)}조의{n(2, 9)} 제{n(1, 9)}항 제{n(1, 20)}호 가목"
    yield (
        "case",
        f"대법원 {n(1995, 2025)}. {n(1, 13)}. {n(1, 29)}. 선고 {n(1995, 2025)}{pick('다도두모마카')}{d(pick((4, 5, 6)))} 판결",
    )
    yield (
        "case-old",
        f"헌재 {n(90, 99)}헌{pick('가나마바')}{d(pick((2, 3)))}, 대법원 {n(80, 99)}{pick('다도누')}{d(pick((4, 5)))} 판결 참조",
    )
    yield (
        "statistics",
        f"응답자 {d(4)}명 중 {n(10, 99)}.{n(0, 10)}%({d(3)}명)가 찬성, 표본오차 ±{n(1, 5)}.{n(0, 10)}%p",
    )
    yield "coordinates", f"위도 37.{d(4)}, 경도 126.{d(6)} 지점에서 발견"
    yield "hash", f"커밋 {hexa(40)} 되돌려 주세요, 이전은 {hexa(7)}"
    yield "uuid", f"요청 id {hexa(8)}-{hexa(4)}-4{hexa(3)}-a{hexa(3)}-{hexa(12)} 실패"
    yield (
        "model",
        f"{pick(('SM-G', 'LG-F', 'WF', 'KX-'))}{d(3)}{pick('NKS')} {pick(('배터리 교체', '액정 수리'))} 가격 문의",
    )
    yield "part", f"부품번호 {pick(('SK', 'KR', 'HD'))}010{d(8)}호 재고 {n(2, 90)}개"
    yield "part-hyphen", f"품번 A{n(100, 999)}-010-{d(4)}-{d(4)}X 단종"
    yield (
        "url",
        f"https://news.example.com/{n(2015, 2026)}/{n(1, 13):02d}/{n(1, 29):02d}/{d(10)}.html 기사 봤어?",
    )
    yield "url-query", f"링크 http://shop.example.kr/item?id=010{d(8)}&ref={d(6)} 열어봐"
    yield (
        "range",
        f"{n(10, 20)}~{n(21, 60)}세 {n(1, 9)},{d(3)}~{n(10, 20)},{d(3)}명 모집, 높이 {d(3)}-{d(3)}mm",
    )
    yield "barcode", f"바코드 880{d(10)} 찍히는 상품 환불"
    yield "barcode-bare", f"880{d(10)} 이 상품 어디 있어요?"
    yield "exam", f"수험번호 {d(8)} 고사장 {n(1, 30)}번 교실"
    yield (
        "temperature",
        f"최저 영하 {n(2, 18)}.{n(0, 10)}도 최고 {n(1, 9)}.{n(0, 10)}도, 습도 {n(20, 90)}% 기압 10{n(10, 30)}.{n(0, 10)}hPa",
    )
    yield (
        "chemical",
        f"{pick(('1,3,7-트라이메틸잔틴', '2,4-D', '1,2-다이클로로에테인', '5-메틸-2-헥산올'))} (CAS {d(4)}-{n(10, 99)}-{n(0, 10)}) {d(3)}mg",
    )
    yield (
        "region",
        f"{pick(REGION_NAMES)}{pick(('에는 비가 온다', '와 협약을 맺었다', ' 인구는 줄고 있다', '로 여행 가요', ' 2박 3일 코스'))}",
    )
    yield (
        "region-number",
        f"{pick(REGION_NAMES)} {n(2, 30)}{pick(('곳에서 열린다', '개 학교', '박 여행', '년 만의 폭설', '위에 올랐다'))}",
    )
    yield (
        "road",
        f"{pick(('테헤란로를 따라 걸었다', '강남대로에서 1시간', '세종대로 일대 3개 차로 통제', '가로수길 2번째 골목', '올림픽대로 5km 정체', '홍대로 20대가 몰린다', '퇴계로 방면 10분 지연'))}, {n(2, 60)}분 소요",
    )
    yield "votes", f"{n(1, 9)}번 후보 {d(3)},{d(3)}표, {n(1, 9)}번 후보 {d(2)},{d(3)}표 득표"
    yield "count-ga", f"{n(11, 99)}가지 {d(4)}원, {n(100, 400)}개 {d(4)}원"
    yield (
        "count-su",
        f"{n(11, 99)}{pick(('대', '호', '조', '주', '부', '무'))} {d(4)}{pick(('명', '원', '개', '건', '톤', '부'))} 규모",
    )
    yield "syllables", pick(SYLLABLES)
    yield "bus", f"{n(100, 999)}번 버스 {d(4)}번 환승, 국도 {n(2, 80)}호선 {n(1, 300)}km 지점"
    yield "flat-size", f"전용 {n(39, 150)}㎡ {n(2, 30)}층 {n(2, 20)}개 동 {n(300, 2000)}세대 분양"
    yield "classification", f"분류코드 {d(2)}-{d(3)}-{d(3)} 항목, HS {d(4)}.{d(2)}.{d(4)}"
    yield "meeting", f"줌 회의 ID {d(3)} {d(4)} {d(4)} 암호 {d(6)}"
    yield (
        "serial",
        f"시리얼 {pick(('5CG', 'R3K', 'C02'))}{d(4)}{pick('ABCD')}{d(2)} 보증 기간 {n(1, 4)}년",
    )
    yield (
        "verse",
        f"{pick(('요한복음', '시편', '로마서'))} {n(1, 50)}:{n(1, 30)}-{n(31, 40)}, {n(1, 20)}장 {n(1, 20)}절",
    )
    yield "record", f"{n(1, 4)}시간 {n(0, 60)}분 {n(0, 60)}초{d(2)}, 100m {n(9, 12)}초{d(2)} 기록"
    yield (
        "flight",
        f"KE{d(3)}편 {n(0, 24):02d}:{n(0, 60):02d} 출발 게이트 {n(1, 50)} 좌석 {n(10, 60)}A",
    )
    yield "stock", f"종목코드 {d(6)} 종가 {n(10, 99)},{d(3)}원 거래량 {n(1, 9)},{d(3)},{d(3)}주"
    yield "at", pick(AT_SIGNS)
    yield (
        "mac",
        f"MAC {':'.join(hexa(2) for _ in range(6))} 등록, 시각 {n(0, 24):02d}:{n(0, 60):02d}:{n(0, 60):02d}",
    )
    yield "lotto", f"당첨번호 {', '.join(str(n(1, 46)) for _ in range(6))} + {n(1, 46)}"
    yield (
        "resolution",
        f"{n(640, 3840)}x{n(480, 2160)} 화면비 {n(1, 22)}:{n(1, 10)} 주사율 {pick((60, 120, 144))}Hz",
    )
    yield (
        "loan",
        f"{pick(('국민은행', '신한은행', '우리은행', '농협', '카카오뱅크'))} 대출 금리 연 {n(3, 9)}.{d(2)}% {n(12, 60)}개월 {n(1, 99)},{d(3)},{d(3)}원",
    )
    yield "approval", f"카드 승인번호 {d(8)} 결제금액 {n(10, 999)},{d(3)}원 {n(2, 12)}개월 할부"
    yield "patent", f"특허 제10-{d(7)}호, 출원번호 10-{n(2005, 2025)}-{d(7)}"
    yield (
        "notice",
        f"공고 제{n(2010, 2026)}-{d(pick((2, 3, 4)))}호, 문서번호 총무과-{d(pick((4, 5)))}",
    )
    yield (
        "placeholder",
        f"연락처는 {pick(('[PHONE]', '[전화번호]', '<PHONE>', '{{phone}}', '010-****-****'))}로 바꿔 두었음 {n(1, 20)}건",
    )
    yield (
        "coupon",
        f"쿠폰 코드 {pick('ABCD')}{hexa(3).upper()}-{d(4)}-{hexa(4).upper()}-{d(4)} 적용 안 됨",
    )
    yield (
        "room",
        f"{pick(('본관', '제2별관', '학생회관', '신관'))} {n(1, 9)}층 {n(101, 999)}호 회의실 {n(10, 90)}명",
    )
    yield (
        "pages",
        f"논문 {n(1, 40)}권 {n(1, 6)}호 {n(10, 300)}-{n(301, 600)}쪽, doi:10.{d(4)}/kjm.{n(2010, 2026)}.{n(1, 60)}.{n(1, 6)}.{d(3)}",
    )
    yield (
        "oid",
        f"OID 1.3.6.1.4.1.{d(4)}.{n(1, 9)} 트랩 수신 {d(3)}건, 절 {n(1, 9)}.{n(1, 9)}.{n(1, 9)}.{n(1, 9)}절",
    )
    yield "arithmetic", f"{d(3)}-{d(2)}+{d(5)}={d(5)} 그리고 {d(2)}*{d(4)}*{d(2)} 계산해줘"
    yield "lot", f"제조번호 LOT {day('')}-{n(1, 20):02d} 유통기한 {day('.')}"
    yield (
        "emergency",
        f"{pick(('119', '112', '114', '1330', '120'))}에 신고하고 {n(1, 30)}분 기다렸다",
    )
    yield (
        "prefix",
        f"{pick(('010 번호 통합 정책', '070 번호는 안 받아요', '02 지역번호가 뭐야', '+82는 국가번호', '011 쓰던 시절'))} {n(1998, 2026)}년",
    )
    yield (
        "recipe",
        f"밀가루 {d(3)}g 설탕 {n(10, 90)}g 우유 {d(3)}ml 섞고 {n(150, 220)}도 {n(10, 60)}분",
    )
    yield (
        "budget",
        f"{n(2010, 2026)}년 예산 {n(1, 9)}조 {d(4)}억 {d(4)}만 원, 전년 대비 {n(1, 20)}.{n(0, 10)}%",
    )


# the set
SLOT = re.compile(r"\{([^}]+)\}")


def fill(template: str, draw: Callable[[str], tuple[str, Value]], rng: random.Random) -> tuple:
    """The text of a template, and a span for every value in it."""
    text, spans, at = "", [], 0
    bank = ""
    # The bank stands before its account as often as behind it, so the account is drawn first.
    drawn = {s: draw(s) for s in SLOT.findall(template) if s == "v" or s in TYPES}
    bank = next((value.bank for _, value in drawn.values() if value.bank), "")
    for slot in SLOT.finditer(template):
        text += template[at : slot.start()]
        at, name = slot.end(), slot[1]
        if name in drawn:
            kind, value = drawn[name]
            span = {
                "start": len(text),
                "end": len(text) + len(value.text),
                "type": kind,
                "value": value.text,
                "tier": value.tier,
                "form": value.form,
                "ctx": "bare" if template[0] == "*" else "label",
            }
            if value.core:
                span["core"] = value.core
            if value.optional:
                span["optional"] = True
            spans.append(span)
            text += value.text + value.after
        elif name == "bank":
            text += bank
        elif name == "zip":
            text += f"{rng.randrange(1000, 63650):05d}"
        else:
            text += particle(name, text)
    return text + template[at:], spans


def tier_of(rng: random.Random) -> str:
    return rng.choices(("std", "var", "hard"), (45, 33, 22))[0]


def moved(spans: list[dict], by: int) -> list[dict]:
    return [s | {"start": s["start"] + by, "end": s["end"] + by} for s in spans]


def in_carrier(
    text: str, spans: list[dict], carriers: Carriers, rng: random.Random
) -> tuple[str, list[dict], str]:
    """The text alone, before, behind or between real sentences, and where those come from."""
    shape = rng.choices(("alone", "behind", "before", "between"), (35, 25, 25, 15))[0]
    before, after, source = "", "", "template"
    if shape in ("behind", "between"):
        source, sentence = rng.choice(carriers.planting)
        before = sentence + rng.choice((" ", " ", "\n"))
    if shape in ("before", "between"):
        source, sentence = rng.choice(carriers.planting)
        after = rng.choice((" ", " ", "\n")) + sentence
    return before + text + after, moved(spans, len(before)), source


def gold(carriers: Carriers, seed: int) -> list[dict]:
    """The whole set. The seed draws values and carriers; templates and clean texts stay the same."""
    rng = random.Random(seed)
    records: list[dict] = []

    def add(text: str, spans: list[dict], source: str, kind: str) -> None:
        for span in spans:
            assert text[span["start"] : span["end"]] == span["value"]
        records.append(
            {
                "id": f"held-{len(records):05d}",
                "text": text,
                "spans": spans,
                "source": source,
                "kind": kind,
            }
        )

    for kind in TYPES:
        labelled = [t for t in TEMPLATES[kind] if t[0] != "*"]
        bare = [t for t in TEMPLATES[kind] if t[0] == "*"]
        for _ in range(PER_TYPE):
            value = draw_value(kind, tier_of(rng), rng)
            choose_bare = bare and not value.needs_label and rng.random() < 0.35
            template = rng.choice(bare if choose_bare else labelled)
            text, spans = fill(template, lambda _, k=kind, v=value: (k, v), rng)
            if choose_bare:
                text = text[1:]
                spans = moved(spans, -1)
            add(*in_carrier(text, spans, carriers, rng), "planted")
    for _ in range(FORMS_WITH_SEVERAL):
        text, spans = fill(
            rng.choice(SEVERAL), lambda slot: (slot, draw_value(slot, tier_of(rng), rng)), rng
        )
        add(*in_carrier(text, spans, carriers, rng), "planted")
    for _ in range(30):
        number = f"{rng.choice(('1588', '1577', '1644', '1899', '1666'))}-{digits(rng, 4)}"
        value = Value(number, "std", "representative", optional=True)
        text, spans = fill(rng.choice(OPTIONAL), lambda _, v=value: ("LANDLINE", v), rng)
        add(*in_carrier(text, spans, carriers, rng), "planted")
    for _ in range(PER_TRAP_KIND):
        for name, text in traps(rng):
            add(text, [], f"trap:{name}", "trap")
    for source, text in carriers.clean:
        add(text, [], source, "clean")
    return records
