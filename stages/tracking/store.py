"""Where MLflow has its store, and what happens when it cannot be reached.

The store is `.mlflow/mlflow.db` in the project (an absolute URI, so that `dvc exp run --temp`
writes there too) or whatever MLFLOW_TRACKING_URI names. If the tracker fails, the pipeline does
not: one warning, then quiet for `QUIET_S`, so that a run does not wait for a dead server in each of
its stages. Whatever a server does (an answer that drips, an order to come back later), it has
`SERVER_S`: after that the work is left to a thread that ends with the process.
"""

import atexit
import logging
import os
import posixpath
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stages.pipeline import own_folders, paths
from stages.pipeline.deadline import within

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "malssi"
QUIET_S = 900
SERVER_S = 5.0  # with half of it for the steps of a training, and the start of Python, under 10
MOST_BYTES = 2 << 30  # of memory for a process that talks to a tracker; MLflow takes 260 MB
LOCAL_S = 60.0  # a file of this machine; its tables are made on first use
MAX_NAME_CHARS = 250  # of a metric, in MLflow's database
log = logging.getLogger("tracking")


def attempt(stage: str, send: Callable[[str], None]) -> None:
    """Sends something to the tracker; if that fails, warns once and is quiet for a while."""
    uri, down = tracking_uri(), unreachable()
    address = without_secrets(uri)
    try:
        lately = down.is_file() and time.time() - down.stat().st_mtime < QUIET_S
        if lately and not down.is_symlink() and down.read_text(errors="replace") == address:
            return
        within(patience_s(uri), lambda: send(uri))
        down.unlink(missing_ok=True)
    except Exception as error:  # a tracker must never stop the stage that it describes
        log.warning(
            "the tracker at %s did not take the numbers of %s (%s). They are in metrics/; once it "
            "answers again, `make track` sends them all.",
            address,
            stage,
            type(error).__name__,
        )
        if not _answered(error):
            with suppress(OSError):  # then the next stage tries, and warns, for itself
                own_folders.write_anew(down, address)


def bound_memory() -> None:
    """For a process that does nothing but talk to the tracker: an answer without end fails in it,
    and takes no memory from a training beside it."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MOST_BYTES if most == resource.RLIM_INFINITY else min(MOST_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


def _answered(error: Exception) -> bool:
    """Whether the tracker is there, and refused one request alone."""
    code = getattr(error, "error_code", None)  # of MLflow's own exceptions
    return code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS")


def patience_s(uri: str) -> float:
    return LOCAL_S if uri.startswith(("sqlite:", "file:", "/")) else SERVER_S


def unreachable() -> Path:
    """Names the tracker that did not answer, since its own modification time."""
    return _own_store() / "unreachable"


def without_secrets(uri: str) -> str:
    """What of an address can be shown: of a server its scheme, host and port alone; a user name, a
    password or a token may stand in any other part."""
    shown = re.split(r"[?#]", uri)[0]
    scheme, mark, rest = shown.partition("://") if "://" in shown else ("", "", shown)
    is_local = scheme in ("", "sqlite", "file")
    if is_local and rest.startswith("/"):
        return shown
    if "@" in uri and "@" not in rest:
        return f"{scheme}{mark}…"  # a password may hold one of these signs
    place = rest.rpartition("@")[2]
    return f"{scheme}{mark}{place if is_local else place.partition('/')[0]}"


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, else the absolute URI of the project's own store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_plain(_own_store())}/mlflow.db"


def _own_store() -> Path:
    return paths.project_root() / ".mlflow"


@cache
def _plain(store: Path) -> Path:
    """The folder of the project's own store, by a name that stands for itself in an address.

    A `?` or `%20` in the project's path would end or change it, and MLflow (3.17) writes the
    working directory into its tables by SQL text, where a quote ends the text. Such a folder is
    reached by a link from a temporary one, which goes with this process.
    """
    if re.fullmatch(r"[\w/ .,+=@-]+", str(store)):
        return store
    store.mkdir(parents=True, exist_ok=True)
    plain = Path(tempfile.mkdtemp(prefix="malssi-"))
    atexit.register(shutil.rmtree, plain, ignore_errors=True)
    (plain / "mlflow").symlink_to(store)
    return plain / "mlflow"


def connected(uri: str) -> tuple["MlflowClient", str]:
    """MLflow's client and the id of the experiment, which is made where it is not there."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
    from mlflow.tracking import MlflowClient

    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    plain = _plain(_own_store())
    with chdir(plain.parent) if plain.is_symlink() else nullcontext():
        client = MlflowClient(uri)
        found = client.get_experiment_by_name(EXPERIMENT)
    # The kind decides which pages open first: runs and curves, not traces of an application.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    return client, (
        found.experiment_id if found else client.create_experiment(EXPERIMENT, tags=kind)
    )


def legal(name: str) -> str:
    """MLflow takes letters of any script, digits and `_-./: `, if they make the shortest form of a
    path within its folder; anything else becomes `_`."""
    allowed = "".join(c if c.isalnum() or c in "_-./: " else "_" for c in name)[:MAX_NAME_CHARS]
    if posixpath.normpath(allowed) != allowed or allowed.startswith(("/", "..")) or allowed == ".":
        allowed = allowed.replace("/", "_").replace("..", "__")
    return allowed if allowed != "." else "_"
