"""What dvc.lock records of the stages that ran."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML

from stages.pipeline.errors import DataError, InputError

LOCK = Path("dvc.lock")
Stages = dict[str, dict[str, Any]]  # by name, `scrub@news`


class _File(BaseModel):
    path: str
    md5: str


class _Stage(BaseModel):
    """What is read of a stage; each has at least one output here."""

    model_config = ConfigDict(hide_input_in_errors=True)
    cmd: str | list[str]
    deps: list[_File] = []
    params: dict[str, dict[str, Any]] = {}
    outs: Annotated[list[_File], Field(min_length=1)]


def recorded(lock: Path = LOCK) -> Stages:
    """The stages of dvc.lock, as DVC wrote them.

    Raises:
        InputError, DataError: it is not there, or is not what DVC writes.
    """
    if not lock.is_file():
        raise InputError(str(LOCK), "is not there, so nothing has run.", "Run `make repro`.")
    try:
        content = YAML(typ="safe", pure=True).load(lock.read_bytes())
        stages = (content or {}).get("stages", {})
        TypeAdapter(dict[str, _Stage]).validate_python(stages)
    except Exception as error:  # its reader fails on odd text in many ways of its own
        if isinstance(error, OSError | MemoryError):
            raise
        at = ""
        if isinstance(error, ValidationError):
            at = f" ({'.'.join(map(str, error.errors(include_input=False)[0]['loc'][:2]))})"
        raise DataError(
            str(LOCK),
            f"is not as DVC writes it{at}.",
            "Look for a conflict of Git in it, or take the committed one: "
            "`git checkout dvc.lock`; then `make repro`.",
        ) from None
    return stages
