"""What every chat format gives: conversations as token ids and labels, and prompts as a server
would render them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stages.chat.messages import Message

IGNORED = -100  # the label of a token that is not trained


@dataclass(frozen=True)
class Settings:
    """What a format says beside the conversation: the date in all of them that tell one
    (YYYY-MM-DD), effort and cutoff in Harmony alone, and what else a template of the model's own
    asks for, by name."""

    reasoning_effort: str
    knowledge_cutoff: str
    conversation_date: str
    template_arguments: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """One conversation: ids, and labels that repeat the trained ids and are IGNORED elsewhere.

    An earlier answer may stand there otherwise than a server would generate it, without its
    reasoning for one. It is not trained then; `answers_masked` of them are like that.
    """

    input_ids: list[int]
    labels: list[int]
    answers_masked: int = 0


class Renderer(Protocol):
    """Renders conversations with one tokenizer. Text is always text: what spells a control token is
    never taken for one (B24)."""

    pad_id: int
    stop_ids: list[int]  # where a server stops

    def prompt(self, messages: "Sequence[Message]") -> list[int]:
        """The ids up to where a server would now generate an answer."""
        ...

    def conversation(self, messages: "Sequence[Message]") -> Encoded:
        """The ids of a conversation that ends on an answer, and as labels what a server would
        generate of it."""
        ...

    def placed(self, messages: "Sequence[Message]") -> "list[Message]":
        """The messages, the system prompt moved into the first question where the format has no
        place for it. A server that renders them itself gets these."""
        ...

    def answer_text(self, generated: Sequence[int]) -> str:
        """The text of a generated answer, without its reasoning and what closes it; none where the
        reasoning never ends."""
        ...

    def without_reasoning(self, text: str) -> str:
        """The same of what a server says, which may have left the reasoning in it."""
        ...

    def shown(self, ids: Sequence[int]) -> str:
        """The text of the ids, control tokens by their names."""
        ...
