"""Canonical Parquet: the same rows are the same bytes, in shards of a fixed size."""

import hashlib
import os
import subprocess
import sys
import textwrap
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.formats import tables
from stages.formats.tables import (
    CANONICAL,
    open_file,
    read_table,
    row_texts,
    write_file,
    write_table,
)
from stages.pipeline.errors import InputError
from tests.micro import ROOT


def row(number: int, **fields: str) -> dict:
    return {
        "id": f"{number:016x}",
        "source": "news",
        "kind": "news",
        "style": "plain",
        "style_tags": ["domain:경제", "tone:formal"],
        "use": "training",
        "group": "",
        "license": "CC0-1.0",
        "as_of": "2026-01-01",
        "fields": fields or {"title": f"제목 {number}", "summary": "요약"},
        "turns": [
            {"role": "user", "text": "안녕 👋🏽"},
            {"role": "assistant", "text": "\x00\u200b"},
        ],
    }


WRITE = """
    import sys
    from pathlib import Path
    from stages.formats.tables import write_table
    from tests.data.test_tables import row
    styles = {"headline", "lead", "body", "casual", "formal"}
    write_table(Path(sys.argv[1]), (row(i) | {"style": s} for i, s in enumerate(sorted(styles))))
"""


def test_two_processes_with_different_hash_seeds_write_the_same_bytes(tmp_path):
    for seed in ("0", "1"):
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(WRITE), str(tmp_path / seed)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            check=True,
        )
    written = [(tmp_path / seed / "00000.parquet").read_bytes() for seed in ("0", "1")]
    assert written[0] == written[1]


def test_the_footer_names_the_writer_and_nothing_else(tmp_path):
    """No Arrow schema, no pandas index, no clock, no path."""
    write_table(tmp_path / "table", [row(1)])
    footer = pq.read_metadata(tmp_path / "table" / "00000.parquet")
    assert footer.metadata is None
    assert footer.created_by.startswith("parquet-cpp-arrow version")
    group = footer.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


@pytest.mark.parametrize(
    ("rows", "shards"),
    [(0, [0]), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])],
)
def test_shards_hold_a_fixed_number_of_rows(tmp_path, monkeypatch, rows, shards):
    """A whole number of shards leaves no empty one behind; an empty table still has its schema."""
    monkeypatch.setattr(tables, "ROWS_PER_SHARD", 3)
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 2)
    assert write_table(tmp_path / "table", (row(i) for i in range(rows))) == rows
    files = sorted((tmp_path / "table").iterdir())
    assert [file.name for file in files] == [f"{i:05d}.parquet" for i in range(len(shards))]
    assert [pq.read_metadata(file).num_rows for file in files] == shards
    assert pq.read_schema(files[0]).names == CANONICAL.names
    assert list(read_table(tmp_path / "table")) == [row(i) for i in range(rows)]


def test_a_shard_depends_on_its_own_rows_alone(tmp_path, monkeypatch):
    """Rows added at the end leave the full shards before them as they are, byte for byte."""
    monkeypatch.setattr(tables, "ROWS_PER_SHARD", 3)
    write_table(tmp_path / "short", (row(i) for i in range(4)))
    write_table(tmp_path / "long", (row(i) for i in range(8)))
    digests = [
        hashlib.sha256((tmp_path / name / "00000.parquet").read_bytes()).hexdigest()
        for name in ("short", "long")
    ]
    assert digests[0] == digests[1]


def test_rows_are_written_as_they_come(tmp_path, monkeypatch):
    """Memory stays flat: the first shard is on disk before the third one's rows are asked for."""
    monkeypatch.setattr(tables, "ROWS_PER_SHARD", 2)
    monkeypatch.setattr(tables, "ROWS_PER_BATCH", 1)
    on_disk = []

    def rows():
        for number in range(5):
            on_disk.append(len(list((tmp_path / "table").iterdir())))
            yield row(number)

    write_table(tmp_path / "table", rows())
    assert on_disk == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("cuts", [[7], [1, 6], [2, 2, 3], [0, 5, 0, 2]])
def test_how_rows_come_in_batches_leaves_no_trace(tmp_path, monkeypatch, cuts):
    monkeypatch.setattr(tables, "ROWS_PER_SHARD", 5)
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 2)
    rows = iter([row(i) for i in range(7)])
    batches = [pa.RecordBatch.from_pylist(list(islice(rows, n)), schema=CANONICAL) for n in cuts]
    assert tables.write_batches(tmp_path / "cut", batches) == 7
    write_table(tmp_path / "whole", (row(i) for i in range(7)))
    for shard in ("00000.parquet", "00001.parquet"):
        assert (tmp_path / "cut" / shard).read_bytes() == (tmp_path / "whole" / shard).read_bytes()


def test_a_folder_without_shards_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no Parquet shard.*dvc repro.*dvc pull"):
        next(read_table(tmp_path))


def test_the_texts_of_a_row_are_its_fields_by_name_and_then_its_turns():
    assert row_texts(row(1, title="나", body="가")) == ["가", "나", "안녕 👋🏽", "\x00\u200b"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROW = st.fixed_dictionaries(
    {
        "id": TEXT,
        "source": TEXT,
        "kind": TEXT,
        "style": TEXT,
        "style_tags": st.lists(TEXT, max_size=3),
        "use": TEXT,
        "group": TEXT,
        "license": TEXT,
        "as_of": TEXT,
        "fields": st.dictionaries(TEXT, TEXT, max_size=3),
        "turns": st.lists(st.fixed_dictionaries({"role": TEXT, "text": TEXT}), max_size=3),
    }
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=4))
def test_every_canonical_row_comes_back_as_it_was(rows, tmp_path_factory):
    """Empty maps and lists, NULs, emoji, combining jamo, bidirectional marks."""
    folder = tmp_path_factory.mktemp("table")
    write_file(folder / "00000.parquet", rows, CANONICAL)
    assert list(read_table(folder)) == rows


@pytest.mark.parametrize("rows_per_batch", [1, 7_000, 10_000, 25_000])
def test_a_file_that_grows_bears_no_trace_of_the_batches(tmp_path, rows_per_batch):
    schema = pa.schema([("line", pa.int64())])
    rows = pa.table({"line": range(25_000)}, schema)
    with open_file(tmp_path / "whole.parquet", schema) as append:
        append(rows.combine_chunks().to_batches()[0])
    with open_file(tmp_path / "grown.parquet", schema) as append:
        for batch in rows.to_batches(max_chunksize=rows_per_batch):
            append(batch)
    assert pq.read_table(tmp_path / "grown.parquet") == rows
    whole, grown = (tmp_path / name for name in ("whole.parquet", "grown.parquet"))
    assert whole.read_bytes() == grown.read_bytes()


def test_a_file_to_which_nothing_is_added(tmp_path):
    with open_file(tmp_path / "empty.parquet", CANONICAL):
        pass
    assert pq.read_table(tmp_path / "empty.parquet").num_rows == 0
