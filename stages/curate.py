"""Keeps the rows worth training on: all `data/scrubbed/` in, `data/curated/` out, and in
`data/dropped.parquet` the id and the reason of every row that was left out. The rows of the sources
that are for evaluation become `data/evaluation/`.

Filters look at one row. Then rows that hold what an evaluation source holds are left out, and of
equal and nearly equal rows all but the first, across all sources, in their order by name and the
rows' own order. A kept row carries the ids of earlier rows that are alike enough that it must not
be split from them (`near`). Evaluation sources are compared with, and pass as they are.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from stages.curation.contamination import Contamination
from stages.curation.duplicates import FULL_BAND, Duplicates, Sketch, sketch_of
from stages.curation.filters import refusal
from stages.formats.json_files import Json, write_json
from stages.formats.tables import (
    CANONICAL,
    CURATED,
    Row,
    batch_rows,
    read_batches,
    read_table,
    row_texts,
    said_texts,
    write_file,
    write_table,
)
from stages.korean.lexicon import read_lexicon
from stages.params.curate import Curate
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Name, Sections
from stages.params.sources import Source
from stages.pipeline import paths
from stages.pipeline.errors import InputError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run
from stages.rows.engine import map_batches

log = logging.getLogger("curate")


class Params(Sections):
    runtime: Runtime
    sources: dict[Name, Source]
    curate: Curate


DROPPED = pa.schema([("id", pa.string()), ("source", pa.string()), ("reason", pa.string())])
SKETCHED = pa.schema(
    [*CANONICAL, ("reason", pa.string()), ("digest", pa.string()), ("sketch", pa.binary())]
)


def scrubbed_tables(sources: list[str]) -> list[str]:
    """The names of the tables.

    Raises:
        InputError: a source of params.yaml has no table, or a table belongs to no source. Half of
            the corpus would otherwise pass for the whole.
    """
    present = sorted(
        folder.name
        for folder in paths.SCRUBBED.glob("*")
        if folder.is_dir() and folder.suffix != ".partial"
    )
    if missing := sorted(set(sources) - set(present)):
        raise InputError(
            str(paths.SCRUBBED),
            f"the tables of {missing} are not there.",
            f"Run `dvc pull {' '.join(f'scrub@{name}' for name in missing)}`, or `dvc repro`.",
        )
    if stale := sorted(set(present) - set(sources)):
        raise InputError(
            str(paths.SCRUBBED),
            f"{stale} are not sources of params.yaml (any more).",
            f"Delete what they left: `rm -r {' '.join(map(paths.left_by, stale))}`.",
        )
    return present


def evaluation_set(tables: list[str]) -> Iterator[Row]:
    """The rows of the sources that are never trained on. A table is of one use, so its first row
    tells whether to read on."""
    for name in tables:
        for row in read_table(paths.SCRUBBED / name):
            if row["use"] == "training":
                break
            yield row


def sketch_batch(batch: pa.RecordBatch, limits: Curate) -> pa.RecordBatch:
    """A batch of canonical rows as SKETCHED rows: what can be said of each row alone."""
    rows = []
    for row in batch_rows(batch):
        reason = None if row["use"] == "evaluation" else refusal(row, limits)
        sketch = sketch_of(row) if reason is None else Sketch("", b"")
        rows.append(row | {"reason": reason, "digest": sketch.digest, "sketch": sketch.values})
    return pa.RecordBatch.from_pylist(rows, schema=SKETCHED)


class Kept:
    """The rows that are kept, and what is counted on the way."""

    def __init__(self, limits: Curate, tested: Contamination):
        self.tested = tested
        self.seen = Duplicates(limits.near_duplicate_jaccard, limits.same_split_jaccard)
        self.slang, self.emoji = read_lexicon(paths.SLANG), read_lexicon(paths.EMOJI)
        self.rows_in: Counter = Counter()
        self.rows_out: Counter = Counter()
        self.with_slang: Counter = Counter()
        self.with_emoji: Counter = Counter()
        self.dropped: list[dict[str, str]] = []

    def of(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            source = row["source"]
            self.rows_in[source] += 1
            reason, near = row["reason"], []
            if reason is None and self.tested.touches(said_texts(row)):
                reason = "in_evaluation_set"
            if reason is None:
                reason, near = self.seen.see(row, Sketch(row["digest"], row["sketch"]))
            if reason is not None:
                self.dropped.append({"id": row["id"], "source": source, "reason": reason})
                continue
            self.rows_out[source] += 1
            text = "\n".join(row_texts(row))
            self.with_slang[source] += bool(self.slang.search(text))
            self.with_emoji[source] += bool(self.emoji.search(text))
            yield row | {"near": near}

    def metrics(self, evaluation_rows: int) -> Json:
        return {
            "rows_in": sum(self.rows_in.values()),
            "rows_out": sum(self.rows_out.values()),
            "rows_dropped": len(self.dropped),
            "rows_of_evaluation_sets": evaluation_rows,
            "rows_crowded": self.seen.crowded,
            "dropped": dict(Counter(row["reason"] for row in self.dropped)),
            "rows_in_by_source": dict(self.rows_in),
            "rows_out_by_source": dict(self.rows_out),
            "slang_share_by_source": _shares(self.with_slang, self.rows_out),
            "emoji_share_by_source": _shares(self.with_emoji, self.rows_out),
        }


def training_rows(tables: list[str], limits: Curate, runtime: Runtime) -> Iterator[Row]:
    """The SKETCHED rows of the sources that are trained on."""
    work = partial(sketch_batch, limits=limits)
    for name in tables:
        for batch in map_batches(work, read_batches(paths.SCRUBBED / name), runtime):
            for row in batch_rows(batch):
                if row["use"] == "training":
                    yield row


def main() -> None:
    params = read_params(Params)
    limits = params.curate
    outs = [paths.CURATED, paths.EVALUATION, paths.DROPPED, paths.METRICS / "curate.json"]
    tables = scrubbed_tables(sorted(params.sources))
    tested = Contamination(limits.contamination_chars)
    for row in evaluation_set(tables):
        tested.add(said_texts(row))
    tested.close()
    kept = Kept(limits, tested)
    with publish(*outs) as (table, evaluation, dropped_file, metrics_file):
        evaluation_rows = write_table(evaluation, evaluation_set(tables))
        write_table(table, kept.of(training_rows(tables, limits, params.runtime)), CURATED)
        write_file(dropped_file, kept.dropped, DROPPED)
        metrics = kept.metrics(evaluation_rows)
        write_json(metrics_file, metrics)
    log.info("%d rows in, %d out, dropped %s", metrics["rows_in"], metrics["rows_out"],
             dict(sorted(metrics["dropped"].items())))  # fmt: skip
    if metrics["rows_crowded"]:
        log.warning(
            "%d rows repeat what over %d others do; not all that are alike were found. Take the "
            "repeated part out of the rows, or raise curate.same_split_jaccard in params.yaml.",
            metrics["rows_crowded"], FULL_BAND,
        )  # fmt: skip


def _shares(counts: Counter, totals: Counter) -> dict[str, float]:
    return {name: round(counts[name] / total, 6) for name, total in totals.items()}


if __name__ == "__main__":
    run(main)
