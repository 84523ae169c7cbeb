"""What leaves `scrub` does not tell a masked value, not even to someone who guesses it right."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages import scrub
from stages.formats.tables import read_table
from tests.raw_files import NEWS, ingest_in, line

Made = tuple[list[dict], dict[str, bytes]]

GROUPED = NEWS | {"group_column": "talk"}
HERS, HIS, THEIRS = "010-1234-5678", "010-8765-4321", "010-2468-1357"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[dict]], Made]:
    """A function that runs ingest and scrub on raw rows and returns the scrubbed rows, and the
    bytes of every file of both that is not the ingested table."""
    ingest = ingest_in(tmp_path, monkeypatch)

    def stages(rows: list[dict], broken: bytes = b"") -> Made:
        ingest(b"".join(map(line, rows)) + broken, GROUPED)
        monkeypatch.setattr(sys, "argv", ["scrub", "--source", "news"])
        scrub.main()
        files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
        left = {
            path.relative_to(tmp_path).as_posix(): path.read_bytes()
            for path in files
            if path.relative_to(tmp_path).parts[:1] in (("data",), ("metrics",))
            and "ingested" not in path.parts
        }
        return list(read_table(tmp_path / "data/scrubbed/news")), left

    return stages


def said(value: str, talk: str = "1", title: str = "가나다") -> dict:
    return {"section": "경제", "title": f"{title}: 연락처는 {value}", "talk": talk}


def test_another_value_leaves_the_same_bytes(made):
    """Of the text, of a group's name, and of a line that is refused."""
    values = (HERS, HIS, THEIRS)
    texts = [[said(v, talk=v), said(v, talk=v, title="라마바")] for v in values]
    left = [
        made(rows, broken=f'{{"title": "{v}"\n'.encode())[1]
        for rows, v in zip(texts, values, strict=True)
    ]
    assert left[0] == left[1] == left[2]
    assert any("quarantine" in name for name in left[0]), left[0].keys()


def test_rows_that_are_equal_once_masked_have_ids_of_their_own(made):
    rows, _ = made([said(HERS), said(HIS), said(HERS), said(HERS, title="사아자")])
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == 4 and all(len(set(i) - set("0123456789abcdef")) == 0 for i in ids)
    again, _ = made([said(THEIRS), said(THEIRS)])
    assert [row["id"] for row in again] == ids[:2], "by their place, not by their value"


def test_rows_that_are_added_change_no_id(made):
    old = [said(HERS, talk=HERS), said(HERS, talk=HERS, title="사아자"), said("없음", talk="3")]
    before, _ = made(old)
    after, _ = made([said("새 글", talk="새 글"), *old, said(HIS, talk=HERS), said(HIS, talk=HIS)])
    assert [(r["id"], r["group"]) for r in after[1:4]] == [(r["id"], r["group"]) for r in before]


def test_groups_keep_rows_together_under_the_id_of_the_first(made):
    rows, _ = made([said("ㄱ", talk=HERS), said("ㄴ", talk=HIS), said("ㄷ", talk=HERS)])
    assert [row["group"] for row in rows] == [rows[0]["id"], rows[1]["id"], rows[0]["id"]]


def test_a_file_name_is_masked_in_quarantine(tmp_path, monkeypatch):
    ingest = ingest_in(tmp_path, monkeypatch)
    folder = tmp_path / "calls.raw"
    folder.mkdir()
    for name in (f"{HERS}.jsonl", f"{HIS}.jsonl", "week-1.jsonl"):
        (folder / name).write_bytes(b"{\n")
    _, _, bad = ingest(None, NEWS, name="calls")
    assert [row["file"] for row in bad] == [
        "[PHONE].jsonl (1)",
        "[PHONE].jsonl (2)",
        "week-1.jsonl",
    ]
    table = pq.read_table(tmp_path / "data/quarantine/calls.parquet")
    assert HERS not in json.dumps(table.to_pylist())
