"""params.yaml as checked models: YAML 1.2, so that 1.0e-4 and 1e-4 are both numbers, as DVC reads
it. A stage reads the sections that it works with, and checks them whether DVC started it or not.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.params.refusals import not_there, refused, unreadable
from stages.pipeline import paths

Model = TypeVar("Model", bound=BaseModel)


def read_params(model: type[Model], path: Path = paths.PARAMS) -> Model:
    """The sections that the model names.

    Raises:
        ParamsError: the file is missing, is not YAML, or holds a value that is refused; all refused
            values of these sections are named at once.
    """
    if not path.is_file():
        raise not_there(path)
    try:
        tree = YAML(typ="safe", pure=True).load(path)
    except (RecursionError, ValueError, YAMLError) as error:  # nesting or a number without end
        raise unreadable(path, error) from None
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise refused(path, error) from None
