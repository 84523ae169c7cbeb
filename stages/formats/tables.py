"""Canonical Parquet: a table is a folder of shards, and the same rows are always the same bytes.

Every shard but the last holds `ROWS_PER_SHARD` rows, in row groups of `ROWS_PER_GROUP`. Codec,
level and page version are fixed and no library metadata is kept, so the bytes depend on the rows
and the pyarrow version alone (`created_by` names it; the lock file pins it).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.pipeline.errors import DataError, InputError

ROWS_PER_SHARD = 100_000
ROWS_PER_GROUP = 10_000
RESTORE = "Restore it with `dvc checkout --force`, or make it again with `dvc repro`."
ROWS_PER_BATCH = 1_000  # what one worker takes at a time; in no output's bytes

Row = dict[str, Any]

# What every source becomes. `fields` holds the source's own named texts, `turns` a conversation,
# `group` the id of the first row of a set that must stay in one split (a dialogue, paraphrases), or
# "". `id` and `group` follow from masked content (scrub.py).
CANONICAL = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("use", pa.string()),
        ("group", pa.string()),
        ("style", pa.string()),
        ("style_tags", pa.list_(pa.string())),
        ("license", pa.string()),
        ("as_of", pa.string()),
        ("fields", pa.map_(pa.string(), pa.string())),
        ("turns", pa.list_(pa.struct([("role", pa.string()), ("text", pa.string())]))),
    ]
)

# What ingest writes, unmasked: no ids yet, and the groups as the source calls them.
INGESTED = pa.schema([field for field in CANONICAL if field.name != "id"])

# `near`: ids of earlier rows that are so alike that they must not stand in different splits.
CURATED = pa.schema([*CANONICAL, ("near", pa.list_(pa.string()))])


def write_file(path: Path, rows: list[Row], schema: pa.Schema) -> None:
    """Writes one Parquet file; an empty list gives a valid file without rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _writer(path, schema) as writer:
        table = pa.Table.from_pylist(rows, schema=schema.remove_metadata())
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)


@contextmanager
def open_file(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """One Parquet file that grows by what is given to the function, in any number of batches; holds
    one row group in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting: list[pa.RecordBatch] = []
    held = 0
    with _writer(path, schema) as writer:

        def append(batch: pa.RecordBatch) -> None:
            nonlocal waiting, held
            waiting.append(batch)
            held += batch.num_rows
            if held >= ROWS_PER_GROUP:
                rows = pa.Table.from_batches(waiting, schema).combine_chunks()
                whole = held - held % ROWS_PER_GROUP
                writer.write_table(rows[:whole], row_group_size=ROWS_PER_GROUP)
                waiting, held = rows[whole:].to_batches(), held - whole

        yield append
        writer.write_table(pa.Table.from_batches(waiting, schema).combine_chunks())


def write_stream(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Writes one Parquet file from tables as they come, each a row group."""
    with _writer(path, schema) as writer:
        for table in tables:
            writer.write_table(table.cast(schema.remove_metadata()))


def write_table(folder: Path, rows: Iterable[Row], schema: pa.Schema = CANONICAL) -> int:
    """Writes the rows, in their order, as shards `00000.parquet`, ... and returns their number."""
    return write_batches(folder, batches_of(rows, schema), schema)


def write_batches(
    folder: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema = CANONICAL
) -> int:
    """Writes the rows of the batches as shards and returns their number.

    Holds one row group in memory. How the rows are cut into batches leaves no trace in the bytes.
    Without rows there is still one (empty) shard, so that the schema is on disk.
    """
    folder.mkdir(parents=True)
    total, shard = 0, 0
    groups = _groups(batches, schema)
    group = next(groups, None)
    while group is not None or shard == 0:
        in_shard = 0
        with _writer(folder / f"{shard:05d}.parquet", schema) as writer:
            while group is not None and in_shard < ROWS_PER_SHARD:
                writer.write_table(group)
                in_shard += group.num_rows
                group = next(groups, None)
        total, shard = total + in_shard, shard + 1
    return total


def batches_of(rows: Iterable[Row], schema: pa.Schema = CANONICAL) -> Iterator[pa.RecordBatch]:
    """Rows as batches of at most ROWS_PER_BATCH."""
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS_PER_BATCH)):
        yield pa.RecordBatch.from_pylist(batch, schema=schema)


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of ROWS_PER_GROUP rows, the last one of a shard and of all perhaps smaller."""
    waiting: list[pa.RecordBatch] = []
    held = in_shard = 0
    for batch in batches:
        while batch.num_rows:
            room = min(ROWS_PER_GROUP, ROWS_PER_SHARD - in_shard) - held
            waiting.append(batch[:room])
            held += waiting[-1].num_rows
            batch = batch[room:]
            if waiting[-1].num_rows == room:
                yield pa.Table.from_batches(waiting, schema).combine_chunks()
                in_shard = (in_shard + held) % ROWS_PER_SHARD
                waiting, held = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema).combine_chunks()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        schema.remove_metadata(),
        compression="zstd",
        compression_level=3,
        version="2.6",
        data_page_version="1.0",
        store_schema=False,
    )


def read_batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a table as batches of at most ROWS_PER_BATCH, shard by shard.

    Raises:
        InputError: the folder holds no shard.
        DataError: one is damaged.
    """
    shards = sorted(folder.glob("*.parquet"))
    if not shards:
        raise InputError(str(folder), "holds no Parquet shard.", "Run `dvc repro` or `dvc pull`.")
    for shard in shards:
        with naming_damage(shard), pq.ParquetFile(shard) as file:
            yield from file.iter_batches(batch_size=ROWS_PER_BATCH)


def read_table(folder: Path) -> Iterator[Row]:
    """The rows of a table, with maps as dicts.

    Raises:
        InputError: the folder holds no shard.
        DataError: one is damaged.
    """
    for batch in read_batches(folder):
        yield from batch_rows(batch)


def read_file(path: Path, columns: Sequence[str] | None = None) -> list[Row]:
    """The rows of one Parquet file, with all columns or those named.

    Raises:
        InputError: it is not there.
        DataError: it is damaged.
    """
    if not path.is_file():
        raise InputError(str(path), "is not there.", "Run `dvc repro`, or `dvc pull`.")
    with naming_damage(path):
        return pq.read_table(path, columns=columns and list(columns)).to_pylist()


@contextmanager
def naming_damage(path: Path, fix: str = RESTORE) -> Iterator[None]:
    """What pyarrow finds wrong with a file as a DataError that names the file."""
    try:
        yield
    except (pa.ArrowException, ValueError, OSError) as error:
        if isinstance(error, DataError) or getattr(error, "errno", None) is not None:
            raise  # the latter is the disk's, not the file's
        raise DataError(
            str(path), f"cannot be read as parquet ({type(error).__name__}).", fix
        ) from None


def batch_rows(batch: pa.RecordBatch) -> list[Row]:
    return batch.to_pylist(maps_as_pydicts="strict")


def row_texts(row: Row) -> list[str]:
    """Every text of a canonical row that a person wrote: its fields by name, then its turns."""
    return _fields(row) + [turn["text"] for turn in row["turns"]]


def said_texts(row: Row) -> list[str]:
    """The same without a system prompt, which many rows share and no model answers."""
    return _fields(row) + [turn["text"] for turn in row["turns"] if turn["role"] != "system"]


def _fields(row: Row) -> list[str]:
    return [row["fields"][name] for name in sorted(row["fields"])]
