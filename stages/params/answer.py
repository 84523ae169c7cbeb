"""The section `answer`: how the variants answer what is scored."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from stages.params.section import Batch, Count, Section, Text, Tokens
from stages.pipeline.variants import VARIANTS, VariantName

MOST_ADDRESS_CHARS = 2_000
MOST_HOST_CHARS = 253  # RFC 1035, section 2.3.4, as text


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
    if not known or not _can_be_asked(address):
        raise ValueError(
            "is not the address of a server. Write it as http://127.0.0.1:8000/v1, in at most "
            f"{MOST_ADDRESS_CHARS:,} characters of ASCII without blanks"
        )
    return address


def _can_be_asked(address: str) -> bool:
    """What the client would stumble over only when it asks, by errors that are no HTTP errors."""
    import httpx2  # the client that asks; only where an address is given

    if len(address) > MOST_ADDRESS_CHARS or not re.fullmatch("[!-~]+", address):
        return False
    try:
        host = httpx2.URL(address).host
        host.encode("idna")  # as the system's search for the host does: no part empty or too long
    except (httpx2.InvalidURL, UnicodeError):
        return False
    return len(host) <= MOST_HOST_CHARS


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
