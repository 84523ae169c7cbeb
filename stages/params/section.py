"""What the models of params.yaml share: their strictness, and the types of their values.

A section bears the name of its stage. Unknown keys, wrong types and values out of range are
refused.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stages.pipeline.errors import shown

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=10**12)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Batch = Annotated[int, Field(ge=1, le=65_536)]  # rows at once
Tokens = Annotated[int, Field(ge=1, le=2**20)]  # as far as a model sees
RowTokens = Annotated[int, Field(ge=16, le=2**20)]  # of the longest row that is trained on
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(min_length=1)]


def _short_enough(text: str) -> str:
    """What the system would refuse to look for."""
    if len(text.encode()) > 4000 or any(len(part.encode()) > 255 for part in text.split("/")):
        raise ValueError(f"{shown(text)} is longer than a path can be")
    return text


FilePath = Annotated[str, Field(min_length=1), AfterValidator(_short_enough)]


def _on_the_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{shown(text)} is not a date (YYYY-MM-DD)") from None
    return text


Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_on_the_calendar)]


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Sections(BaseModel):
    """What a stage reads of params.yaml: a field for each section, and nothing of the others."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)
