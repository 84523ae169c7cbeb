"""The section `answer`: how the variants answer what is scored."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Batch, Count, Section, Text, Tokens
from stages.pipeline.variants import VARIANTS, VariantName


class Server(Section):
    """An OpenAI-compatible server, and its name for the model."""

    base_url: Annotated[str, Field(pattern=r"^https?://")]
    model: Text


class Answer(Section):
    dtype: Literal["float32", "bfloat16"]
    max_rows: Count
    batch_size: Batch
    max_new_tokens: Tokens
    servers: dict[VariantName, Server | None]

    @model_validator(mode="after")
    def _all_variants(self) -> "Answer":
        if missing := sorted(set(VARIANTS) - set(self.servers)):
            raise ValueError(f"servers lacks {missing}; write null where the weights are loaded")
        return self
