"""Masks personal data in every text of one source: `data/ingested/<source>/` in,
`data/scrubbed/<source>/` out, with counts by type and never a value.

It comes before anything that shows, stores or trains on the text (S1-15). Conversations are masked
turn by turn and fields one by one. What a number is often stands in the turn before, or is the
field's name, so these are read along. A row's masks depend on that row alone. Style tags are filled
here, with what is masked.

Rows get their ids here, from what the masks leave. A hash of the unmasked row would give the value
away to whoever has the masked text beside it: a template with one hole, and a few digits to try. So
an id follows from the masked content alone, rows that are equal once masked differ by their place
among themselves, and a group takes the id of its first row, never a hash of its name. That needs no
secret, and rows that are added below change no id.
"""

import hashlib
import json
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
from stages.pipeline.outputs import publish
from stages.pipeline.placeholders import fill
from stages.pipeline.program import item, run
from stages.rows.engine import map_batches

log = logging.getLogger("scrub")
ID_HEX_DIGITS = 16


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
        own = {"id": content_id(clean), "masks": masks, "doubtful": doubtful}
        rows.append(clean | own)
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
    where = f"sources.{row['source']}.style_tags"
    said = fields | {"style": style}
    # Masked again, since a tag of several fields may join what was told apart; not counted twice.
    tags = [scrub(fill(tag, said, where), optional)[0] for tag in row["style_tags"]]
    own = {"style": style, "style_tags": [tag.replace(" ", "_") for tag in tags]}  # S1-17
    return row | {"fields": fields, "turns": turns} | own, found


def content_id(row: Row) -> str:
    """The id of the first row that has this masked content."""
    content = [row["source"], row["style"], row["fields"], row["turns"]]
    return _short(json.dumps(content, ensure_ascii=False, sort_keys=True))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:ID_HEX_DIGITS]


class Ids:
    """Gives the rows of one source their ids and groups, in the rows' order."""

    def __init__(self) -> None:
        self.equal: Counter[int] = Counter()  # rows so far, by content; an int is half a str
        self.first: dict[str, str] = {}  # the id of a group's first row, by the source's own name

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, whose `id` is that of its content and whose `group` the source's own name,
        with the ids and groups that rows keep."""
        ids, groups = [], []
        for content, group in zip(batch["id"].to_pylist(), batch["group"].to_pylist(), strict=True):
            place = self.equal[int(content, 16)]
            self.equal[int(content, 16)] += 1
            ids.append(_short(f"{content}/{place}") if place else content)
            groups.append(self.first.setdefault(group, ids[-1]) if group else "")
        for name, values in (("id", ids), ("group", groups)):
            at = batch.schema.get_field_index(name)
            batch = batch.set_column(at, name, pa.array(values, pa.string()))
        return batch


def main() -> None:
    name = item("source")
    params = read_params(Params)
    outs = [paths.SCRUBBED / name, paths.METRICS / "scrub" / f"{name}.json"]
    masks: Counter = Counter()
    rows_masked = rows_to_review = 0
    ids = Ids()

    def scrubbed() -> Iterator[pa.RecordBatch]:
        nonlocal rows_masked, rows_to_review
        work = partial(scrub_batch, optional=frozenset(params.scrub.optional))
        for batch in map_batches(work, read_batches(paths.INGESTED / name), params.runtime):
            of_rows = batch.column("masks").to_pylist()
            masks.update(mask for of_row in of_rows for mask in of_row)
            rows_masked += sum(map(bool, of_rows))
            rows_to_review += batch.column("doubtful").to_pylist().count(True)
            yield ids.of(batch.select(CANONICAL.names))

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
