"""News rows: a headline with its lead or with a short article, all from one event frame.

Raw row: {"style", "section", "title", "summary"}. The summary of news_headline and news_lead is
the lead sentence, that of news_body two to four sentences. Texts outside the lengths below are
drawn again.
"""

import random
from collections.abc import Iterator

from stages.grammar.frames import personal_phrases
from stages.grammar.frames.news_culture import CULTURE
from stages.grammar.frames.news_economy import ECONOMY
from stages.grammar.frames.news_politics import POLITICS
from stages.grammar.frames.news_science import SCIENCE
from stages.grammar.frames.news_society import SOCIETY
from stages.grammar.frames.news_sports import SPORTS
from stages.grammar.frames.news_words import WORDS, Frame
from stages.grammar.frames.news_world import WORLD
from stages.grammar.personal import Personal
from stages.grammar.rows import Planted, Row, without_repeats
from stages.grammar.slots import Slots

STYLES = ("news_headline", "news_lead", "news_body")
FRAMES_BY_SECTION = {
    "정치": POLITICS,
    "경제": ECONOMY,
    "사회": SOCIETY,
    "생활문화": CULTURE,
    "세계": WORLD,
    "IT과학": SCIENCE,
    "스포츠": SPORTS,
}
SECTIONS = tuple(FRAMES_BY_SECTION)
TITLE_LENGTH_CHARS = range(15, 36)
LEAD_LENGTH_CHARS = range(40, 91)
BODY_MAX_CHARS = 220


def news_rows(rng: random.Random, personal: Personal) -> Iterator[Row]:
    """Endless news rows, no two alike."""
    return without_repeats(one_row(rng, personal) for _ in iter(int, 1))


def one_row(rng: random.Random, personal: Personal) -> Row:
    style, section = rng.choice(STYLES), rng.choice(SECTIONS)
    frame = rng.choice(FRAMES_BY_SECTION[section])
    slots, title, lead = headline_and_lead(rng, frame)
    planted: tuple[Planted, ...] = ()
    summary = lead
    if style == "news_body":
        ending = None
        # An article has room for a contact; a headline and its lead have none.
        if personal.wanted(rng):
            ending, value = personal.sentence(rng, personal_phrases.NEWS)
            planted = (value,)
        summary = body(rng, slots, frame, lead, ending)
    return Row({"style": style, "section": section, "title": title, "summary": summary}, planted)


def headline_and_lead(rng: random.Random, frame: Frame) -> tuple[Slots, str, str]:
    while True:
        slots = Slots(rng, rng.choice(frame.cases), frame.words, WORDS)
        # The lead is filled first: it has the whole story, the headline picks from it.
        lead, title = slots.fill_one(frame.leads), slots.fill_one(frame.titles)
        if len(title) in TITLE_LENGTH_CHARS and len(lead) in LEAD_LENGTH_CHARS:
            return slots, title, lead


def body(rng: random.Random, slots: Slots, frame: Frame, lead: str, ending: str | None) -> str:
    """The lead, one or two details, perhaps a quote or a contact: at most four sentences."""
    sentences = [lead, *(slots.fill(d) for d in rng.sample(frame.details, rng.randint(1, 2)))]
    if rng.random() < 0.6:
        sentences.append(slots.fill_one(frame.quotes))
    room = BODY_MAX_CHARS - (len(ending) + 1 if ending else 0)
    most = 3 if ending else 4
    while len(sentences) > most or (len(sentences) > 1 and len(" ".join(sentences)) > room):
        sentences.pop(rng.randrange(1, len(sentences)))
    if len(sentences) == 1 and not ending:
        sentences.append(min((slots.fill(d) for d in frame.details), key=len))
    return " ".join([*sentences, ending] if ending else sentences)
