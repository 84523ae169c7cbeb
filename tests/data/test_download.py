"""A data set of the hub at a pinned commit as a raw file, against a local stand-in of the hub."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from tests.hub_stand_in import Hub, serving
from tests.micro import ROOT, edit_yaml, environment_for

COMMIT, OTHER = "a" * 40, "b" * 40
ROWS = [{"q": f"질문 {i} {{중괄호}}", "a": "ㅋㅋ 답", "n": i} for i in range(2500)]


@pytest.fixture
def hub(tmp_path):
    folders = {}
    for commit, rows in ((COMMIT, ROWS), (OTHER, ROWS[:3])):
        folders[commit] = tmp_path / commit
        folders[commit].mkdir()
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folders[commit] / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Hub("acme/talk", folders, kind="datasets")


def download(room: Path, hub: Hub, **changes) -> subprocess.CompletedProcess[str]:
    room.mkdir(exist_ok=True)
    YAML().dump(YAML(typ="safe", pure=True).load(ROOT / "params.yaml"), room / "params.yaml")
    asked = {"repo": hub.repo, "revision": COMMIT, "split": "train"} | changes
    edit_yaml(room / "params.yaml", lambda p: p.update(downloads={"talk": asked}))
    edit_yaml(room / "params.yaml", lambda p: p["runtime"].update(tracking=False))
    return subprocess.run(
        [sys.executable, "-m", "stages.download", "--name", "talk"],
        cwd=room,
        env=environment_for(
            hub.environment | {"PYTHONPATH": str(ROOT), "HOME": str(room / "home")}
        ),
        capture_output=True,
        text=True,
        check=False,
    )


def test_s4_03_a_data_set_at_its_commit(hub, tmp_path):
    """The same rows in the same bytes, at the commit that is asked for, and no cache left behind."""
    other = tmp_path / "two/acme/talk"  # a folder of the repo's name is not the data set
    other.mkdir(parents=True)
    (other / "train.jsonl").write_text('{"q": "another", "a": "one", "n": 0}')
    with serving(hub):
        for room in ("one", "two"):
            done = download(tmp_path / room, hub)
            assert done.returncode == 0, done.stderr
        assert download(tmp_path / "other", hub, revision=OTHER).returncode == 0
    made = [tmp_path / room / "data/raw/hub/talk.parquet" for room in ("one", "two", "other")]
    assert pq.read_table(made[0]).to_pylist() == ROWS
    assert made[0].read_bytes() == made[1].read_bytes()
    assert pq.read_table(made[2]).num_rows == 3
    left = {path.name for path in (tmp_path / "one").rglob("*") if path.is_file()}
    assert left == {"params.yaml", "talk.parquet", "talk.json"}


@pytest.mark.parametrize(
    "changes", [{"revision": "c" * 40}, {"split": "dev"}, {"repo": "acme/gone"}]
)
def test_what_the_hub_does_not_have_is_said_in_three_parts(hub, tmp_path, changes):
    with serving(hub):
        done = download(tmp_path / "room", hub, **changes)
    assert done.returncode == 1
    assert "cannot be read from the hub" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "room/data").is_dir() or not list(
        (tmp_path / "room/data").rglob("*.parquet")
    )
