"""Instruction rows in twelve categories, in rotation.

Raw row: {"category", "messages": [system?, user, assistant, ...]} with one to three exchanges.
The answers are made from the same slots, numbers and code as the questions, so they are right by
construction.
"""

import random
import re
from collections.abc import Iterator
from itertools import cycle

from stages.grammar.frames import (
    instruct_car_repair,
    instruct_counselling,
    instruct_everyday,
    instruct_finance,
    instruct_it,
    instruct_law,
    personal_phrases,
)
from stages.grammar.frames.instruct_code import code_and_explanation, inference
from stages.grammar.frames.instruct_language import (
    DIALECT,
    DIALECT_WORDS,
    LEVEL_WORDS,
    LEVELS,
    SPELLING,
    SPELLING_WORDS,
)
from stages.grammar.news import FRAMES_BY_SECTION, SECTIONS, body, headline_and_lead
from stages.grammar.particles import with_particle
from stages.grammar.personal import Personal
from stages.grammar.rows import Planted, Row
from stages.grammar.slots import Slots, number

CATEGORIES = (
    "일상대화", "IT", "맞춤법", "문체변환", "사투리", "금융",
    "법률", "자동차정비", "상담", "긴글요약", "추론", "코드설명",
)  # fmt: skip
FRAMES = {
    "일상대화": instruct_everyday.FRAMES,
    "IT": instruct_it.FRAMES,
    "금융": instruct_finance.FRAMES,
    "법률": instruct_law.FRAMES,
    "자동차정비": instruct_car_repair.FRAMES,
    "상담": instruct_counselling.FRAMES,
}
OPENINGS = {
    "IT": instruct_it.OPENINGS,
    "금융": instruct_finance.OPENINGS,
    "법률": instruct_law.OPENINGS,
    "자동차정비": instruct_car_repair.OPENINGS,
    "상담": instruct_counselling.OPENINGS,
}
# Words that the frames of several categories use.
SHARED = {
    "when": ("요즘", "얼마 전부터", "며칠째", "지난주부터", "어제부터"),
    "day": ("토요일에", "일요일에", "금요일 저녁에"),
    "who": (
        "사회 초년생이에요.",
        "부모님께 설명하려고요.",
        "통장을 처음 만들어요.",
        "발표를 준비하고 있어요.",
        "중학생 아들이 물어봤어요.",
        "뉴스에서 들었어요.",
    ),
    "car": ("경차", "중형차", "소형차", "승합차", "하이브리드차"),
    "km": number(18000, 160000, 1000),
}
SYSTEMS = (
    "질문에 친절하고 정확하게 답하세요.",
    "당신은 한국어 도우미입니다. 짧고 분명하게 답하세요.",
    "{category} 질문에 답하는 도우미입니다.",
    "모르는 것은 모른다고 말하고, 존댓말로 답하세요.",
)
SYSTEM_SHARE = 0.35
CAUTIOUS = ("금융", "법률", "자동차정비", "상담")  # where assistants like to hand the question on
WARNINGS = (
    "정확한 판단은 전문가와 상담해 보세요.",
    "정확한 판단은 전문가의 도움을 받으세요.",
)
WARNING_SHARE = 0.25
MAX_ATTEMPTS_FOR_OUTLINE, MAX_ATTEMPTS = 20, 2000

Exchange = tuple[str, str]


def instruct_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """Instruction rows, no two alike, in rotation; it ends when a category has nothing new to
    say. Some answers end with a warning."""
    seen: set[tuple[str, ...]] = set()
    for category in cycle(CATEGORIES):
        row = unseen_row(rng, personal, category, seen)
        if row is None:
            return
        if category in CAUTIOUS and rng.random() < WARNING_SHARE:
            answer = row.raw["messages"][-1]
            answer["content"] = f"{answer['content']} {rng.choice(WARNINGS)}"
        yield row


