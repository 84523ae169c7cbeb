"""Masks personal data in every text of one source: `data/ingested/<source>/` in,
`data/scrubbed/<source>/` out, with counts by type and never a value.

It comes before anything that shows, stores or trains on the text (S1-15). Conversations are masked
turn by turn and fields one by one, so a row's masks depend on that row alone.
"""

import logging
from collections import Counter
from collections.abc import Iterator

from stages.pii.scrubber import RULES_VERSION, scrub
from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.publish import publish
from stages.pipeline.run import item, run, write_json
from stages.pipeline.tables import Row, read_table, write_table
from stages.pipeline.tracking import project

log = logging.getLogger("scrub")


def scrub_row(row: Row, optional: frozenset[str]) -> tuple[Row, Counter, bool]:
    """The masked row, the number of masks by type, and whether a person should look at it."""
    found: Counter = Counter()
    doubtful = False

    def masked(text: str) -> str:
        nonlocal doubtful
        clean, spans = scrub(text, optional)
        found.update(span.type for span in spans)
        doubtful |= any(span.confidence == "low" for span in spans)
        return clean

    fields = {name: masked(text) for name, text in row["fields"].items()}
    turns = [{"role": turn["role"], "text": masked(turn["text"])} for turn in row["turns"]]
    style = masked(row["style"])
    # Tags are made from fields, so they are masked too; their masks are not counted twice.
    tags = [scrub(tag, optional)[0] for tag in row["style_tags"]]
    clean = {"fields": fields, "turns": turns, "style": style, "style_tags": tags}
    return row | clean, found, doubtful


def main() -> None:
    name = item("source")
    config = load_config()
    optional = frozenset(config.scrub.optional)
    outs = [paths.SCRUBBED / name, paths.METRICS / "scrub" / f"{name}.json"]
    masked: Counter = Counter()
    rows_masked = rows_to_review = 0

    def scrubbed_rows() -> Iterator[Row]:
        nonlocal rows_masked, rows_to_review
        for row in read_table(paths.INGESTED / name):
            clean, found, doubtful = scrub_row(row, optional)
            masked.update(found)
            rows_masked += bool(found)
            rows_to_review += doubtful
            yield clean

    with publish(*outs) as (table, metrics_file):
        rows = write_table(table, scrubbed_rows())
        metrics = {
            "rows": rows,
            "rows_masked": rows_masked,
            "rows_to_review": rows_to_review,
            "masked_total": sum(masked.values()),
            "masked": dict(masked),
            "rules_version": RULES_VERSION,
        }
        write_json(metrics_file, metrics)
    log.info("%s: %d of %d rows masked %s; %d to review", name, rows_masked, rows,
             dict(sorted(masked.items())), rows_to_review)  # fmt: skip
    project(config.runtime, f"scrub@{name}", metrics, outs)


if __name__ == "__main__":
    run(main)
