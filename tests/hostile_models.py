"""Model folders as nobody should make them: a small good one, and ways to spoil it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
Spoil = Callable[[Path], object]


def text(name: str, content: str | bytes) -> Spoil:
    """Another content of a file."""

    def spoil(folder: Path) -> None:
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        (folder / name).write_bytes(raw)

    return spoil


def keys(name: str, **changes: Any) -> Spoil:
    """Other values of keys of a JSON file, made where it is not there; None: the key is gone."""

    def spoil(folder: Path) -> None:
        file = folder / name
        told = json.loads(file.read_text()) if file.is_file() else {}
        told = {key: value for key, value in (told | changes).items() if value is not None}
        file.write_text(json.dumps(told))

    return spoil


def config(**changes: Any) -> Spoil:
    return keys("config.json", **changes)


def template(written: str) -> Spoil:
    return text("chat_template.jinja", written)


def gone(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def a_directory(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return spoil


def link(name: str, target: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


def pipe(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return spoil


def parts_of(file: Path) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the bytes of its tensors."""
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def safetensors(header: str, data: bytes, length: int | None = None) -> bytes:
    raw = header.encode()
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw + data


def header(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """The weights with a changed header."""

    def spoil(folder: Path) -> None:
        told, data = parts_of(folder / WEIGHTS)
        told.pop("__metadata__", None)
        change(told)
        (folder / WEIGHTS).write_bytes(safetensors(json.dumps(told), data))

    return spoil


def entry(**changes: Any) -> Spoil:
    """The first tensor of the header, told otherwise."""
    return header(lambda told: told[min(told)].update(changes))


def raw_header(written: str, length: int | None = None) -> Spoil:
    def spoil(folder: Path) -> None:
        _, data = parts_of(folder / WEIGHTS)
        (folder / WEIGHTS).write_bytes(safetensors(written, data, length))

    return spoil


def repeated_name(folder: Path) -> None:
    told, data = parts_of(folder / WEIGHTS)
    again = {min(told): told[max(told)]}
    written = json.dumps(told)[:-1] + ", " + json.dumps(again)[1:]
    (folder / WEIGHTS).write_bytes(safetensors(written, data))


def overlapping(told: dict[str, Any]) -> None:
    first = min(told, key=lambda name: told[name]["data_offsets"])
    other = next(n for n in told if n != first and told[n]["shape"] == told[first]["shape"])
    told[other]["data_offsets"] = told[first]["data_offsets"]


def cut_short(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1])


def longer(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes() + b"\0")


def index(weight_map: Any) -> Spoil:
    """An index in the place of the one file."""

    def spoil(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "model-00001-of-00001.safetensors")
        (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))

    return spoil


def all_in(shard: str) -> Spoil:
    """An index by which all tensors lie in one shard."""

    def spoil(folder: Path) -> None:
        told, _ = parts_of(folder / WEIGHTS)
        index({name: shard for name in told if name != "__metadata__"})(folder)

    return spoil