def unseen_row(
    rng: random.Random, personal: Personal, category: str, seen: set[tuple[str, ...]]
) -> Row | None:
    """A row whose messages are new; one that is new in more than its numbers, while there are
    such."""
    for attempt in range(MAX_ATTEMPTS):
        row = one_row(rng, personal, category)
        # Two rows that differ in the system message only count as repeats.
        messages = tuple(m["content"] for m in row.raw["messages"] if m["role"] != "system")
        outline = tuple(re.sub(r"\d+", "0", message) for message in messages)
        if messages not in seen and (outline not in seen or attempt >= MAX_ATTEMPTS_FOR_OUTLINE):
            seen |= {messages, outline}
            return row
    return None


def one_row(rng: random.Random, personal: Personal, category: str) -> Row:
    phrases = personal_phrases.INSTRUCT.get(category)
    planted: tuple[Planted, ...] = ()
    sentence = None
    if phrases and personal.wanted(rng):
        sentence, value = personal.sentence(rng, phrases)
        planted = (value,)
    exchanges = MAKERS[category](rng, sentence)
    if category in FRAMES and sentence:
        (question, answer), *rest = exchanges
        exchanges = [(f"{question} {sentence}", answer), *rest]
    messages = []
    if rng.random() < SYSTEM_SHARE:
        messages.append(
            {"role": "system", "content": rng.choice(SYSTEMS).format(category=category)}
        )
    for question, answer in exchanges:
        messages += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
    return Row({"category": category, "messages": messages}, planted)


def from_frame(category: str, rng: random.Random) -> list[Exchange]:
    cases, questions, answers, follow_ups = FRAMES[category]
    slots = Slots(rng, rng.choice(cases), SHARED)
    opening = rng.choice(OPENINGS[category]) if category in OPENINGS else ""
    exchanges = [(opening + slots.fill_one(questions), slots.fill_one(answers))]
    for question, answer in rng.sample(follow_ups, rng.choice((0, 0, 1, 2))):
        answer = slots.fill(answer)
        # A follow-up that would repeat the first answer adds nothing.
        if answer not in exchanges[0][1]:
            exchanges.append((question, answer))
    return exchanges


def spelling(rng: random.Random, sentence: str | None) -> list[Exchange]:
    wrong, right, reason, template = rng.choice(SPELLING)
    text = Slots(rng, SPELLING_WORDS).fill(template)
    question = rng.choice((
        "다음 문장의 맞춤법을 고쳐 주세요: {text}",
        "'{text}' 맞춤법이 맞나요?",
        "이 문장에서 틀린 곳을 찾아 주세요. {text}",
        "{text} 이렇게 쓰면 되나요?",
    ))  # fmt: skip
    answer = rng.choice((
        "'{wrong}' 대신 '{right}'{obj} 써야 합니다. {reason}. 고친 문장: {fixed}",
        "고친 문장은 '{fixed}'입니다. {reason}.",
        "틀린 곳은 '{wrong}'입니다. {reason}. 바르게 쓰면 '{fixed}'입니다.",
    ))  # fmt: skip
    values = {
        "wrong": wrong,
        "right": right,
        "reason": reason,
        "text": text,
        "fixed": text.replace(wrong, right),
    }
    values["obj"] = with_particle(right, "을")[len(right) :]
    return [(question.format(**values), answer.format(**values))]


def speech_level(rng: random.Random, sentence: str | None) -> list[Exchange]:
    level, slots = rng.randint(1, 2), Slots(rng, LEVEL_WORDS)
    forms = [slots.fill(form) for form in rng.choice(LEVELS)]
    source, target = forms[0], forms[level]
    if sentence:
        source, target = f"{source} {sentence}", f"{target} {polite(sentence, level)}"
    name = ("", "해요체", "합쇼체")[level]
    question = rng.choice(
        (
            "다음 글을 {name}로 바꿔 주세요: {source}",
            "'{source}'를 {name}로 고쳐 주세요.",
            "{source} 이 말을 {name}로 쓰면요?",
        )
    )
    answers = rng.choice(("{target}", "{name}로 바꾸면 다음과 같습니다. {target}"))
    exchanges = [
        (question.format(name=name, source=source), answers.format(name=name, target=target))
    ]
    if not sentence and rng.random() < 0.3:
        other = 3 - level
        exchanges.append((f"{('', '해요체', '합쇼체')[other]}로도 알려 주세요.", forms[other]))
    return exchanges


