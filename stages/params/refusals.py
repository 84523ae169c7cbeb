"""What is said of a params.yaml that is refused: each value by its key, and what would be taken.

Words alone: no value passes through here, so this file is a dependency of no stage.
"""

import re
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.error import MarkedYAMLError

from stages.pipeline.errors import ParamsError

COMPARE = "Compare it with `git diff params.yaml`."


def not_there(path: Path) -> ParamsError:
    return ParamsError(str(path), "is missing.", "Restore it with `git checkout params.yaml`.")


def unreadable(path: Path, error: Exception) -> ParamsError:
    if not isinstance(error, MarkedYAMLError):
        return ParamsError(str(path), f"cannot be read ({type(error).__name__}).", COMPARE)
    mark = error.problem_mark
    line = f" at line {mark.line + 1}: {error.problem}" if mark else ""
    return ParamsError(str(path), f"is not valid YAML{line}.", COMPARE)


def refused(path: Path, error: ValidationError) -> ParamsError:
    return ParamsError(
        str(path),
        "; ".join(_sentence(detail) for detail in error.errors()) + ".",
        "Correct it there, or see `git diff params.yaml` for what changed.",
    )


def _sentence(detail: ErrorDetails) -> str:
    """One refused value as `train.learning_rate is the string '3e-05': write 3.0e-05 ...`."""
    key = ".".join(str(part) for part in detail["loc"]) or "the file"
    value, kind = detail["input"], detail["type"]
    if kind == "extra_forbidden":
        return f"{key} is not a parameter"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "value_error":
        return f"{key}: {detail['ctx']['error']}" if "ctx" in detail else key
    shown = value if isinstance(value, int | float) else f"the {_yaml_type(value)} {value!r}"
    hint = ""
    if isinstance(value, str) and _is_number(value, whole=kind == "int_type"):
        hint = f" (write {value} without quotes)" if kind in ("float_type", "int_type") else ""
    return f"{key} is {shown}: {detail['msg'][0].lower()}{detail['msg'][1:]}{hint}"


def _is_number(text: str, whole: bool) -> bool:
    rest = "" if whole else r"(\.\d*)?([eE][+-]?\d+)?"
    return re.fullmatch(rf"[+-]?\d+{rest}", text) is not None


def _yaml_type(value: object) -> str:
    names = {str: "string", list: "list", dict: "mapping", type(None): "value"}
    return names.get(type(value), type(value).__name__)
