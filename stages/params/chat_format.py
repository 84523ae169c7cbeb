"""What of the section `encode` decides a prompt: whoever renders prompts reads these keys alone."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.section import Date, Section, Sections


class HarmonySystem(Section):
    reasoning_effort: Literal["low", "medium", "high"]
    knowledge_cutoff: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class ChatFormat(Sections):
    conversation_date: Date
    harmony: HarmonySystem
