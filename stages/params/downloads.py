"""The section `downloads`: data sets of the hub."""

from typing import Annotated

from pydantic import Field

from stages.params.section import Section, Text


class Download(Section):
    """A data set of the hub at one commit; it becomes data/raw/hub/<name>.parquet."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    config: Text | None = None
    split: Text
