"""Canonical Parquet: a table is a folder of shards, and the same rows are always the same bytes.

Every shard but the last holds `ROWS_PER_SHARD` rows, in row groups of `ROWS_PER_GROUP`. Codec,
level and page version are fixed and no library metadata is kept, so the bytes depend on the rows
and the pyarrow version alone (`created_by` names it; the lock file pins it).
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.pipeline.errors import InputError

ROWS_PER_SHARD = 100_000
ROWS_PER_GROUP = 10_000

Row = dict[str, Any]

# What every source becomes. `fields` holds the source's own named texts, `turns` a conversation,
# `group` the hash of what must stay in one split with it (a dialogue, a set of paraphrases) or "".
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


def write_file(path: Path, rows: list[Row], schema: pa.Schema) -> None:
    """Writes one Parquet file; an empty list gives a valid file without rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.Table.from_pylist(rows, schema=schema.remove_metadata()),
        path,
        row_group_size=ROWS_PER_GROUP,
        compression="zstd",
        compression_level=3,
        version="2.6",
        data_page_version="1.0",
        store_schema=False,
    )


def write_table(folder: Path, rows: Iterable[Row], schema: pa.Schema = CANONICAL) -> int:
    """Writes the rows, in their order, as shards `00000.parquet`, ... and returns their number.

    Holds one shard in memory. Without rows there is still one (empty) shard, so that the schema is
    on disk.
    """
    folder.mkdir(parents=True)
    remaining = iter(rows)
    total = 0
    for index in range(100_000):
        shard = list(islice(remaining, ROWS_PER_SHARD))
        if not shard and index:
            break
        write_file(folder / f"{index:05d}.parquet", shard, schema)
        total += len(shard)
        if len(shard) < ROWS_PER_SHARD:
            break
    return total


def read_table(folder: Path) -> Iterator[Row]:
    """The rows of a table, shard by shard, with maps as dicts.

    Raises:
        InputError: the folder holds no shard.
    """
    shards = sorted(folder.glob("*.parquet"))
    if not shards:
        raise InputError(str(folder), "holds no Parquet shard.", "Run `dvc repro` or `dvc pull`.")
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches(batch_size=ROWS_PER_GROUP):
                yield from batch.to_pylist(maps_as_pydicts="strict")


def row_texts(row: Row) -> list[str]:
    """Every text of a canonical row that a person wrote: its fields by name, then its turns."""
    return [row["fields"][name] for name in sorted(row["fields"])] + [
        turn["text"] for turn in row["turns"]
    ]
