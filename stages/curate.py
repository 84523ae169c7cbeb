"""Keeps the rows worth training on: all `data/scrubbed/` in, `data/curated/` out, and in
`data/dropped.parquet` the id and the reason of every row that was left out.

Filters look at one row; exact and near duplicates are looked for across all sources, in their order
by name and the rows' own order, and the first of each group stays.
"""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator

import pyarrow as pa
from datasketch import MinHash, MinHashLSH

from stages.korean.script import foreign_share
from stages.pipeline import paths
from stages.pipeline.config import Curate, load_config
from stages.pipeline.errors import InputError
from stages.pipeline.publish import publish
from stages.pipeline.run import run, write_json
from stages.pipeline.tables import Row, read_table, row_texts, write_file, write_table
from stages.pipeline.tracking import project

log = logging.getLogger("curate")

DROPPED = pa.schema([("id", pa.string()), ("source", pa.string()), ("reason", pa.string())])
SHINGLE_CHARS = 5
PERMUTATIONS = 128


def scrubbed_rows(sources: list[str]) -> Iterator[Row]:
    """All rows, source by source.

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
            f"{stale} are no sources of params.yaml (any more).",
            f"Delete what they left: `rm -r {' '.join(map(paths.left_by, stale))}`.",
        )
    for name in present:
        yield from read_table(paths.SCRUBBED / name)


def refusal(row: Row, limits: Curate) -> str | None:
    """Why one row on its own is left out, or None."""
    text = "\n".join(row_texts(row))
    if len(text) < limits.min_chars:
        return "too_short"
    if len(text) > limits.max_chars:
        return "too_long"
    if foreign_share(text) > limits.max_foreign_share:
        return "foreign_script"
    return None


class Duplicates:
    """Remembers the rows seen so far and tells whether another repeats one of them.

    Two texts are near duplicates when the estimated Jaccard index of their sets of 5-character
    shingles is at least `jaccard` (MinHash; white space is folded). Rows of different
    kinds or styles are never compared.
    """

    def __init__(self, jaccard: float):
        self.jaccard = jaccard
        self.exact: set[str] = set()
        self.near: dict[tuple[str, str], MinHashLSH] = defaultdict(
            # Weighed towards finding them all: a candidate too many is only compared in vain.
            lambda: MinHashLSH(
                threshold=min(jaccard, 0.95), num_perm=PERMUTATIONS, weights=(0.05, 0.95)
            )
        )
        self.sketches: dict[str, MinHash] = {}

    def reason(self, row: Row) -> str | None:
        text = " ".join("\n".join(row_texts(row)).split())
        digest = hashlib.sha256(f"{row['kind']}\n{row['style']}\n{text}".encode()).hexdigest()
        if digest in self.exact:
            return "exact_duplicate"
        self.exact.add(digest)
        if self.jaccard == 1.0:  # equal sets of shingles do not make equal texts
            return None
        index = self.near[row["kind"], row["style"]]
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        last = max(len(text) - SHINGLE_CHARS, 0) + 1
        sketch.update_batch([text[i : i + SHINGLE_CHARS].encode() for i in range(last)])
        # The index returns candidates; their sketches are compared before one counts.
        candidates = map(str, index.query(sketch))
        if any(sketch.jaccard(self.sketches[key]) >= self.jaccard for key in candidates):
            return "near_duplicate"
        index.insert(digest, sketch)
        self.sketches[digest] = sketch
        return None


def main() -> None:
    config = load_config()
    outs = [paths.CURATED, paths.DROPPED, paths.METRICS / "curate.json"]
    rows_in: Counter = Counter()
    rows_out: Counter = Counter()
    reasons: Counter = Counter()
    dropped: list[dict[str, str]] = []
    seen = Duplicates(config.curate.near_duplicate_jaccard)

    def kept_rows() -> Iterator[Row]:
        for row in scrubbed_rows(sorted(config.sources)):
            rows_in[row["source"]] += 1
            reason = refusal(row, config.curate) or seen.reason(row)
            if reason is None:
                rows_out[row["source"]] += 1
                yield row
            else:
                reasons[reason] += 1
                dropped.append({"id": row["id"], "source": row["source"], "reason": reason})

    with publish(*outs) as (table, dropped_file, metrics_file):
        write_table(table, kept_rows())
        write_file(dropped_file, dropped, DROPPED)
        metrics = {
            "rows_in": sum(rows_in.values()),
            "rows_out": sum(rows_out.values()),
            "rows_dropped": len(dropped),
            "dropped": dict(reasons),
            "rows_in_by_source": dict(rows_in),
            "rows_out_by_source": dict(rows_out),
        }
        write_json(metrics_file, metrics)
    log.info("%d rows in, %d out, dropped %s", metrics["rows_in"], metrics["rows_out"],
             dict(sorted(reasons.items())))  # fmt: skip
    project(config.runtime, "curate", metrics, outs)


if __name__ == "__main__":
    run(main)
