"""Korean particles that agree with the word before them.

A particle has two forms: one after a final consonant (은 이 을 과 으로 이나 이라고 ...), one
after a vowel (는 가 를 와 로 나 라고 ...). What counts is how the word is *read*: "3" is 삼, "7"
is 칠, "KBS" is 케이비에스, "kg" is 킬로그램. One exception: 으로 is written 로 after a final ㄹ
("서울로", "7로").

`with_particle` takes either form. Particles with one form only (에 도 만 까지 ...) are simply
appended.
"""

import re

# (after a final consonant, after a vowel)
PAIRS = (
    ("은", "는"),
    ("이", "가"),
    ("을", "를"),
    ("과", "와"),
    ("으로", "로"),
    ("으로는", "로는"),
    ("으로도", "로도"),
    ("으로서", "로서"),
    ("으로써", "로써"),
    ("이나", "나"),
    ("이랑", "랑"),
    ("이든", "든"),
    ("이라", "라"),
    ("이라고", "라고"),
    ("이라는", "라는"),
    ("이라도", "라도"),
    ("이라서", "라서"),
    ("이란", "란"),
    ("이며", "며"),
    ("이고", "고"),
    ("이고요", "고요"),
    ("이면", "면"),
    ("이니까", "니까"),
    ("이다", "다"),
    ("이었다", "였다"),
    ("이었어", "였어"),
    ("이었어요", "였어요"),
    ("이에요", "예요"),
    ("이네", "네"),
    ("이네요", "네요"),
    ("이래", "래"),
    ("이지", "지"),
    ("이죠", "죠"),
    ("이요", "요"),
)
# The copula 이야/야 and the vocative 아/야 share their vowel form, so "야" alone names neither.
AMBIGUOUS_PAIRS = (("이야", "야"), ("아", "야"))

FORMS = {form: pair for pair in PAIRS for form in pair} | {p[0]: p for p in AMBIGUOUS_PAIRS}

FIRST_SYLLABLE, LAST_SYLLABLE, FINALS_PER_VOWEL = 0xAC00, 0xD7A3, 28
RIEUL = "ㄹ"

# Final consonant of a digit as it is read (영 일 이 삼 ...); 10, 100, 1000, 10000 end in a
# consonant, as 영 does.
DIGIT_FINAL = dict(
    zip("0123456789", ("ㅇ", RIEUL, "", "ㅁ", "", "", "ㄱ", RIEUL, RIEUL, ""), strict=True)
)
# Letter names with a final consonant: 엘 엠 엔 알. All others (에이 비 씨 ... 에스 ... 지) end
# in a vowel.
LETTER_FINAL = {"l": RIEUL, "m": "ㅁ", "n": "ㄴ", "r": RIEUL}

# Units and words whose reading the rules below would get wrong.
READ_AS = {
    "%": "퍼센트",
    "℃": "도",
    "㎡": "제곱미터",
    "kg": "킬로그램",
    "g": "그램",
    "mg": "밀리그램",
    "km": "킬로미터",
    "m": "미터",
    "cm": "센티미터",
    "mm": "밀리미터",
    "km/h": "킬로미터",
    "l": "리터",
    "ml": "밀리리터",
    "kb": "킬로바이트",
    "mb": "메가바이트",
    "gb": "기가바이트",
    "tb": "테라바이트",
    "com": "컴",
    "net": "넷",
    "set": "세트",
    "file": "파일",
    "table": "테이블",
    "google": "구글",
    "email": "이메일",
    "cache": "캐시",
    "image": "이미지",
    "true": "트루",
    "none": "논",
    "line": "라인",
    "online": "온라인",
    "engine": "엔진",
    "queue": "큐",
    "web": "웹",
    "blog": "블로그",
    "log": "로그",
    "max": "맥스",
}

CLOSERS = " \"'’”`)]}>」』》〉.,!?…~"
TRAILING_BRACKET = re.compile(r"(?<=\S)\s*\([^()]*\)$")
LAST_TOKEN = re.compile(r"(?<![A-Za-z/])[A-Za-z/]+$")


def final_consonant(word: str) -> str:
    """The final consonant of `word` as it is read: "" for a vowel, "ㄹ", or any other letter.

    A bracket at the end is skipped, since the word before it is the one that is read:
    세계보건기구(WHO)는.
    Raises ValueError when nothing in the word can be read.
    """
    text = TRAILING_BRACKET.sub("", word.rstrip(" \"'’”`")).rstrip(CLOSERS) or word.rstrip(CLOSERS)
    if not text:
        raise ValueError(
            f"no final consonant can be read from {word!r}. Give it a letter or a digit."
        )
    last = text[-1]
    if FIRST_SYLLABLE <= ord(last) <= LAST_SYLLABLE:
        return " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"[
            (ord(last) - FIRST_SYLLABLE) % FINALS_PER_VOWEL
        ].strip()
    if last in DIGIT_FINAL:
        return DIGIT_FINAL[last]
    if last in READ_AS and not last.isalpha():
        return final_consonant(READ_AS[last])
    if token := LAST_TOKEN.search(text):
        after_digit = token.start() > 0 and text[token.start() - 1].isdigit()
        return latin_final(token.group(), is_unit=after_digit)
    raise ValueError(f"no final consonant can be read from {word!r}. Add its last sign to READ_AS.")


def latin_final(token: str, is_unit: bool = False) -> str:
    """Final consonant of a Latin word: acronyms by letter names, other words by how loans are
    usually written."""
    lower = token.lower()
    is_acronym = token.isupper() or not re.search("[aeiouy]", lower)
    if lower in READ_AS and (is_unit or len(lower) > 1) and (is_unit or not token.isupper()):
        return final_consonant(READ_AS[lower])
    if is_acronym:
        return LETTER_FINAL.get(lower[-1], "")
    if lower.endswith(("l", "le")):
        return RIEUL
    if lower[-1] in "mn" or lower.endswith("ng"):
        return "ㄴ"
    # 앱 깃 슬랙 북: a final stop after one short vowel stays a final consonant; after a
    # consonant it gets ㅡ (리스트).
    return "ㄱ" if re.search("[aeiou](ck|[ckpt])$", lower) or lower.endswith("pp") else ""


def with_particle(word: str, particle: str) -> str:
    """`word` followed by the form of `particle` that agrees with it: ("부산", "로") gives
    "부산으로"."""
    if particle not in FORMS:
        return word + particle
    after_consonant, after_vowel = FORMS[particle]
    final = final_consonant(word)
    if after_consonant.startswith("으로") and final == RIEUL:
        return word + after_vowel
    return word + (after_consonant if final else after_vowel)
