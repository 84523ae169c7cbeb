"""MLflow as a projection of the metrics, and DVC's hashes computed without DVC."""

import logging
import math
import sqlite3
import subprocess
import time
import unicodedata
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.pipeline import tracking
from stages.pipeline.config import Runtime
from stages.pipeline.run import write_json
from stages.pipeline.tracking import dvc_hash, project, scalars

ON = Runtime(
    tracking=True,
    progress=False,
    engine="local",
    workers=1,
    device_batch_size=1,
    save_steps=1,
    launch=None,
)
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


def test_an_unreachable_tracker_warns_once_and_then_costs_nothing(workspace, monkeypatch, caplog):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with caplog.at_level(logging.INFO):
        project(ON, "mix", METRICS, [Path("out.json")])
        (warning,) = warnings(caplog)
        assert "http://127.0.0.1:1" in warning and "mix" in warning and "make track" in warning
        started = time.perf_counter()
        project(ON, "train", METRICS, [Path("out.json")])
        assert time.perf_counter() - started < 0.1
    assert len(warnings(caplog)) == 1


def test_quiet_ends_with_another_tracker_and_with_time(workspace, monkeypatch, caplog):
    asked = []
    monkeypatch.setattr(tracking, "_send", lambda uri, *_: asked.append(uri) or 1 / 0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    project(ON, "mix", {}, [])
    project(ON, "mix", {}, [])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:2")
    project(ON, "mix", {}, [])
    later = time.time() + tracking.QUIET_S + 1
    monkeypatch.setattr(tracking.time, "time", lambda: later)
    project(ON, "mix", {}, [])
    assert asked == [f"http://127.0.0.1:{port}" for port in (1, 2, 2)]
    assert len(warnings(caplog)) == 3


def test_a_tracker_that_answers_again_is_used_again(workspace, monkeypatch):
    fails = iter([True, False, False])
    asked = []
    monkeypatch.setattr(tracking, "_send", lambda *_: asked.append(1) or (1 / 0 if next(fails) else None))  # fmt: skip
    project(ON, "mix", {}, [])
    now = time.time()
    monkeypatch.setattr(tracking.time, "time", lambda: now + tracking.QUIET_S + 1)
    project(ON, "mix", {}, [])
    monkeypatch.setattr(tracking.time, "time", lambda: now)
    project(ON, "mix", {}, [])
    assert len(asked) == 3


def test_not_even_its_own_notes_stop_the_stage(workspace, caplog):
    """The folder of the store cannot be made: a read-only project, a full disk, a file in its place."""
    Path(".mlflow").write_text("no folder")
    project(ON, "mix", METRICS, [Path("out.json")])
    assert len(warnings(caplog)) == 1


def test_tracking_can_be_switched_off(workspace, monkeypatch):
    """`runtime.tracking: false` sends nothing and makes no store."""
    asked = []
    monkeypatch.setattr(tracking, "_send", lambda *_: asked.append(1))
    project(ON.model_copy(update={"tracking": False}), "mix", METRICS, [Path("out.json")])
    assert not asked and not Path(".mlflow").exists()


def test_the_store_gets_the_same_numbers_curves_and_tags(workspace):
    """S2-17, S4-10: what the JSON and CSV files say, and the hashes of what was made."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    write_json(Path("metrics/train.json"), METRICS)
    curve = Path("train.csv")
    curve.write_text("step,loss,eval_loss\n5,2.5,\n10,1.25,1.5\n")
    project(ON, "train", METRICS, [Path("metrics/train.json"), curve], curve)
    with sqlite3.connect(".mlflow/mlflow.db") as store:
        ((name, status),) = store.execute("select name, status from runs").fetchall()
        tags = dict(store.execute("select key, value from tags").fetchall())
        points = store.execute("select key, step, value from metrics").fetchall()
    assert (name, status) == ("train", "FINISHED")
    assert tags["git.commit"] == head.stdout.strip()
    assert (tags["git.dirty"], tags["dvc.stage"]) == ("false", "train")
    assert tags["dvc.out.metrics/train.json"] == dvc_hash(Path("metrics/train.json"))
    assert tags["dvc.out.train.csv"] == "e80c3298a18dfdf472e8b8640046b66a", "by md5sum"
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
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(uri: str, shown: str) -> None:
    assert tracking.without_secrets(uri) == shown
