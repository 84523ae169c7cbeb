"""Ten thousand damaged rows: ingest refuses or takes each of them, and counts them all."""

import csv
import io
import json
import random
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.formats.tables import read_batches
from stages.pipeline.errors import DataError, PipelineError
from stages.reading import records
from stages.reading.records import raw_batches
from stages.scrub import scrub_batch
from tests.raw_files import CHAT, LONG, NEWS, ingest_in, line

ROWS = 3_200  # of each of news, conversations, CSV and TSV; four in five come out damaged
SEED = 20_260_101


@pytest.fixture
def run(tmp_path, monkeypatch):
    return ingest_in(tmp_path, monkeypatch)


def good_news(rng: random.Random) -> dict:
    words = rng.choices(
        ("반도체", "수출", "늘어", "전화 010-1234-5678", "ㅋㅋ", "①…", '"말"', "a,b"), k=4
    )
    return {"section": rng.choice(("경제", "사회")), "title": " ".join(words), "n": rng.random()}


def good_chat(rng: random.Random) -> dict:
    said = ["점심 먹었어?", "응 먹었어", "뭐 먹었는데?", "김치찌개 ㅋㅋ"]
    if rng.random() < 0.5:
        return {"dialog": said[: rng.choice((2, 4))]}
    roles = ("user", "assistant", "user", "assistant")
    return {"dialog": [{"role": r, "content": t} for r, t in zip(roles, said, strict=True)]}


# Damage to the bytes of a line.
INSERTED = (
    b"\x00", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\r", b"\xed\xa0\x80", b"\\ud800", b"\\udc00\\ud800",
    b'"', b'""', b"'", b"\\", b",", b"\t", b"\x1b", b"\x7f", b"\x85", b"\xe2\x80\xa8", b"\xc0\x80",
    b"\xff", b"\xf4\x90\x80\x80", b"{", b"}", b"[", b"]", b":", b"NaN", b"1e999", b"\x0b", b"\x1a",
)  # fmt: skip


