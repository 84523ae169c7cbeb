"""What a recogniser reports: a value, by its place in the view. It holds no text, so it can be
logged.
"""

from typing import Literal, NamedTuple

Confidence = Literal["high", "low"]


class Found(NamedTuple):
    """A value at view[start:end]. `rule` names the format that fitted."""

    type: str
    start: int
    end: int
    rule: str
    confidence: Confidence
