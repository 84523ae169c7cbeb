"""MLflow as a projection of the metrics, and DVC's hashes computed without DVC."""

import logging
import math
import sqlite3
import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from ruamel.yaml import YAML

from stages.commands import track
from stages.formats.json_files import write_json
from stages.pipeline.hashes import dvc_hash
from stages.tracking import finished, store
from stages.tracking.live import LiveRun, live_file, run_shown_live
from stages.tracking.projection import scalars, send
from stages.tracking.store import attempt
from tests.micro import ROOT, edit_yaml, environment_for
from tests.workspace import lay_out

METRICS = {
    "rows": 3,
    "share": 0.25,
    "passed": True,
    "verdict": "pass",
    "by_source": {"news": {"rows": 2}, "뉴스 #1": {"rows": 1}},
}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Path("out.json").write_text("{}")
    return tmp_path


def dvc(*arguments: str) -> None:
    subprocess.run(["dvc", *arguments], check=True, capture_output=True)


def test_hashes_are_those_that_dvc_records(workspace):
    """A file, an empty one, and a folder with nested, Korean and awkward names in any order."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    dvc("init", "--quiet")
    names = [
        "a.txt",
        "a/b.txt",
        "a-b/c.txt",
        "a b/c.txt",
        "B.txt",
        "0/1/2/3.bin",
        "한글/파일.txt",
        unicodedata.normalize("NFD", "한글 풀어쓰기.txt"),
        'quote"and\\slash',
        "😀",
        "empty",
    ]
    for name in names:
        path = Path("folder") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name == "empty" else f"content of {name}\r\n".encode())
    Path("folder/no files in here").mkdir()
    Path("file").write_bytes(bytes(range(256)) * 10_000)
    dvc("add", "--quiet", "folder", "file")
    for name in ("folder", "file"):
        recorded = YAML(typ="safe", pure=True).load(Path(f"{name}.dvc"))["outs"][0]
        assert dvc_hash(Path(name)) == recorded["md5"]


def test_what_is_not_there_has_no_hash(workspace):
    with pytest.raises(FileNotFoundError):
        dvc_hash(Path("gone"))


def test_scalars_are_the_numbers_under_dotted_names():
    assert dict(scalars(METRICS)) == {
        "rows": 3.0,
        "share": 0.25,
        "passed": 1.0,
        "by_source.news.rows": 2.0,
        "by_source.뉴스 #1.rows": 1.0,
    }


def warnings(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "tracking"]


def tell(stage: str) -> None:
    attempt(stage, lambda uri: send(uri, stage, [Path("out.json")]))


def test_an_unreachable_tracker_warns_once_and_then_costs_nothing(workspace, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with caplog.at_level(logging.INFO):
        tell("mix")
        (warning,) = warnings(caplog)
        assert "http://127.0.0.1:1" in warning and "mix" in warning and "make track" in warning
        started = time.perf_counter()
        tell("train")
        assert time.perf_counter() - started < 0.1
    assert len(warnings(caplog)) == 1


def test_quiet_ends_with_another_tracker_and_with_time(workspace, monkeypatch, caplog):
    asked = []

    def fails(uri: str) -> None:
        asked.append(uri)
        raise ConnectionError

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    attempt("mix", fails)
    attempt("mix", fails)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:2")
    attempt("mix", fails)
    later = time.time() + store.QUIET_S + 1
    monkeypatch.setattr(store.time, "time", lambda: later)
    attempt("mix", fails)
    assert asked == [f"http://127.0.0.1:{port}" for port in (1, 2, 2)]
    assert len(warnings(caplog)) == 3


def test_a_tracker_that_answers_again_is_used_again(workspace, monkeypatch):
    fails = iter([True, False, False])
    asked = []

    def at_first_not(uri: str) -> None:
        asked.append(uri)
        if next(fails):
            raise ConnectionError

    attempt("mix", at_first_not)
    now = time.time()
    monkeypatch.setattr(store.time, "time", lambda: now + store.QUIET_S + 1)
    attempt("mix", at_first_not)
    monkeypatch.setattr(store.time, "time", lambda: now)
    attempt("mix", at_first_not)
    assert len(asked) == 3


def test_not_even_its_own_notes_stop_the_stage(workspace, caplog):
    """The folder of the store cannot be made: a read-only project, a full disk, a file in its place."""
    Path(".mlflow").write_text("no folder")
    tell("mix")
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("stage", ["", "mix"])
def test_tracking_can_be_switched_off(workspace, monkeypatch, stage):
    """`runtime.tracking: false` sends nothing and makes no store, after a stage and by hand."""
    lay_out(workspace)
    edit_yaml(Path("params.yaml"), lambda p: p["runtime"].update(tracking=False))
    monkeypatch.setenv("DVC_STAGE", stage)
    track.main()
    assert not Path(".mlflow").exists()


def test_what_make_repro_notes_is_sent_by_one_process(tmp_path):
    """Also what a killed run has noted; what no stage is called is forgotten."""
    project = lay_out(tmp_path / "project", "dvc.yaml")
    edit_yaml(project / "params.yaml", lambda p: p["runtime"].update(tracking=True))
    write_json(project / "metrics/mix.json", {"rows": 3})
    write_json(project / "metrics/scrub/news.json", {"masked": 4})

    def command(*arguments: str, **environment: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "stages.commands.track", *arguments],
            cwd=project, env=environment_for({"PYTHONPATH": str(ROOT), **environment}), check=True,
        )  # fmt: skip

    for stage in ("scrub@news", "dvc.yaml:mix"):
        command(DVC_STAGE=stage, MALSSI_TRACK_LATER="1")
    (project / ".mlflow/later/nonsense").touch()
    assert not (project / ".mlflow/mlflow.db").exists()
    command("--noted", MALSSI_TRACK_LATER="1")
    assert list((project / ".mlflow/later").iterdir()) == []
    with sqlite3.connect(project / ".mlflow/mlflow.db") as database:
        told = database.execute("select key, value from metrics order by key").fetchall()
        names = database.execute("select name from runs order by start_time").fetchall()
    assert told == [("masked", 4.0), ("rows", 3.0)] and names == [("scrub@news",), ("mix",)]


def test_a_stage_is_sent_with_what_dvc_yaml_says_it_makes(workspace, monkeypatch):
    sent = []
    lay_out(workspace)
    monkeypatch.setenv("DVC_STAGE", "scrub@news")
    monkeypatch.setattr(finished, "send", lambda uri, *rest: sent.append(rest))
    track.main()
    assert sent == [
        ("scrub@news", [Path("data/scrubbed/news"), Path("metrics/scrub/news.json")], None)
    ]


def test_what_a_killed_run_showed_is_not_taken_for_another_runs(workspace):
    """The id that a killed training left would send the next one's numbers into its run."""
    live_file("train").parent.mkdir(parents=True)
    live_file("train").write_text("of another run")
    with LiveRun(True, "train", "identity"):
        assert not live_file("train").exists()


