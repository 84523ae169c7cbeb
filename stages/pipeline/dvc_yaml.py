"""What dvc.yaml says of a stage: its code, and its outputs.

Its list of code dependencies is the one place that says what code matters: work that resumes after
a kill (checkpoints, shards) is resumed by the same code alone.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.pipeline.hashes import dvc_hash

ROOT = Path(__file__).resolve().parents[2]  # of the code that runs


@cache
def _declared() -> dict[str, Any]:
    stages = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def stage_names() -> list[str]:
    return list(_declared())


def code_of(stage: str) -> dict[str, str]:
    """The hash of each code dependency of a stage, by its path."""
    deps = _declared()[stage]["deps"]
    return {dep: dvc_hash(ROOT / dep) for dep in deps if dep.startswith("stages/")}


def outs_of(stage: str) -> list[Path]:
    """The outputs of a stage such as `scrub@news`; each `${...}` in them stands for its item."""
    name, _, item = stage.partition("@")
    kinds = (_declared()[name].get(kind, []) for kind in ("outs", "metrics", "plots"))
    written = (out if isinstance(out, str) else next(iter(out)) for kind in kinds for out in kind)
    return [Path(re.sub(r"\$\{[^}]+\}", lambda _: item, out)) for out in written]
