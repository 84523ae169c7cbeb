"""The section `sample`: the built-in corpus."""

from typing import Annotated

from pydantic import Field

from stages.params.section import Section, Share

Rows = Annotated[int, Field(ge=1, le=10**7)]  # all are held in memory


class Sample(Section):
    news_rows: Rows
    chat_rows: Rows
    dialogue_rows: Rows
    instruct_rows: Annotated[int, Field(ge=12, le=10**7)]
    no_warning_rows: Rows
    correction_rows: Rows
    pretrain_documents: Rows
    malformed_share: Annotated[float, Field(ge=0.0, le=0.5)]
    personal_share: Share
