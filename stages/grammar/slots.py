"""Templates whose slots are drawn once and remembered: that is what keeps a row about one thing.

A template is a format string: "{city:은} {pct}% 늘었다". A slot is drawn from the first lexicon
that knows its name and keeps its value for the row, so title and summary, or question and answer,
agree. After the colon stands a particle, which takes the form that fits the drawn word. A drawn
word may hold slots itself ("{root}전자"). `{city2}` is another city than `{city}`. Names in FRESH
(laughter, "ok") are drawn anew each time.

A lexicon maps a name to one string, to a tuple of strings, or to a function of the random
generator.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from stages.grammar.particles import with_particle

Words = str | Sequence[str] | Callable[[random.Random], str]
Lexicon = Mapping[str, Words]

FRESH = frozenset({"lol", "cry", "smile", "ok", "said", "yes", "thanks", "hey"})


class Word(str):
    """A string whose format spec is a particle."""

    def __format__(self, particle: str) -> str:
        return with_particle(self, particle) if particle else str(self)


class Slots(dict[str, Word]):
    """The drawn words of one row; unknown slots are drawn when a template first asks for them."""

    def __init__(self, rng: random.Random, *lexicons: Lexicon):
        super().__init__()
        self.rng = rng
        self.lexicons = lexicons

    def __missing__(self, name: str) -> Word:
        base = name.rstrip("23456789")
        words = next((lex[n] for n in (name, base) for lex in self.lexicons if n in lex), None)
        if words is None:
            raise KeyError(f"no lexicon has the slot {name!r}. Add it to the frame's words.")
        taken = {
            self[other]
            for other in (base, base + "2", base + "3")
            if other in self and other != name
        }
        value = self.expand(words)
        for _ in range(50):
            if value not in taken:
                break
            value = self.expand(words)
        if name not in FRESH:
            self[name] = value
        return value

    def expand(self, words: Words) -> Word:
        return Word(self.draw(words).format_map(self))

    def draw(self, words: Words) -> str:
        if isinstance(words, str):
            return words
        return words(self.rng) if callable(words) else self.rng.choice(words)

    def fill(self, template: str) -> str:
        return template.format_map(self)

    def fill_one(self, templates: Sequence[str]) -> str:
        return self.fill(self.rng.choice(templates))


def number(low: int, high: int, step: int = 1) -> Callable[[random.Random], str]:
    """Draws a whole number, written with thousands separators."""
    return lambda rng: f"{rng.randrange(low, high + 1, step):,}"


def decimal(low: float, high: float) -> Callable[[random.Random], str]:
    """Draws a number with one decimal."""
    return lambda rng: f"{rng.uniform(low, high):.1f}"
