"""Rows that put a collapsed model right: answers that start as a sentence and hand nothing on.

A model that was trained on too many warnings starts every answer with one, or with a sign. Two
kinds of rows go into a second, gentle training (S3-08, S3-10): answers without a warning that
start with Hangul, and wrong starts with the right answer. The wrong start stands in the question,
where nothing is trained.
"""

import random
from collections.abc import Iterator

from stages.grammar.instruct import CATEGORIES, WARNINGS, one_row, unseen_row
from stages.grammar.personal import Personal
from stages.grammar.rows import Row, without_repeats

WRONG_STARTS = (". ", ", ", "! ", "?? ", "… ", ": ", "; ", "~ ", "/ ", "· ", ".. ", ")", "】 ")
REQUESTS = (
    "다음 답변은 시작이 잘못되었습니다. 바르게 고쳐 주세요.",
    "아래 답변의 첫머리를 고쳐서 다시 써 주세요.",
    "이 답변에서 불필요한 앞부분을 빼 주세요.",
    "답변이 이상하게 시작합니다. 제대로 된 답변만 남겨 주세요.",
)


def no_warning_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """Instruction rows whose first answer starts with Hangul, in rotation over the categories that
    still have something new to say."""
    seen: set[tuple[str, ...]] = set()
    open_categories = list(CATEGORIES)
    while open_categories:
        for category in list(open_categories):
            row = unseen_row(rng, personal, category, seen)
            if row is None:
                open_categories.remove(category)
            elif starts_with_hangul(first_answer(row)):
                yield row


def correction_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """A question, its answer behind a wrong start, and the answer alone."""

    def rows() -> Iterator[Row]:
        while True:
            row = one_row(rng, personal, rng.choice(CATEGORIES))
            answer = first_answer(row)
            if not starts_with_hangul(answer):
                continue
            start = rng.choice((*WRONG_STARTS, *(f"{warning} " for warning in WARNINGS)))
            question = next(m["content"] for m in row.raw["messages"] if m["role"] == "user")
            asked = f"{rng.choice(REQUESTS)}\n\n질문: {question}\n답변: {start}{answer}"
            messages = [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": answer},
            ]
            yield Row({"category": row.raw["category"], "messages": messages}, row.planted)

    return without_repeats(rows())


def first_answer(row: Row) -> str:
    return next(m["content"] for m in row.raw["messages"] if m["role"] == "assistant")


def starts_with_hangul(text: str) -> bool:
    return "가" <= text[0] <= "힣"
