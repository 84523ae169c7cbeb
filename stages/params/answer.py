"""The section `answer`: how the variants answer what is scored."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from stages.params.section import Batch, Count, Section, Text, Tokens
from stages.pipeline.variants import VARIANTS, VariantName


def _an_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        if not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:  # it may hold a password, so it is not shown
        raise ValueError("is no address of a server; write http://host:port/v1") from None
    return text


class Server(Section):
    """An OpenAI-compatible server, and its name for the model."""

    base_url: Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_an_address)]
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
