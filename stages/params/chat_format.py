"""What of the section `encode` decides a prompt: whoever renders prompts reads these keys alone,
and `base` the chat template and stop token, which it writes into the model's folder."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stages.params.section import Date, FilePath, Section, Sections, Text
from stages.pipeline.errors import shown

# What apply_chat_template takes itself, and what the pipeline gives it.
GIVEN = {
    *("add_generation_prompt", "chat_template", "continue_final_message", "conversation"),
    *("date_string", "documents", "max_length", "messages"),
    *("padding", "return_assistant_tokens_mask", "return_dict", "return_tensors"),
    *("sanitize_control_tokens", "tokenize", "tokenizer_kwargs", "tools"),
    "truncation",
}


def _not_given(name: str) -> str:
    if name in GIVEN:
        raise ValueError(f"{shown(name)} is given by the pipeline itself")
    return name


ArgumentName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"), AfterValidator(_not_given)
]


class HarmonySystem(Section):
    reasoning_effort: Literal["low", "medium", "high"]
    knowledge_cutoff: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class ChatFormat(Sections):
    conversation_date: Date
    template_arguments: dict[ArgumentName, str | int | float | bool | None]
    harmony: HarmonySystem


CHATML = "chatml"
TEMPLATES = "data/templates"  # on which `base` depends


def _of_the_folder(text: str) -> str:
    name = text.removeprefix(f"{TEMPLATES}/")
    if text != CHATML and (name == text or "/" in name or not name.endswith(".jinja")):
        raise ValueError(f"{shown(text)} is neither {CHATML} nor a file {TEMPLATES}/<name>.jinja")
    return text


class OwnFormat(Sections):
    chat_template: Annotated[FilePath, AfterValidator(_of_the_folder)] | None
    stop_token: Text | None
