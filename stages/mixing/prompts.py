"""Rows as conversations, by the templates of params.yaml.

Fields were masked one by one. A template may join them, and what no field told is then whole: a
telephone number in three columns. So every filled text is masked again; one that holds nothing
stays as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from stages.chat.messages import Message, conversation
from stages.formats.tables import Row
from stages.params.mix import Mix, Template
from stages.pii.scrubber import scrub
from stages.pipeline.errors import ParamsError
from stages.pipeline.placeholders import fill

# Reasoning at the start of an answer: <think>…</think> (S4-06). The blanks behind it are cut off
# afterwards: a pattern that looks for them, too, takes quadratic time.
_REASONING = re.compile(r"\s*+<think>\s*+(.*?)</think>\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Masking:
    """Which types are masked besides those that always are, and what was: the source of a row, the
    type and the row's id. A row may be made twice, and counts once."""

    optional: frozenset[str]
    found: set[tuple[str, str, str]] = field(default_factory=set)

    def filled(
        self, template: str, fields: Mapping[str, str], where: str, row: Row, before: str = ""
    ) -> str:
        """The filled text, masked; `before` is the message before it, which may name a value."""
        text, spans = scrub(fill(template, fields, where), self.optional, before)
        self.found.update((row["source"], span.type, row["id"]) for span in spans)
        return text

    def exchange(
        self, query: str, response: str, fields: Mapping[str, str], where: str, row: Row
    ) -> list[Message]:
        asked = self.filled(query, fields, where, row)
        answered = self.filled(response, fields, where, row, before=asked)
        return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


def messages_of(row: Row, mix: Mix, masking: Masking) -> list[Message]:
    """The conversation that a row trains with, under its source's template for its style (or
    `default`).

    Raises:
        ParamsError: no template fits the row.
    """
    template, where = _template_of(row, mix)
    system = _system(template, row, where, masking)
    if template.user is None or template.assistant is None:
        if not row["turns"]:
            raise ParamsError(
                f"params.yaml: {where}",
                "has no user and assistant, and the rows hold no conversation.",
                f"Add them, or set sources.{row['source']}.turns_column.",
            )
        own = conversation(row["turns"], mix.max_turns)
        messages = own if own[0]["role"] == "system" else system + own
    else:
        exchange = masking.exchange(template.user, template.assistant, _said(row), where, row)
        messages = system + exchange
    return [_with_reasoning(message) for message in messages]


def scored_messages_of(row: Row, mix: Mix, masking: Masking) -> list[Message]:
    """The conversation that a row is scored by: the template's `evaluation` where it has one, and
    the answers without their reasoning."""
    template, where = _template_of(row, mix)
    if template.evaluation is None:
        messages = messages_of(row, mix, masking)
        return [{"role": m["role"], "content": m["content"]} for m in messages]
    scored = template.evaluation
    exchange = masking.exchange(scored.query, scored.response, _said(row), where, row)
    return _system(template, row, where, masking) + exchange


def topic_of(row: Row, mix: Mix, masking: Masking) -> tuple[str | None, str | None]:
    """The question for the topic of a row, and the right answer; None where its source has none."""
    topic = mix.topics.get(row["source"])
    if topic is None:
        return None, None
    where = f"mix.topics.{row['source']}"
    query = masking.filled(topic.query, _said(row), f"{where}.query", row)
    label = masking.filled(f"{{{topic.label}}}", row["fields"], f"{where}.label", row, query)
    return query, label


def _said(row: Row) -> dict[str, str]:
    """What a placeholder may stand for."""
    return row["fields"] | {"style": row["style"]}


def _template_of(row: Row, mix: Mix) -> tuple[Template, str]:
    templates = mix.templates[row["source"]]
    key = row["style"] if row["style"] in templates else "default"
    if key not in templates:
        raise ParamsError(
            f"params.yaml: mix.templates.{row['source']}",
            f"has no template for the style {row['style']!r}.",
            "Add one under that name, or one named default.",
        )
    return templates[key], f"mix.templates.{row['source']}.{key}"


def _system(template: Template, row: Row, where: str, masking: Masking) -> list[Message]:
    if template.system is None:
        return []
    return [{"role": "system", "content": masking.filled(template.system, _said(row), where, row)}]


def _with_reasoning(message: Message) -> Message:
    found = _REASONING.fullmatch(message["content"]) if message["role"] == "assistant" else None
    if found is None:
        return message
    thinking = found[1].rstrip()
    if not thinking:
        return {"role": "assistant", "content": found[2]}
    return {"role": "assistant", "content": found[2], "thinking": thinking}


def starts_wrong(answer: str, warnings: re.Pattern[str]) -> bool:
    """Whether an answer opens with punctuation or with a warning (S3-08). Quotation marks,
    brackets and what marks a list may open a sentence, a heading or code."""
    return not _opening().match(answer) or bool(warnings.match(answer.lstrip()))


@cache
def _opening() -> re.Pattern[str]:
    return re.compile(r"\s*(?:[^\W_]|[\"'“‘`(\[{<《〈「『#*-])")
