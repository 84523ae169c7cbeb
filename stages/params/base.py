"""The section `base`: the model that is tuned."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Count, Section, Text


class Tiny(Section):
    vocab_size: Annotated[int, Field(ge=512, le=65536)]
    hidden_size: Annotated[int, Field(multiple_of=32, ge=32)]
    intermediate_size: Annotated[int, Field(multiple_of=32, ge=32)]
    num_hidden_layers: Annotated[int, Field(ge=2)]
    head_dim: Annotated[int, Field(multiple_of=2, ge=8)]
    num_attention_heads: Count
    num_key_value_heads: Count
    num_local_experts: Annotated[int, Field(ge=2)]
    num_experts_per_tok: Count
    sliding_window: Count
    max_position_embeddings: Annotated[int, Field(ge=64)]
    steps: Count
    batch_size: Count
    block_tokens: Annotated[int, Field(ge=32)]
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]

    @model_validator(mode="after")
    def _shapes(self) -> "Tiny":
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError("num_attention_heads must be a multiple of num_key_value_heads")
        if self.num_experts_per_tok > self.num_local_experts:
            raise ValueError("num_experts_per_tok is over num_local_experts")
        if self.block_tokens > self.max_position_embeddings:
            raise ValueError("block_tokens is over max_position_embeddings")
        return self


class Hub(Section):
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Folder(Section):
    """A model on this disk; `digest` pins its content, as `revision` does on the hub."""

    path: Text
    digest: Text


class Base(Section):
    source: Literal["tiny", "hub", "folder"]
    tiny: Tiny
    hub: Hub
    folder: Folder
