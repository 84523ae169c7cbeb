"""MLflow as a projection of `metrics/*.json`: written after a stage's outputs, never read by one.

The store is `.mlflow/mlflow.db` in the project (an absolute URI, so that `dvc exp run --temp`
writes there too) or whatever MLFLOW_TRACKING_URI names. A run carries the stage's numbers under the
same names as its JSON file, the curves of its CSV file, and tags that name the Git commit, the
stage and the hash that DVC gives each output. If the tracker fails, training goes on: one warning,
then quiet for `QUIET_S`, so that a pipeline does not wait for a dead server in each of its stages.

A long stage can show its steps while it runs (`LiveRun`); what it finishes with goes into the same
run.

`python -m stages.pipeline.tracking` sends what the tracker lacks, from the files in `metrics/`.
"""

import csv
import hashlib
import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import Runtime, load_config
from stages.pipeline.errors import InputError
from stages.pipeline.run import read_json, run

EXPERIMENT = "malssi"
QUIET_S = 900
log = logging.getLogger("tracking")


def project(
    runtime: Runtime,
    stage: str,
    metrics: Mapping[str, Any],
    outs: Sequence[Path],
    curves: Path | None = None,
    only_missing: bool = False,
    live: "LiveRun | None" = None,
) -> None:
    """Sends one finished stage's numbers to MLflow, if that is asked for and answers.

    `stage` is DVC's name for it (`scrub@news`), `metrics` the content of its JSON files, `curves` a
    CSV file with a `step` column, `live` the run that showed its steps. With `only_missing`, a run
    with the same outputs is not repeated.
    """
    run_id = live.run_id if live else None
    _try(
        runtime,
        stage,
        lambda uri: _send(uri, stage, metrics, outs, curves, only_missing, run_id),
    )


class LiveRun:
    """The run of a stage that has not ended. A stage that was killed and goes on (it has the same
    `identity`) goes on in the same run."""

    def __init__(self, runtime: Runtime, stage: str, identity: str):
        self.runtime, self.stage, self.identity = runtime, stage, identity
        self.run_id: str | None = None

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Shows numbers of one step, as `step.<name>`, if the tracker is asked for and answers."""
        _try(self.runtime, self.stage, lambda uri: self._log(uri, step, values))

    def _log(self, uri: str, step: int, values: Mapping[str, float]) -> None:
        client, experiment = _client(uri)
        from mlflow.entities import Metric

        if self.run_id is None:
            mark = {"malssi.identity": self.identity, "dvc.stage": self.stage}
            going = client.search_runs(
                [experiment],
                filter_string=f"tags.`malssi.identity` = '{self.identity}' "
                "and attributes.status = 'RUNNING'",
            )
            made = going[0] if going else client.create_run(experiment, None, mark, self.stage)
            self.run_id = made.info.run_id
        now_ms = int(time.time() * 1000)
        points = [Metric(f"step.{_legal(name)}", v, now_ms, step) for name, v in values.items()]
        client.log_batch(self.run_id, metrics=points)


def _try(runtime: Runtime, stage: str, send: Callable[[str], None]) -> None:
    """Sends something to the tracker; if that fails, warns once and is quiet for a while."""
    if not runtime.tracking:
        return
    uri, down = tracking_uri(), _unreachable()
    address = without_secrets(uri)
    try:
        lately = down.is_file() and time.time() - down.stat().st_mtime < QUIET_S
        if lately and down.read_text(errors="replace") == address:
            return
        send(uri)
        down.unlink(missing_ok=True)
    except Exception as error:  # a tracker must never stop the stage that it describes
        log.warning(
            "the tracker at %s did not take the numbers of %s (%s). They are in metrics/; once it "
            "answers again, `make track` sends them all.",
            address,
            stage,
            type(error).__name__,
        )
        with suppress(OSError):  # then the next stage tries, and warns, for itself
            down.parent.mkdir(exist_ok=True)
            down.write_text(address)


def _unreachable() -> Path:
    """Names the tracker that did not answer, since its own modification time."""
    return paths.project_root() / ".mlflow" / "unreachable"


def without_secrets(uri: str) -> str:
    """What of an address can be shown: of a server its scheme, host and port alone; a user name, a
    password or a token may stand in any other part."""
    scheme, mark, rest = uri.partition("://")
    if not mark or scheme in ("sqlite", "file"):
        return uri
    host = re.split(r"[/?#]", rest.rpartition("@")[2])[0]
    return f"{scheme}://{host}"


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, else the absolute URI of the project's own store."""
    store = paths.project_root() / ".mlflow" / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store}"


