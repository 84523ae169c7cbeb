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
from stages.formats.tables import write_batches
from stages.params.sources import Source
from stages.pipeline.errors import DataError
from stages.reading.records import BYTES_PER_BATCH, ROWS_PER_BATCH, raw_batches, records
from tests.raw_files import CHAT, GOOD, LONG, NEWS, ingest_in, line


@pytest.fixture
def run(tmp_path, monkeypatch):
    return ingest_in(tmp_path, monkeypatch)


@pytest.mark.parametrize(("form", "comma", "end"), [("csv", ",", "\n"), ("tsv", "\t", " ")])
def test_csv_and_tsv(run, form, comma, end):
    """Both with quotes as spreadsheets write them; a cell of two lines is CSV's alone."""
    rows = [
        ("title", "section"),
        (f'"쉼표, 탭\t따옴표 ""안""{end}둘째 줄"', "경제"),
        ("짧은 줄",),
        ("긴 줄", "경제", "남는 칸"),
        ("", "경제"),
        ("앞\x00뒤", "경제"),
    ]
    text = "\r\n".join(comma.join(cells) for cells in rows)
    raw = b"\xef\xbb\xbf" + text.encode() + comma.join(["\r\nx", "y"]).encode() + b"\xff\r\n\r\n"
    good, metrics, bad = run(raw, NEWS | {"format": form}, suffix=form)
    assert [row["fields"]["title"] for row in good] == [f'쉼표, 탭\t따옴표 "안"{end}둘째 줄']
    assert [entry["reason"] for entry in bad] == [
        "wrong_column_count",
        "wrong_column_count",
        "empty_title",
        "invalid_characters_title",
        "invalid_utf8",
    ]
    assert metrics["rows_in"] == 6


def test_a_quote_in_tsv_never_takes_the_next_line(run):
    """Three rows, not one that begins with A and ends with C; and quotes in a line are kept."""
    titles = ['"인용으로 시작', "평범", '끝이 인용"', '가 "나" 다', '"가" 나', '"', "'\""]
    raw = "section\ttitle\n" + "".join(f"{n}\t{title}\n" for n, title in enumerate(titles))
    rows, metrics, bad = run(raw.encode(), NEWS | {"format": "tsv"})
    assert [row["fields"]["title"] for row in rows] == titles
    assert [row["fields"]["section"] for row in rows] == [str(n) for n in range(len(titles))]
    assert (metrics["rows_in"], bad) == (len(titles), [])


@pytest.mark.parametrize(
    ("form", "empty"), [("tsv", "\t"), ("tsv", "\t \r"), ("csv", ","), ("csv", "\t")]
)
def test_a_row_of_empty_cells_is_counted(run, form, empty):
    comma = "," if form == "csv" else "\t"
    raw = f"title{comma}section\n{empty}\n \r\n\n제목{comma}경제\n"
    rows, metrics, bad = run(raw.encode(), NEWS | {"format": form})
    assert (metrics["rows_in"], len(rows), len(bad)) == (2, 1, 1), "blank lines are no rows"


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


