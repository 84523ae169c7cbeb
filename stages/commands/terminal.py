"""What a model or a row says, for a terminal that takes some characters for orders."""

import unicodedata

_SHOWN = "\t\n\u200d"  # the last one joins emoji


def harmless(text: str) -> str:
    """The text with such characters, and those that cannot be seen, as escapes: \\x1b."""
    return "".join(_escaped(sign) if _orders(sign) else sign for sign in text)


def _orders(sign: str) -> bool:
    return sign not in _SHOWN and unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
