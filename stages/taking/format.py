"""A chat template and a token that ends an answer, given to a model that has none, or others than
its own. They are written into its folder, so that every later stage, a server and whoever gets the
tuned model find them where those of other models are."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from stages.formats.json_files import read_json, write_json
from stages.params.chat_format import CHATML, TEMPLATES, OwnFormat
from stages.pipeline.errors import InputError, ModelError, shown

_ENDS = "<|im_end|>"  # what ends a message of ChatML


@dataclass(frozen=True)
class Format:
    """None where the model's own is kept."""

    template: str | None = None
    chatml: bool = False
    stop_token: str | None = None


def given_format(told: OwnFormat) -> Format:
    """What params.yaml gives a model, the template read.

    Raises:
        InputError: its file is not there, or is no text.
    """
    named = told.chat_template
    if named is None:
        return Format(stop_token=told.stop_token)
    file = Path(TEMPLATES, f"{CHATML}.jinja") if named == CHATML else Path(named)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            str(file),
            f"cannot be read ({type(error).__name__}).",
            "Put the template there, or correct encode.chat_template in params.yaml.",
        ) from None
    return Format(text, named == CHATML, told.stop_token)


def give(folder: Path, given: Format) -> None:
    """Writes chat_template.jinja, and into generation_config.json what ends an answer.

    Raises:
        ModelError: the model is a gpt-oss, or has no such token.
    """
    if given == Format():
        return
    if read_json(folder / "config.json").get("model_type") == "gpt_oss":
        raise ModelError(
            str(folder / "config.json"),
            "is a gpt-oss, which speaks Harmony and takes no other chat template or stop token.",
            "Set encode.chat_template and encode.stop_token to null in params.yaml.",
        )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    template, stop = given.template, given.stop_token
    if template is not None and given.chatml:
        template = _chatml(template, tokenizer)
        if stop is None and tokenizer.token_to_id(_ENDS) is not None:
            stop = _ENDS
    if template is not None:
        _replace(folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    if stop is not None:
        _give_stop(folder, stop, tokenizer)


def _chatml(template: str, tokenizer: Tokenizer) -> str:
    """ChatML for these tokens: without `<|im_end|>` the model's own end of text ends a message, and
    what stands before every text (`<s>`) stands before a conversation."""
    if tokenizer.token_to_id(_ENDS) is None:
        template = template.replace(_ENDS, "{{ eos_token }}")
    return ("{{ bos_token }}" if tokenizer.encode("").ids else "") + template


def _give_stop(folder: Path, token: str, tokenizer: Tokenizer) -> None:
    """The token stops a server before all that does already."""
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ModelError(
            str(folder / "tokenizer.json"),
            f"has no token {shown(token)}, which encode.stop_token names.",
            "Name the token of this model that ends an answer in params.yaml, or null.",
        )
    file = folder / "generation_config.json"
    settings = read_json(file) if file.is_file() else {}
    before = settings.get("eos_token_id")
    if before is None:
        before = _own_end(folder, tokenizer)
    others = before if isinstance(before, list) else [] if before is None else [before]
    settings["eos_token_id"] = [number, *(other for other in others if other != number)]
    write_json(_replace(file), settings)


def _own_end(folder: Path, tokenizer: Tokenizer) -> int | None:
    """The tokenizer's own end of text."""
    file = folder / "tokenizer_config.json"
    named = read_json(file).get("eos_token") if file.is_file() else None
    text = named.get("content") if isinstance(named, dict) else named
    return tokenizer.token_to_id(text) if isinstance(text, str) else None


def _replace(file: Path) -> Path:
    """The path, free of what was there: it may be a link to a file of someone else."""
    file.unlink(missing_ok=True)
    return file
