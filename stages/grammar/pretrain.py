"""Documents for pre-training a tiny language model on Korean and on the shape of a conversation.

They are made of the frames of the other generators, without personal data, and without what
fine-tuning is to teach: no system message, no style names, no prompt templates.
"""

import random
from collections.abc import Iterator

from stages.grammar.chat import chat_rows
from stages.grammar.dialogue import dialogue_rows
from stages.grammar.instruct import instruct_rows
from stages.grammar.news import FRAMES_BY_SECTION, SECTIONS, body, headline_and_lead, news_rows
from stages.grammar.personal import Personal

# Names that take the particles of the markers: 일 ends in a consonant, 이 in a vowel.
FIRST_NAMES = ("민준", "서연", "도현", "하은", "지훈")
SECOND_NAMES = ("지우", "유나", "준호", "소라", "은비")
KINDS, WEIGHTS = ("article", "passage", "dialogue", "chat", "instruct"), (30, 15, 15, 25, 15)


def pretrain_documents(rng: random.Random) -> Iterator[dict]:
    """Endless documents, {"text"} or {"messages"}."""
    nobody = Personal(share=0)
    articles, dialogues = news_rows(rng, nobody), dialogue_rows(rng, nobody)
    chats, instructions = chat_rows(rng, nobody), instruct_rows(rng, nobody)
    while True:
        kind = rng.choices(KINDS, WEIGHTS)[0]
        if kind == "article":
            row = next(articles).raw
            yield {"text": f"[{row['section']}] {row['title']}\n{row['summary']}"}
        elif kind == "passage":
            yield {"text": passage(rng)}
        elif kind == "dialogue":
            row = next(dialogues).raw
            yield {"text": plain_dialogue(rng, row)}
        elif kind == "chat":
            roles = ("user", "assistant")
            turns = next(chats).raw["dialog"]
            turns = turns[: len(turns) - len(turns) % 2]
            yield {
                "messages": [
                    {"role": roles[i % 2], "content": turn} for i, turn in enumerate(turns)
                ]
            }
        else:
            row = next(instructions, None)
            if row is None:  # all was said once: from here on it repeats
                instructions = instruct_rows(rng, nobody)
                row = next(instructions)
            messages = row.raw["messages"]
            yield {"messages": [m for m in messages if m["role"] != "system"]}


def passage(rng: random.Random) -> str:
    """A short plain text: one event without its headline."""
    frame = rng.choice(FRAMES_BY_SECTION[rng.choice(SECTIONS)])
    slots, _, lead = headline_and_lead(rng, frame)
    return body(rng, slots, frame, lead, ending=None)


def plain_dialogue(rng: random.Random, row: dict) -> str:
    """The lines with names in place of the markers, and the summary below."""
    text = f"{row['dialogue']}\n\n{row['summary']}"
    for marker, name in (
        ("#Person1#", rng.choice(FIRST_NAMES)),
        ("#Person2#", rng.choice(SECOND_NAMES)),
    ):
        text = text.replace(marker, name)
    return text
