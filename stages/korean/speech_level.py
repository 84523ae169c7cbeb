"""The speech level of a Korean text, by how its last sentence ends.

    hapsyo   합니다, 합니까, 하십시오      formal
    haeyo    해요, 하죠, 하세요            formal
    haera    한다, 하니, 하자, 해라        casual; in news the plain written style
    hae      해, 하지, 할걸, 하는데        casual
    nominal  수출 증가, 개최 예정          a headline: no ending at all
    unknown  ㅋㅋ, 😀, (nothing)

The two formal levels show in the letters. The others need the last morpheme, which kiwipiepy
finds: an ending (EF, EC) is 해라 or 해, anything else is nominal. A final clause often comes as EC
(온 것 같은데). Rules and their measurement: docs/design/personal-data.md.
"""

import re
from typing import Any, Literal

from stages.korean.morphemes import kiwi

Level = Literal["hapsyo", "haeyo", "haera", "hae", "nominal", "unknown"]
LEVELS: tuple[Level, ...] = ("hapsyo", "haeyo", "haera", "hae", "nominal", "unknown")
TONES = {"hapsyo": "formal", "haeyo": "formal", "haera": "casual", "hae": "casual"}

LAST_CHARS = 60  # of a text; its last ending stands there
# What may follow the last ending: punctuation, jamo (ㅋㅋ, ㅠㅠ), emoji, a bracketed word. No way
# back: () can be read in two ways, and 29 of them in 2^29.
_TRAILER = re.compile(r"(?:\[[A-Z]+\]|\([^()]{0,12}\)|[^가-힣A-Za-z0-9])++$")
# 니다 and 니까 behind a syllable that ends in ㅂ (합니다), which 아니다 and 가니까 do not.
_BIEUP = "".join(
    chr(code) for code in range(ord("가"), ord("힣") + 1) if (code - 0xAC00) % 28 == 17
)
_HAPSYO = re.compile(
    rf"(?:[{_BIEUP}](?:니다|니까)|시오|[읍입십합갑답랍맙밥봅옵쉽삽]시다)(?:만|마는)?$"
)
_HAEYO = re.compile(
    r"(?:[요죠쥬]|[네에해세게데어아여]염|[네나세까지게에데어아구군이예봐줘해돼져워]용|[이히]여)$"
)
_HAERA = re.compile(r"(?:다|냐|니|자|라|구나|더라)$")


def speech_level(text: str) -> Level:
    tail = _TRAILER.sub("", text[-LAST_CHARS:])
    if not tail:
        return "unknown"
    if _HAPSYO.search(tail):
        return "hapsyo"
    last = _last_morpheme(tail)
    if _HAEYO.search(tail):
        noun = last is not None and last[1].startswith("NN") and last[0].endswith("요")
        return "nominal" if noun else "haeyo"  # 대책 마련 필요
    if last is None:
        return "unknown"
    form, tag = last
    if tag == "JX" and form == "요":
        return "haeyo"
    if tag not in ("EF", "EC"):
        return "nominal"
    if form.endswith(("ᆸ니다", "습니다", "ᆸ니까", "습니까", "시오", "ᆸ시다", "읍시다")):
        return "hapsyo"
    if form.endswith(("요", "죠")):
        return "haeyo"
    return "haera" if _HAERA.search(form) else "hae"


def tone_of(level: Level) -> Literal["formal", "casual"] | None:
    """formal or casual; None where the ending does not tell."""
    return TONES.get(level)  # pyright: ignore[reportReturnType] - the values are the two


def _last_morpheme(tail: str) -> tuple[str, str] | None:
    sentence = re.split(r"[.!?~…\n]\s*", tail)[-1] or tail
    tokens: Any = kiwi().tokenize(sentence)
    for token in reversed(tokens):
        if not token.tag.startswith(("S", "W", "Z")):
            return token.form, token.tag
    return None
