"""How a stage starts and ends as a program: its item, its log, its exit code."""

import argparse
import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from stages.pipeline.errors import PipelineError
from stages.pipeline.os_errors import out_of_memory, refusal


def run(main: Callable[[], None]) -> None:
    """Runs a stage's `main` as a program: a readable log on stderr, and for an error that the
    user can mend its three-part message in place of a traceback (exit code 1)."""
    quieten()
    try:
        main()
    except PipelineError as error:
        sys.exit(f"ERROR {error}")
    except KeyboardInterrupt:
        sys.exit("stopped by the user")
    except Exception as error:
        refused = out_of_memory(error, Path(sys.argv[0]).stem) or refusal(error)
        if refused is None:
            raise
        sys.exit(f"ERROR {refused}")
    finally:
        gc.freeze()  # at its end Python would look for garbage in all that torch has: a second


def quieten() -> None:
    """The log of a process: a readable account on stderr, without what libraries chatter."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("httpx", "httpx2", "httpcore", "alembic", "mlflow", "filelock", "matplotlib"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It says each time that it tries a dead tracker again, with the whole address.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # They warn of kernels that only 4-bit bases could use, and of what torch deprecates in them.
    for chatty in ("bitsandbytes", "torchao", "torch.utils._pytree"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    # What libraries deprecate in each other is nothing that the user of a stage could mend.
    warnings.simplefilter("ignore", FutureWarning)


def item(flag: str) -> str:
    """What a stage of many works on: `news` where DVC runs `scrub@news`, or `--source news`."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    _, at, given = os.environ.get("DVC_STAGE", "").rpartition("@")
    parser.add_argument(f"--{flag}", default=given if at else None, required=not at)
    return getattr(parser.parse_args(), flag)
