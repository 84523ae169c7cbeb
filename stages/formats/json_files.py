"""JSON files of the pipeline and of models: the same content is always the same bytes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.pipeline.errors import DataError, InputError, shown

# A JSON object, or what of one is told: what is in it, only its reader knows.
Json = dict[str, Any]


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Sorted keys, two-space indent, LF, UTF-8: the same content is always the same bytes. A link
    of that name is replaced, and not written through."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.unlink(missing_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_json(path: Path) -> Json:
    """The object in a JSON file of the pipeline or of a model.

    Raises:
        InputError, DataError: it is not there, or not JSON, or something else than an object.
    """
    again = "Make it again with `dvc repro`, or `dvc pull` it."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(str(path), "is not there.", "Run `dvc repro`, or `dvc pull`.") from None
    except (ValueError, RecursionError):  # the latter where lists nest without end
        raise DataError(str(path), "is no JSON file.", again) from None
    if not isinstance(content, dict):
        raise DataError(str(path), f"holds no object but {shown(content)}.", again)
    return content


def read_json_list(path: Path) -> list[Json]:
    """The objects in a JSON file that is a list of them, such as DVC's of a folder.

    Raises:
        DataError: it is something else.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise DataError(str(path), "is not a JSON list of objects.", "Fetch or make it again.")
    return content
