"""Raw files as records: JSON lines, CSV, TSV and Parquet, read in one pass with flat memory.

Reading has two halves. `raw_batches` cuts a file into numbered pieces (a line, a CSV record, a row
of Parquet) and is all that must happen in order. `records` parses the pieces of one batch, which
any process can do. A piece that cannot be parsed is a `Refused` with its reason, never an error.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stages.raw.contract import Refused

RAW = pa.schema([("line", pa.int64()), ("raw", pa.binary()), ("reason", pa.string())])
ROWS_PER_BATCH = 1_000
BYTES_PER_BATCH = 8 * 2**20
MAX_LINE_BYTES = 64 * 2**20  # a longer line is read in pieces, hashed and refused
MAX_LINES = 1_000  # of one CSV record; a quote that is open for longer was never meant as one
BOM = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """Line or row number from 1; the bytes, or their SHA-256 where `reason` refuses them."""

    line: int
    raw: bytes
    reason: str | None = None


class Record(NamedTuple):
    line: int
    sha256: str
    content: dict | Refused


def raw_batches(path: Path, form: str) -> Iterator[pa.RecordBatch]:
    """The file in pieces: batches of RAW, or for Parquet its own columns and `line`.

    Raises:
        pa.ArrowInvalid, OSError: the file is no Parquet, or damaged.
    """
    if form == "parquet":
        yield from _parquet_batches(path)
        return
    with path.open("rb") as file:
        lines = _lines(file)
        pieces = lines if form == "jsonl" else _csv_pieces(lines, "\t" if form == "tsv" else ",")
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
    """The lines that are not blank, the byte order mark of the file left out."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES):
        number += 1
        if number == 1:
            raw = raw.removeprefix(BOM)
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            digest = hashlib.sha256(raw)
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE_BYTES)
                digest.update(raw)
            yield Piece(number, digest.digest(), "line_too_long")
        elif raw.strip():
            yield Piece(number, raw)


def _csv_pieces(lines: Iterator[Piece], comma: str) -> Iterator[Piece]:
    """The records of a CSV file. A record without a quote is its line; one with quotes may go on
    over further lines.

    A quote that is not closed within MAX_LINES, or closed in the middle of a field, spoils its own
    line alone: reading goes on with the next one. The first piece is the header.
    """
    for piece in (again := _Again(lines)):
        if piece.reason or b'"' not in piece.raw:
            yield piece
            continue
        taken = [piece]
        reader = csv.reader(_decoded(taken, again), delimiter=comma, strict=True)
        try:
            next(reader)
        except csv.Error:
            again.push(taken[1:])
            digest = hashlib.sha256(piece.raw).digest()
            yield Piece(piece.line, digest, "unclosed_quote")
            continue
        yield Piece(piece.line, b"".join(part.raw for part in taken))


class _Again:
    """An iterator to which pieces can be given back."""

    def __init__(self, pieces: Iterator[Piece]):
        self.pieces = pieces

    def __iter__(self) -> "_Again":
        return self

    def __next__(self) -> Piece:
        return next(self.pieces)

    def push(self, pieces: list[Piece]) -> None:
        self.pieces = chain(pieces, self.pieces)


def _decoded(taken: list[Piece], more: Iterator[Piece]) -> Iterator[str]:
    """The text of a record's lines for csv.reader; what it asks for is also put in `taken`."""
    yield taken[0].raw.decode("utf-8", "surrogateescape")
    while len(taken) < MAX_LINES and (piece := next(more, None)):
        taken.append(piece)
        if piece.reason:
            return
        yield piece.raw.decode("utf-8", "surrogateescape")


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    number = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
            lines = pa.array(range(number + 1, number + 1 + batch.num_rows), pa.int64())
            number += batch.num_rows
            yield pa.RecordBatch.from_arrays(
                [lines, *batch.columns], names=["line", *(f"raw.{n}" for n in batch.schema.names)]
            )


def records(batch: pa.RecordBatch, form: str, header: list[str]) -> Iterator[Record]:
    """What the pieces of one batch say; `header` names the columns of CSV and TSV."""
    if form == "parquet":
        yield from _parquet_records(batch)
        return
    for line, raw, reason in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        if reason is not None:
            yield Record(line, raw.hex(), Refused(reason))
        else:
            content = _json(raw) if form == "jsonl" else _csv(raw, form, header)
            yield Record(line, hashlib.sha256(raw).hexdigest(), content)


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
    csv.field_size_limit(2**31 - 1)  # the default refuses a file for one long field
    lines = re.split(r"(?<=\n)", text)
    return next(csv.reader(lines, delimiter="\t" if form == "tsv" else ",", strict=True))


def _parquet_records(batch: pa.RecordBatch) -> Iterator[Record]:
    lines = batch.column("line").to_pylist()
    content = batch.drop_columns(["line"])
    content = content.rename_columns([name.removeprefix("raw.") for name in content.schema.names])
    for index, line in enumerate(lines):
        row = content.slice(index, 1)
        try:
            (record,) = row.to_pylist()
        except UnicodeDecodeError:  # Parquet calls a column text and checks nothing
            yield Record(line, _row_digest(row), Refused("invalid_utf8"))
        except (ValueError, OverflowError, pa.ArrowException):  # a date after the year 9999
            yield Record(line, _row_digest(row), Refused("unreadable_value"))
        else:
            yield Record(line, _row_digest(row), record)


def _row_digest(row: pa.RecordBatch) -> str:
    """A row of Parquet has no bytes of its own: the hash of its values in Arrow's stream format."""
    alone = row.take(pa.array([0]))
    return hashlib.sha256(alone.serialize().to_pybytes()).hexdigest()
