"""Whether an answer may go out: no forbidden term, no personal data, in the shape that its style is
held to (S1-27)."""

import regex

from stages.params.evaluate import OutputSchema
from stages.pii.scrubber import scrub
from stages.pipeline.errors import ParamsError, shown

PATTERN_CHARS = 10_000  # to a longer answer a pattern may be quadratic, and it is not tried
PATTERN_S = 10  # `re` has no limit, and an exponential pattern none either


def keeps_schema(text: str, schema: OutputSchema) -> bool:
    """Whether a text is like that; an empty one is not.

    Raises ParamsError if the pattern takes longer than PATTERN_S: no verdict depends on the speed
    of the machine.
    """
    return bool(text) and (
        (schema.max_chars is None or len(text) <= schema.max_chars)
        and (schema.max_lines is None or len(text.splitlines()) <= schema.max_lines)
        and (schema.pattern is None or _fits(schema.pattern, text))
    )


def _fits(pattern: str, text: str) -> bool:
    if len(text) > PATTERN_CHARS:
        return False
    try:
        return regex.fullmatch(pattern, text, regex.DOTALL, timeout=PATTERN_S) is not None
    except TimeoutError:
        raise ParamsError(
            f"params.yaml: evaluate.outputs, the pattern {shown(pattern)}",
            f"takes over {PATTERN_S} s on an answer of {len(text)} characters.",
            "Write it without a repetition inside a repetition, like (a+)+.",
        ) from None


def personal_data(text: str, question: str, optional: frozenset[str]) -> list[str]:
    """The types of the personal data in an answer, one a value. What a number is, its question may
    say (계좌번호 불러주세요 / 110123456789)."""
    return [span.type for span in scrub(text, optional, before=question)[1]]
