"""Prompts from fields, and conversations cut to whole exchanges."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.chat.messages import conversation
from stages.pipeline.errors import ParamsError
from stages.pipeline.placeholders import fill

FIELDS = {"title": "수출 늘어", "subject": "교환", "a_1": "x"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("제목: {title}", "제목: 수출 늘어"),
        ("{title}{title}/{a_1}", "수출 늘어수출 늘어/x"),
        # B23: str.format raises KeyError, ValueError or IndexError on each of these
        ('{"title": "{title}", "tags": [{}]}', '{"title": "수출 늘어", "tags": [{}]}'),
        ("{{title}}", "{수출 늘어}"),
        (
            "{ title } {Title} {제목} {0.a} {title!r} {",
            "{ title } {Title} {제목} {0.a} {title!r} {",
        ),
        ("", ""),
    ],
)
def test_only_the_name_of_a_field_in_braces_is_a_placeholder(template, filled):
    """B23: JSON and code pass through untouched."""
    assert fill(template, FIELDS, "mix.templates.news.default") == filled


def test_values_are_never_scanned_again():
    assert fill("{a}{b}", {"a": "{b}", "b": "{a} %s {}"}, "x") == "{b}{a} %s {}"


def test_a_placeholder_that_names_no_field_is_refused():
    with pytest.raises(
        ParamsError, match=r"mix\.templates\.news\.lead: .*\{titel\}.*\['a_1', 'subject', 'title'\]"
    ):
        fill("제목: {titel}", FIELDS, "mix.templates.news.lead")


@given(name=st.from_regex(r"[a-z0-9][a-z0-9_-]*", fullmatch=True), value=st.text())
def test_every_legal_name_of_a_column_can_stand_in_a_template(name, value):
    """params.yaml takes these names in `columns`, so templates must too (S4-04)."""
    assert fill(f"[{{{name}}}]", {name: value}, "x") == f"[{value}]"


@given(text=st.text())
def test_text_without_placeholders_stays_as_it_is(text):
    if not re.search(r"\{[a-z0-9_-]+\}", text):
        assert fill(text, FIELDS, "x") == text


def turns(*roles: str) -> list[dict[str, str]]:
    names = {"s": "system", "u": "user", "a": "assistant"}
    return [{"role": names[role], "text": f"{index}"} for index, role in enumerate(roles)]


@pytest.mark.parametrize(
    ("given_roles", "max_turns", "kept"),
    [
        ("ua", 6, "01"),
        ("uaua", 6, "0123"),
        ("uau", 6, "01"),  # B11: the unanswered turn is left out, no answer is invented
        ("uauauaua", 6, "012345"),
        ("uauaua", 5, "0123"),  # a cut in the middle of an exchange takes the whole exchange
        ("uauaua", 2, "01"),
        ("uauaua", 3, "01"),
        ("sua", 2, "012"),  # a system turn is kept and does not count
        ("suaua", 2, "012"),
        ("suau", 6, "012"),
    ],
)
def test_a_conversation_ends_on_an_answer(given_roles, max_turns, kept):
    """S1-18, B11."""
    messages = conversation(turns(*given_roles), max_turns)
    assert "".join(message["content"] for message in messages) == kept
    assert messages[-1]["role"] == "assistant"
