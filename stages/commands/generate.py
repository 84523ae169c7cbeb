"""Talks to a variant in the terminal: `python -m stages.commands.generate --variant merged-bf16`.

A line is a question; the answer comes token by token, rendered and cut as in training, and the
conversation goes on until an empty line, the end of the input, or Ctrl-C. It works in a pipe, too:
`echo '안녕하세요' | python -m stages.commands.generate --variant base`. Nothing is kept or logged.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

from stages.answering.greedy import without_own_settings
from stages.answering.loading import load_variant
from stages.chat.family import renderer_of, settings_of
from stages.chat.messages import Message
from stages.chat.reasoning import may_begin
from stages.chat.rendering import Renderer
from stages.commands.terminal import harmless
from stages.numerics.pins import pin_numerics
from stages.params.answer import Answer
from stages.params.chat_format import ChatFormat
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline.program import run
from stages.pipeline.variants import VARIANTS, tokenizer_folder

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

log = logging.getLogger("generate")


class Params(Sections):
    compute: Compute
    encode: ChatFormat
    answer: Answer


HALF_A_CHARACTER = "\ufffd"  # what bytes are decoded to that are not a whole character yet


class Shown:
    """Says what an answer has so far, as `generate` gives its tokens to a streamer. Reasoning and
    headers are left out."""

    def __init__(self, renderer: Renderer, say: Callable[[str], object]):
        self.renderer, self.say = renderer, say
        self.ids: list[int] = []
        self.asked = False  # the prompt comes first
        self.said = ""

    def put(self, tokens: "Tensor") -> None:
        if self.asked:
            self.ids += tokens.flatten().tolist()
            text = self.renderer.answer_text(self.ids).rstrip(HALF_A_CHARACTER)
            if not may_begin(text):
                self._more(text)
        self.asked = True

    def end(self) -> None:
        self._more(self.renderer.answer_text(self.ids))

    def _more(self, text: str) -> None:
        text = text.lstrip()  # which may stand before reasoning
        if text.startswith(self.said):
            self.say(text[len(self.said) :])
            self.said = text


def answer(
    model: "PreTrainedModel | PeftModel",
    renderer: Renderer,
    messages: list[Message],
    max_new_tokens: int,
    temperature: float,
    say: Callable[[str], object],
) -> str:
    """The answer to the last message, which `say` gets piece by piece as well. The likeliest tokens
    where the temperature is 0, else drawn ones."""
    import torch

    shown = Shown(renderer, say)
    prompt = torch.tensor([renderer.prompt(messages)], device=model.device)
    drawn = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
    settings = nullcontext() if temperature else without_own_settings(model)
    with torch.inference_mode(), settings:
        output = model.generate(  # pyright: ignore[reportCallIssue] - PEFT hands it on to the base
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=max_new_tokens,
            eos_token_id=renderer.stop_ids,
            pad_token_id=renderer.pad_id,
            streamer=shown,
            **drawn,
        )
    return renderer.answer_text(output[0, prompt.shape[1] :].tolist()).strip()


def questions() -> Iterator[str]:
    """The lines of the input, up to an empty one."""
    if sys.stdin.isatty():
        import readline  # noqa: F401 - lines can be edited, and Hangul deleted as a whole

        def line() -> str:
            return input("> ")
    else:
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # pyright: ignore[reportAttributeAccessIssue] - it is a TextIOWrapper

        def line() -> str:
            return sys.stdin.readline()

    try:
        while question := line().strip():
            yield question
    except EOFError:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", required=True, choices=VARIANTS)
    parser.add_argument("--system", help="what the model is told before the conversation")
    parser.add_argument("--max-new-tokens", type=int, help="else answer.max_new_tokens")
    parser.add_argument("--temperature", type=float, default=0.0, help="0: the likeliest answer")
    asked = parser.parse_args()
    params = read_params(Params)
    pin_numerics(params.compute)
    renderer = renderer_of(tokenizer_folder(asked.variant), settings_of(params.encode))
    model = load_variant(asked.variant, params.answer.dtype)
    limit = asked.max_new_tokens or params.answer.max_new_tokens
    messages: list[Message] = [{"role": "system", "content": asked.system}] if asked.system else []
    try:
        for question in questions():
            messages.append({"role": "user", "content": question})
            said = answer(
                model, renderer, messages, limit, asked.temperature,
                lambda piece: print(harmless(piece), end="", flush=True),
            )  # fmt: skip
            print()
            messages.append({"role": "assistant", "content": said})
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    run(main)
