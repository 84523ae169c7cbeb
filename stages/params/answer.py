"""The section `answer`: how the variants answer what is scored."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from stages.params.section import Batch, Count, Section, Text, Tokens
from stages.pipeline.variants import VARIANTS, VariantName


def _without_secrets(address: str) -> str:
    """Params are committed, so an address holds no secret; none is repeated in an error."""
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        known, parts = False, urlsplit("")
    if "@" in address or parts.query or parts.fragment:
        raise ValueError(
            "holds a user name, a password or a query, which dvc.lock would keep (it is not "
            "repeated here). Write http://host:port/path alone, and put the key of the server "
            "into the environment as OPENAI_API_KEY"
        )
    if not known:
        raise ValueError("is not the address of a server. Write it as http://127.0.0.1:8000/v1")
    return address


class Server(Section):
    """An OpenAI-compatible server, and its name for the model."""

    base_url: Annotated[str, AfterValidator(_without_secrets)]
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
