"""Masks personal data in every text of one source: `data/ingested/<source>/` in,
`data/scrubbed/<source>/` out, with counts by type and never a value.

It comes before anything that shows, stores or trains on the text (S1-15). Conversations are masked
turn by turn and fields one by one. What a number is often stands in the turn before, or is the
field's name, so these are read along. A row's masks depend on that row alone.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from stages.formats.json_files import write_json
from stages.formats.tables import CANONICAL, Row, batch_rows, read_batches, write_batches
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.scrub import Scrub
from stages.params.section import Sections
from stages.pii.scrubber import RULES_VERSION, Span, scrub
from stages.pipeline import paths
from stages.pipeline.engine import map_batches
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

log = logging.getLogger("scrub")


class Params(Sections):
    runtime: Runtime
    scrub: Scrub


# What was masked in a row, `TYPE/rule` for each value, and whether one of them is a guess.
SCRUBBED = pa.schema([*CANONICAL, ("masks", pa.list_(pa.string())), ("doubtful", pa.bool_())])


def scrub_batch(batch: pa.RecordBatch, optional: frozenset[str]) -> pa.RecordBatch:
    """A batch of canonical rows as one of SCRUBBED rows."""
    rows = []
    for row in batch_rows(batch):
        clean, spans = scrub_row(row, optional)
        masks = [f"{span.type}/{span.rule}" for span in spans]
        doubtful = any(span.confidence == "low" for span in spans)
        rows.append(clean | {"masks": masks, "doubtful": doubtful})
    return pa.RecordBatch.from_pylist(rows, schema=SCRUBBED)


def scrub_row(row: Row, optional: frozenset[str]) -> tuple[Row, list[Span]]:
    """The masked row and what was masked in its texts."""
    found: list[Span] = []

    def masked(text: str, before: str = "") -> str:
        clean, spans = scrub(text, optional, before)
        found.extend(spans)
        return clean

    fields = {name: masked(text, before=name) for name, text in row["fields"].items()}
    turns: list[dict[str, str]] = []
    for turn in row["turns"]:
        before = turns[-1]["text"] if turns else ""
        turns.append({"role": turn["role"], "text": masked(turn["text"], before)})
    style = masked(row["style"])
    # Tags are made from fields, so they are masked too; their masks are not counted twice.
    tags = [scrub(tag, optional)[0] for tag in row["style_tags"]]
    return row | {"fields": fields, "turns": turns, "style": style, "style_tags": tags}, found


def main() -> None:
    name = item("source")
    params = read_params(Params)
    outs = [paths.SCRUBBED / name, paths.METRICS / "scrub" / f"{name}.json"]
    masks: Counter = Counter()
    rows_masked = rows_to_review = 0

    def scrubbed() -> Iterator[pa.RecordBatch]:
        nonlocal rows_masked, rows_to_review
        work = partial(scrub_batch, optional=frozenset(params.scrub.optional))
        for batch in map_batches(work, read_batches(paths.INGESTED / name), params.runtime):
            of_rows = batch.column("masks").to_pylist()
            masks.update(mask for of_row in of_rows for mask in of_row)
            rows_masked += sum(map(bool, of_rows))
            rows_to_review += batch.column("doubtful").to_pylist().count(True)
            yield batch.select(CANONICAL.names)

    with publish(*outs) as (table, metrics_file):
        rows = write_batches(table, scrubbed())
        by_type: Counter = Counter()
        for mask, count in masks.items():
            by_type[mask.partition("/")[0]] += count
        metrics = {
            "rows": rows,
            "rows_masked": rows_masked,
            "rows_to_review": rows_to_review,
            "masked_total": sum(masks.values()),
            "masked": dict(by_type),
            "masked_by_rule": dict(masks),
            "rules_version": RULES_VERSION,
        }
        write_json(metrics_file, metrics)
    log.info("%s: %d of %d rows masked %s; %d to review", name, rows_masked, rows,
             dict(sorted(by_type.items())), rows_to_review)  # fmt: skip


if __name__ == "__main__":
    run(main)