def flip(rng: random.Random, raw: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(rng.choice((1, 1, 3, 10))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def cut(rng: random.Random, raw: bytes) -> bytes:
    start, end = sorted(rng.choices(range(len(raw) + 1), k=2))
    return rng.choice((raw[:start], raw[start:], raw[:start] + raw[end:]))


def insert(rng: random.Random, raw: bytes) -> bytes:
    place = rng.randrange(len(raw) + 1)
    return raw[:place] + rng.choice(INSERTED) * rng.choice((1, 1, 2, 50)) + raw[place:]


def other_encoding(rng: random.Random, raw: bytes) -> bytes:
    encoding = rng.choice(("cp949", "utf-16", "utf-8-sig", "utf-7"))
    return raw.decode(errors="ignore").encode(encoding, "ignore")


def twice(_: random.Random, raw: bytes) -> bytes:
    return raw.rstrip(b"\n") * 2


BYTES = (flip, cut, insert, insert, insert, other_encoding, twice)

# What a value may say in place of a text.
VALUES = (
    b"NaN", b"-Infinity", b"1e999", b"-0.0", b"9" * 5_000, b"1" * 400, b"-1", b"true", b"null",
    b"[" * 3_000 + b"]" * 3_000, b"[" * 300 + b"]" * 300, b'{"a":' * 200 + b"1" + b"}" * 200,
    b'{"role": "user"}', b'["user", 1]', b'""', b'" "', b'"\\u0000"', b'"\\ud83d"', b"[null]",
    b'[{"role": null, "content": null}]', b'[{"speaker": "a", "utterance": 1}]', b"[[]]", b"{}",
    b'"' + b"\\u0007" * 20 + b'"', b'"\\ufeff"', b'"\xe2\x80\x8b"', b'[{"role": "system"}]',
)  # fmt: skip
NAMES = ("", "\x00", "a.b", "self", "__class__", "own_turns", "field_0", "제목", "body", "\ud800")


def json_line(rng: random.Random, record: dict) -> bytes:
    """The record as JSON: as it is, with wrong values, a repeated key, other names, or swapped."""
    damage = rng.choice(("none", "none", "value", "value", "repeated", "names", "swapped"))
    names = list(record)
    values = [json.dumps(value, ensure_ascii=False).encode() for value in record.values()]
    if damage == "value":
        values[rng.randrange(len(values))] = rng.choice(VALUES)
    elif damage == "repeated":
        names, values = [*names, rng.choice(names)], [*values, rng.choice(VALUES)]
    elif damage == "names":
        names[rng.randrange(len(names))] = rng.choice(NAMES)
    elif damage == "swapped":
        rng.shuffle(values)
    pairs = zip((json.dumps(name).encode() for name in names), values, strict=True)
    return b"{" + b", ".join(name + b": " + value for name, value in pairs) + b"}"


def csv_line(rng: random.Random, record: dict, comma: str) -> bytes:
    cells = list(record.values())
    damage = rng.choice(("none", "none", "none", "swapped", "fewer", "more"))
    if damage == "swapped":
        rng.shuffle(cells)
    elif damage != "none":
        cells = cells[:-1] if damage == "fewer" else [*cells, *cells]
    text = io.StringIO()
    quoting = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    csv.writer(text, delimiter=comma, quoting=quoting).writerow(cells)
    return text.getvalue().encode()


def damaged(row: Callable[[random.Random], bytes]) -> bytes:
    """ROWS rows, half of them with damaged bytes as well. (More lines, where bytes are line ends.)"""
    rng = random.Random(SEED)
    done = []
    for _ in range(ROWS):
        raw = row(rng)
        for damage in rng.choices(BYTES, k=rng.choice((0, 0, 1, 2))):
            raw = damage(rng, raw) or b"?"
        done.append(raw.rstrip(b"\n") + b"\n")
    return b"".join(done)


def rows_of(raw: bytes, blanks: bytes) -> int:
    """The lines of a file that are not blank, its byte order mark aside."""
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return sum(bool(part.strip(blanks)) for part in lines)


@pytest.mark.parametrize(("good", "source"), [(good_news, LONG), (good_chat, CHAT)])
def test_damaged_json_lines(run, good, source):
    raw = damaged(lambda rng: json_line(rng, good(rng)))
    raw += line({"title": "가" * 3_500_000, "dialog": ["가" * 1_700_000] * 2})  # 10 MB
    raw += b'{"title": "' + b"\xea" * 10 * 2**20 + b'"}\n' + b"[" * 10 * 2**20 + b"\n"
    rows, metrics, bad = run(raw, source)
    assert metrics["rows_in"] == rows_of(raw, b" \t\r") >= ROWS
    assert len(rows) > ROWS / 20 and len(bad) > ROWS / 4
    assert [entry["line"] for entry in bad] == sorted({entry["line"] for entry in bad})
    assert {"invalid_json", "invalid_utf8", "duplicate_keys"} <= set(metrics["quarantined"])


@pytest.mark.parametrize(("form", "comma"), [("csv", ","), ("tsv", "\t")])
def test_damaged_csv_and_tsv(run, form, comma):
    body = damaged(lambda rng: csv_line(rng, good_news(rng), comma))
    body += (
        ("가" * 3_500_000 + f"{comma}경제{comma}1\n").encode() + b'"' + b"a" * 10 * 2**20 + b"\n"
    )
    rows, metrics, _ = run(
        comma.join(["section", "title", "n\r\n"]).encode() + body, LONG | {"format": form}
    )
    lines = rows_of(body, b" \r")
    if form == "csv":  # in which a record may span lines, so that they are the most there can be
        assert ROWS / 2 < metrics["rows_in"] <= lines
        assert "unclosed_quote" in metrics["quarantined"]
    else:
        assert metrics["rows_in"] == lines
    assert len(rows) > ROWS / 20
    assert {"wrong_column_count", "invalid_utf8"} <= set(metrics["quarantined"])


@cache
def whole_parquet() -> bytes:
    rng = random.Random(SEED)
    table = pa.Table.from_pylist(
        [good_news(rng) | good_chat(rng) | {"dialog": ["a", "b"]} for _ in range(400)]
    )
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=100)
    return file.getvalue()


def damaged_parquet(seed: int) -> bytes:
    rng = random.Random(seed)
    whole = whole_parquet()
    tail = max(len(whole) - 2_000, 0)  # the footer is where most can go wrong
    raw = bytearray(whole)
    for _ in range(rng.choice((1, 4, 40))):
        raw[rng.randrange(rng.choice((0, tail)), len(raw))] = rng.randrange(256)
    return bytes(raw) if seed % 3 else cut(rng, bytes(raw))


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_parquet_file_names_itself_or_gives_rows(run, seed):
    raw = damaged_parquet(seed)
    try:
        run(raw, LONG | {"format": "parquet"})
    except PipelineError as error:
        assert isinstance(error, DataError)
        assert error.where.endswith("news.raw")
        assert not Path("data/ingested/news").exists()


def test_values_that_parquet_can_hold_and_no_text_can(run, tmp_path):
    columns = {
        "title": pa.array(["가", b"\xff".decode("latin-1"), None, "나"]),
        "section": pa.array([b"\xff\xfe", b"", None, "경제".encode()], pa.binary()).view(pa.string()),
        "when": pa.array([0, 2**62, -(2**62), None], pa.timestamp("us")),
        "day": pa.array([0, 2**31 - 1, -(2**31), None], pa.date32()),
        "line": pa.array([[1], [], None, [None]]),
        "n": pa.array([1, 2**63, 2**64 - 1, None], pa.uint64()),
        "half": pa.array([1.5, float("nan"), float("inf"), None], pa.float16()),
        "map": pa.array([[("a", 1), ("a", 2)], [], None, [("b", None)]], pa.map_(pa.string(), pa.int8())),
        "kind": pa.array(["a", "b", "a", None]).dictionary_encode(),
        "took": pa.array([1, 2**62, -1, None], pa.duration("ns")),
        "cost": pa.array([1, None, None, None], pa.decimal128(38, 2)),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "wide.parquet")
    (batch,) = raw_batches(tmp_path / "wide.parquet", "parquet", list(columns))
    found = list(records.records(batch, "parquet", []))
    assert [str(row.content) for row in found[1:3]] == ["unreadable_value"] * 2
    assert str(found[0].content) == "invalid_utf8" and isinstance(found[3].content, dict)
    rows, metrics, _ = run((tmp_path / "wide.parquet").read_bytes(), LONG | {"format": "parquet"})
    assert metrics["rows_in"] == 4 and len(rows) >= 1


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize(
    ("raw", "rows_in"),
    [
        (b"", 0),
        (b"\xef\xbb\xbf", 0),
        (b"\n\r\n", 0),
        (b"title,section", 0),
        (b"\xef\xbb\xbftitle,section\r\n", 0),
        (b'\xef\xbb\xbf"title","section"\r\na,b\r\n', 1),
        (b"\ntitle,section,,\na,b,c,d\n", 1),
    ],
)
def test_files_of_a_header_and_little_else(run, form, raw, rows_in):
    raw = raw if form == "csv" else raw.replace(b",", b"\t")
    _, metrics, _ = run(raw, NEWS | {"format": form})
    assert metrics["rows_in"] == rows_in


def test_a_header_of_two_lines(run):
    _, metrics, bad = run(b'\ntitle,"sec\ntion"\na,b\n', NEWS | {"format": "csv"})
    assert (metrics["rows_in"], bad) == (1, [])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"title,section,title", r"more than once, in the columns \[1, 3\] counted from 1"),
        (b"title, title", r"in the columns \[1, 2\]"),
        (b",a,,b,b,a", r"in the columns \[2, 4, 5, 6\]"),
        (b'"title,section', "the header, line 1, cannot be read"),
        (b'"ti"tle,section', "the header, line 1, cannot be read"),
        (b"title\rsection", "the header, line 1, cannot be read"),
        ("제목,분야".encode("cp949"), "the header, line 1, cannot be read as csv in UTF-8"),
        ("title,section".encode("utf-16"), "the header, line 1, cannot be read"),
    ],
)
def test_a_header_that_is_none(run, header, said):
    with pytest.raises(DataError, match=rf"news\.raw: .*{said}"):
        run(header + b"\na,b,c\n", NEWS | {"format": "csv"})


