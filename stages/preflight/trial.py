"""A model folder tried in a process of its own, with bounds on its time and memory.

A chat template is a program, and a tokenizer holds regular expressions: both can run for ever or
ask for all memory, and within one call of compiled code (`{{ 10 ** 10 ** 10 }}`), which neither an
exception nor a handler of a signal interrupts. So the bounds are the system's, which ends a process
whatever it is at: a timer of CPU time (a busy machine is no fault of the model) and a limit of what
it may allocate. Before that, jinja2's sandbox as transformers has it refuses attributes and ranges
over 100,000.
"""

import os
import resource
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from stages.chat.rendering import Settings
from stages.pipeline.errors import ModelError, PipelineError
from stages.pipeline.program import quieten
from stages.preflight.files import AGAIN
from stages.preflight.model import Step, proof


def try_out(folder: Path, called: str, settings: Settings) -> None:
    """Lets a model that is spoken to with `settings` prove itself; its folder is `called` so.

    Raises:
        ModelError: it does not, or takes more time or memory than a model can need.
    """
    context = get_context("spawn")  # afresh, since torch has threads here
    told, tells = context.Pipe(duplex=False)
    child = context.Process(target=_try_out, args=(folder, settings, tells), daemon=True)
    child.start()
    tells.close()
    step = Step("its start")
    try:
        while True:
            said = told.recv()
            if isinstance(said, PipelineError):
                where, what = (t.replace(str(folder), called) for t in (said.where, said.what))
                raise ModelError(where, what, said.fix)
            step = said
    except (EOFError, OSError):  # it has ended, perhaps while it spoke
        pass
    finally:
        child.join()
    if child.exitcode:
        raise ModelError(
            called,
            f"{step.what} takes more than {step.seconds:.0f} s of a CPU or "
            f"{step.room_bytes / 1e9:.0f} GB, or crashes what reads it (exit code "
            f"{child.exitcode}).",
            AGAIN,
        )


def _try_out(folder: Path, settings: Settings, tells: Connection) -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"  # whatever the folder names, it is not fetched
    quieten()
    _show_no_progress()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for step in proof(folder, settings):
            tells.send(step)
            _bound(step)
    except PipelineError as error:
        tells.send(error)


def _show_no_progress() -> None:
    """A bar's lock between processes would outlive a process that is ended, and be warned of."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()


def _bound(step: Step) -> None:
    """From here on, until the next step."""
    import psutil

    # Its signal ends the process, since nobody handles it.
    signal.setitimer(signal.ITIMER_PROF, step.seconds)
    used_bytes = psutil.Process().memory_info().data
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = used_bytes + step.room_bytes
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
