"""Thousands of damaged params.yaml: each is refused with a sentence, or taken, by the check and by
every stage. MALSSI_FUZZ_S says for how long."""

import os
import random
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import pytest

from stages import check
from stages.params import reading
from stages.params.reading import read_params
from stages.params.whole import read_config
from stages.pipeline.dvc_yaml import stage_names
from stages.pipeline.errors import PipelineError
from tests.micro import SHIPPED
from tests.workspace import lay_out

pytestmark = pytest.mark.soak

FUZZ_S = float(os.environ.get("MALSSI_FUZZ_S", "60"))
SEED = 20_261_130
LONGEST_S, LONGEST_SAID = 20, 4_000
DIGITS = "9" * 400
BOMB = "&z0 [1]\n" + "".join(
    f"z{i}: &z{i} [{', '.join([f'*z{i - 1}'] * 9)}]\n" for i in range(1, 9)
)
# What may stand in the place of a value.
VALUES = (
    "0", "-1", "1", "2", "7", "63", "64", "65536", "65537", "1048576", "1048577", "10000000",
    "1000000000000", "1000000000001", DIGITS, f"-{DIGITS}", f"0x{'f' * 9_000}", f"0b{'1' * 9_000}",
    "1e-320", "1.0e-300", "1e12", "1e13", "1e308", "1e400", ".inf", "-.inf", ".nan", "-0.0", "0.5",
    "true", "null", "~", "", "yes", "2026-01-01", "2026-99-99", "12:30:45", "1_000", "010", "+1",
    "[]", "{}", "[[[[[]]]]]", "[" * 60 + "]" * 60, "[" * 900, "{a: {b: {c: 1}}}", "[1, a, null, {}]",
    "''", '"\\0"', '"\\ud800"', '"\\e[2J\\u202e\\n"', '"\\UFFFFFFFF"', "'" + "x" * 70_000 + "'", "가" * 300,
    "!!bool maybe", "!!int a", "!!binary aGk=", "!!set {a, b}", "!!omap [{a: 1}]", "!!python/name:os.system x",
    "!!timestamp now", "!!float [1]", "*nothing", "&a [*a]", "&b {<<: *b}", BOMB, "|\n  a\n b", ">-\n   text",
    "{title}", "'{nothing}'", "'('", "'a{99999999999}'", "'(a+)+$'", "../../etc/passwd", "/dev/zero", "a/b",
    "http://[::1", "https://user:pw@host/v1", "float32", "bfloat16", "tiny", "hub", "folder", "rows", "tokens",
    "'" + "/".join(["y" * 300] * 20) + "'", "a" * 40, "evaluate/base.x", "drift.x", "-", "?", ": :", "{", "]", "@", "`", "%",
)  # fmt: skip
INSERTED = (
    "\t", "\0", "\x1b[31m", "\u202e", "\ufeff", "\r", "\n", "\n\n", "- ", "? ", ": ", "#", "&a ", "*a ", "!x ", "|", ">", "'", '"',
    "{", "}", "[", "]", ",", "<<: *a", "---\n", "...\n", "%YAML 1.1\n", "  ", "\x85", "\u2028", "\ud800", "😀", "9" * 50,
)  # fmt: skip

Damage = Callable[[random.Random, list[str]], list[str]]


def another_value(rng: random.Random, lines: list[str]) -> list[str]:
    place = rng.randrange(len(lines))
    key, colon, _ = lines[place].partition(":")
    value = rng.choice(VALUES)
    return [*lines[:place], f"{key}{colon} {value}", *lines[place + 1 :]]


def another_key(rng: random.Random, lines: list[str]) -> list[str]:
    place = rng.randrange(len(lines))
    blanks = " " * (len(lines[place]) - len(lines[place].lstrip()))
    key = rng.choice((*VALUES, "seed", "news", "x", "A", "$(x)", "a" * 65, "<<"))
    return [*lines[:place], f"{blanks}{key}: {rng.choice(VALUES)}", *lines[place:]]


def lines_out(rng: random.Random, lines: list[str]) -> list[str]:
    first = rng.randrange(len(lines))
    return lines[:first] + lines[first + rng.choice((1, 1, 3, 20)) :]


def lines_twice(rng: random.Random, lines: list[str]) -> list[str]:
    first = rng.randrange(len(lines))
    return lines[: first + rng.choice((1, 1, 3, 20))] + lines[first:]


def swapped(rng: random.Random, lines: list[str]) -> list[str]:
    done = list(lines)
    one, other = rng.randrange(len(done)), rng.randrange(len(done))
    done[one], done[other] = done[other], done[one]
    return done


def indented(rng: random.Random, lines: list[str]) -> list[str]:
    place = rng.randrange(len(lines))
    blanks = rng.choice(("  ", " ", "    ", "\t"))
    return [*lines[:place], f"{blanks}{lines[place]}", *lines[place + 1 :]]


def inserted(rng: random.Random, lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    place = rng.randrange(len(text) + 1)
    return f"{text[:place]}{rng.choice(INSERTED)}{text[place:]}".split("\n")


def many_keys(rng: random.Random, lines: list[str]) -> list[str]:
    place = rng.randrange(len(lines))
    blanks = " " * (len(lines[place]) - len(lines[place].lstrip()))
    count, length = rng.choice(((30, 3), (300, 20), (30, 3_000)))
    keys = [f"{blanks}{'k' * length}{i}: {rng.choice(VALUES)}" for i in range(count)]
    return [*lines[:place], *keys, *lines[place:]]


DAMAGES: tuple[Damage, ...] = (
    *[another_value] * 8,
    *(another_key, another_key, lines_out, lines_twice, swapped, indented, inserted, many_keys),
)


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What `check` does, and what each stage reads. The file is parsed once for all of them."""
    monkeypatch.chdir(lay_out(tmp_path, "dvc.yaml", "dvc.lock"))
    parse = reading.read_tree

    @lru_cache(1)
    def parsed(raw: bytes) -> tuple[object, PipelineError | None]:
        try:
            return parse(Path("params.yaml")), None
        except PipelineError as error:
            return None, error

    def tree(path: Path) -> object:
        found, error = parsed(path.read_bytes())
        if error is not None:
            raise error
        return found

    monkeypatch.setattr(reading, "read_tree", tree)
    stages = [import_module(f"stages.{name}") for name in stage_names() if name != "check"]
    models = [stage.Params for stage in stages if hasattr(stage, "Params")]
    assert len(models) > 12
    whole: list[Callable[[], object]] = [lambda: check.check_raw_files(read_config())]
    return whole + [lambda model=model: read_params(model) for model in models]


def test_damaged_params_are_refused_in_words(readers: list[Callable[[], object]]) -> None:
    rng = random.Random(SEED)
    written = [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line.strip()]
    ends = time.monotonic() + FUZZ_S
    tried, refused = 0, 0
    while time.monotonic() < ends:
        lines = written
        for damage in rng.choices(DAMAGES, k=rng.choice((1, 1, 1, 2, 4))):
            lines = damage(rng, lines) or ["x"]
        raw = "\n".join(lines).encode("utf-8", "surrogatepass")
        Path("params.yaml").write_bytes(raw)
        tried += 1
        for read in readers:
            started = time.monotonic()
            try:
                read()
            except PipelineError as error:
                refused += 1
                assert len(str(error)) < LONGEST_SAID and str(error).isprintable()
            assert time.monotonic() - started < LONGEST_S
    print(f"{tried} files, {refused} refusals by {len(readers)} readers")
    assert tried > FUZZ_S and refused > tried
