"""What a model or a row says, for a terminal that takes some characters for orders."""

import re

# Control characters but for tab and new line, and those that turn the direction of writing.
_ORDERS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with such characters as escapes: \\x1b."""
    return _ORDERS.sub(lambda order: order[0].encode("unicode_escape").decode(), text)
