"""`python -m stages.commands.track` sends the numbers of a finished stage to the tracker.

In dvc.yaml it is the second command of each stage, which DVC_STAGE names. By hand (`make track`) it
sends what the tracker lacks of all stages in dvc.lock. It never fails because of a tracker. Under
`make repro` a stage is noted only; with NOTED as its argument it sends what is.
"""

import os
import sys
from contextlib import suppress

from stages.pipeline.own_folders import write_anew
from stages.tracking.notes import LATER, NOTED, NOTES


def main() -> None:
    from stages.params.reading import read_params
    from stages.params.runtime import Runtime
    from stages.params.section import Sections
    from stages.tracking import finished

    class Params(Sections):
        runtime: Runtime

    if not read_params(Params).runtime.tracking:
        return
    if NOTED in sys.argv:
        finished.send_noted()
    elif stage := this_stage():
        finished.send_stage(stage)
    else:
        finished.send_missing()


def this_stage() -> str:
    return os.environ.get("DVC_STAGE", "").rpartition(":")[2]


if __name__ == "__main__":
    if os.environ.get(LATER) and this_stage():
        with suppress(OSError):  # .mlflow may be no folder; `make track` sends it all the same
            write_anew(NOTES / this_stage(), "")
    else:
        from stages.pipeline.program import run
        from stages.tracking.store import bound_memory

        bound_memory()
        run(main)
