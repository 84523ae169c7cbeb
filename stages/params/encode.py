"""The section `encode`: conversations as token ids."""

from typing import Literal

from stages.params.chat_format import ChatFormat
from stages.params.section import RowTokens


class Encode(ChatFormat, extra="forbid"):
    max_length_tokens: RowTokens
    too_long: Literal["refuse", "drop_oldest"]
