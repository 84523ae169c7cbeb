# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Small Python functions with explanations that match them, and inferences with one right answer."""

import random

from stages.grammar.particles import with_particle

NAMES = ("values", "numbers", "items", "scores", "prices", "lengths", "ages", "counts")
PEOPLE = ("민지", "준호", "서연", "도현", "지우", "유나", "현우", "소라", "태민", "은비")
GOODS = (("사과", "개"), ("연필", "자루"), ("공책", "권"), ("귤", "개"), ("우표", "장"), ("달걀", "개"), ("색종이", "장"))


def code_and_explanation(rng: random.Random) -> tuple[str, str]:
    """A function of one to five lines, and what it does in one or two sentences."""
    xs, k = rng.choice(NAMES), rng.randint(2, 30)
    obj = with_particle(xs, "을")
    snippets = (
        (f"def pick({xs}):\n    return [x for x in {xs} if x > {k}]", f"{xs}에서 {k}보다 큰 값만 골라 새 리스트로 돌려줍니다. 원래 리스트는 바뀌지 않습니다."),
        (
            f"def total({xs}):\n    result = 0\n    for x in {xs}:\n        result += x * {k}\n    return result",
            f"{xs}의 각 값에 {with_particle(str(k), '을')} 곱해 모두 더한 값을 돌려줍니다. 리스트가 비어 있으면 0입니다.",
        ),
        (f"def count({xs}):\n    return sum(1 for x in {xs} if x % {k} == 0)", f"{xs}에서 {k}의 배수가 몇 개인지 세어 돌려줍니다. 나머지가 0인 값만 셉니다."),
        (
            f"def top({xs}):\n    return sorted({xs}, reverse=True)[:{k}]",
            f"{obj} 큰 값부터 늘어놓고 앞에서 {k}개까지 돌려줍니다. 값이 모자라면 있는 만큼만 나옵니다.",
        ),
        (
            f"def mean({xs}):\n    if not {xs}:\n        return {k}\n    return sum({xs}) / len({xs})",
            f"{xs}의 평균을 돌려줍니다. 비어 있으면 0으로 나누지 않도록 {with_particle(str(k), '을')} 돌려줍니다.",
        ),
        (f"def clip(x):\n    return max(-{k}, min(x, {k}))", f"x를 -{k}에서 {k} 사이로 제한합니다. 범위를 벗어나면 가까운 끝값을 돌려줍니다."),
        (
            f"def unique({xs}):\n    seen = []\n    for x in {xs}:\n        if x not in seen:\n            seen.append(x)\n    return seen[:{k}]",
            f"{xs}에서 겹치는 값을 빼고 처음 나온 순서대로 최대 {k}개를 돌려줍니다.",
        ),
        (f'def fill(text):\n    return text.rjust({k}, "0")', f'문자열이 {k}자보다 짧으면 왼쪽을 "0"으로 채워 {k}자로 만듭니다. 더 길면 그대로 돌려줍니다.'),
        (f"def split({xs}):\n    return {xs}[:{k}], {xs}[{k}:]", f"{obj} 앞의 {k}개와 나머지로 나누어 튜플로 돌려줍니다."),
        (
            f"def find({xs}, name):\n    return {xs}.get(name, {k})",
            f"사전 {xs}에서 name에 해당하는 값을 찾습니다. 없으면 기본값 {with_particle(str(k), '을')} 돌려줍니다.",
        ),
        (f"n = {k}\nwhile n > 0:\n    print(n)\n    n -= 1", f"{k}부터 1까지 1씩 줄이며 한 줄에 하나씩 출력합니다. n이 0이 되면 반복을 마칩니다."),
        (f"for i in range(0, {k * 3}, 3):\n    print(i)", f"0부터 3씩 늘려 가며 {k * 3}보다 작은 수를 출력합니다. 모두 {k}번 출력됩니다."),
    )
    return rng.choice(snippets)


def inference(rng: random.Random) -> tuple[str, str]:
    """A word problem and its solved answer."""
    a, b, c = rng.sample(PEOPLE, 3)
    thing, unit = rng.choice(GOODS)
    p, q, r = rng.randint(12, 60), rng.randint(2, 9), rng.randint(2, 9)
    top = {name: with_particle(name, "은") for name in (a, b, c)}
    subj = {name: with_particle(name, "이") for name in (a, b, c)}
    price = rng.randint(3, 19) * 100
    speed = rng.randint(4, 18) * 5
    problems = (
        (
            f"{top[a]} {with_particle(thing, '을')} {p}{unit} 가지고 있었는데 {b}에게 {q}{unit}, {c}에게 {r}{unit} 주었다. 몇 {unit} 남았을까?",
            f"준 것은 {q} + {r} = {q + r}{unit}입니다. {p} - {q + r} = {p - q - r}이므로 {p - q - r}{unit} 남았습니다.",
        ),
        (
            f"{thing} 한 {unit}에 {price}원이다. {subj[a]} {q}{unit} 사고 {q * price + 1000}원을 내면 거스름돈은 얼마일까?",
            f"값은 {price} × {q} = {price * q}원입니다. {q * price + 1000} - {price * q} = 1000이므로 거스름돈은 1000원입니다.",
        ),
        (
            f"{top[a]} {b}보다 키가 크고, {top[b]} {c}보다 크다. 셋 가운데 가장 작은 사람은 누구일까?",
            f"큰 순서대로 {a}, {b}, {c}입니다. 그래서 가장 작은 사람은 {c}입니다.",
        ),
        (
            f"{subj[a]} 탄 버스가 한 시간에 {speed}km씩 {q}시간 달렸다. 간 거리는 몇 km일까?",
            f"거리는 속력과 시간의 곱입니다. {speed} × {q} = {speed * q}이므로 {speed * q}km입니다.",
        ),
        (
            f"올해 {top[a]} {p}살이고 {top[b]} {with_particle(a, '보다')} {q}살 어리다. {r}년 뒤 {b}의 나이는?",
            f"지금 {top[b]} {p} - {q} = {p - q}살입니다. {r}년 뒤에는 {p - q} + {r} = {p - q + r}살입니다.",
        ),
        (
            f"{thing} {q * r}{unit}를 {q}명이 똑같이 나누면 한 사람이 몇 {unit}씩 가질까?".replace(f"{unit}를", with_particle(unit, "을")),
            f"{q * r} ÷ {q} = {r}이므로 한 사람이 {r}{unit}씩 가집니다.",
        ),
        (
            f"{a}, {b}, {c} 가운데 한 명만 {with_particle(thing, '을')} 샀다. {a}도 {b}도 사지 않았다면 누가 샀을까?",
            f"{with_particle(a, '과')} {subj[b]} 사지 않았으니 남은 사람은 {c}뿐입니다. 따라서 {subj[c]} 샀습니다.",
        ),
        (
            f"수열 {p}, {p + q}, {p + 2 * q}, {p + 3 * q} 다음에 올 수는?",
            f"앞의 수에 {q}씩 더하는 규칙입니다. {p + 3 * q} + {q} = {p + 4 * q}이므로 답은 {p + 4 * q}입니다.",
        ),
        (
            f"{a}의 시계는 {q}분 빠르다. 시계가 {r}시 {p - q if p - q > q else p}분을 가리키면 실제로는 몇 시 몇 분일까?",
            f"빠른 만큼 빼면 됩니다. 실제 시각은 {r}시 {(p - q if p - q > q else p) - q}분입니다.",
        ),
    )
    return rng.choice(problems)
