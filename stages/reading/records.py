"""Raw files as records: JSON lines, CSV, TSV and Parquet, read in one pass with flat memory.

Reading has two halves. `raw_batches` cuts a file into numbered pieces (a line, a CSV record, a row
of Parquet) and is all that must happen in order. `records` parses the pieces of one batch, which
any process can do. A piece that cannot be parsed is a `Refused` with its reason, never an error.

A record of CSV may hold line ends, within quotes. One of TSV never does: in
text/tab-separated-values every line is a record. Where the quotes of a line are those of CSV they
are read so, as spreadsheets and pandas write them; in any other line a quote is text.

(Longer than most files: how a format is cut decides how its pieces are parsed, and both are read
together.)
"""

import csv
import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.formats.tables import naming_damage
from stages.pipeline.errors import DataError
from stages.reading.contract import Refused

RAW = pa.schema([("line", pa.int64()), ("raw", pa.binary()), ("reason", pa.string())])
ROWS_PER_BATCH = 1_000
BYTES_PER_BATCH = 8 * 2**20
# Of Parquet, so many rows are decoded at a time. What a column chunk takes on disk says little of
# it: a text that is repeated is written once.
ROWS_PER_STEP = 64
MAX_LINE_BYTES = 64 * 2**20  # a longer line is read in pieces and refused
# A quote in CSV that is open for longer was never meant as one.
MAX_LINES = 1_000
MAX_OPEN_BYTES = 64 * 2**20
DAMAGED = "Check the source's format in params.yaml, or make the file again."
JSON_BLANKS = b" \t\r\n"
BOM = b"\xef\xbb\xbf"

csv.field_size_limit(2**31 - 1)  # the default refuses a file for one long field


class Piece(NamedTuple):
    """Line or row number from 1; the bytes, or none where `reason` refuses them."""

    line: int
    raw: bytes
    reason: str | None = None


class Record(NamedTuple):
    line: int
    content: dict | Refused


def raw_batches(path: Path, form: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The file in pieces: batches of RAW, or for Parquet `line` and those of `columns` that it has.
    The first piece of CSV and TSV is the header.

    Raises:
        DataError: the file is no Parquet, or damaged; its header cannot be read, or names a column
            twice.
        OSError: the disk cannot be read.
    """
    if form == "parquet":
        yield from _parquet_batches(path, columns)
        return
    with path.open("rb") as file:
        lines = _lines(file)
        if form == "jsonl":
            pieces = (piece for piece in lines if _is_row(piece, JSON_BLANKS))
        elif form == "tsv":
            pieces = _below_header(path, filter(_is_row, lines), form)
        else:
            pieces = _below_header(path, _csv_pieces(lines), form)
        waiting: list[Piece] = []
        size = 0
        for piece in pieces:
            waiting.append(piece)
            size += len(piece.raw)
            if len(waiting) == ROWS_PER_BATCH or size > BYTES_PER_BATCH:
                yield _batch(waiting)
                waiting, size = [], 0
        if waiting:
            yield _batch(waiting)


def _batch(pieces: list[Piece]) -> pa.RecordBatch:
    columns = zip(zip(*pieces, strict=True), RAW.types, strict=True)
    return pa.RecordBatch.from_arrays([pa.array(*column) for column in columns], schema=RAW)


def _lines(file: BinaryIO) -> Iterator[Piece]:
    """All lines, the byte order mark of the file left out."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES):
        number += 1
        if number == 1:
            raw = raw.removeprefix(BOM)
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE_BYTES)
            yield Piece(number, b"", "line_too_long")
        else:
            yield Piece(number, raw)


def _is_row(piece: Piece, blanks: bytes = b" \r\n") -> bool:
    """A line of tabs is a row of TSV, of which every cell is empty."""
    return piece.reason is not None or bool(piece.raw.strip(blanks))


Quote = Literal["closed", "open", "spoiled"]  # how a line leaves the quotes of its record


