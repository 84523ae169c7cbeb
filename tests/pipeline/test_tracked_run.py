"""What a run leaves: the same numbers in MLflow as in metrics/, and no personal data anywhere."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.formats.json_files import read_json
from stages.formats.tables import read_table
from stages.sample import KINDS, source_rows
from stages.tracking.projection import scalars
from tests.micro import STAGES, Project, environment_for

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def sent(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished project whose numbers were sent to the tracker afterwards, by `make track`."""
    copy = finished.copy_to(tmp_path_factory.mktemp("sent") / "project")
    copy.edit_params(lambda params: params["runtime"].update(tracking=True))
    copy.run("make", f"VENV={copy.venv}", "track")
    return copy


@pytest.mark.soak
def test_mlflow_has_every_scalar_with_commit_and_hashes(elsewhere: Project) -> None:
    runs = tracked(elsewhere)
    assert set(runs) == set(STAGES) - {"check"}
    first_commit = elsewhere.run("git", "rev-list", "--max-parents=0", "HEAD").strip()
    for stage, run in runs.items():
        if stage != "sample":  # it ran before there was a commit
            assert run.data.tags["git.commit"] == first_commit


def test_the_tracker_gets_later_what_it_lacks(sent: Project) -> None:
    runs = tracked(sent)
    assert set(runs) == set(STAGES) - {"check"}
    head = sent.run("git", "rev-parse", "HEAD").strip()
    assert {run.data.tags["git.commit"] for run in runs.values()} == {head}


def tracked(project: Project) -> dict[str, Any]:
    """The runs in a project's store by stage, after a comparison with the files in metrics/."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{project.folder}/.mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("malssi")
    assert experiment
    runs = {
        run.data.tags["dvc.stage"]: run for run in client.search_runs([experiment.experiment_id])
    }
    compared = 0
    for stage, entry in project.lock().items():
        for out in entry["outs"]:
            if stage in runs:
                # No hash of what is unmasked: a source of a handful of rows could be guessed by it.
                unmasked = out["path"].startswith(("data/ingested/", "data/quarantine/"))
                recorded = runs[stage].data.tags.get(f"dvc.out.{out['path']}")
                assert recorded == (None if unmasked else out["md5"])
            if out["path"].endswith(".json") and out["path"].startswith("metrics/"):
                for key, value in scalars(read_json(project.folder / out["path"])):
                    assert runs[stage].data.metrics[key] == value, (stage, key)
                    compared += 1
    files = list((project.folder / "metrics").rglob("*.json"))
    assert compared == sum(len(list(scalars(read_json(file)))) for file in files) > 200
    return runs


def test_a_dead_tracker_is_said_once_and_stops_nothing(project: Project) -> None:
    project.edit_params(lambda params: params["runtime"].update(tracking=True))
    project.edit_params(
        lambda params: params["gate"]["rules"]["quarantined_share"].update(at_most=0.3)
    )
    log = project.run("dvc", "repro", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert log.count("127.0.0.1:9") == 1
    assert log.count("did not take the numbers") == 1
    assert read_json(project.folder / "metrics/gate.json")["rules"]["quarantined_share"]


def everything_left(folder: Path, log: Path) -> Iterator[tuple[Path, str]]:
    """Every file of a finished project as text, but the raw and the not yet scrubbed rows."""
    yield log, log.read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        unscrubbed = name.parts[:2] in (("data", "raw"), ("data", "ingested"))
        # DVC's cache holds the same content under its hash, the unscrubbed included.
        if not path.is_file() or unscrubbed or name.parts[0] in (".git", ".dvc"):
            continue
        if path.suffix == ".parquet":
            yield name, json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False)
        else:
            yield name, path.read_bytes().decode("utf-8", "replace")


def test_no_planted_value_outlives_the_scrubber(finished: Project, sent: Project) -> None:
    """S1-15: masked before training, logging and evaluation."""
    nothing_is_left(sent.folder, finished.folder.parent / "repro.log")


@pytest.mark.soak
def test_no_planted_value_is_shown_to_the_tracker(elsewhere: Project) -> None:
    nothing_is_left(elsewhere.folder, elsewhere.folder.parent / "repro.log")


def nothing_is_left(folder: Path, log: Path) -> None:
    from stages.params.whole import read_config

    config = read_config(folder / "params.yaml")
    counts = {kind: getattr(config.sample, f"{kind}_rows") for kind in KINDS}
    values = {
        planted.value
        for kind, count in counts.items()
        for row in source_rows(config.seed, kind, count, config.sample.personal_share)
        for planted in row.planted
    }
    assert len(values) > 50
    raw = "".join(
        file.read_text(encoding="utf-8") for file in (folder / "data/raw/sample").glob("*.jsonl")
    )
    assert all(value in raw for value in values)
    given_away = hashes(guesses(folder, values))
    for name, content in everything_left(folder, log):
        found = [value for value in values if value in content]
        assert found == [], f"{len(found)} planted values in {name}"
        known = {run[:HEX_DIGITS] for run in re.findall(r"[0-9a-f]{12,}", content)} & given_away
        assert known == set(), f"{len(known)} hashes of what was masked in {name}"


HEX_DIGITS = 12


def guesses(folder: Path, values: set[str]) -> Iterator[str]:
    """What someone would hash who guesses a masked value right: the value, its raw line, and the
    unmasked row, whole and by its texts."""
    yield from values
    for file in (folder / "data/raw/sample").glob("*.jsonl"):
        yield from file.read_text(encoding="utf-8").splitlines(keepends=True)
    for table in (folder / "data/ingested").iterdir():
        for row in read_table(table):
            content = [row["source"], row["style"], row["fields"], row["turns"]]
            if any(value in str(content) for value in values):
                yield from (json.dumps(content, ensure_ascii=a, sort_keys=s) for a, s in BOTH)
                yield from row["fields"].values()
                yield from (turn["text"] for turn in row["turns"])


BOTH = [(ascii_only, sort) for ascii_only in (False, True) for sort in (False, True)]


def hashes(texts: Iterator[str]) -> set[str]:
    """The first digits of each text's hashes."""
    kinds = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b)
    every = {text for found in texts for text in (found, found.strip())}
    return {kind(text.encode()).hexdigest()[:HEX_DIGITS] for text in every for kind in kinds}


def test_pages_of_the_tracker_open(sent: Project) -> None:
    """`make ui` serves the project's store."""
    import socket
    import subprocess
    import sys
    import time
    import urllib.error
    import urllib.request

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "stages.commands.ui", str(port)],
        cwd=sent.folder,
        env=environment_for({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(120):
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise AssertionError("the server did not answer in a minute")
        assert b"MLflow" in page
        for name in ("evil.example", "10.evil.example", "192.168.evil.example", "172.16.0.evil"):
            foreign = urllib.request.Request(
                f"http://127.0.0.1:{port}/", headers={"Host": f"{name}:{port}"}
            )
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(foreign, timeout=5)
    finally:
        os.killpg(server.pid, 15)
        server.wait()
