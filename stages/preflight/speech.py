"""How later stages will speak to a model. `base` refuses one that cannot be spoken to in this way;
what it writes is the same, so it does not depend on these values of params.yaml."""

from stages.chat.family import settings_of
from stages.chat.rendering import Settings
from stages.params.chat_format import ChatFormat
from stages.params.reading import read_params
from stages.params.section import Sections


class Params(Sections):
    encode: ChatFormat


def told_settings() -> Settings:
    """What the section `encode` says of prompts."""
    return settings_of(read_params(Params).encode)
