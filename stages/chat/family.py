"""Which chat format a model speaks: Harmony for gpt-oss, else its tokenizer's own template."""

from pathlib import Path

from tokenizers import Tokenizer

from stages.chat.arguments import check_none_for_harmony
from stages.chat.harmony import Harmony
from stages.chat.rendering import Renderer, Settings
from stages.chat.tokenizer_template import OwnTemplate
from stages.formats.json_files import read_json
from stages.params.chat_format import ChatFormat
from stages.pipeline.errors import InputError


def renderer_of(folder: Path, settings: Settings) -> Renderer:
    """The renderer of the checkpoint in `folder`.

    Raises:
        InputError: the folder has no tokenizer.
        ModelError: the tokenizer cannot speak the format of its family, or the format has no such
            arguments.
    """
    config, vocabulary = folder / "config.json", folder / "tokenizer.json"
    for file in (config, vocabulary):
        if not file.is_file():
            raise InputError(str(file), "is not there.", "Run `dvc repro`, or `dvc pull`.")
    if read_json(config).get("model_type") == "gpt_oss":
        check_none_for_harmony(settings.template_arguments, str(config))
        return Harmony(Tokenizer.from_file(str(vocabulary)), settings)
    return OwnTemplate(folder, settings)


def settings_of(told: ChatFormat) -> Settings:
    """What params.yaml says beside the conversations."""
    return Settings(
        reasoning_effort=told.harmony.reasoning_effort,
        knowledge_cutoff=told.harmony.knowledge_cutoff,
        conversation_date=told.conversation_date,
        template_arguments=told.template_arguments,
    )