def test_the_store_gets_the_same_numbers_curves_and_tags(workspace):
    """S2-17, S4-10: what the JSON and CSV files say, and the hashes of what was made."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    write_json(Path("metrics/train.json"), METRICS)
    curve = Path("metrics/plots/train.csv")
    curve.parent.mkdir()
    curve.write_text("step,loss,eval_loss\n5,2.5,\n10,1.25,1.5\n")
    attempt("train", lambda uri: send(uri, "train", [Path("metrics/train.json"), curve]))
    with sqlite3.connect(".mlflow/mlflow.db") as database:
        ((name, status),) = database.execute("select name, status from runs").fetchall()
        tags = dict(database.execute("select key, value from tags").fetchall())
        points = database.execute("select key, step, value from metrics").fetchall()
    assert (name, status) == ("train", "FINISHED")
    assert tags["git.commit"] == head.stdout.strip()
    assert (tags["git.dirty"], tags["dvc.stage"]) == ("false", "train")
    assert tags["dvc.out.metrics/train.json"] == dvc_hash(Path("metrics/train.json"))
    assert tags["dvc.out.metrics/plots/train.csv"] == "e80c3298a18dfdf472e8b8640046b66a", (
        "by md5sum"
    )
    assert set(points) == {
        *(("rows", 0, 3.0), ("share", 0, 0.25), ("passed", 0, 1.0)),
        *(("by_source.news.rows", 0, 2.0), ("by_source.뉴스 _1.rows", 0, 1.0)),
        *(("curve.loss", 5, 2.5), ("curve.loss", 10, 1.25), ("curve.eval_loss", 10, 1.5)),
    }
    assert not any(math.isnan(value) for _, _, value in points)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://user:pa/ss@host:5000/path?token=x", "http://host:5000"),
        ("https://host/api?token=x#y", "https://host"),
        ("http://[bad", "http://[bad"),
        ("sqlite:////srv/mlflow.db", "sqlite:////srv/mlflow.db"),
        ("sqlite:////srv/a@b/mlflow.db?password=x", "sqlite:////srv/a@b/mlflow.db"),
        ("file://user:x@host/y", "file://host/y"),
        ("user:x@host:5000", "host:5000"),
        ("http://host/?token=ab@x", "http://…"),
        ("http://user:p?x@host", "http://…"),
        ("http:///user:x@host/y", "http://host"),
        ("postgresql://user:x@host:5432/mlflow", "postgresql://host:5432"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(uri: str, shown: str) -> None:
    assert store.without_secrets(uri) == shown


def test_the_steps_of_a_training_are_shown_while_it_runs(workspace, monkeypatch):
    """And a training that was killed and resumes goes on in the same run."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for first in (1, 3):
        with LiveRun(True, "train", "identity") as live:
            for step in (first, first + 1):
                live.log(step, {"loss": 1 / step})
        (run_id,) = {live_file("train").read_text()}
    with sqlite3.connect(".mlflow/mlflow.db") as database:
        runs = database.execute("select run_uuid, status from runs").fetchall()
        points = database.execute("select key, step, value from metrics").fetchall()
    assert runs == [(run_id, "RUNNING")]
    assert sorted(points) == [("step.loss", step, 1 / step) for step in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "name",
    ["IT//과학", "/a", "a/", "a/../b", "..", ".", "./a", "a?b", "경제 (1)", "x" * 300, "a\\b", "%"],
)
def test_any_name_becomes_one_that_the_store_takes(name):
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(store.legal(name))
    assert len(store.legal(name)) <= store.MAX_NAME_CHARS


