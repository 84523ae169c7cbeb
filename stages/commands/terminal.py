"""What a model or a row says, for a terminal that takes some characters for orders."""

_SHOWN = "\t\n\xa0\u3000\u200d"  # the last one joins emoji


def harmless(text: str) -> str:
    """The text with such characters, and those that cannot be seen, as escapes: \\x1b."""
    return "".join(
        sign if sign.isprintable() or sign in _SHOWN else sign.encode("unicode_escape").decode()
        for sign in text
    )
