"""Broken lines, as real exports have them: what a reader of JSONL must refuse, one by one,
without stopping.
"""

import json
import random

# Fields without which a row of its kind is useless.
REQUIRED = ("style", "title", "summary", "dialog", "dialogue", "category", "messages")
WRONG_TYPES = (None, 17, 3.5, True, {"text": "본문"})
NOISE = (
    "<html><body>502 Bad Gateway</body></html>",
    "undefined",
    "제목,요약,분류",
    "-- 이하 생략 --",
    "NaN,NaN",
)


def malformed_line(rng: random.Random, row: dict) -> str:
    """One line without a newline, made from a good row, that breaks the contract of the row's
    kind."""
    line = rng.choice(BREAKAGES)(rng, row)
    return line.replace("\r", " ").replace("\n", " ")


def required_field(rng: random.Random, row: dict) -> str:
    return rng.choice([name for name in REQUIRED if name in row])


def text_field(rng: random.Random, row: dict) -> str:
    return rng.choice(
        [name for name in ("title", "summary", "dialog", "dialogue", "messages") if name in row]
    )


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def cut(rng: random.Random, row: dict) -> str:
    line = dump(row)
    return line[: rng.randrange(2, len(line) - 1)]


def field_missing(rng: random.Random, row: dict) -> str:
    missing = required_field(rng, row)
    return dump({name: value for name, value in row.items() if name != missing})


def wrong_type(rng: random.Random, row: dict) -> str:
    return dump(row | {required_field(rng, row): rng.choice(WRONG_TYPES)})


def text_empty(rng: random.Random, row: dict) -> str:
    name = text_field(rng, row)
    return dump(
        row | {name: [] if isinstance(row[name], list) else rng.choice(("", "   ", "\u3000"))}
    )


def is_list(rng: random.Random, row: dict) -> str:
    return dump([row] if rng.random() < 0.5 else list(row.values()))


def is_string(rng: random.Random, row: dict) -> str:
    return dump(dump(row))


def python_literal(rng: random.Random, row: dict) -> str:
    return repr(row)


def glued(rng: random.Random, row: dict) -> str:
    return dump(row) + rng.choice((dump(row), ",", "}", " null"))


def noise(rng: random.Random, row: dict) -> str:
    return rng.choice(NOISE)


BREAKAGES = (
    cut,
    field_missing,
    wrong_type,
    text_empty,
    is_list,
    is_string,
    python_literal,
    glued,
    noise,
)
