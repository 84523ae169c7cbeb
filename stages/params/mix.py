"""The section `mix`: prompts, the ratio of the sources, and the splits."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Count, Name, Section, Share, Text


class Evaluation(Section):
    """The question and the answer that a row is scored by, where they are not those that it trains
    with."""

    query: Text
    response: Text


class Template(Section):
    """A prompt. `{name}` stands for a field of the row; other braces are text. Without `user` and
    `assistant` the row's own conversation is taken. An answer that starts with <think>…</think> has
    its reasoning there. `evaluation` is for rows that are scored."""

    system: Text | None = None
    user: Text | None = None
    assistant: Text | None = None
    evaluation: Evaluation | None = None

    @model_validator(mode="after")
    def _paired(self) -> "Template":
        if (self.user is None) != (self.assistant is None):
            raise ValueError("user and assistant go together; leave both out for a conversation")
        if self.evaluation and self.user is None:
            raise ValueError("evaluation needs user and assistant beside it")
        return self


class Topic(Section):
    """A question whose answer is one of a few topics, and the field that holds the right one."""

    query: Text
    label: Name


class Mix(Section):
    weights: Annotated[dict[Name, Annotated[float, Field(ge=1e-6, le=1e6)]], Field(min_length=1)]
    unit: Literal["rows", "tokens"]
    max_repeats: Annotated[int, Field(ge=1, le=100)]
    max_warning_share: Share
    drop_wrong_starts: bool
    min_train_rows: dict[Text, Count]
    validation_share: Annotated[float, Field(gt=0.0, lt=0.5)]
    test_share: Annotated[float, Field(gt=0.0, lt=0.5)]
    max_turns: Annotated[int, Field(ge=2)]
    templates: dict[Name, dict[Text, Template]]
    topics: dict[Name, Topic]
