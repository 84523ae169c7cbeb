"""What a raw row must be to become a row of the pipeline, as a pydantic model made from a source.

Every check that fails has a reason code, `<what>_<column>`: missing, empty, wrong_type,
invalid_characters, too_short, too_long, article, and for a conversation wrong_roles or
not_an_exchange; style_not_allowed, wrong_style, wrong_date, outside_window, row_too_long. The code
is all that is ever said about a refused row: its content has not been scrubbed.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)
from pydantic_core import PydanticCustomError

from stages.korean.composition import nfc
from stages.params.sources import ARTICLE_BODIES, STYLE, Source

ROLES = ("system", "user", "assistant")
# Columns in which news services have the text of an article (S1-12). Those that are not surely one
# may be mapped, and are then bounded as any text of a news source.
ARTICLE_COLUMNS = ARTICLE_BODIES | {"text", "content", "contents", "내용"}
# Of all texts of a row together. A row to train on has a few thousand. The work is linear in them,
# but the worst texts that a search has found are masked at a million in a minute.
MAX_ROW_CHARS = 1_000_000
WHOLE_ROW = (
    "wrong_roles", "not_an_exchange", "style_not_allowed", "wrong_style", "outside_window",
    "row_too_long",
)  # fmt: skip
NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # NUL and half characters


class Refused(Exception):
    """A row that goes to quarantine; its text is the reason code."""


class Checked(NamedTuple):
    """The values of one row that passed: `fields` by the names of ours."""

    fields: dict[str, str]
    turns: list[dict[str, str]]
    style: str
    group: str


# A time of day, as it may stand behind a date: 12:30, T12:30:00.5Z, 오후 2:30, 14시 30분, and after
# a date of eight digits 123000.
_TIME = (
    r"(?:(?:[T ] ?|(?<=\d{8}))(?:(?:오전|오후|[AP]M) ?)?(?:[01]?\d|2[0-4])(?::?[0-5]\d){1,2}"
    r"(?:[.,]\d{1,9})?(?: ?[AP]M)?(?: ?(?:Z|UTC|KST|[+-]\d\d(?::?\d\d)?))?"
    r"| ?(?:(?:오전|오후) ?)?(?:[01]?\d|2[0-4])시(?: ?[0-5]?\d분(?: ?[0-5]?\d초)?)?)?"
)
DATES = tuple(
    re.compile(day + _TIME, re.ASCII | re.IGNORECASE)
    for day in (
        r"(\d{4})(\d\d)(\d\d)",
        r"(\d{4})-(\d\d?)-(\d\d?)",
        r"(\d{4})/(\d\d?)/(\d\d?)",
        r"(\d{4})\. ?(\d\d?)\. ?(\d\d?)\.?",
        r"(\d{4})년 ?(\d\d?)월 ?(\d\d?)일",
    )
)


def columns_of(source: Source) -> list[str]:
    """The columns of theirs that the check of a row looks at; no other one need be read."""
    return [*source.columns.values(), *_other_columns(source), *_article_columns(source)]


def absent_columns(source: Source, header: list[str]) -> list[str]:
    """What a source must find in each row and a table with these columns cannot hold."""
    needed = [theirs for ours, theirs in source.columns.items() if ours not in source.defaults]
    needed += _other_columns(source)
    return sorted({c for c in needed if c not in header and c.split(".")[0] not in header})


def _other_columns(source: Source) -> list[str]:
    dated = source.window.column if source.window else None
    others = (source.turns_column, source.style_column, source.group_column, dated)
    return [column for column in others if column]


def _article_columns(source: Source) -> list[str]:
    """Of news: the columns that must be empty."""
    if source.kind != "news":
        return []
    return sorted(ARTICLE_COLUMNS - set(source.columns.values()))


def contract_of(source: Source) -> Callable[[dict], Checked]:
    """The check of a source's rows: a raw record in, its texts out.

    The check raises Refused with the reason code of what failed first.
    """
    model = _row_model(source)
    articles = frozenset(_article_columns(source))

    def check(record: dict) -> Checked:
        for column in record:
            if column in articles and record[column]:
                raise Refused(f"article_{column}")
        try:
            values = model.model_validate(record).__dict__
        except ValidationError as error:
            raise Refused(_reason(error, model)) from None
        fields = {name: values[f"field_{index}"] for index, name in enumerate(source.columns)}
        turns = values.get("own_turns", [])
        if sum(map(len, [*fields.values(), *(turn["text"] for turn in turns)])) > MAX_ROW_CHARS:
            raise Refused("row_too_long")
        return Checked(
            fields=fields,
            turns=turns,
            style=source.style or values["own_style"],
            group=values.get("own_group", ""),
        )

    return check


def _reason(error: ValidationError, model: type[BaseModel]) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] in WHOLE_ROW:
        return first["type"]
    place = first["loc"][0]
    if place in model.model_fields:  # pydantic names an absent column by the field
        return f"{first['type']}_{model.model_fields[str(place)].title}"
    return f"{first['type']}_{'.'.join(map(str, first['loc']))}"


def _refuse(reason: str) -> PydanticCustomError:
    return PydanticCustomError(reason, reason)  # pyright: ignore[reportArgumentType] - no template


def _row_model(source: Source) -> type[BaseModel]:
    contract = source.contract
    fields: dict[str, Any] = {}
    for index, (ours, theirs) in enumerate(source.columns.items()):
        text = _text_of(
            source.defaults.get(ours),
            contract.min_chars.get(ours, 1),
            contract.max_chars.get(ours),
            source.unicode,
        )
        fields[f"field_{index}"] = _column(theirs, text)
    if source.turns_column:
        turn = _text_of(
            None,
            contract.min_chars.get("turns", 1),
            contract.max_chars.get("turns"),
            source.unicode,
        )
        fields["own_turns"] = _column(source.turns_column, lambda value: _turns(value, turn))
    if source.style_column:
        allowed = frozenset(contract.styles)
        fields["own_style"] = _column(source.style_column, lambda value: _style(value, allowed))
    if source.group_column:
        fields["own_group"] = _column(source.group_column, _text_of(None, 1, None, "as_is"))
    if source.window:
        since = date.fromisoformat(source.window.since)
        until = date.fromisoformat(source.window.until)
        fields["own_date"] = _column(source.window.column, lambda value: _date(value, since, until))
    return create_model("RawRow", __config__=ConfigDict(extra="ignore"), **fields)


def _column(name: str, validate: Callable[[Any], Any]) -> Any:
    """A field that is read from the column `name`, or for `a.b` from b in a; an absent one is None,
    as null is."""
    first, *nested = name.split(".")
    alias = AliasChoices(name, AliasPath(first, *nested)) if nested else name
    return (
        Annotated[Any, BeforeValidator(validate)],
        Field(default=None, validate_default=True, validation_alias=alias, title=name),
    )


def _text_of(
    default: str | None, min_chars: int, max_chars: int | None, form: str
) -> Callable[[Any], str]:
    """A required text. A list of texts is joined by ", ", a list of {speaker, utterance} becomes
    lines of `#Person1#: …`. `default` stands in for what is absent or empty in a list."""

    def text(value: Any) -> str:
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = ", ".join(part.strip() for part in value if part.strip())
            value = value or (default if default is not None else value)
        elif isinstance(value, list) and all(_is_utterance(part) for part in value):
            value = _dialogue(value)
        if value is None:
            if default is None:
                raise _refuse("missing")
            return default
        if not isinstance(value, str):
            raise _refuse("wrong_type")
        value = value.strip()
        if len(value) > MAX_ROW_CHARS:  # before anything looks at each of them
            raise _refuse("row_too_long")
        if not value:
            raise _refuse("empty")
        if NO_TEXT.search(value):
            raise _refuse("invalid_characters")
        if form == "nfc":
            value = nfc(value)
        if len(value) < min_chars:
            raise _refuse("too_short")
        if max_chars is not None and len(value) > max_chars:
            raise _refuse("too_long")
        return value

    return text


def _is_utterance(part: Any) -> bool:
    return isinstance(part, dict) and all(
        isinstance(part.get(key), str) for key in ("speaker", "utterance")
    )


def _dialogue(utterances: list[dict[str, str]]) -> str:
    """Speakers are numbered in the order in which they speak up; what they are called is dropped
    (S2-07)."""
    numbers: dict[str, int] = {}
    return "\n".join(
        f"#Person{numbers.setdefault(said['speaker'], len(numbers) + 1)}#: {said['utterance']}"
        for said in utterances
    )


def _turns(value: Any, text: Callable[[Any], str]) -> list[dict[str, str]]:
    """A conversation as [{role, text}]: given as texts that alternate from the user, or as chat
    messages of {role, content} in which a system message may only come first."""
    if value is None:
        raise _refuse("missing")
    if not isinstance(value, list):
        raise _refuse("wrong_type")
    if not value:
        raise _refuse("empty")
    if all(isinstance(turn, str) for turn in value):
        turns = [(("user", "assistant")[index % 2], turn) for index, turn in enumerate(value)]
    elif all(isinstance(turn, dict) for turn in value):
        turns = [(turn.get("role"), turn.get("content")) for turn in value]
    else:
        raise _refuse("wrong_type")
    spoken = [role for role, _ in turns if role != "system"]
    if any(role not in ROLES for role, _ in turns) or "system" in [role for role, _ in turns[1:]]:
        raise _refuse("wrong_roles")
    if len(spoken) < 2 or spoken != [("user", "assistant")[i % 2] for i in range(len(spoken))]:
        raise _refuse("not_an_exchange")
    return [{"role": role, "text": text(said)} for role, said in turns]


def _style(value: Any, allowed: frozenset[str]) -> str:
    style = _text_of(None, 1, None, "as_is")(value)
    if not re.fullmatch(STYLE, style):
        raise _refuse("wrong_style")
    if allowed and style not in allowed:
        raise _refuse("style_not_allowed")
    return style


def _date(value: Any, since: date, until: date) -> date:
    if value is None:
        raise _refuse("missing")
    if not isinstance(value, str | date):
        raise _refuse("wrong_type")
    day = _day_of(value) if isinstance(value, str) else value
    if isinstance(day, datetime):  # which is a date, too, but compares with none
        day = day.date()
    if day is None:
        raise _refuse("wrong_date")
    if not since <= day <= until:
        raise _refuse("outside_window")
    return day


def _day_of(text: str) -> date | None:
    """The date that a text is in one of the forms of DATES, its time left out."""
    text = nfc(text.strip())
    matches = (form.fullmatch(text) for form in DATES)
    for year, month, day in (match.groups() for match in matches if match):
        with suppress(ValueError):  # not on the calendar
            return date(int(year), int(month), int(day))
    return None
