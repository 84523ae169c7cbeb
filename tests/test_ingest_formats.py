"""Raw files in CSV, TSV and Parquet, and input that nobody thought of."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import ingest
from stages.pipeline.config import Source
from stages.pipeline.errors import DataError
from stages.pipeline.tables import write_batches
from tests.raw_files import CHAT, GOOD, LONG, NEWS, ingest_in, line


@pytest.fixture
def run(tmp_path, monkeypatch):
    return ingest_in(tmp_path, monkeypatch)


@pytest.mark.parametrize(("form", "comma"), [("csv", ","), ("tsv", "\t")])
def test_csv_and_tsv(run, form, comma):
    rows = [
        ("title", "section"),
        ('"쉼표, 탭\t따옴표 ""안""\n둘째 줄"', "경제"),
        ("짧은 줄",),
        ("긴 줄", "경제", "남는 칸"),
        ("", "경제"),
        ("앞\x00뒤", "경제"),
    ]
    text = "\r\n".join(comma.join(cells) for cells in rows)
    raw = b"\xef\xbb\xbf" + text.encode() + comma.join(["\r\nx", "y"]).encode() + b"\xff\r\n\r\n"
    good, metrics, bad = run(raw, NEWS | {"format": form}, suffix=form)
    assert [row["fields"]["title"] for row in good] == ['쉼표, 탭\t따옴표 "안"\n둘째 줄']
    assert [entry["reason"] for entry in bad] == [
        "wrong_column_count",
        "wrong_column_count",
        "empty_title",
        "invalid_characters_title",
        "invalid_utf8",
    ]
    assert metrics["rows_in"] == 6


def test_a_long_csv_field_is_no_error(run):
    """Python's csv stops at fields of 131,072 characters unless told otherwise."""
    raw = f"title,section\r\n{'가' * 200_000},경제\r\n짧은 줄,경제\r\n".encode()
    rows, _, _ = run(raw, LONG | {"format": "csv"})
    assert [len(row["fields"]["title"]) for row in rows] == [200_000, 4]


def parquet(tmp_path: Path, column: pa.Array) -> bytes:
    pq.write_table(pa.table({"title": column}), tmp_path / "raw.parquet")
    return (tmp_path / "raw.parquet").read_bytes()


def test_parquet(run, tmp_path):
    rows, _, bad = run(
        parquet(tmp_path, pa.array(["제목", None, ""])), NEWS | {"format": "parquet"}
    )
    assert rows[0]["fields"] == {"section": "기타", "title": "제목"}
    assert [(entry["line"], entry["reason"]) for entry in bad] == [
        (2, "missing_title"),
        (3, "empty_title"),
    ]


def test_invalid_utf8_in_parquet_is_quarantined(run, tmp_path):
    """Parquet calls a column text and checks nothing."""
    broken = pa.array(["제목".encode(), b"\xff", b"ok"], pa.binary()).view(pa.string())
    rows, _, bad = run(parquet(tmp_path, broken), NEWS | {"format": "parquet"})
    assert [row["fields"]["title"] for row in rows] == ["제목", "ok"]
    assert [(entry["line"], entry["reason"]) for entry in bad] == [(2, "invalid_utf8")]


def test_a_file_that_is_not_what_it_should_be_is_refused(run, tmp_path):
    """Text, a file cut short, and one with a damaged page."""
    whole = parquet(tmp_path, pa.array([f"제목 {i}" for i in range(500)]))
    damaged = whole[:4] + b"\xff" * 200 + whole[204:]
    for raw in (line(GOOD), whole[:-20], damaged):
        with pytest.raises(DataError, match=r"cannot be read as parquet.*format"):
            run(raw, NEWS | {"format": "parquet"})
        assert not Path("data/ingested/news").exists()


NEWS_SOURCE = Source.model_validate(NEWS | {"path": "x"})
CHAT_SOURCE = Source.model_validate(CHAT | {"path": "x"})
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.fixed_dictionaries({"title": JSON, "section": JSON, "dialog": JSON})
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": JSON}))  # fmt: skip


def taken(raw: bytes, source: Source, folder: Path) -> int:
    """The rows that ingest makes of raw bytes, written as Parquet; refusals are the only exit."""
    path = folder / "raw.jsonl"
    path.write_bytes(raw)
    header, batches = ingest.open_raw(path, source)
    shutil.rmtree(folder / "table", ignore_errors=True)
    work = [ingest.ingest_batch(batch, "any", source, "raw", header) for batch in batches]
    return write_batches(folder / "table", work, ingest.CHECKED)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200))
def test_no_bytes_are_an_error(raw, tmp_path_factory):
    taken(raw, NEWS_SOURCE, tmp_path_factory.getbasetemp())


@settings(max_examples=60, deadline=None)
@given(record=RECORDS, messages=MESSAGES)
def test_no_record_is_an_error(record, messages, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    raw = json.dumps(record).encode() + b"\n"
    taken(raw, NEWS_SOURCE, folder)
    taken(raw + json.dumps({"dialog": messages}).encode(), CHAT_SOURCE, folder)
