"""`python -m stages.commands.track` sends the numbers of a finished stage to the tracker.

In dvc.yaml it is the second command of each stage, which DVC_STAGE names. By hand (`make track`) it
sends what the tracker lacks of all stages in dvc.lock. It never fails because of a tracker.
"""

import os
from contextlib import suppress
from pathlib import Path

from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline.dvc_lock import recorded
from stages.pipeline.dvc_yaml import outs_of
from stages.pipeline.program import run
from stages.tracking.live import live_file, run_shown_live
from stages.tracking.projection import send
from stages.tracking.store import attempt, bound_memory, unreachable

COMMAND = "stages.commands.track"  # in the commands of the stages that have numbers


class Params(Sections):
    runtime: Runtime


def after_a_stage(stage: str) -> None:
    outs = outs_of(stage)
    attempt(stage, lambda uri: send(uri, stage, outs, run_shown_live(stage)))
    with suppress(OSError):
        live_file(stage).unlink(missing_ok=True)


def all_that_is_missing() -> None:
    ran = recorded()
    with suppress(OSError):  # .mlflow may be no folder; then each stage below says so
        unreachable().unlink(missing_ok=True)
    for stage, entry in ran.items():
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
