"""The section `evaluate`: what answers are measured by."""

import re
from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, Field, model_validator

from stages.params.section import Count, FilePath, Section, Text
from stages.params.sources import Style
from stages.pipeline.errors import shown

SpeechLevel = Literal["hapsyo", "haeyo", "haera", "hae", "nominal"]


MOST_REPEATS = 10_000  # an answer that is matched has no more characters
MOST_COPIES = 1_000_000  # of parts in all: a compiled one takes 300 bytes
_COUNT = re.compile(r"(?<!\\)(\)?)\{([0-9]*),?([0-9]*)\}")


def _check_counts(text: str) -> None:
    """Compiling copies what is repeated, so a few characters may take gigabytes."""
    nested, copied = 1, 1
    for behind_group, least, most in _COUNT.findall("".join(text.split())):
        if max(len(least), len(most)) > 6 or max(int(least or 0), int(most or 0)) > MOST_REPEATS:
            raise ValueError(f"{shown(text)} repeats a part more than {MOST_REPEATS:,} times")
        if behind_group:
            nested *= int(least or 0) or 1
        else:
            copied += int(least or 0)
    if nested * copied > MOST_COPIES:
        raise ValueError(f"{shown(text)} makes more than {MOST_COPIES:,} copies of its parts")


def _a_pattern(text: str) -> str:
    _check_counts(text)
    try:
        regex.compile(text)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"{shown(text)} is not a regular expression ({error})") from None
    return text


class OutputSchema(Section):
    """What an answer of a style must be like: so long, so many lines, and matched by the pattern
    from its first character to its last, for which it may have 10,000 of them."""

    max_chars: Count | None = None
    max_lines: Count | None = None
    pattern: Annotated[Text, AfterValidator(_a_pattern)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "OutputSchema":
        if self.max_chars is None and self.max_lines is None and self.pattern is None:
            raise ValueError("give max_chars, max_lines or pattern, or leave the style out")
        return self


class Bertscore(Section):
    """An encoder on this disk; `digest` pins its content. The embeddings of `layer` are compared
    (0: those before the first layer)."""

    path: FilePath
    digest: Text
    layer: Annotated[int, Field(ge=0)]


class Evaluate(Section):
    speech_levels: dict[Style, Annotated[list[SpeechLevel], Field(min_length=1)]]
    outputs: dict[Style, OutputSchema]
    bertscore: Bertscore | None
