"""`python -m stages.commands.preset NAME` puts the values of `presets/NAME.yaml` into params.yaml.

A preset is an overlay: its mappings are merged key by key, everything else replaces what was there,
and an empty value removes the key. `${NAME}` in a text is taken from the environment. Comments of
params.yaml stay, and a result that does not pass the checks of params.yaml is not written.
"""

import os
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from stages.params.reading import read_tree
from stages.params.whole import read_config
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

PRESETS = Path("presets")


def overlay(target: MutableMapping, changes: MutableMapping) -> None:
    """Merges `changes` into `target`, in place."""
    for key, value in changes.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, MutableMapping) and isinstance(target.get(key), MutableMapping):
            overlay(target[key], value)
            if not target[key]:
                target[key] = _empty()
        else:
            target[key] = value


def _empty() -> CommentedMap:
    """A mapping without keys, as `{}` on the line of its own key: ruamel would put it after that
    key's remark, in the first column of the next line."""
    empty = CommentedMap()
    empty.fa.set_flow_style()
    return empty


def from_environment(value: Any, where: str) -> Any:
    """The value with every `${NAME}` in its texts replaced."""
    if isinstance(value, MutableMapping):
        for key in value:
            value[key] = from_environment(value[key], where)
    elif isinstance(value, str):
        for name in re.findall(r"\$\{(\w+)\}", value):
            if name not in os.environ:
                raise ParamsError(
                    where,
                    f"needs the environment variable {name}.",
                    f"Set it: `{name}=... make ...`.",
                )
            value = value.replace(f"${{{name}}}", os.environ[name])
    return value


def main() -> None:
    names = sorted(file.stem for file in PRESETS.glob("*.yaml"))
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        raise InputError(
            "preset",
            f"{sys.argv[1:]} is not one of {names}.",
            "Run `make preset NAME=<one of them>`.",
        )
    file = PRESETS / f"{sys.argv[1]}.yaml"
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    if not isinstance(read_tree(), dict):
        read_config()  # which says so
    params = yaml.load(paths.PARAMS)
    try:
        changes = yaml.load(file)
    except YAMLError:
        changes = None
    if not isinstance(changes, MutableMapping):
        raise ParamsError(str(file), "is no YAML mapping.", "Write it as params.yaml is written.")
    overlay(params, from_environment(changes, str(file)))
    with publish(paths.PARAMS) as (made,):
        yaml.dump(params, made)
        try:
            read_config(made)
        except ParamsError as error:
            raise ParamsError(
                str(file),
                f"does not fit params.yaml: {error.what}",
                "Correct it, or apply first what it builds on. params.yaml is unchanged.",
            ) from None


if __name__ == "__main__":
    run(main)
