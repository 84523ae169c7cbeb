"""Dialogues of two people with a subject and a summary, both from one situation.

Raw row: {"dialogue": "#Person1#: ...\\n#Person2#: ..." (4 to 8 lines), "subject": 1 or 2
keywords, "summary"}.
"""

import random
from collections.abc import Iterator

from stages.grammar.frames import personal_phrases
from stages.grammar.frames.chat_words import CHAT_WORDS
from stages.grammar.frames.dialogue_frames import DIALOGUE_SLOTS, SITUATIONS
from stages.grammar.personal import Personal
from stages.grammar.rows import Planted, Row, without_repeats
from stages.grammar.slots import Slots


def dialogue_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """Endless dialogues, no two alike. Only customers give personal data."""
    return without_repeats(one_row(rng, personal) for _ in iter(int, 1))


def one_row(rng: random.Random, personal: Personal) -> Row:
    situation = rng.choice(SITUATIONS)
    slots = Slots(rng, rng.choice(situation.cases), situation.words, DIALOGUE_SLOTS, CHAT_WORDS)
    lines = [slots.fill_one(line) for line in situation.lines]
    planted: tuple[Planted, ...] = ()
    if situation.customer and personal.wanted(rng):
        exchange, value = personal.exchange(rng, personal_phrases.DIALOGUE_CUSTOMER)
        lines += exchange
        planted = (value,)
    elif rng.random() < 0.4:
        lines += [slots.fill_one(line) for line in situation.closing]
    summary = slots.fill_one(situation.summaries)
    subject = [slots.fill(word) for word in situation.subject][: rng.randint(1, 2)]
    dialogue = "\n".join(f"#Person{i % 2 + 1}#: {line}" for i, line in enumerate(lines))
    return Row({"dialogue": dialogue, "subject": subject, "summary": summary}, planted)
