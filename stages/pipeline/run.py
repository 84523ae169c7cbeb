"""How a stage starts and ends: its item, its log, its exit code, its numbers."""

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages.pipeline.errors import DataError, InputError, PipelineError, disk_full


def run(main: Callable[[], None]) -> None:
    """Runs a stage's `main` as a program: a readable log on stderr, and for an error that the
    user can mend its three-part message in place of a traceback (exit code 1)."""
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
    try:
        main()
    except PipelineError as error:
        sys.exit(f"ERROR {error}")
    except KeyboardInterrupt:
        sys.exit("stopped by the user")
    except Exception as error:
        full = disk_full(error)
        if full is None:
            raise
        sys.exit(f"ERROR {full}")


def item(key: str) -> str:
    """The value of a stage's only flag, such as `--source news`."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument(f"--{key}", required=True)
    return getattr(parser.parse_args(), key)


def pin_numerics(threads: int, launched: bool = False) -> None:
    """Fixes what decides the last bits of a float on one kind of CPU; call it before torch loads.

    Thread counts change the order of sums, and the instruction set changes their width, so both are
    set for every library that takes a word for it. The hash seed needs no pin: no stage iterates
    over a set. `launched`: accelerate started this process, and its plugins are meant.
    """
    if "torch" in sys.modules:
        raise RuntimeError("pin_numerics must run before torch is imported")
    # Threads that wait must not burn the core that another process needs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Accelerate would take its precision and its plugins from here, past params.yaml.
    for variable in [name for name in os.environ if name.startswith("ACCELERATE_")]:
        if not launched:
            del os.environ[variable]
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    os.environ |= {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling fresh memory guards against code that reads what nobody wrote; it costs a fifth of the
    # time, and a run that did so would fail the tests that compare bytes.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue] - set through a module class that it cannot see


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Sorted keys, two-space indent, LF, UTF-8: the same content is always the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_json(path: Path) -> dict[str, Any]:
    """The content of a JSON file of the pipeline or of a model.

    Raises:
        InputError, DataError: it is not there, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(str(path), "is not there.", "Run `dvc repro`, or `dvc pull`.") from None
    except ValueError:
        raise DataError(
            str(path), "is no JSON file.", "Make it again with `dvc repro`, or `dvc pull` it."
        ) from None
