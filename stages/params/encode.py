"""The section `encode`: conversations as token ids."""

from typing import Literal

from stages.params.chat_format import ChatFormat, OwnFormat
from stages.params.section import RowTokens


class Encode(ChatFormat, OwnFormat, extra="forbid"):
    max_length_tokens: RowTokens
    too_long: Literal["refuse", "drop_oldest"]
