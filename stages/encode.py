"""Turns conversations into token ids and labels: `data/splits/{train,validation}/` and the base
model's tokenizer in, `data/encoded/{train,validation}/` out.

Labels are made here and not inside a trainer, so that what is trained can be read, counted and
compared with what a server generates. A row whose answer would be cut by the length limit is
refused and counted; nothing is truncated.
"""

import logging
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from stages.chat.harmony import IGNORED, Harmony, Settings, harmony_of
from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.errors import DataError
from stages.pipeline.publish import publish
from stages.pipeline.run import run, write_json
from stages.pipeline.tables import Row, read_table, write_table
from stages.pipeline.tracking import project

log = logging.getLogger("encode")

SPLITS = ("train", "validation")
IDS = pa.schema(
    [
        ("id", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
    ]
)


def encoded_rows(split: str, harmony: Harmony, limit: int, counts: Counter) -> Iterator[Row]:
    """The rows of a split that fit into `limit` tokens; counts rows, tokens and refusals."""
    for row in read_table(paths.SPLITS / split):
        counts["rows_in"] += 1
        encoded = harmony.conversation(row["messages"])
        if len(encoded.input_ids) > limit:
            counts["refused_too_long"] += 1
            continue
        counts["rows_out"] += 1
        counts["tokens"] += len(encoded.input_ids)
        counts["trained_tokens"] += sum(label != IGNORED for label in encoded.labels)
        counts["longest_row_tokens"] = max(counts["longest_row_tokens"], len(encoded.input_ids))
        yield {"id": row["id"], "input_ids": encoded.input_ids, "labels": encoded.labels}


def main() -> None:
    config = load_config()
    harmony = harmony_of(paths.BASE, Settings(**config.encode.harmony.model_dump()))
    limit = config.encode.max_length_tokens
    outs = [*(paths.ENCODED / split for split in SPLITS), paths.METRICS / "encode.json"]
    metrics: dict[str, dict[str, int]] = {}
    with publish(*outs) as (*tables, metrics_file):
        for split, table in zip(SPLITS, tables, strict=True):
            counts: Counter = Counter(refused_too_long=0)
            write_table(table, encoded_rows(split, harmony, limit, counts), IDS)
            if not counts["rows_out"]:
                raise DataError(
                    f"data/splits/{split}",
                    f"none of its {counts['rows_in']} rows fits into {limit} tokens.",
                    "Raise encode.max_length_tokens in params.yaml.",
                )
            metrics[split] = dict(counts)
            log.info("%s: %s", split, dict(counts))
        write_json(metrics_file, metrics)
    project(config.runtime, "encode", metrics, outs)


if __name__ == "__main__":
    run(main)
