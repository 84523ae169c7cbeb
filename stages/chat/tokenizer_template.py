"""The chat format that a model brings with its tokenizer: its own template, rendered to text and
tokenised as a server does.

An answer is what follows the prompt: the whole rendering must begin with the ids of the prompt (the
messages before it, and the header of an answer), or the template is refused. What comes after, up
to the token that stops a server, is trained, and nothing behind it is kept. An earlier answer is
trained where its ids are those that it has as the last one; a template that drops its reasoning
makes it another.

Text that spells a control token is set apart before the template is filled, and encoded as text
(B24). The template brings its own first token, so none is added (B15). A date in it is the fixed
one of the settings, never today's (B10). A template that refuses a system prompt, drops it, or puts
it elsewhere once there is an answer, gets it at the head of the first question.

A template is a program of the model's maker. Whatever it does wrong is an error that never quotes a
row, and what it may write is bounded.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.chat.arguments import check_arguments
from stages.chat.messages import Message
from stages.chat.plain_text import PlainText, sections
from stages.chat.reasoning import answer_start, left_open, tags_of
from stages.chat.rendering import IGNORED, Encoded, Settings
from stages.chat.stops import stops_of
from stages.pipeline.errors import ModelError, cut, shown

# No format of a date is longer, and without a bound each opening would be read to the line's end.
_NOW = re.compile(r"strftime_now\(\s*+(['\"])(.{0,99}?)\1\s*\)")
ANOTHER = "Use another revision of the model, or another chat_template.jinja."
MOST_ADDED_CHARS = 1_000_000  # what a template writes of its own, tools and examples included
_SYSTEM, _SAID = {"role": "system", "content": "가나다"}, {"role": "user", "content": "라마바"}
_MARK = "\ue000"  # for private use: no tokenizer has a meaning for it
_SET_APART = re.compile(f"{_MARK}([0-9]+){_MARK}")


class OwnTemplate:
    """Renders conversations with the tokenizer and the chat template in `folder`.

    Raises:
        ModelError: there is no template, or one that shows no text, none of the tokens that would
            stop a server, or no use for an argument of the settings.
    """

    def __init__(self, folder: Path, settings: Settings):
        from transformers import AutoTokenizer

        self.where = str(folder / "tokenizer_config.json")
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        template = self.tokenizer.chat_template
        if isinstance(template, dict):  # several by name
            template = template.get("default")
        if not isinstance(template, str) or not template:
            raise ModelError(
                self.where,
                "has no chat template, so nobody can say what a conversation looks like.",
                "Use the instruction-tuned model of the family, or set encode.chat_template in "
                "params.yaml, to chatml for one.",
            )
        check_arguments(settings.template_arguments, template, self.where)
        self.arguments = dict(settings.template_arguments)
        self.day = date.fromisoformat(settings.conversation_date)
        self.template = _NOW.sub(lambda now: repr(self.day.strftime(now[2])), template)
        self.takes_system = self._takes_system()
        self.tags = tags_of(template, self.tokenizer.get_added_vocab())
        prompt = self._tried([_SAID])
        self.opened = left_open(prompt, self.tags)
        if prompt and _SAID["content"] not in prompt:
            raise ModelError(
                self.where,
                "its chat template leaves out what is said, perhaps since it takes content in "
                "parts (text, images) alone.",
                "Use a model of the family for text, or another chat_template.jinja.",
            )
        # Beside the special ones what the template itself writes, like <think> and <tool_call>.
        added = self.tokenizer.added_tokens_decoder
        # What stands for unknown letters cuts no text.
        self.added = frozenset(added) - {self.tokenizer.unk_token_id}
        control = [str(t) for t in added.values() if t.special or str(t) in self.template.strip()]
        self.control = {token for token in control if token.strip()}
        spelled = sorted(self.control | {_MARK}, key=len)[::-1]
        self.spells_control = re.compile("|".join(map(re.escape, spelled)))
        self.stop_ids = stops_of(folder, self.tokenizer.eos_token_id)
        own_end = self.tokenizer.eos_token_id
        self.end_id = own_end if own_end in self.stop_ids else self.stop_ids[0]
        pad = self.tokenizer.pad_token_id
        self.pad_id: int = self.stop_ids[0] if pad is None else pad

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        return self._ids(messages, True)

    def conversation(self, messages: Sequence[Message]) -> Encoded:
        if not messages or messages[-1]["role"] != "assistant":
            raise ValueError("a training conversation ends on an answer")
        ids, start = self._answered(messages)
        labels = [*[IGNORED] * start, *ids[start:]]
        masked = 0
        for index, message in enumerate(messages[:-1]):
            if message["role"] != "assistant":
                continue
            try:
                alone, start = self._answered(messages[: index + 1])
            except ModelError:  # as a last answer it would be refused
                alone, start = [], 0
            if alone and ids[: len(alone)] == alone:
                labels[start : len(alone)] = alone[start:]
            else:
                masked += 1
        return Encoded(ids, labels, masked)

    def answer_text(self, generated: Sequence[int]) -> str:
        ids = list(generated)
        end = next((i for i, number in enumerate(ids) if number in self.stop_ids), len(ids))
        ids = ids[:end]
        text = self.shown(ids)
        start = answer_start(text, self.tags, self.opened)
        if start is None:
            return ""
        if not start:
            return self.tokenizer.decode(ids, skip_special_tokens=True)
        # Tags may be special tokens, several tokens, or share their last one with the answer.
        first = bisect_left(range(len(ids)), start, key=lambda n: len(self.shown(ids[:n])))
        shared = self.shown(ids[:first])[start:]
        return (shared + self.tokenizer.decode(ids[first:], skip_special_tokens=True)).lstrip()

    def without_reasoning(self, text: str) -> str:
        # Some servers take the reasoning out, with the tags.
        opened = self.opened if self.opened and self.opened.closes in text else None
        start = answer_start(text, self.tags, opened)
        return "" if start is None else text[start:].lstrip() if start else text

    def shown(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=False)

    def _answered(self, messages: Sequence[Message]) -> tuple[list[int], int]:
        """The ids up to and including what ends the last answer, and where that answer begins.

        Raises:
            ModelError: the one or the other cannot be told.
        """
        ids, before = self._ids(messages, False), self.prompt(messages[:-1])
        if ids[: len(before)] != before:
            raise ModelError(
                self.where,
                "its chat template renders a conversation that does not begin with the prompt that "
                "a server would send.",
                self._other_prompt(),
            )
        end = next((i for i in range(len(before), len(ids)) if ids[i] in self.stop_ids), None)
        if end is None:
            self._check_open(ids[len(before) :])
            return [*ids, self.end_id], len(before)
        return ids[: end + 1], len(before)

    def _other_prompt(self) -> str:
        """What to do where a conversation does not begin with its prompt."""
        if not self.opened:
            return "Answers cannot be told from prompts: use a template that only appends."
        way = "name another template in encode.chat_template"
        if "enable_thinking" in self.template:
            way = "set encode.template_arguments to {enable_thinking: false}"
        return (
            f"Its prompt opens reasoning ({self.opened.opens}) that the rows lack: {way} in params."
        )

    def _check_open(self, answer: list[int]) -> None:
        """Refuses an answer that a control token closes which stops no server. One that nothing
        closes (SOLAR, GLM) gets the end of text."""
        last = next((number for number in reversed(answer) if self.shown([number]).strip()), None)
        token = self.shown([] if last is None else [last])
        if token in self.control:
            raise ModelError(
                self.where,
                f"its chat template ends an answer with {shown(token)}, which is none of the "
                "tokens that stop a server.",
                f"Set encode.stop_token to {shown(token)} in params.yaml.",
            )

    def _ids(self, messages: Sequence[Message], to_be_answered: bool) -> list[int]:
        spelled: list[str] = []

        def set_apart(match: re.Match[str]) -> str:
            spelled.append(match[0])
            return f"{_MARK}{len(spelled) - 1}{_MARK}"

        marked = []
        for message in self.placed(messages):
            said = self.spells_control.sub(set_apart, message["content"])
            told = {"role": message["role"], "content": said}
            if message.get("thinking"):
                thinking = self.spells_control.sub(set_apart, str(message.get("thinking")))
                told |= self._with_reasoning(thinking, said)
            marked.append(told)
        text = self._rendered(marked, to_be_answered)
        if not spelled:
            return self.tokenizer(text, add_special_tokens=False)["input_ids"]
        whole = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids: list[int] = []
        for start, end, of_section in sections(whole, self.added, len(text)):
            section = text[start:end]
            if _MARK in section:
                section = _SET_APART.sub(lambda mark: spelled[int(mark[1])], section)
                of_section = self.plain.section(section, first=start == 0)
            ids += of_section
        return ids

    @cached_property
    def plain(self) -> PlainText:
        return PlainText(self.tokenizer.backend_tokenizer, self.control)

    def _with_reasoning(self, thinking: str, said: str) -> dict[str, str]:
        """An answer's reasoning where the template has a place for it, else before the answer, as
        such models write it (S4-06)."""
        if "reasoning_content" in self.template:
            return {"reasoning_content": thinking}
        return {"content": f"<think>\n{thinking}\n</think>\n\n{said}"}

    def _rendered(self, messages: list[dict[str, str]], to_be_answered: bool) -> str:
        from jinja2.exceptions import TemplateError, TemplateSyntaxError

        try:
            text = self.tokenizer.apply_chat_template(
                messages,
                chat_template=self.template,
                tokenize=False,
                add_generation_prompt=to_be_answered,
                date_string=self.day.strftime("%d %b %Y"),
                **self.arguments,
            )
        except TemplateSyntaxError as error:
            raise ModelError(
                self.where,
                f"its chat template is no Jinja: {cut(str(error.message))} (line {error.lineno}).",
                ANOTHER,
            ) from None
        except TemplateError:
            raise ModelError(
                self.where,
                f"its chat template refuses a conversation of {[m['role'] for m in messages]}.",
                "Change the rows or their template in mix.templates, so that questions and answers "
                "take turns.",
            ) from None
        except Exception as error:  # it may divide by zero, recurse, ask for all memory
            raise ModelError(
                self.where, f"its chat template fails ({type(error).__name__}).", ANOTHER
            ) from None
        given = sum(len(part) for message in messages for part in message.values())
        if len(text) > MOST_ADDED_CHARS + 10 * given:
            raise ModelError(
                self.where,
                f"its chat template makes {len(text):,} characters of a conversation of {given:,}.",
                ANOTHER,
            )
        return text

    def placed(self, messages: Sequence[Message]) -> list[Message]:
        if self.takes_system or not messages or messages[0]["role"] != "system":
            return list(messages)
        system, *rest = messages
        if not rest:
            return []
        return [
            {"role": rest[0]["role"], "content": f"{system['content']}\n\n{rest[0]['content']}"},
            *rest[1:],
        ]

    def _takes_system(self) -> bool:
        """Whether a system prompt stands before the first question, wherever the conversation ends.
        Mistral v0.3 has it in a last question alone, and so never in a row that is trained."""
        asked = [_SYSTEM, _SAID]
        answered = [*asked, {"role": "assistant", "content": "사아자"}]
        tried = [
            self._tried(asked),
            self._tried(answered, False),
            self._tried([*answered, {"role": "user", "content": "차카타"}]),
        ]
        system, said = _SYSTEM["content"], _SAID["content"]
        return all(-1 < text.find(system) < text.find(said) for text in tried)

    def _tried(self, messages: list[dict[str, str]], to_be_answered: bool = True) -> str:
        """The messages as text, empty where the template refuses them."""
        try:
            return self._rendered(messages, to_be_answered)
        except ModelError:
            return ""