def scalars(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a metrics file under dotted names, as `dvc metrics show` prints them."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from scalars(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{key}", float(value)


def dvc_hash(path: Path) -> str:
    """The hash that DVC records: md5 of a file, or of a folder's sorted listing (`.dir`)."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there, so it has no hash")
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    listing = [
        {"md5": dvc_hash(file), "relpath": file.relative_to(path).as_posix()}
        for file in path.rglob("*")
        if file.is_file()
    ]
    listing.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest() + ".dir"


def _send(
    uri: str,
    stage: str,
    metrics: Mapping[str, Any],
    outs: Sequence[Path],
    curves: Path | None,
    only_missing: bool,
    run_id: str | None,
) -> None:
    client, experiment = _client(uri)
    from mlflow.entities import Metric

    tags = _git_tags() | {"dvc.stage": stage, "dvc.exp": os.environ.get("DVC_EXP_NAME", "")}
    tags |= {f"dvc.out.{out.as_posix()}": dvc_hash(out) for out in outs}
    if only_missing and _has(client, experiment, tags):
        return
    if run_id is None:
        run_id = client.create_run(experiment, run_name=stage, tags=tags).info.run_id
    else:
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
    now_ms = int(time.time() * 1000)
    points = [Metric(_legal(name), value, now_ms, 0) for name, value in scalars(metrics)]
    if curves is not None:
        with curves.open(encoding="utf-8", newline="") as file:
            for record in csv.DictReader(file):
                step = int(record.pop("step"))
                points += [
                    Metric(f"curve.{name}", float(value), now_ms, step)
                    for name, value in record.items()
                    if value
                ]
    for start in range(0, len(points), 1000):  # the store's limit per batch
        client.log_batch(run_id, metrics=points[start : start + 1000])
    client.set_terminated(run_id)


def _client(uri: str) -> tuple[Any, str]:
    """MLflow's client and the id of the experiment, which is made where it is not there."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    from mlflow.tracking import MlflowClient

    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(EXPERIMENT)
    # The kind decides which pages open first: runs and curves, not traces of an application.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    return client, (
        found.experiment_id if found else client.create_experiment(EXPERIMENT, tags=kind)
    )


def _has(client: Any, experiment: str, tags: Mapping[str, str]) -> bool:
    """Whether a run of the same stage with the same outputs is there."""
    found = client.search_runs(
        [experiment], filter_string=f"tags.`dvc.stage` = '{tags['dvc.stage']}'"
    )
    outs = {key: value for key, value in tags.items() if key.startswith("dvc.out.")}
    return any(outs.items() <= run.data.tags.items() for run in found)


def _legal(name: str) -> str:
    """MLflow takes letters of any script, digits and `_-./: `; anything else becomes `_`."""
    return "".join(c if c.isalnum() or c in "_-./: " else "_" for c in name)


def _git_tags() -> dict[str, str]:
    """The commit, and whether tracked files differ from it, the pipeline's results aside."""

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    own_results = (":!dvc.lock", ":!metrics")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *own_results)
    return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(bool(changed)).lower()}


def main() -> None:
    from ruamel.yaml import YAML

    runtime = load_config().runtime
    if not Path("dvc.lock").is_file():
        raise InputError("dvc.lock", "is not there, so nothing has run.", "Run `make repro`.")
    _unreachable().unlink(missing_ok=True)
    recorded = YAML(typ="safe", pure=True).load(Path("dvc.lock"))["stages"]
    for stage, entry in recorded.items():
        outs = [Path(out["path"]) for out in entry["outs"]]
        files = [out for out in outs if out.suffix == ".json" and out.is_relative_to(paths.METRICS)]
        curves = [out for out in outs if out.is_relative_to(paths.PLOTS)]
        present = [out for out in outs if out.exists()]
        metrics: dict[str, Any] = {}
        for file in filter(Path.is_file, files):
            metrics |= read_json(file)
        if metrics:
            curve = curves[0] if curves else None
            project(runtime, stage, metrics, present, curve, only_missing=True)


if __name__ == "__main__":
    run(main)