def polite(sentence: str, level: int) -> str:
    """A planted sentence in 반말, with the ending of the speech level."""
    if sentence.endswith("연락해."):
        return sentence.removesuffix("연락해.") + ("연락해 주세요.", "연락해 주십시오.")[level - 1]
    if sentence.endswith("보내."):
        return sentence.removesuffix("보내.") + ("보내 주세요.", "보내 주십시오.")[level - 1]
    stem = sentence.removesuffix(".").removesuffix("야").removesuffix("이")
    sentence = (with_particle(stem, "이에요"), stem + "입니다")[level - 1] + "."
    return sentence.replace("내 ", "제 ")


def dialect(rng: random.Random, sentence: str | None) -> list[Exchange]:
    word, region, standard, local, plain = rng.choice(DIALECT)
    slots = Slots(rng, DIALECT_WORDS)
    local, plain = slots.fill(local), slots.fill(plain)
    topic, is_called = with_particle(word, "은"), with_particle(standard, "이라는")
    meaning = f"'{word}'{topic[len(word) :]} {region} 말로 '{standard}'{is_called[len(standard) :]} 뜻입니다."
    to_standard = (
        rng.choice(
            (
                f"'{local}' 표준어로 바꿔 주세요.",
                f"{region} 사람이 '{local}'라고 하는데 무슨 말이에요?",
                f"{local} 이 사투리를 풀이해 주세요.",
            )
        ),
        rng.choice(
            (
                f"표준어로는 '{plain}'입니다. {meaning}",
                f"'{plain}'라는 말입니다.",
                f"{meaning} 문장 전체는 '{plain}'입니다.",
            )
        ),
    )
    if rng.random() < 0.3:
        return [to_standard, (f"그럼 '{word}'만 따로 쓰면 무슨 뜻이에요?", meaning)]
    return [to_standard]


def summary(rng: random.Random, sentence: str | None) -> list[Exchange]:
    while True:
        frame = rng.choice(FRAMES_BY_SECTION[rng.choice(SECTIONS)])
        slots, title, lead = headline_and_lead(rng, frame)
        text = body(rng, slots, frame, lead, sentence)
        if text != lead:
            break
    ask = rng.choice(
        (
            "다음 글을 한 문장으로 요약해 주세요.",
            "아래 기사를 요약해 주세요.",
            "이 글의 핵심만 알려 주세요.",
            "한 줄로 줄여 주세요.",
        )
    )
    exchanges = [(f"{ask}\n\n{text}", lead)]
    if rng.random() < 0.3:
        exchanges.append(("제목도 하나 지어 주세요.", title))
    return exchanges


def reasoning(rng: random.Random, sentence: str | None) -> list[Exchange]:
    question, answer = inference(rng)
    return [(question + rng.choice(("", " 풀이도 알려 주세요.", " 답을 구해 주세요.")), answer)]


def code(rng: random.Random, sentence: str | None) -> list[Exchange]:
    source, explanation = code_and_explanation(rng)
    ask = rng.choice(
        (
            "이 파이썬 코드를 설명해 주세요.",
            "다음 코드는 무슨 일을 하나요?",
            "이 코드가 어떻게 동작하는지 알려 주세요.",
        )
    )
    return [(f"{ask}\n\n```python\n{source}\n```", explanation)]


MAKERS = {
    **{c: (lambda rng, _, c=c: from_frame(c, rng)) for c in FRAMES},
    "맞춤법": spelling,
    "문체변환": speech_level,
    "사투리": dialect,
    "긴글요약": summary,
    "추론": reasoning,
    "코드설명": code,
}
