"""The section `base`: the model that is tuned."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Batch, FilePath, Section, Text, Tokens

MOST_WEIGHTS, MOST_LOGITS = 10**9, 10**10


class Tiny(Section):
    vocab_size: Annotated[int, Field(ge=512, le=65536)]
    hidden_size: Annotated[int, Field(multiple_of=32, ge=32, le=8192)]
    intermediate_size: Annotated[int, Field(multiple_of=32, ge=32, le=32768)]
    num_hidden_layers: Annotated[int, Field(ge=2, le=256)]
    head_dim: Annotated[int, Field(multiple_of=2, ge=8, le=512)]
    num_attention_heads: Annotated[int, Field(ge=1, le=256)]
    num_key_value_heads: Annotated[int, Field(ge=1, le=256)]
    num_local_experts: Annotated[int, Field(ge=2, le=256)]
    num_experts_per_tok: Annotated[int, Field(ge=1, le=256)]
    sliding_window: Tokens
    max_position_embeddings: Annotated[int, Field(ge=64, le=2**20)]
    steps: Annotated[int, Field(ge=1, le=10**6)]
    batch_size: Batch
    block_tokens: Annotated[int, Field(ge=32, le=2**20)]
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

    @property
    def weights(self) -> int:
        """But for biases and norms."""
        layer = self.num_local_experts * 3 * self.intermediate_size
        layer += 2 * (self.num_attention_heads + self.num_key_value_heads) * self.head_dim
        return (2 * self.vocab_size + self.num_hidden_layers * layer) * self.hidden_size

    @model_validator(mode="after")
    def _fits(self) -> "Tiny":
        """No machine trains it in float32 with AdamW beyond these: 16 bytes a weight, and four of
        each logit, more than once."""
        if self.weights > MOST_WEIGHTS:
            raise ValueError(f"these sizes make {self.weights:,} weights, and tiny is up to 10^9")
        logits = self.batch_size * self.block_tokens * self.vocab_size
        if logits > MOST_LOGITS:
            raise ValueError(
                f"batch_size, block_tokens and vocab_size make {logits:,} logits at once, and at "
                "most 10^10 can be held"
            )
        return self


class Hub(Section):
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Folder(Section):
    """A model on this disk; `digest` pins its content, as `revision` does on the hub."""

    path: FilePath
    digest: Text


class Base(Section):
    source: Literal["tiny", "hub", "folder"]
    tiny: Tiny
    hub: Hub
    folder: Folder