def _csv_pieces(lines: Iterator[Piece]) -> Iterator[Piece]:
    """The records of a CSV file. A record without a quote is its line; one with quotes may go on
    over further lines, blank ones among them.

    A quote that is not closed within MAX_LINES and MAX_OPEN_BYTES, or closed in the middle of a
    field, spoils its own line alone: reading goes on with the next one. What a line does to an open
    quote does not depend on the line that opened it, so each line is looked at twice at most,
    however many quotes are left open.
    """
    ahead: deque[tuple[Piece, Quote]] = deque()  # lines that were read, and what they do to a quote
    held = 0  # their bytes
    open_for = 0  # so many of them, the first ones, leave a quote open
    while True:
        if ahead:
            piece, _ = ahead.popleft()
            held -= len(piece.raw)
            open_for = max(open_for - 1, 0)
        elif (piece := next(lines, None)) is None:
            return
        if not _is_row(piece):
            continue
        # A spoiled line goes on as it is: whoever parses it finds what is wrong.
        if piece.reason or _quote_after(piece, False) != "open":
            yield piece
            continue
        while True:
            if open_for == len(ahead):
                if open_for >= MAX_LINES - 1 or held >= MAX_OPEN_BYTES:
                    break
                if (following := next(lines, None)) is None:
                    break
                ahead.append((following, _quote_after(following, True)))
                held += len(following.raw)
            if ahead[open_for][1] != "open":
                break
            open_for += 1
        if open_for < len(ahead) and ahead[open_for][1] == "closed":
            taken = [piece.raw] + [ahead.popleft()[0].raw for _ in range(open_for + 1)]
            held = open_for = 0  # the line that closed it was the last one read
            yield Piece(piece.line, b"".join(taken))
        else:
            yield Piece(piece.line, b"", "unclosed_quote")


def _quote_after(piece: Piece, is_open: bool) -> Quote:
    if piece.reason:
        return "spoiled"
    if b'"' not in piece.raw:
        return "open" if is_open else "closed"
    asked_for_more = False

    def lines() -> Iterator[str]:
        nonlocal asked_for_more
        if is_open:
            yield '"\n'
        yield piece.raw.decode("latin-1")  # what matters is ASCII, which no part of UTF-8 can be
        asked_for_more = True

    try:
        next(csv.reader(lines(), strict=True))
    except csv.Error:
        return "open" if asked_for_more else "spoiled"
    return "closed"


def _below_header(path: Path, pieces: Iterator[Piece], form: str) -> Iterator[Piece]:
    """The pieces of a CSV or TSV file, the header first, if the header is one."""
    header = next(pieces, None)
    if header is None:
        return
    refused = DataError(
        str(path),
        f"the header, line {header.line}, cannot be read as {form} in UTF-8.",
        "Save the file as UTF-8, with the names of its columns in the first line.",
    )
    if header.reason:
        raise refused
    try:
        header.raw.decode("utf-8")
        names = csv_header(header.raw, form)
    except (UnicodeDecodeError, csv.Error):
        raise refused from None
    _refuse_repeated(path, names)
    yield from chain([header], pieces)


def _refuse_repeated(path: Path, names: list[str]) -> None:
    """Columns without a name may be many, as spreadsheets write them: nobody can ask for one."""
    counts = Counter(names)
    if repeated := [at for at, name in enumerate(names, 1) if name and counts[name] > 1]:
        raise DataError(
            str(path),
            f"has names that stand more than once, in the columns {repeated} counted from 1.",
            "Give each column a name of its own (none is repeated here: without a header, the "
            "first line is a row).",
        )


def parquet_columns(path: Path) -> list[str]:
    """The names of all columns of a Parquet file.

    Raises:
        As `raw_batches`.
    """
    with naming_damage(path, DAMAGED), pq.ParquetFile(path) as file:
        return file.schema_arrow.names


def _parquet_batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with naming_damage(path, DAMAGED), pq.ParquetFile(path) as file:
        _refuse_repeated(path, file.schema_arrow.names)
        waiting: list[pa.RecordBatch] = []
        rows = size = 0
        for batch in chain.from_iterable(map(_halved, _parquet_steps(path, file, columns))):
            if waiting and (
                rows + batch.num_rows > ROWS_PER_BATCH or size + batch.nbytes > BYTES_PER_BATCH
            ):
                yield pa.concat_batches(waiting)
                waiting, rows, size = [], 0, 0
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
        if waiting:
            yield pa.concat_batches(waiting)


