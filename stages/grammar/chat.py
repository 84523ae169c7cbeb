"""Messenger chats: two speakers in turn, both casual (반말) or both polite.

Raw row: {"style": "kakao_casual" or "kakao_formal", "dialog": 2 to 6 strings, the first by the
user}. A chat is the beginning of a script: most stop after an answer, a few after the user's last
word.
"""

import random
from collections.abc import Iterator

from stages.grammar.frames import personal_phrases
from stages.grammar.frames.chat_casual import CASUAL, CASUAL_SLOTS
from stages.grammar.frames.chat_formal import FORMAL, FORMAL_SLOTS
from stages.grammar.frames.chat_words import CASUAL_WORDS, CHAT_WORDS, FORMAL_WORDS
from stages.grammar.personal import Personal
from stages.grammar.rows import Planted, Row, without_repeats
from stages.grammar.slots import Lexicon, Slots

MAX_TURNS = 6
TURN_COUNTS, TURN_WEIGHTS = (2, 3, 4, 5, 6), (22, 6, 40, 6, 26)
ALONE = ("RRN", "FRN", "PASSPORT", "DRIVER", "BRN", "IP")
BY_THE_WAY = {"kakao_casual": "아 맞다 ", "kakao_formal": "참, "}

STYLES = {
    "kakao_casual": (
        CASUAL,
        (CASUAL_SLOTS, CASUAL_WORDS, CHAT_WORDS),
        personal_phrases.CHAT_CASUAL,
    ),
    "kakao_formal": (
        FORMAL,
        (FORMAL_SLOTS, FORMAL_WORDS, CHAT_WORDS),
        personal_phrases.CHAT_FORMAL,
    ),
}


def chat_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """Endless chats, no two alike."""
    return without_repeats(one_row(rng, personal) for _ in iter(int, 1))


def one_row(rng: random.Random, personal: Personal) -> Row:
    style = rng.choice(sorted(STYLES))
    scripts, lexicons, exchanges = STYLES[style]
    turns = script_turns(rng, rng.choice(scripts), lexicons)
    if not personal.wanted(rng):
        return Row({"style": style, "dialog": turns})
    extra, value = personal.exchange(rng, exchanges)
    planted: tuple[Planted, ...] = (value,)
    # Papers are asked for on their own; a phone number may also come up after an answer to
    # something else.
    if value.type in ALONE or rng.random() < 0.3:
        return Row({"style": style, "dialog": extra}, planted)
    answered = min(len(turns) - len(turns) % 2, MAX_TURNS - len(extra))
    turns = [*turns[:answered], BY_THE_WAY[style] + extra[0], *extra[1:]]
    return Row({"style": style, "dialog": turns}, planted)


def script_turns(
    rng: random.Random, script: tuple[tuple[str, ...], ...], lexicons: tuple[Lexicon, ...]
) -> list[str]:
    slots = Slots(rng, *lexicons)
    count = min(rng.choices(TURN_COUNTS, TURN_WEIGHTS)[0], len(script))
    turns, asked = [], ""
    for turn in script[:count]:
        _, text, asked = rng.choice(fitting(turn, asked))
        turns.append(slots.fill(text).strip())
    return turns


def fitting(turn: tuple[str, ...], asked: str) -> list[tuple[str, str, str]]:
    """The templates of a turn that can follow, as (key it answers, text, key it asks).

    "몇 분이세요?@n" asks n, "n@세 명이요" answers n. A question takes its own answers if the turn has any; an answer
    needs its question.
    """
    split = []
    for template in turn:
        answers, text = (template[0], template[2:]) if template[1] == "@" else ("", template)
        text, asks = (text[:-2], text[-1]) if text[-2] == "@" else (text, "")
        split.append((answers, text, asks))
    return [t for t in split if asked and t[0] == asked] or [t for t in split if not t[0]]
