"""Answers and likelihoods of a model in this process, many rows at once."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from stages.answering.greedy import without_own_settings
from stages.answering.likelihood import answer_bits
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED, Encoded, Renderer

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

Item = TypeVar("Item")


def in_batches(rows: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def scored_part(renderer: Renderer, messages: Sequence[Message]) -> tuple[list[int], Encoded]:
    """The prompt of the last answer, and the conversation with that answer alone labelled."""
    prompt = renderer.prompt(messages[:-1])
    whole = renderer.conversation(messages).input_ids
    return prompt, Encoded(whole, [IGNORED] * len(prompt) + whole[len(prompt) :])


def generate(
    model: "PreTrainedModel | PeftModel",
    prompts: Sequence[list[int]],
    renderer: Renderer,
    max_new_tokens: int,
) -> list[list[int]]:
    """Greedy continuations, without padding, up to and including the token that stopped them."""
    import torch

    pad, ends, longest = renderer.pad_id, renderer.stop_ids, max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode(), without_own_settings(model):
        output = model.generate(  # pyright: ignore[reportCallIssue] - PEFT hands it on to the base
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=pad,
        )
    answers = []
    for sequence in output[:, longest:].tolist():
        stop = next((i + 1 for i, number in enumerate(sequence) if number in ends), len(sequence))
        answers.append(sequence[:stop])
    return answers


def likeliest(
    model: "PreTrainedModel | PeftModel",
    renderer: Renderer,
    questions: Sequence[Sequence[Message]],
    choices: Sequence[str],
    batch_size: int,
) -> Iterator[str]:
    """For each question the choice that the model would give with the highest probability, its end
    included (so that a longer one is not at a disadvantage by a rule of ours); of equals the first.
    """
    count = len(choices)
    rows = [
        scored_part(renderer, [*question, {"role": "assistant", "content": choice}])[1]
        for question in questions
        for choice in choices
    ]
    bits: list[float] = []
    for batch in in_batches(rows, batch_size):
        bits += answer_bits(model, batch, renderer.pad_id)
        while len(bits) >= count:
            yield choices[bits.index(min(bits[:count]))]
            del bits[:count]