def _parquet_steps(
    path: Path, file: pq.ParquetFile, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """Rows as they are decoded: ROWS_PER_STEP, fewer where they are large on disk already, or where
    a value that is written once is."""
    number = 0
    for index in range(file.num_row_groups):
        group = file.metadata.row_group(index)
        chunks = [group.column(at) for at in range(group.num_columns)]
        chunks = [chunk for chunk in chunks if _is_in(chunk, columns)]
        size = sum(chunk.total_uncompressed_size for chunk in chunks)
        fitting = BYTES_PER_BATCH * group.num_rows // max(size, 1)
        if size > BYTES_PER_BATCH:
            fitting = min(fitting, BYTES_PER_BATCH // _most_repeated_bytes(path, index, chunks))
        for batch in file.iter_batches(
            batch_size=min(max(fitting, 1), ROWS_PER_STEP), row_groups=[index], columns=columns
        ):
            lines = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
            number += batch.num_rows
            names = ["line", *(f"raw.{name}" for name in batch.schema.names)]
            yield pa.RecordBatch.from_arrays([lines, *batch.columns], names=names)


def _most_repeated_bytes(path: Path, group: int, chunks: list[pq.ColumnChunkMetaData]) -> int:
    """The length of the longest text in the dictionaries of a row group: it is written once, and
    may stand in every row. At least 1."""
    leaves = [chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page]
    with pq.ParquetFile(path, read_dictionary=leaves) as file:
        first = next(file.iter_batches(1, row_groups=[group], columns=leaves), None)
    longest, arrays = 1, list(first.columns) if first is not None and leaves else []
    while arrays:
        array = arrays.pop()
        if isinstance(array, pa.DictionaryArray) and _is_text(array.dictionary.type):
            lengths = pc.call_function("binary_length", [array.dictionary])
            longest = max(longest, pc.call_function("max", [lengths]).as_py() or 0)
        elif isinstance(array, pa.ListArray | pa.LargeListArray):
            arrays.append(array.values)
        elif isinstance(array, pa.StructArray):
            arrays += array.flatten()
    return longest


def _is_text(kind: pa.DataType) -> bool:
    return any(is_a(kind) for is_a in (pa.types.is_string, pa.types.is_binary))


def _halved(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts of BYTES_PER_BATCH at most, or of one row."""
    if batch.nbytes <= BYTES_PER_BATCH or batch.num_rows == 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _halved(batch[:half])
    yield from _halved(batch[half:])


def _is_in(chunk: pq.ColumnChunkMetaData, columns: list[str]) -> bool:
    """A chunk is one leaf of a column, `a.list.element` or `a.b` of a."""
    return any(f"{chunk.path_in_schema}.".startswith(f"{column}.") for column in columns)


def records(batch: pa.RecordBatch, form: str, header: list[str]) -> Iterator[Record]:
    """What the pieces of one batch say; `header` names the columns of CSV and TSV."""
    if form == "parquet":
        yield from _parquet_records(batch)
        return
    for line, raw, reason in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        if reason is not None:
            yield Record(line, Refused(reason))
        else:
            content = _json(raw) if form == "jsonl" else _csv(raw, form, header)
            yield Record(line, content)


def _json(raw: bytes) -> dict | Refused:
    try:
        content = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_without_duplicates)
    except UnicodeDecodeError:
        return Refused("invalid_utf8")
    except Refused as refused:
        return refused
    except (ValueError, RecursionError):  # ValueError: also an integer of over 4,300 digits
        return Refused("invalid_json")
    return content if isinstance(content, dict) else Refused("not_an_object")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):  # which of the two is meant?
        raise Refused("duplicate_keys")
    return content


def csv_header(raw: bytes, form: str) -> list[str]:
    """The column names of a CSV or TSV file, from its first record."""
    cells = _cells(raw.decode("utf-8", "replace"), form)
    return [cell.strip() for cell in cells]


def _csv(raw: bytes, form: str, header: list[str]) -> dict | Refused:
    try:
        cells = _cells(raw.decode("utf-8"), form)
    except UnicodeDecodeError:
        return Refused("invalid_utf8")
    except csv.Error:
        return Refused("invalid_csv")
    if len(cells) != len(header):
        return Refused("wrong_column_count")
    return dict(zip(header, cells, strict=True))


def _cells(text: str, form: str) -> list[str]:
    if form == "csv":
        return next(csv.reader(re.split(r"(?<=\n)", text), strict=True))
    try:
        return next(csv.reader([text], delimiter="\t", strict=True))
    except csv.Error:
        return next(csv.reader([text], delimiter="\t", quoting=csv.QUOTE_NONE))


def _parquet_records(batch: pa.RecordBatch) -> Iterator[Record]:
    lines = batch.column("line").to_pylist()
    content = batch.drop_columns(["line"])
    content = content.rename_columns([name.removeprefix("raw.") for name in content.schema.names])
    for index, line in enumerate(lines):
        row = content.slice(index, 1)
        if row.nbytes > MAX_LINE_BYTES:  # a value that is written once may stand in every row
            yield Record(line, Refused("line_too_long"))
            continue
        try:
            (record,) = row.to_pylist()
        except UnicodeDecodeError:  # Parquet calls a column text and checks nothing
            yield Record(line, Refused("invalid_utf8"))
        except (ValueError, OverflowError, pa.ArrowException):  # a date after the year 9999
            yield Record(line, Refused("unreadable_value"))
        else:
            yield Record(line, record)
