"""Whether an answer may go out: no forbidden term, no personal data, in the shape that its style is
held to (S1-27)."""

import re

from stages.params.evaluate import OutputSchema
from stages.pii.scrubber import scrub

PATTERN_CHARS = 10_000  # to a longer answer a pattern may be quadratic, and it is not tried


def keeps_schema(text: str, schema: OutputSchema) -> bool:
    """Whether a text is like that; an empty one is not."""
    return bool(text) and (
        (schema.max_chars is None or len(text) <= schema.max_chars)
        and (schema.max_lines is None or len(text.splitlines()) <= schema.max_lines)
        and (schema.pattern is None or _fits(schema.pattern, text))
    )


def _fits(pattern: str, text: str) -> bool:
    return len(text) <= PATTERN_CHARS and re.fullmatch(pattern, text, re.DOTALL) is not None


def personal_data(text: str, question: str, optional: frozenset[str]) -> list[str]:
    """The types of the personal data in an answer, one a value. What a number is, its question may
    say (계좌번호 불러주세요 / 110123456789)."""
    return [span.type for span in scrub(text, optional, before=question)[1]]
