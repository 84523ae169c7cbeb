"""Stages of the project in this folder, `answer@base` for one of many, one after the other.

    python -m tests.numerics.stages_in_turn base train ...

Each runs in a child of one process that has loaded the libraries, since under an emulated processor
it is loading that takes the time.
"""

import importlib
import os
import sys

from stages.numerics import pins
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline.program import run

LIBRARIES = ("peft", "transformers", "trl.trainer.sft_trainer", "stages.training.trainer")


class Params(Sections):
    compute: Compute


def main() -> None:
    pins.pin_numerics(read_params(Params).compute)
    pins.pin_numerics = lambda *_: None
    for library in LIBRARIES:
        importlib.import_module(library)
    for stage in sys.argv[1:]:
        child = os.fork()
        if not child:
            name = stage.partition("@")[0]
            os.environ["DVC_STAGE"] = stage
            sys.argv = [name]
            run(importlib.import_module(f"stages.{name}").main)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{stage} failed")


if __name__ == "__main__":
    main()
