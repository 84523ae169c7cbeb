"""Turns conversations into token ids and labels: `data/splits/{train,validation}/` and the base
model's tokenizer in, `data/encoded/{train,validation}/` out.

Labels are made here and not inside a trainer, so that what is trained can be read, counted and
compared with what a server generates. An answer is never cut: a row that is too long is refused and
counted or, where params say so, loses its oldest exchanges. A row without a trained token goes no
further. Earlier answers that a server would generate otherwise than they stand in the row, with
their reasoning for one, are not trained, and counted (`answers_masked`).

`make show ROWS=3` prints the first rows of the training split as they are encoded, the trained
tokens in colour.
"""

import logging
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from stages.chat.family import renderer_of, settings_of
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED, Encoded, Renderer
from stages.formats.json_files import Json, write_json
from stages.formats.tables import Row, read_table, write_table
from stages.params.encode import Encode
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import DataError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("encode")


class Params(Sections):
    encode: Encode


SPLITS = ("train", "validation")
IDS = pa.schema(
    [
        ("id", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
    ]
)


class Counts:
    """What became of the rows of one split."""

    def __init__(self) -> None:
        self.totals: Counter = Counter(
            rows_in=0,
            rows_out=0,
            rows_shortened=0,
            tokens=0,
            trained_tokens=0,
            answers_masked=0,
        )
        self.refused: Counter = Counter(too_long=0, nothing_to_train=0)
        self.by_source: dict[str, Counter] = {}
        self.lengths: Counter = Counter()

    def metrics(self) -> Json:
        return {
            **self.totals,
            "refused": dict(self.refused),
            "longest_row_tokens": max(self.lengths, default=0),
            "rows_by_tokens": self._histogram(),
            "by_source": {name: dict(of) for name, of in self.by_source.items()},
        }

    def _histogram(self) -> dict[str, int]:
        """Rows by length, in steps of powers of two: `65-128`."""
        found: Counter = Counter()
        for tokens, rows in self.lengths.items():
            top = 1 << max(tokens - 1, 0).bit_length()
            found[f"{top // 2 + 1}-{top}"] += rows
        return dict(found)


def encoded_rows(split: str, renderer: Renderer, limits: Encode, counts: Counts) -> Iterator[Row]:
    """The rows of a split that may be trained on; counts what becomes of each."""
    for row in read_table(paths.SPLITS / split):
        of_source = counts.by_source.setdefault(row["source"], Counter(rows_in=0, rows_out=0))
        counts.totals["rows_in"] += 1
        of_source["rows_in"] += 1
        encoded, shortened = fitted(row["messages"], renderer, limits)
        if encoded is None:
            counts.refused["too_long"] += 1
            continue
        trained = sum(label != IGNORED for label in encoded.labels)
        if not trained:
            counts.refused["nothing_to_train"] += 1
            continue
        counts.totals["rows_out"] += 1
        of_source["rows_out"] += 1
        counts.totals["rows_shortened"] += shortened
        counts.totals["tokens"] += len(encoded.input_ids)
        counts.totals["trained_tokens"] += trained
        counts.totals["answers_masked"] += encoded.answers_masked
        counts.lengths[len(encoded.input_ids)] += 1
        yield {"id": row["id"], "input_ids": encoded.input_ids, "labels": encoded.labels}


def fitted(
    messages: list[Message], renderer: Renderer, limits: Encode
) -> tuple[Encoded | None, bool]:
    """The conversation in at most `max_length_tokens`, and whether exchanges were left out for it;
    None where even the last exchange is too long."""
    encoded = renderer.conversation(messages)
    shortened = False
    while len(encoded.input_ids) > limits.max_length_tokens:
        system = 1 if messages[0]["role"] == "system" else 0
        if limits.too_long == "refuse" or len(messages) - system <= 2:
            return None, False
        messages = messages[:system] + messages[system + 2 :]
        encoded, shortened = renderer.conversation(messages), True
    return encoded, shortened


def check_sources(split: str, counts: Counts, limit: int) -> None:
    """Refuses a split of which a whole source is gone: it would be trained without it."""
    if gone := sorted(name for name, of in counts.by_source.items() if not of["rows_out"]):
        raise DataError(
            f"data/splits/{split}",
            f"none of the rows of {gone} fits into {limit} tokens "
            f"(refused in all: {dict(counts.refused)}).",
            "Raise encode.max_length_tokens in params.yaml, or set encode.too_long to drop_oldest.",
        )


def main() -> None:
    limits = read_params(Params).encode
    renderer = renderer_of(paths.BASE, settings_of(limits))
    outs = [*(paths.ENCODED / split for split in SPLITS), paths.METRICS / "encode.json"]
    metrics: dict[str, Json] = {}
    with publish(*outs) as (*tables, metrics_file):
        for split, table in zip(SPLITS, tables, strict=True):
            counts = Counts()
            write_table(table, encoded_rows(split, renderer, limits, counts), IDS)
            check_sources(split, counts, limits.max_length_tokens)
            metrics[split] = counts.metrics()
            log.info("%s: %s, refused %s", split, dict(counts.totals), dict(counts.refused))
        write_json(metrics_file, metrics)


if __name__ == "__main__":
    run(main)
