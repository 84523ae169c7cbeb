"""Prompts from fields: `{name}` in a template stands for a field of the row.

Only `{name}` with the name of a field is a placeholder. All other braces, in the template or in the
data, are text, so JSON and code pass through untouched (B23).
"""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from stages.pipeline.errors import ParamsError

PLACEHOLDER = re.compile(r"\{([a-z0-9_-]+)\}")


class Message(TypedDict):
    role: str  # system, user or assistant
    content: str
    thinking: NotRequired[str | None]  # an answer's reasoning


def fill(template: str, fields: Mapping[str, str], where: str) -> str:
    """The template with every placeholder replaced, in one pass: a value is never scanned again.

    Raises:
        ParamsError: a placeholder names no field; `where` is the template's key in params.yaml.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in fields:
            raise ParamsError(
                f"params.yaml: {where}",
                f"the placeholder {match[0]} names no field of the rows.",
                f"Use one of {sorted(fields)}.",
            )
        return fields[match[1]]

    return PLACEHOLDER.sub(value, template)


def conversation(turns: list[dict[str, str]], max_turns: int) -> list[Message]:
    """At most `max_turns` turns of a conversation, from its start, ending on an answer.

    A last turn of the user is left out: it has no answer to learn, and none is invented (B11). A
    system turn does not count.
    """
    messages: list[Message] = [{"role": t["role"], "content": t["text"]} for t in turns]
    system = messages[:1] if messages[0]["role"] == "system" else []
    spoken = messages[len(system) :][:max_turns]
    return system + spoken[: len(spoken) // 2 * 2]
