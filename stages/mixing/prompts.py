"""Rows as conversations, by the templates of params.yaml."""

import re
from functools import cache

from stages.chat.messages import Message, conversation
from stages.formats.tables import Row
from stages.params.mix import Mix, Template
from stages.pipeline.errors import ParamsError
from stages.pipeline.placeholders import fill

# Reasoning at the start of an answer: <think>…</think> (S4-06). The blanks behind it are cut off
# afterwards: a pattern that looks for them, too, takes quadratic time.
_REASONING = re.compile(r"\s*+<think>\s*+(.*?)</think>\s*(.+)", re.DOTALL)


def messages_of(row: Row, mix: Mix) -> list[Message]:
    """The conversation that a row trains with, under its source's template for its style (or
    `default`).

    Raises:
        ParamsError: no template fits the row.
    """
    template, where = _template_of(row, mix)
    fields = row["fields"] | {"style": row["style"]}
    system = _system(template, fields, where)
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
        messages = [
            *system,
            {"role": "user", "content": fill(template.user, fields, where)},
            {"role": "assistant", "content": fill(template.assistant, fields, where)},
        ]
    return [_with_reasoning(message) for message in messages]


def scored_messages_of(row: Row, mix: Mix) -> list[Message]:
    """The conversation that a row is scored by: the template's `evaluation` where it has one, and
    the answers without their reasoning."""
    template, where = _template_of(row, mix)
    if template.evaluation is None:
        return [{"role": m["role"], "content": m["content"]} for m in messages_of(row, mix)]
    fields = row["fields"] | {"style": row["style"]}
    return [
        *_system(template, fields, where),
        {"role": "user", "content": fill(template.evaluation.query, fields, where)},
        {"role": "assistant", "content": fill(template.evaluation.response, fields, where)},
    ]


def topic_of(row: Row, mix: Mix) -> tuple[str | None, str | None]:
    """The question for the topic of a row, and the right answer; None where its source has none."""
    topic = mix.topics.get(row["source"])
    if topic is None:
        return None, None
    where = f"mix.topics.{row['source']}"
    query = fill(topic.query, row["fields"] | {"style": row["style"]}, f"{where}.query")
    return query, fill(f"{{{topic.label}}}", row["fields"], f"{where}.label")


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


def _system(template: Template, fields: dict[str, str], where: str) -> list[Message]:
    if template.system is None:
        return []
    return [{"role": "system", "content": fill(template.system, fields, where)}]


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
