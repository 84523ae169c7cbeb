"""The section `sample`: the built-in corpus."""

from typing import Annotated

from pydantic import Field

from stages.params.section import Count, Section, Share


class Sample(Section):
    news_rows: Count
    chat_rows: Count
    dialogue_rows: Count
    instruct_rows: Annotated[int, Field(ge=12)]
    no_warning_rows: Count
    correction_rows: Count
    pretrain_documents: Count
    malformed_share: Annotated[float, Field(ge=0.0, le=0.5)]
    personal_share: Share
