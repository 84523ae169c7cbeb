"""Conversations as messages, and how many turns of one are taken."""

from typing import NotRequired, TypedDict


class Message(TypedDict):
    role: str  # system, user or assistant
    content: str
    thinking: NotRequired[str | None]  # an answer's reasoning


def conversation(turns: list[dict[str, str]], max_turns: int) -> list[Message]:
    """At most `max_turns` turns of a conversation, from its start, ending on an answer.

    A last turn of the user is left out: it has no answer to learn, and none is invented (B11). A
    system turn does not count.
    """
    messages: list[Message] = [{"role": t["role"], "content": t["text"]} for t in turns]
    system = messages[:1] if messages[0]["role"] == "system" else []
    spoken = messages[len(system) :][:max_turns]
    return system + spoken[: len(spoken) // 2 * 2]