def test_names_that_are_one_to_the_store_stay_apart(workspace):
    write_json(Path("metrics/mix.json"), {"by": {"a!": 1, "a?": 2, "a_": 3}})
    attempt("mix", lambda uri: send(uri, "mix", [Path("metrics/mix.json")]))
    with sqlite3.connect(".mlflow/mlflow.db") as database:
        points = dict(database.execute("select key, value from metrics").fetchall())
    assert points == {"by.a_": 1.0, "by.a__2": 2.0, "by.a__3": 3.0}


def test_a_run_that_was_cut_off_is_completed(workspace):
    """By `make track`: one run, with all its numbers once, however often it is sent."""
    write_json(Path("metrics/mix.json"), {"rows": 3})
    outs = [Path("metrics/mix.json")]

    def cut_off(uri: str) -> None:
        client, experiment = store.connected(uri)
        tags = {"dvc.stage": "mix", "dvc.out.metrics/mix.json": dvc_hash(outs[0])}
        client.create_run(experiment, run_name="mix", tags=tags)

    attempt("mix", cut_off)
    for _ in range(2):
        attempt("mix", lambda uri: send(uri, "mix", outs, only_missing=True))
    with sqlite3.connect(".mlflow/mlflow.db") as database:
        assert database.execute("select status from runs").fetchall() == [("FINISHED",)]
        assert database.execute("select key, value from metrics").fetchall() == [("rows", 3.0)]


def test_a_run_that_the_store_has_lost_is_made_anew(workspace, caplog):
    write_json(Path("metrics/mix.json"), {"rows": 3})
    attempt("mix", lambda uri: send(uri, "mix", [Path("metrics/mix.json")], run_id="0" * 32))
    assert warnings(caplog) == []
    with sqlite3.connect(".mlflow/mlflow.db") as database:
        assert database.execute("select key, value from metrics").fetchall() == [("rows", 3.0)]


def test_one_refused_request_does_not_silence_the_tracker(workspace, caplog):
    from mlflow.exceptions import MlflowException

    def refused(uri: str) -> None:
        raise MlflowException.invalid_parameter_value("a name")

    attempt("mix", refused)
    assert len(warnings(caplog)) == 1 and not store.unreachable().exists()


@pytest.mark.parametrize(
    "name", ["a?b", "100%20", "$HOME", "it's", 'say "no"', "a;b & c", "#1", "한글 폴더"]
)
def test_the_store_is_in_the_project_whatever_its_path(tmp_path, name):
    """In a process of its own, as the command of a stage is."""
    project = lay_out(tmp_path / name, "dvc.yaml")
    edit_yaml(project / "params.yaml", lambda p: p["runtime"].update(tracking=True))
    write_json(project / "metrics/mix.json", {"rows": 3})
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.track"],
        cwd=project,
        env=environment_for({"PYTHONPATH": str(ROOT), "DVC_STAGE": "mix", "TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "did not take" not in done.stderr
    with sqlite3.connect(f"file:{quote(str(project))}/.mlflow/mlflow.db", uri=True) as database:
        assert database.execute("select key, value from metrics").fetchall() == [("rows", 3.0)]
    assert [path.name for path in tmp_path.iterdir()] == [name], "no link is left"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"0" * 31, b"0" * 32 + b"\n", b"../../x"])
def test_a_marker_that_holds_no_id_of_a_run_names_none(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    live_file("train").parent.mkdir(parents=True)
    live_file("train").write_bytes(content)
    assert run_shown_live("train") is None


def test_a_link_names_no_run_and_is_not_written_through(workspace, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    kept = workspace / "kept"
    kept.write_text("0" * 32)
    live_file("train").parent.mkdir(parents=True)
    for link in (live_file("train"), store.unreachable()):
        link.symlink_to(kept)
    assert run_shown_live("train") is None
    store.attempt("train", lambda uri: (_ for _ in ()).throw(ConnectionError()))
    assert kept.read_text() == "0" * 32 and not store.unreachable().is_symlink()
    assert len(warnings(caplog)) == 1


def test_a_store_that_is_a_file_is_warned_of(workspace, caplog):
    Path(".mlflow").write_text("")
    assert run_shown_live("train") is None
    finished.send_stage("gate")
    assert len(warnings(caplog)) == 1
