"""One finished stage as a run in MLflow: the numbers of its JSON files under the same names, the
curves of its CSV file, and tags that name the Git commit, the stage and the hash that DVC gives
each output.
"""

import csv
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import read_json
from stages.pipeline import paths
from stages.pipeline.hashes import dvc_hash
from stages.tracking.store import connected, legal

if TYPE_CHECKING:
    from mlflow.entities import Metric
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
    `only_missing`, a run with the same outputs is not repeated."""
    client, experiment = connected(uri)
    tags = _git_tags() | {"dvc.stage": stage, "dvc.exp": os.environ.get("DVC_EXP_NAME", "")}
    tags |= {f"dvc.out.{out.as_posix()}": dvc_hash(out) for out in outs if out.exists()}
    if only_missing and _has(client, experiment, tags):
        return
    if run_id is None:
        run_id = client.create_run(experiment, run_name=stage, tags=tags).info.run_id
    else:
        for name, value in tags.items():
            client.set_tag(run_id, name, value)
    points = list(_points(outs))
    for start in range(0, len(points), BATCH):
        client.log_batch(run_id, metrics=points[start : start + BATCH])
    client.set_terminated(run_id)


def _points(outs: Sequence[Path]) -> Iterator["Metric"]:
    """The numbers of the outputs that are metrics, and the curves of those that are plots with a
    step."""
    from mlflow.entities import Metric

    now_ms = int(time.time() * 1000)
    for out in outs:
        if out.suffix == ".json" and out.is_relative_to(paths.METRICS) and out.is_file():
            for name, value in scalars(read_json(out)):
                yield Metric(legal(name), value, now_ms, 0)
        elif out.suffix == ".csv" and out.is_relative_to(paths.PLOTS) and out.is_file():
            with out.open(encoding="utf-8", newline="") as file:
                for record in csv.DictReader(file):
                    step = record.pop("step", None)
                    for name, value in record.items():
                        if value and step is not None:
                            yield Metric(f"curve.{legal(name)}", float(value), now_ms, int(step))


def scalars(metrics: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a metrics file under dotted names, as `dvc metrics show` prints them."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from scalars(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{key}", float(value)


def _has(client: "MlflowClient", experiment: str, tags: Mapping[str, str]) -> bool:
    """Whether a run of the same stage with the same outputs is there."""
    found = client.search_runs(
        [experiment], filter_string=f"tags.`dvc.stage` = '{tags['dvc.stage']}'"
    )
    outs = {key: value for key, value in tags.items() if key.startswith("dvc.out.")}
    return any(outs.items() <= run.data.tags.items() for run in found)


def _git_tags() -> dict[str, str]:
    """The commit, and whether tracked files differ from it, the pipeline's results aside."""

    def git(*arguments: str) -> str:
        answer = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    own_results = (":!dvc.lock", ":!metrics")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *own_results)
    return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(bool(changed)).lower()}
