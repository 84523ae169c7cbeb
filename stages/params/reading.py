"""params.yaml as checked models: YAML 1.2, so that 1.0e-4 and 1e-4 are both numbers, as DVC reads
it. A stage reads the sections that it works with, and checks them whether DVC started it or not.

Whatever a value is for, the file is bounded first: its size, how deep it nests, how many values its
aliases make of it, the size of its numbers. No check or message after that can take long.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML, MappingNode, Node, ScalarNode

from stages.params.refusals import key_of, not_there, out_of_bounds, refused, unreadable
from stages.pipeline import paths
from stages.pipeline.errors import shown

Model = TypeVar("Model", bound=BaseModel)

MOST_BYTES = 200_000  # fifteen times ours; YAML takes twenty seconds for a million
MOST_VALUES = 100_000  # with each alias as what it stands for
MOST_LEVELS = 50
MOST = 10**12  # the largest number; what it is for may bound it closer
UNFIT = re.compile("[\0\ud800-\udfff]")


def read_params(model: type[Model], path: Path = paths.PARAMS) -> Model:
    """The sections that the model names.

    Raises:
        ParamsError: the file is missing, is not YAML, is out of bounds, or holds a value that is
            refused; all refused values of these sections are named at once.
    """
    tree = read_tree(path)
    if unfit := list(_unfit(tree)):
        raise out_of_bounds(path, unfit)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise refused(path, error) from None


def read_tree(path: Path = paths.PARAMS) -> Any:
    """What the file holds, none of it checked. Its nodes are counted before anything is made of
    them, since merge keys (`<<: *a`) are copied out.

    Raises:
        ParamsError: the file is missing, is not YAML, or is out of bounds.
    """
    if not path.is_file():
        raise not_there(path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise out_of_bounds(path, [f"it has {size:,} bytes, more than {MOST_BYTES:,}"])
    text = path.read_bytes()
    yaml = YAML(typ="safe", pure=True)
    try:
        if (root := yaml.compose(text)) is not None:
            _size(root, {})
        return yaml.load(text)
    except _OutOfBoundsError as error:
        raise out_of_bounds(path, [str(error)]) from None
    except Exception as error:  # its reader fails on odd text in many ways of its own
        raise unreadable(path, error) from None


class _OutOfBoundsError(Exception):
    """What is too much in a file."""


def _size(node: Node, sizes: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """How many values a node makes, aliases written out, and how many levels deep. `sizes` has the
    nodes that are counted, by id, so that none is walked twice; None while they are.

    Raises:
        _OutOfBoundsError: too many, too deep, or without end.
    """
    if isinstance(node, ScalarNode):
        return 1, 0
    if id(node) not in sizes:
        sizes[id(node)] = None
        pairs = node.value if isinstance(node, MappingNode) else [node.value]
        within = [_size(part, sizes) for pair in pairs for part in pair]
        values = 1 + sum(count for count, _ in within)
        levels = 1 + max((deep for _, deep in within), default=0)
        if values > MOST_VALUES:
            raise _OutOfBoundsError(
                f"it holds more than {MOST_VALUES:,} values, aliases (*name) written out"
            )
        if levels > MOST_LEVELS:
            raise _OutOfBoundsError(f"it nests more than {MOST_LEVELS} levels deep")
        sizes[id(node)] = values, levels
    size = sizes[id(node)]
    if size is None:
        raise _OutOfBoundsError("an alias (*name) stands for what it is in itself")
    return size


def _unfit(value: object, keys: tuple[object, ...] = ()) -> Iterator[str]:
    """What is said of each number and text that no stage could use."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _unfit(key, keys)
            yield from _unfit(part, (*keys, key))
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from _unfit(part, (*keys, place))
    elif isinstance(value, int | float) and abs(value) > MOST:
        yield f"{key_of(keys)} is {shown(value)}: no number is over 10^12 here"
    elif isinstance(value, str) and UNFIT.search(value):
        yield f"{key_of(keys)} is {shown(value)}: NUL and half characters are no text"
