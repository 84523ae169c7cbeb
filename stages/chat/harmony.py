"""The Harmony conversation format of gpt-oss, built segment by segment as token ids and labels.

A message is `<|start|>role<|message|>content<|end|>`; an answer names its channel in between:

    <|start|>system<|message|>{identity, dates, reasoning, channels}<|end|>
    <|start|>developer<|message|># Instructions\\n\\n{system prompt}<|end|>
    <|start|>user<|message|>{question}<|end|>
    <|start|>assistant<|channel|>final<|message|>{answer}<|end|>      answers before the last
    <|start|>assistant<|channel|>final<|message|>{answer}<|return|>   the last answer
    <|start|>assistant<|channel|>analysis<|message|>{reasoning}<|end|>  before it, if it has one

Reasoning of earlier answers is left out, as a server does once they are final. Such an answer is
not trained: it would teach to answer without reasoning.

A conversation's own system prompt goes into the developer message; the system message is the
model's. Given the ids up to `<|start|>assistant`, a server generates the rest up to and including
`<|return|>`: that is what is trained. Headers (`<|start|>assistant`) are not. Earlier answers are
trained without their `<|end|>`, which a server appends and no model should generate there.

Control tokens are set by id, and text is encoded with control tokens as plain text, so data that
contains `<|end|>` can never close a message (B24). The date is a parameter, never today's (B10).
Source of the format: the openai_harmony renderer, which a test compares token by token.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from stages.chat.rendering import IGNORED, Encoded, Settings
from stages.pipeline.errors import ModelError

if TYPE_CHECKING:
    from stages.chat.messages import Message

CONTROL_TOKENS = (
    "<|startoftext|>",
    "<|endoftext|>",
    "<|return|>",
    "<|constrain|>",
    "<|channel|>",
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|call|>",
)


def system_text(settings: Settings) -> str:
    return (
        "You are ChatGPT, a large language model trained by OpenAI.\n"
        f"Knowledge cutoff: {settings.knowledge_cutoff}\n"
        f"Current date: {settings.conversation_date}\n\n"
        f"Reasoning: {settings.reasoning_effort}\n\n"
        "# Valid channels: analysis, commentary, final. "
        "Channel must be included for every message."
    )


class Harmony:
    """Renders conversations with one tokenizer.

    Raises:
        ModelError: the tokenizer lacks one of the control tokens.
    """

    def __init__(self, tokenizer: Tokenizer, settings: Settings):
        self.tokenizer = tokenizer
        self.settings = settings
        self.tokenizer.encode_special_tokens = True  # text is text, whatever it spells
        # A file may hold the truncation and padding of whoever saved it.
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.ids: dict[str, int] = {}
        for token in CONTROL_TOKENS:
            number = tokenizer.token_to_id(token)
            if number is None:
                raise ModelError(
                    "tokenizer.json",
                    f"has no token {token}, so it cannot speak Harmony.",
                    "Use a gpt-oss tokenizer.",
                )
            self.ids[token] = number
        self.names = {number: token for token, number in self.ids.items()}
        # Where a server stops; `<|endoftext|>` also fills up batches.
        self.stop_ids = [self.ids[t] for t in ("<|return|>", "<|endoftext|>", "<|call|>")]
        self.pad_id = self.ids["<|endoftext|>"]

    def text(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, messages: "Sequence[Message]") -> list[int]:
        """The ids of the messages (none of them a last answer to be learnt) and the header of the
        answer that a server would now generate."""
        encoded = self._render(messages, closes=False)
        return [*encoded.input_ids, self.ids["<|start|>"], *self.text("assistant")]

    def conversation(self, messages: "Sequence[Message]") -> Encoded:
        """The ids and labels of a conversation that ends on an answer."""
        if not messages or messages[-1]["role"] != "assistant":
            raise ValueError("a training conversation ends on an answer")
        return self._render(messages, closes=True)

    def answer_text(self, generated: Sequence[int]) -> str:
        """The text of a generated answer: what its final channel says up to the next control
        token or, if it opened no channel, all of its text."""
        ids = list(generated)
        opening = [self.ids["<|channel|>"], *self.text("final"), self.ids["<|message|>"]]
        for start in range(len(ids) - len(opening) + 1):
            if ids[start : start + len(opening)] == opening:
                ids = ids[start + len(opening) :]
                stop = next((i for i, number in enumerate(ids) if number in self.names), len(ids))
                return self.tokenizer.decode(ids[:stop])
        if self.ids["<|channel|>"] in ids:
            return ""
        return self.tokenizer.decode([number for number in ids if number not in self.names])

    def placed(self, messages: "Sequence[Message]") -> "list[Message]":
        return list(messages)  # a system prompt has its own

    def without_reasoning(self, text: str) -> str:
        """Channels are read where a server is asked (`stages.answering.served`)."""
        return text

    def shown(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=False)

    def _render(self, messages: "Sequence[Message]", closes: bool) -> Encoded:
        control = self.ids
        ids: list[int] = []
        labels: list[int] = []
        masked = 0

        def add(numbers: list[int], trained: bool = False) -> None:
            ids.extend(numbers)
            labels.extend(numbers if trained else [IGNORED] * len(numbers))

        def add_message(role: str, content: str) -> None:
            add([control["<|start|>"], *self.text(role), control["<|message|>"]])
            add([*self.text(content), control["<|end|>"]])

        add_message("system", system_text(self.settings))
        for index, message in enumerate(messages):
            content = message["content"]
            if message["role"] == "system":
                add_message("developer", f"# Instructions\n\n{content}")
            elif message["role"] == "user":
                add_message("user", content)
            else:
                last = closes and index == len(messages) - 1
                header = [control["<|start|>"], *self.text("assistant")]
                add(header)
                if last and message.get("thinking"):
                    thinking = self.text(str(message.get("thinking")))
                    add([control["<|channel|>"], *self.text("analysis")], True)
                    add([control["<|message|>"], *thinking, control["<|end|>"], *header], True)
                whole = last or not message.get("thinking")
                masked += not whole
                add([control["<|channel|>"], *self.text("final"), control["<|message|>"]], whole)
                add(self.text(content), whole)
                add([control["<|return|>" if last else "<|end|>"]], last)
        return Encoded(ids, labels, masked)