@pytest.mark.parametrize(("form", "comma"), [("csv", ","), ("tsv", "\t")])
def test_s1_15_a_file_without_a_header_is_not_quoted(run, form, comma):
    """Its first line is a row, here one that has the same number twice."""
    raw = comma.join(["홍길동", "901010-1234567", "901010-1234567"]) + "\n"
    with pytest.raises(DataError, match=r"in the columns \[2, 3\]") as refused:
        run(raw.encode(), NEWS | {"format": form})
    assert "901010" not in str(refused.value) and "홍길동" not in str(refused.value)


def test_a_table_without_a_column_that_the_source_names(run, tmp_path):
    """One error, not one refusal a row; and what stands in the place of a header may be a row."""
    said = r"news\.raw: has no column \['title'\], so none of its rows"
    with pytest.raises(DataError, match=said) as refused:
        run("김민수 010-1234-5678,경제\n가,나\n".encode(), NEWS | {"format": "csv"})
    assert "김민수" not in str(refused.value)
    pq.write_table(pa.table({"section": ["경제"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match=said):
        run((tmp_path / "other.parquet").read_bytes(), NEWS | {"format": "parquet"})
    rows, _, bad = run("title\n가\n".encode(), NEWS | {"format": "csv"})  # section has a default
    assert (len(rows), bad) == (1, [])


def test_two_columns_of_one_name_in_parquet(run, tmp_path):
    table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["title", "title"])
    pq.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match=r"news\.raw: has names .* in the columns \[1, 2\]"):
        run((tmp_path / "twice.parquet").read_bytes(), NEWS | {"format": "parquet"})


def test_what_a_quoted_field_holds_is_kept(run):
    """Blank lines too, and more than the 131,072 characters at which Python's csv stops."""
    text = "첫 문단\n\n\r\n둘째 문단 " + "가" * 140_000
    raw = f'title,section\n"{text}",경제\n짧은 줄,사회\n'.encode()
    rows, _, bad = run(raw, LONG | {"format": "csv"})
    assert [row["fields"]["title"] for row in rows] == [text, "짧은 줄"]
    assert bad == []


def test_a_stray_quote_spoils_its_own_line_alone(run):
    clean = "짧은 줄,경제\n" * 3
    raw = f'title,section\n{clean}"열린 줄,경제\n{clean}"두 줄\n제목",사회\n"가"나,경제\n{clean}'
    rows, _, bad = run(raw.encode(), NEWS | {"format": "csv"})
    assert len(rows) == 10
    assert [(entry["line"], entry["reason"]) for entry in bad] == [
        (5, "unclosed_quote"),
        (11, "invalid_csv"),
    ]


def pieces(raw: bytes, form: str, folder: Path) -> list[tuple]:
    path = folder / "pieces.raw"
    path.write_bytes(raw)
    return [
        piece
        for batch in raw_batches(path, form, [])
        for piece in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def pieces_by_trying(raw: bytes) -> list[tuple[int, bool]]:
    """Where the records of CSV begin, and whether an open quote spoils them: each is tried from its
    first line with all that follows."""
    all_lines = raw.splitlines(keepends=True)
    found, at = [], 0
    while at < len(all_lines):
        if not all_lines[at].strip(b" \n"):
            at += 1
            continue
        reader = csv.reader((part.decode() for part in all_lines[at:]), strict=True)
        try:
            next(reader)
            taken, spoiled = reader.line_num, False
        except csv.Error:
            taken, spoiled = 1, reader.line_num > 1 or _opens(all_lines[at])
        found.append((at + 1, spoiled))
        at += taken
    return found


def _opens(raw: bytes) -> bool:
    """A last line that leaves a quote open: one more line would be asked for."""
    reader = csv.reader([raw.decode(), '"\n'], strict=True)
    with suppress(csv.Error):
        next(reader)
    return reader.line_num == 2


@settings(max_examples=400, deadline=None)
@given(text=st.text(st.sampled_from('"",\n\nab '), max_size=40))
def test_records_begin_where_trying_each_line_says(text, tmp_path_factory):
    raw = b"h\n" + text.encode()
    found = pieces(raw, "csv", tmp_path_factory.getbasetemp())
    assert [(at, reason == "unclosed_quote") for at, _, reason in found] == pieces_by_trying(raw)


@pytest.mark.parametrize("row", ['"열린 줄,경제', 'x","', '줄,"경제', '"a""b', '""",a'])
def test_open_quotes_cost_no_more_than_their_lines(row, tmp_path, monkeypatch):
    """Counted, not timed: each line is looked at twice at most, where trying looks at a thousand."""
    looks = 0
    look = records._quote_after

    def counted(*arguments):
        nonlocal looks
        looks += 1
        return look(*arguments)

    monkeypatch.setattr(records, "_quote_after", counted)
    found = pieces(b"h\n" + f"{row}\n".encode() * 20_000, "csv", tmp_path)
    assert 10_000 <= len(found) - 1 <= 20_000
    assert looks <= 2 * 20_001


def test_a_quote_that_stays_open_holds_little(tmp_path, monkeypatch):
    """It may not take the file into memory in search of its end."""
    monkeypatch.setattr(records, "MAX_OPEN_BYTES", 100)
    raw = b'h\n"a\n' + b"b" * 99 + b'\nc\nd"\n'
    assert [(at, reason) for at, _, reason in pieces(raw, "csv", tmp_path)] == [
        (1, None), (2, "unclosed_quote"), (3, None), (4, None), (5, None),
    ]  # fmt: skip


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text(
    st.sampled_from("010-1234567890 @.가나:,[]PHONE\n"), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_what_ingest_writes_can_be_scrubbed(texts, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        run = ingest_in(folder, patch)
        rows, metrics, _ = run(b"".join(line({"dialog": [text, text]}) for text in texts), CHAT)
        assert metrics["rows_in"] == len(texts)
        work = partial(scrub_batch, optional=frozenset({"NAME", "BIRTHDATE", "REPRESENTATIVE"}))
        for batch in read_batches(folder / "data/ingested/news"):
            assert work(batch).num_rows == batch.num_rows
    assert len(rows) == metrics["rows_out"]
