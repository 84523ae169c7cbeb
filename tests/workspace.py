"""A folder to work in: copies of this project's own files, and nothing that a stage made."""

import shutil
from pathlib import Path

from tests.micro import ROOT


def lay_out(folder: Path, *names: str) -> Path:
    """Copies the shipped params.yaml, and the named files and folders of the project, into
    `folder`, which may be there already."""
    for name in ("params.yaml", *names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copyfile(ROOT / name, target)
    return folder