VIEW = pa.string_view()
LONG_TEXT = "화면에 긴 글" * 9  # a view keeps up to twelve bytes in itself
TITLES = ["제목", LONG_TEXT, None, ""]
STRING_TYPES = [pa.string(), pa.large_string(), VIEW, pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("kind", STRING_TYPES, ids=str)
def test_every_type_of_text_in_parquet_is_the_same_to_us(run, tmp_path, kind):
    of_text = run(parquet(tmp_path, pa.array(TITLES)), LONG | {"format": "parquet"})
    assert run(parquet(tmp_path, pa.array(TITLES, kind)), LONG | {"format": "parquet"}) == of_text
    assert [entry["reason"] for entry in of_text[2]] == ["missing_title", "empty_title"]


NESTED = [
    (pa.list_(VIEW), [["가", LONG_TEXT], None]),
    (pa.large_list(VIEW), [["가"], []]),
    (pa.list_(VIEW, 2), [["가", LONG_TEXT], ["나", "다"]]),
    (pa.list_view(pa.string()), [["가"], ["나", "다"]]),
    (pa.large_list_view(VIEW), [["가"], [LONG_TEXT, "다"]]),
    (pa.struct([("x", VIEW), ("y", pa.list_(VIEW))]), [{"x": "가", "y": [LONG_TEXT]}, None]),
    (pa.map_(VIEW, VIEW), [[("가", LONG_TEXT)], []]),
    (pa.list_(pa.dictionary(pa.int32(), pa.string())), [["가", "나"], ["나"]]),
    (pa.struct([("x", pa.dictionary(pa.int8(), pa.string()))]), [{"x": "가"}, {"x": None}]),
    (pa.binary_view(), [b"\xff" * 20, None]),
    (pa.json_(VIEW), ["[1]", None]),
    (pa.uuid(), [b"0" * 16, b"1" * 16]),
    (pa.decimal256(50, 2), [1, None]),
    (pa.null(), [None, None]),
]


@pytest.mark.parametrize(("kind", "values"), NESTED, ids=[str(kind) for kind, _ in NESTED])
def test_a_row_is_read_whatever_its_types(tmp_path, kind, values):
    """As in a file of this row alone: pyarrow shares buffers between rows of some types."""

    def contents(values: list) -> list[str]:
        if isinstance(kind, pa.BaseExtensionType):
            stored = pa.array(values, kind.storage_type)
            column = pa.ExtensionArray.from_storage(kind, stored)
        else:
            column = pa.array(values, kind)
        pq.write_table(pa.table({"any": column}), tmp_path / "typed")
        batches = raw_batches(tmp_path / "typed", "parquet", ["any"])
        return [str(row.content) for batch in batches for row in records(batch, "parquet", [])]

    together = contents(values)
    assert together == [content for value in values for content in contents([value])]
    assert len(set(together)) == len({str(value) for value in values})


def test_only_the_columns_of_the_source_are_read(tmp_path):
    """A nested one alone of its column; one whose name has a dot; of news also what must be empty."""
    columns = {
        "title": ["가"],
        "input": [{"subject": "나", "page": "다"}],
        "a.b": ["라"],
        "a": ["마"],
        "body": ["바"],
        "page": ["사"],
    }
    pq.write_table(pa.table(columns), tmp_path / "wide")
    mapped = {"columns": {"title": "title", "subject": "input.subject", "summary": "a.b"}}
    news = {"columns": {"title": "title"}, "contract": {"max_chars": {"title": 9}}}
    common = {"path": "x", "format": "parquet", "defaults": {}, "style_tags": []}
    read = []
    for said in (LONG | mapped, NEWS | news):
        source = Source.model_validate(said | common)
        (batch,) = ingest.open_raw(tmp_path / "wide", source)[1]
        read += [record.content for record in records(batch, "parquet", [])]
    assert read == [
        {"title": "가", "input": {"subject": "나"}, "a.b": "라"},
        {"title": "가", "body": "바"},
    ]


def test_a_batch_of_parquet_is_bounded_in_rows_and_in_bytes(tmp_path):
    """Also where the file is small, since one text is repeated in it. One row may be larger."""
    repeated = ["가" * 30_000] * 900
    large = [f"{at}" * 3_000_000 for at in range(9)]
    for texts, group in (
        (["다"] * 2_500, 7),
        (repeated, 900),
        (large, 900),
        (large[:1] * 9, 900),
        ([large[0] * 3, "라", "마"], 900),
    ):
        table = pa.table({"title": texts})
        pq.write_table(table, tmp_path / "wide", row_group_size=group, compression="zstd")
        batches = list(raw_batches(tmp_path / "wide", "parquet", ["title"]))
        lines = [line for batch in batches for line in batch.column("line").to_pylist()]
        assert lines == list(range(1, len(texts) + 1))
        assert max(batch.num_rows for batch in batches) <= ROWS_PER_BATCH
        for batch in batches:
            assert batch.nbytes <= BYTES_PER_BATCH or batch.num_rows == 1


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
