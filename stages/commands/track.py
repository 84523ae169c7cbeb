"""`python -m stages.commands.track` sends the numbers of a finished stage to the tracker.

In dvc.yaml it is the second command of each stage, which DVC_STAGE names. By hand (`make track`) it
sends what the tracker lacks of all stages in dvc.lock. It never fails because of a tracker.
"""

import os
from pathlib import Path

from ruamel.yaml import YAML

from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline.dvc_yaml import outs_of
from stages.pipeline.errors import InputError
from stages.pipeline.program import run
from stages.tracking.live import live_file
from stages.tracking.projection import send
from stages.tracking.store import attempt, bound_memory, unreachable

LOCK = Path("dvc.lock")
COMMAND = "stages.commands.track"  # in the commands of the stages that have numbers


class Params(Sections):
    runtime: Runtime


def after_a_stage(stage: str) -> None:
    live, outs = live_file(stage), outs_of(stage)
    run_id = live.read_text() if live.is_file() else None
    attempt(stage, lambda uri: send(uri, stage, outs, run_id))
    live.unlink(missing_ok=True)


def all_that_is_missing() -> None:
    if not LOCK.is_file():
        raise InputError(str(LOCK), "is not there, so nothing has run.", "Run `make repro`.")
    unreachable().unlink(missing_ok=True)
    for stage, entry in YAML(typ="safe", pure=True).load(LOCK)["stages"].items():
        outs = [Path(out["path"]) for out in entry["outs"]]
        if COMMAND not in str(entry["cmd"]) or not any(map(Path.exists, outs)):
            continue
        attempt(stage, lambda uri, s=stage, o=outs: send(uri, s, o, only_missing=True))


def main() -> None:
    if not read_params(Params).runtime.tracking:
        return
    if stage := os.environ.get("DVC_STAGE", "").rpartition(":")[2]:
        after_a_stage(stage)
    else:
        all_that_is_missing()


if __name__ == "__main__":
    bound_memory()
    run(main)
