"""One finished stage as a run in MLflow: the numbers of its JSON files under the same names, the
curves of its CSV file, and tags that name the Git commit, the stage and the hash that DVC gives
each output.
"""

import csv
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import read_json
from stages.pipeline import paths
from stages.pipeline.hashes import dvc_hash
from stages.tracking.store import MAX_NAME_CHARS, connected, legal

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

BATCH = 1000  # the store's limit of metrics a call


def send(
    uri: str,
    stage: str,
    outs: Sequence[Path],
    run_id: str | None = None,
    only_missing: bool = False,
) -> None:
    """`stage`: DVC's name of it (`scrub@news`). `run_id`: the run that showed its steps. With
    `only_missing`, a run with the same outputs is not repeated, and one that was cut off is
    completed."""
    from mlflow.entities import Metric, RunTag

    client, experiment = connected(uri)
    tags = _git_tags() | {"dvc.stage": stage, "dvc.exp": os.environ.get("DVC_EXP_NAME", "")}
    tags |= {f"dvc.out.{out.as_posix()}": dvc_hash(out) for out in outs if _has_a_tag(out)}
    run = _known(client, run_id)
    if only_missing:
        same = _of_same_outputs(client, experiment, tags)
        if any(found.info.status == "FINISHED" for found in same):
            return
        run = same[0] if same else run
    if run is None:
        run = client.create_run(experiment, run_name=stage, tags=tags)
    else:
        client.log_batch(run.info.run_id, tags=[RunTag(*tag) for tag in tags.items()])
    # The same time whenever it is sent: a point that the store has already is not doubled.
    started_ms = run.info.start_time
    points = [Metric(name, value, started_ms, step) for name, value, step in _points(outs)]
    for start in range(0, len(points), BATCH):
        client.log_batch(run.info.run_id, metrics=points[start : start + BATCH])
    client.set_terminated(run.info.run_id)


def _has_a_tag(out: Path) -> bool:
    """Not what is unmasked: by its md5 a source of a handful of rows could be guessed."""
    unmasked = (paths.INGESTED, paths.QUARANTINE)
    return out.exists() and not any(out.is_relative_to(folder) for folder in unmasked)


def _points(outs: Sequence[Path]) -> Iterator[tuple[str, float, int]]:
    """Name, value and step of the numbers of the outputs that are metrics, and of the curves of
    those that are plots with a step. Of names that are the same to MLflow, the later ones get a
    number."""
    names: dict[str, str] = {}  # by the name in the file

    def own(name: str) -> str:
        if name not in names:
            known, number = set(names.values()), 2
            taken = legal(name)
            while taken in known:
                taken, number = f"{legal(name)[: MAX_NAME_CHARS - 6]}_{number}", number + 1
            names[name] = taken
        return names[name]

    for out in outs:
        if out.suffix == ".json" and out.is_relative_to(paths.METRICS) and out.is_file():
            for name, value in scalars(read_json(out)):
                yield own(name), value, 0
        elif out.suffix == ".csv" and out.is_relative_to(paths.PLOTS) and out.is_file():
            with out.open(encoding="utf-8", newline="") as file:
                for record in csv.DictReader(file):
                    step = record.pop("step", None)
                    for name, value in record.items():
                        if value and step is not None:
                            yield own(f"curve.{name}"), float(value), int(step)


def scalars(metrics: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a metrics file under dotted names, as `dvc metrics show` prints them."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from scalars(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{key}", float(value)


def _known(client: "MlflowClient", run_id: str | None) -> "Run | None":
    """The run, or None where the store has lost it since."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id) if run_id else None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _of_same_outputs(
    client: "MlflowClient", experiment: str, tags: Mapping[str, str]
) -> list["Run"]:
    """The runs of the same stage with the same outputs."""
    found = client.search_runs(
        [experiment], filter_string=f"tags.`dvc.stage` = '{tags['dvc.stage']}'"
    )
    outs = {key: value for key, value in tags.items() if key.startswith("dvc.out.")}
    return [run for run in found if outs.items() <= run.data.tags.items()]


def _git_tags() -> dict[str, str]:
    """The commit, and whether tracked files differ from it, the pipeline's results aside."""

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    own_results = (":!dvc.lock", ":!metrics")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *own_results)
    return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(bool(changed)).lower()}
