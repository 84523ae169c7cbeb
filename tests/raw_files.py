"""Raw files for the tests of ingest, and a run of the stage on one of them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from stages import ingest
from stages.formats.json_files import read_json
from stages.formats.tables import read_table
from tests.micro import SHIPPED

COMMON = {"license": "CC0-1.0", "use": "training", "as_of": "2026-01-01", "style": "plain"}
NEWS = {
    "format": "jsonl",
    "kind": "news",
    "style_tags": ["domain:{section}", "style:{style}", "tone:{tone}"],
    "columns": {"section": "section", "title": "title"},
    "defaults": {"section": "기타"},
    "contract": {"max_chars": {"section": 100, "title": 1000}},
    **COMMON,
}
LONG = NEWS | {"kind": "instruction", "spoken": "title", "contract": {}}
CHAT = {"format": "jsonl", "kind": "chat", "style_tags": [], "turns_column": "dialog", **COMMON}
GOOD = {"section": "경제", "title": "반도체 수출 늘어"}
EXCHANGE = ["점심 먹었어?", "응 먹었어"]


def line(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def ingest_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple]:
    """A function that runs the stage on raw bytes and returns its rows, metrics and quarantine."""
    monkeypatch.chdir(tmp_path)

    def stage(raw: bytes | None, source: dict, name: str = "news", suffix: str = "raw") -> tuple:
        path = tmp_path / f"{name}.{suffix}"
        if raw is not None:
            path.write_bytes(raw)
        yaml = YAML(typ="safe", pure=True)
        params = yaml.load(SHIPPED)
        params["sources"] = {name: source | {"path": str(path)}}
        params["mix"]["weights"] = {name: 1.0}
        params["mix"]["templates"] = {name: {"default": {"user": "{title}", "assistant": "a"}}}
        params["mix"]["topics"] = {}
        yaml.dump(params, tmp_path / "params.yaml")
        monkeypatch.setattr(sys, "argv", ["ingest", "--source", name])
        ingest.main()
        metrics = read_json(tmp_path / f"metrics/ingest/{name}.json")
        bad = pq.read_table(tmp_path / f"data/quarantine/{name}.parquet").to_pylist()
        rows = list(read_table(tmp_path / "data/ingested" / name))
        assert metrics["rows_in"] == metrics["rows_out"] + metrics["rows_quarantined"]
        assert (metrics["rows_out"], metrics["rows_quarantined"]) == (len(rows), len(bad))
        assert sum(metrics["quarantined"].values()) == len(bad)
        return rows, metrics, bad

    return stage
