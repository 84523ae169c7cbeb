"""Turns one raw file into canonical rows: `data/ingested/<source>/`, and what does not fit into
`data/quarantine/<source>.parquet`.

A bad row is never an error and never vanishes: rows in = rows out + rows quarantined. Quarantine
holds the file, the line number and a reason code, so that its owner can find it, and nothing of its
content, which has not been scrubbed: not even a hash, which gives a short value away to whoever
tries them all.
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from stages.formats.json_files import Json, write_json
from stages.formats.tables import INGESTED, Row, open_file, write_batches
from stages.korean.speech_level import Level, speech_level, tone_of
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Name, Sections
from stages.params.sources import Source
from stages.pii.scrubber import OPTIONAL_TYPES, scrub
from stages.pipeline import paths
from stages.pipeline.errors import DataError, EngineError, InputError, ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.placeholders import PLACEHOLDER, fill
from stages.pipeline.program import item, run
from stages.reading.contract import Checked, Refused, absent_columns, columns_of, contract_of
from stages.reading.records import csv_header, parquet_columns, raw_batches, records
from stages.rows.engine import map_batches

log = logging.getLogger("ingest")


class Params(Sections):
    runtime: Runtime
    sources: dict[Name, Source]


QUARANTINE = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
    ]
)
# A row of a batch is either canonical, and then has no reason, or one for quarantine.
CHECKED = pa.schema([*INGESTED, *QUARANTINE])
REFUSED = dict.fromkeys(INGESTED.names)


def ingest_batch(
    batch: pa.RecordBatch, name: str, source: Source, file: str, header: list[str]
) -> pa.RecordBatch:
    """A batch of raw pieces of one file as a batch of CHECKED rows, one for each."""
    check = contract_of(source)
    rows: list[Row] = []
    for line, content in records(batch, source.format, header):
        place = {"file": file, "line": line}
        try:
            if isinstance(content, Refused):
                raise content
            rows.append(place | {"reason": None} | canonical(check(content), name, source))
        except Refused as refused:
            rows.append(place | {"reason": str(refused)} | REFUSED)
    return pa.RecordBatch.from_pylist(rows, schema=CHECKED)


def canonical(row: Checked, name: str, source: Source) -> Row:
    """The canonical row of the texts of one raw row."""
    # What the tags take from the texts is filled in by scrub, once it is masked: in a tag, where
    # blanks are `_`, not every value can be told any more.
    later = {place: f"{{{place}}}" for place in (*row.fields, "style")}
    known = later | manner(row, source)
    where = f"sources.{name}.style_tags"
    return {
        "source": name,
        "kind": source.kind,
        "use": source.use,
        "group": row.group,
        "style": row.style,
        "style_tags": [fill(tag, known, where) for tag in source.style_tags],
        "license": source.license,
        "as_of": source.as_of,
        "fields": row.fields,
        "turns": row.turns,
    }


def manner(row: Checked, source: Source) -> dict[str, str]:
    """What style tags may say of a row's speech: `tone`, formal or casual, and `level`.

    Both are read from the last answer, or from the field that `spoken` names. A style that says
    formal or casual decides the tone itself. News and what has no ending to tell by is formal.
    """
    asked = {name for tag in source.style_tags for name in PLACEHOLDER.findall(tag)}
    found: dict[str, str] = {}
    named = re.search("casual|formal", row.style)
    level: Level = "unknown"
    if "level" in asked or ("tone" in asked and not named and source.kind != "news"):
        level = speech_level(row.turns[-1]["text"] if row.turns else row.fields[str(source.spoken)])
    if "level" in asked:
        found["level"] = level
    if "tone" in asked:
        by_level = tone_of(level) if source.kind != "news" else None
        found["tone"] = named[0] if named else by_level or "formal"
    return found


def raw_files(name: str, source: Source) -> list[Path]:
    """The file of a source, or the files of its folder that have the format's suffix, by name.

    Raises:
        InputError: it is not there, or the folder has no such file.
    """
    path = Path(source.path)
    if path.is_dir():
        if files := sorted(file for file in path.glob(f"*.{source.format}") if file.is_file()):
            return files
        raise InputError(
            str(path),
            f"the folder of source {name!r} holds no file *.{source.format}.",
            f"Put one there, or correct sources.{name} in params.yaml.",
        )
    if not path.is_file():
        raise InputError(
            str(path),
            f"the raw file of source {name!r} is not there.",
            f"Put it there, `dvc pull` it, or correct sources.{name}.path in params.yaml.",
        )
    return [path]


def shown_names(files: list[Path]) -> list[str]:
    """The names of files as quarantine may hold them: masked, of all types since a name says little
    that is needed, and in UTF-8. One that is changed has its place in the order of names behind it,
    since two may be equal."""
    names = [os.fsencode(file.name).decode("utf-8", "replace") for file in files]
    masked = [scrub(name, OPTIONAL_TYPES)[0] for name in names]
    return [
        shown if shown == file.name else f"{shown} ({place})"
        for place, (file, shown) in enumerate(zip(files, masked, strict=True), start=1)
    ]


def open_raw(path: Path, source: Source) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    """The column names of the file (none for JSON lines), and its rows in batches.

    Raises:
        DataError: no row of the file can pass, since it lacks a column that the source names.
    """
    batches = raw_batches(path, source.format, columns_of(source))
    first = next(batches, None)
    if first is None:
        return [], iter(())
    if source.format == "jsonl":
        return [], chain([first], batches)
    if source.format == "parquet":
        header = parquet_columns(path)
    else:
        header, first = csv_header(first.column("raw")[0].as_py(), source.format), first[1:]
    if missing := absent_columns(source, header):
        raise DataError(
            str(path),
            f"has no column {missing}, so none of its rows can be taken.",
            f"Correct the names under the source in params.yaml, or the file's "
            f"{'schema' if source.format == 'parquet' else 'first line'} "
            "(not repeated here: it may be a row).",
        )
    return header, chain([first], batches)


@dataclass
class Tally:
    """What became of the rows of a source."""

    rows_in: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)

    def reading(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows_in += batch.num_rows
            yield batch


def good_rows(
    path: Path, file: str, name: str, source: Source, runtime: Runtime, tally: Tally,
    quarantine: Callable[[pa.RecordBatch], None],
) -> Iterator[pa.RecordBatch]:  # fmt: skip
    """The canonical rows of one file, which quarantine calls `file`; the other rows go there,
    counted by their reason."""
    header, batches = open_raw(path, source)
    work = partial(ingest_batch, name=name, source=source, file=file, header=header)
    for batch in map_batches(work, tally.reading(batches), runtime):
        reason = pc.field("reason")
        bad = batch.filter(reason.is_valid()).select(QUARANTINE.names)
        tally.quarantined.update(bad.column("reason").to_pylist())
        quarantine(bad)
        yield batch.filter(reason.is_null()).select(INGESTED.names)


def balanced(name: str, rows_out: int, tally: Tally) -> Json:
    """The metrics of a source.

    Raises:
        EngineError: rows were lost or doubled.
    """
    rows_in, put_aside = tally.rows_in, tally.quarantined.total()
    if rows_in != rows_out + put_aside:
        raise EngineError(
            f"source {name!r}",
            f"had {rows_in} rows read, {rows_out} written and {put_aside} quarantined: some were "
            "lost or doubled on the way.",
            "Nothing was kept. Run it again with runtime.engine local and one worker; if that "
            "ends like this, too, it is a fault in malssi.",
        )
    return {
        "rows_in": rows_in,
        "rows_out": rows_out,
        "rows_quarantined": put_aside,
        "quarantined": dict(tally.quarantined),
    }


def main() -> None:
    name = item("source")
    params = read_params(Params)
    if name not in params.sources:
        raise ParamsError(
            "--source",
            f"params.yaml has no source {name!r}.",
            f"Use one of {sorted(params.sources)}.",
        )
    source, runtime = params.sources[name], params.runtime
    files = raw_files(name, source)
    outs = [
        paths.INGESTED / name,
        paths.QUARANTINE / f"{name}.parquet",
        paths.METRICS / "ingest" / f"{name}.json",
    ]
    tally = Tally()
    with publish(*outs) as (table, quarantine_file, metrics_file):
        with open_file(quarantine_file, QUARANTINE) as quarantine:
            named = zip(files, shown_names(files), strict=True)
            rows = (
                good_rows(f, shown, name, source, runtime, tally, quarantine) for f, shown in named
            )
            rows_out = write_batches(table, chain.from_iterable(rows), INGESTED)
        metrics = balanced(name, rows_out, tally)
        write_json(metrics_file, metrics)
    log.info("%s: %d rows in, %d out, %d quarantined %s", name, metrics["rows_in"], rows_out,
             metrics["rows_quarantined"], metrics["quarantined"])  # fmt: skip
    if metrics["rows_in"] and not rows_out:
        log.warning("%s: not one of %d rows could be taken %s: most likely sources.%s in "
                    "params.yaml does not fit its file", name, metrics["rows_in"],
                    metrics["quarantined"], name)  # fmt: skip


if __name__ == "__main__":
    run(main)
