"""Stages of the project in this folder, `answer@base` for one of many, one after the other.

    python -m tests.numerics.stages_in_turn base train ...

They run in one process, which loads the libraries once: under an emulated processor it is loading
that takes the time. Each sets what its numbers depend on, so none changes those of the next.
"""

import importlib
import os
import sys

from stages.numerics import pins
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline.program import run


class Params(Sections):
    compute: Compute


def main() -> None:
    pins.pin_numerics(read_params(Params).compute)
    pins.pin_numerics = lambda *_: None  # which is for a process without torch
    stages = sys.argv[1:]
    for stage in stages:
        name = stage.partition("@")[0]
        os.environ["DVC_STAGE"], sys.argv = stage, [name]
        run(importlib.import_module(f"stages.{name}").main)


if __name__ == "__main__":
    main()
