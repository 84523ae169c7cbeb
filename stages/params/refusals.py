"""What is said of a params.yaml that is refused: each value by its key, and what would be taken.

Words alone: no value passes through here, so this file is a dependency of no stage.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.error import MarkedYAMLError

from stages.params.section import NAME
from stages.pipeline.errors import MOST_SHOWN, ParamsError, cut, shown

MOST_LISTED = 20  # refused values that a message lists, and in about so many characters
MOST_LISTED_CHARS = 3_000
WORDS = {  # what a pattern asks for
    NAME: "is not a name: use lower-case letters, digits, _ and -, at most 64, and a letter or "
    "digit first",
}
COMPARE = "Compare it with `git diff params.yaml`."


def not_there(path: Path) -> ParamsError:
    return ParamsError(str(path), "is missing.", "Restore it with `git checkout params.yaml`.")


def unreadable(path: Path, error: Exception) -> ParamsError:
    if not isinstance(error, MarkedYAMLError):
        return ParamsError(str(path), f"cannot be read ({type(error).__name__}).", COMPARE)
    mark = error.problem_mark
    line = f" at line {mark.line + 1}: {cut(str(error.problem))}" if mark else ""
    return ParamsError(str(path), f"is not valid YAML{line}.", COMPARE)


def out_of_bounds(path: Path, sentences: Sequence[str]) -> ParamsError:
    return ParamsError(
        str(path), f"{_listed(sentences, len(sentences))}.", f"Correct it. {COMPARE}"
    )


def refused(path: Path, error: ValidationError) -> ParamsError:
    sentences = (_sentence(detail) for detail in error.errors(include_url=False))
    return ParamsError(
        str(path),
        f"{_listed(sentences, error.error_count())}.",
        "Correct it there, or see `git diff params.yaml` for what changed.",
    )


def _listed(sentences: Iterable[str], count: int) -> str:
    """The first of the sentences, and how many more there are."""
    listed: list[str] = []
    for sentence in sentences:
        if listed and sum(map(len, listed)) + len(sentence) > MOST_LISTED_CHARS:
            break
        listed.append(sentence)
        if len(listed) == MOST_LISTED:
            break
    more = count - len(listed)
    return "; ".join([*listed, f"and {more} more"] if more else listed)


def key_of(parts: Iterable[object]) -> str:
    """`train.lora.r`: a key by the keys that it lies in."""
    named = (part if isinstance(part, str) else shown(part) for part in parts)
    return cut(".".join(map(cut, named))) or "the file"


def _sentence(detail: ErrorDetails) -> str:
    """One refused value as `train.learning_rate is the string '3e-05': write 3.0e-05 ...`."""
    key = key_of(detail["loc"])
    value, kind = detail["input"], detail["type"]
    if kind == "extra_forbidden":
        return f"{key} is not a parameter"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "value_error":
        said = cut(str(detail["ctx"]["error"]), 3 * MOST_SHOWN) if "ctx" in detail else ""
        return f"{key}: {said}" if said else key
    if words := WORDS.get(detail.get("ctx", {}).get("pattern", "")):
        return f"{key}: {shown(value)} {words}"
    what = shown(value)
    what = what if isinstance(value, int | float) else f"the {_yaml_type(value)} {what}"
    hint = ""
    if isinstance(value, str) and _is_number(value, whole=kind == "int_type"):
        hint = f" (write {cut(value)} without quotes)" if kind in ("float_type", "int_type") else ""
    return (
        f"{key} is {what}: {detail['msg'][0].lower()}{cut(detail['msg'][1:], 2 * MOST_SHOWN)}{hint}"
    )


def _is_number(text: str, whole: bool) -> bool:
    rest = "" if whole else r"(\.\d*)?([eE][+-]?\d+)?"
    return re.fullmatch(rf"[+-]?\d+{rest}", text) is not None


def _yaml_type(value: object) -> str:
    names = {str: "string", list: "list", dict: "mapping", type(None): "value"}
    return names.get(type(value), type(value).__name__)
