"""How the page speaks: a phrase is a key and its two texts, in `phrases.py`.

`{name}` is filled in; no particle stands directly behind a
filled part, since its form would depend on how the part is read. What other stages name
(measures, reasons, types) has an entry where a reader of Korean would not know the name, and is
shown as it is where not.
"""

from typing import NamedTuple

from markupsafe import Markup

from stages.reporting.phrases import WORDS


class Said(NamedTuple):
    """One phrase in both languages."""

    ko: str
    en: str


def same(text: str) -> Said:
    """A name that is the same in both languages: of a source, a style, a file."""
    return Said(text, text)


def said(key: str, **values: object) -> Said:
    """The phrase of a key, filled in. A key without a phrase is a KeyError."""
    return Said(*(text.format(**values) for text in WORDS[key]))


def named(kind: str, name: str) -> Said:
    """What a name of other stages is called: `named("measure", "exact_match")`."""
    return Said(*WORDS.get(f"{kind}.{name}", same(name)))


def reason(code: str) -> Said:
    """Why a row was dropped. Codes of the contract are `<what>_<column>`, and those without an
    entry of their own are read so."""
    if f"reason.{code}" in WORDS:
        return named("reason", code)
    for what, ko in REFUSED_COLUMNS:
        if code.startswith(f"{what}_"):
            return Said(f"{code.removeprefix(f'{what}_')}: {ko}", code)
    return same(code)


def markup(phrase: Said) -> Markup:
    """Both texts; the page's style sheet shows the one that was chosen."""
    return Markup('<span lang="ko">{}</span><span lang="en">{}</span>').format(*phrase)


# Longer beginnings first.
REFUSED_COLUMNS = (
    ("invalid_characters", "잘못된 문자"),
    ("wrong_type", "자료형이 다름"),
    ("wrong_date", "날짜가 아님"),
    ("too_short", "너무 짧음"),
    ("too_long", "너무 긺"),
    ("missing", "빠져 있음"),
    ("empty", "비어 있음"),
    ("article", "기사 전문이 들어 있음"),
)
