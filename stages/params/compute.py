"""The section `compute`: what changes the last bits of a sum."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.section import Section


class Compute(Section):
    threads: Annotated[int, Field(ge=1, le=256)]
    numerics: Literal["portable", "native"]
