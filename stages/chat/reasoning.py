"""What a model writes down before it answers, and where the answer begins.

Families enclose their reasoning in tags. A prompt may open them itself, so that what is generated
begins inside of them. As a server reads it, an answer is what follows the closing tag; where that
never comes there is no answer yet. Tags further on in an answer are its own text.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Tags(NamedTuple):
    opens: str
    closes: str
    shown: str  # in the template or the tokens of a family that has them


THINK = Tags(
    "<think>", "</think>", "<think>"
)  # most families, and what we write where a template has no place
TAGS = (
    THINK,
    Tags("<|channel>", "<channel|>", "<channel|>"),  # Gemma 4
    Tags("[THINK]", "[/THINK]", "[THINK]"),  # Mistral
    Tags("<|START_THINKING|>", "<|END_THINKING|>", "<|END_THINKING|>"),  # Command A
    Tags("<seed:think>", "</seed:think>", "</seed:think>"),  # Seed-OSS
    Tags("<thought>", "</thought>", "<thought>"),  # EXAONE Deep
    # Muse names a recipient before each part of its answer; the last one is the user.
    Tags("to=self<|message|>", "to=user<|message|>", "to=self<|message|>"),
    Tags("to=user<|message|>", "to=user<|message|>", "to=self<|message|>"),
)


def tags_of(template: str, tokens: Collection[str]) -> tuple[Tags, ...]:
    """The tags that a family has, by its template or its tokens."""

    def shown(tags: Tags) -> bool:
        return tags.shown in template or tags.shown in tokens

    return tuple(tags for tags in TAGS if tags is THINK or shown(tags))


def left_open(prompt: str, tags: Sequence[Tags]) -> Tags | None:
    """The tags that the end of a prompt has opened and not closed."""
    for each in tags:
        if prompt.rfind(each.opens) > prompt.rfind(each.closes):
            return each
    return None


def answer_start(text: str, tags: Sequence[Tags], opened: Tags | None) -> int | None:
    """Where in a generated text the answer begins; None where its reasoning never ends. `opened`
    are the tags that its prompt has opened."""
    start = 0
    while True:
        rest = text[start:]
        within = opened or next((t for t in tags if rest.lstrip().startswith(t.opens)), None)
        if within is None:
            return start
        end = rest.find(within.closes)
        if end < 0:
            return None
        start += end + len(within.closes)
        opened = None


def may_begin(text: str) -> bool:
    """Whether a text may yet become an opening tag, so that nobody is shown half a tag."""
    said = text.lstrip()
    return bool(said) and any(tags.opens.startswith(said) for tags in TAGS)
