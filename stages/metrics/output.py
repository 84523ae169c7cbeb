"""Whether an answer may go out: no forbidden term, no personal data, in the shape that its style is
held to (S1-27)."""

import re

from stages.pii.scrubber import find
from stages.pipeline.config import OutputSchema


def keeps_schema(text: str, schema: OutputSchema) -> bool:
    return (
        (schema.max_chars is None or len(text) <= schema.max_chars)
        and (schema.max_lines is None or len(text.splitlines()) <= schema.max_lines)
        and (schema.pattern is None or re.fullmatch(schema.pattern, text, re.DOTALL) is not None)
    )


def personal_data(text: str, optional: frozenset[str]) -> list[str]:
    """The types of the personal data in a text, one a value."""
    return [span.type for span in find(text, optional)]
