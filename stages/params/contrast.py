"""The section `contrast`."""

from typing import Annotated

from pydantic import Field

from stages.params.section import Section


class Contrast(Section):
    draws: Annotated[int, Field(ge=100, le=100_000)]
