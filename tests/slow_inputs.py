"""A search for texts on which a function takes more time than their length accounts for.

A candidate is a short motif, repeated, between a beginning and an end; its parts are what the
patterns of the stages look for. The search keeps the candidates whose time grows fastest and those
that take longest, and changes them in small ways. Time is that of the CPU, so that other work on
the machine does not count.
"""

import math
import random
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Work = Callable[[str], Any]

PIECES = (
    *"0123456789공영일이삼사오육칠팔구빵-./·~_,*|: \n\t\r()[]{}<>@#=+?!…'\"&%^$",
    *"가나하로길동호층읍면리시군구도은는요에점닷다abfzMSOoIlㅇxXㅋㅠㅡ０－＠\u200b①⓪\u3000\0",
    *"\u1100\u1173\u11a8\u0301\u0316\u0344\u0f73😀é한あ的",
    *("1\ufe0f\u20e3", "010", "1234", "5678", "12", "3456", "901010", "1234567", "12가3456"),
    *("110123456789", "02-123-4567", "010-1234-5678", "M12345678", "4111-1111-1111-1111"),
    *("a@b.com", "211.45.12.7", "2001:2d8:96b1::81e9", "f:", "1.", "a.", "1-", "1 ", "[PHONE]"),
    *("계좌", "주문번호", "카드", "면허", "여권", "주민번호", "전화", "IP", "아이피", "차량"),
    *("주소", "배송지", "사업자", "외국인등록번호", "passport", "tel", "no", "id=", "http://"),
    *("version", "보내", "택배", "생년월일", "이름", "담당자", "씨", "님", "원", "번지", "번길"),
    *("서울", "서울특별시", "강남구", "경기도", "수원시", "팔달구", "세종", "테헤란로", "대로"),
    *("강남대로 1", "아파트", "빌딩", "101동", "1203호", "지하", "3층", "산", "종로3가", "신평리"),
    *("(역삼동)", "101-1203", "골뱅이", "앳", "닷컴", "네이버", "naver.com", " at ", " dot "),
    *("[at]", "(dot)", "%40", "@ ", "hong", "다시", "대시", "하이픈", "엠", "에스", " / ", "뒷자리"),
    *("공일공", "일이삼사", "오육칠팔", " - ", "- ", " ~ ", ". ", "\n\n", "년", "월", "일"),
    *("2024-01-15", "2024년 1월 1일", "12:30", "오후 ", "Z", "+09", "()", "(가)", "[AB]", "습니다"),
    *("시다", "해요", "죠", "<think>", "</think>", "<|end|>", "<|channel|>final<|message|>"),
    *("analysis", "assistant", "final", "strftime_now('", "{a}", "ཱི"),
)  # fmt: skip
MEASURABLE_S = 0.01  # clocks may tick every 4 ms
HANGS_S = 2.0  # at a thousand characters


class Input(NamedTuple):
    beginning: str
    motif: str
    end: str

    def text(self, chars: int) -> str:
        room = max(chars - len(self.beginning) - len(self.end), 0)
        repeated = (self.motif * (room // len(self.motif) + 1))[:room]
        return f"{self.beginning}{repeated}{self.end}"


class Cost(NamedTuple):
    exponent: float
    per_char_s: float


class _TooSlow(Exception):
    pass


def cpu_s(work: Work, text: str, least_s: float = 2 * MEASURABLE_S, limit_s: float = 60.0) -> float:
    """What one call takes, at most `limit_s`: the mean over as many as take `least_s`."""

    def stop(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    start_s, calls, taken_s = time.process_time(), 0, 0.0
    try:
        while not calls or (taken_s < least_s and calls < 1000):
            work(text)
            calls += 1
            taken_s = time.process_time() - start_s
        return taken_s / calls
    except _TooSlow:
        return limit_s
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def growth(work: Work, of: Input, chars: int, times: int = 8) -> float:
    """The exponent of the time between `chars` and `times` as many: 1 is linear, 2 quadratic. The
    least of five tries, since what disturbs a measurement mostly adds to it, and no more of them
    than it takes to see a linear one."""
    few, many = of.text(chars), of.text(chars * times)
    few_s = max(cpu_s(work, few) for _ in range(3))
    least = math.inf
    for _ in range(5):
        least = min(least, _exponent(few_s, cpu_s(work, many), times))
        if least < 1.1:
            break
    return least


def _exponent(few_s: float, many_s: float, times: float) -> float:
    return math.log(max(many_s, 1e-9) / max(few_s, 1e-9)) / math.log(times)


def cost(work: Work, of: Input) -> Cost:
    """What a candidate takes, at about the least length at which it can be measured."""
    chars = 16
    while (once_s := cpu_s(work, of.text(chars), 0, HANGS_S)) < MEASURABLE_S and chars < 2**16:
        chars *= 4
    if once_s >= HANGS_S:
        return Cost(math.inf, once_s / chars)
    if once_s < MEASURABLE_S:
        return Cost(0.0, once_s / chars)
    few_s, many_s = cpu_s(work, of.text(chars)), cpu_s(work, of.text(8 * chars), 0, 2 * HANGS_S)
    return Cost(_exponent(few_s, many_s, 8), many_s / (8 * chars))


def search(
    work: Work, budget_s: float, rng: random.Random, pieces: Sequence[str] = PIECES, keep: int = 3
) -> list[Input]:
    """The worst inputs found within so much time of the CPU: by growth, then by time a character."""
    work("")  # whatever is loaded or compiled once
    found: dict[Input, Cost] = {}
    end_s = time.process_time() + budget_s
    while not found or time.process_time() < end_s:
        is_new = not found or rng.random() < 0.5
        candidate = _new(rng, pieces) if is_new else _changed(rng.choice([*found]), rng, pieces)
        found[candidate] = cost(work, candidate)
        found = {each: found[each] for each in _worst(found, keep)}
    return list(found)


def _worst(found: dict[Input, Cost], keep: int) -> list[Input]:
    by_growth = sorted(found, key=lambda each: -found[each].exponent)[:keep]
    by_time = sorted(found, key=lambda each: -found[each].per_char_s)[:keep]
    return list(dict.fromkeys(by_growth + by_time))


def _new(rng: random.Random, pieces: Sequence[str]) -> Input:
    some = rng.sample(pieces, min(len(pieces), rng.choice((3, 6, 12, len(pieces)))))
    ends = [_motif(rng, some) if rng.random() < 0.4 else rng.choice(["", *some]) for _ in range(2)]
    return Input(ends[0], _motif(rng, some), ends[1])


def _motif(rng: random.Random, pieces: Sequence[str]) -> str:
    return "".join(rng.choices(pieces, k=rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8))))


def _changed(of: Input, rng: random.Random, pieces: Sequence[str]) -> Input:
    """With another beginning or end, or one more, one less or one other piece in the motif."""
    change = rng.choice(("beginning", "end", "more", "more", "less", "other"))
    piece = rng.choice(pieces)
    if change in ("beginning", "end"):
        return of._replace(**{change: rng.choice(("", piece))})
    at = rng.randrange(len(of.motif))
    piece = "" if change == "less" and len(of.motif) > 1 else piece
    return of._replace(motif=f"{of.motif[:at]}{piece}{of.motif[at + (change != 'more') :]}")
