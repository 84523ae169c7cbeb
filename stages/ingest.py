"""Turns one raw file into canonical rows: `data/ingested/<source>/`, and what does not fit into
`data/quarantine/<source>.parquet`.

A bad row is never an error and never vanishes: rows in = rows out + rows quarantined. Quarantine
holds the line number, a reason code and the hash of the line, so that its owner can find it, and
nothing of its content, which has not been scrubbed.
"""

import csv
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stages.chat.template import fill
from stages.pipeline import paths
from stages.pipeline.config import Source, load_config
from stages.pipeline.errors import DataError, InputError, ParamsError
from stages.pipeline.publish import publish
from stages.pipeline.run import item, run, write_json
from stages.pipeline.tables import Row, write_file, write_table
from stages.pipeline.tracking import project

log = logging.getLogger("ingest")

QUARANTINE = pa.schema([("line", pa.int64()), ("reason", pa.string()), ("sha256", pa.string())])
STYLE = re.compile(r"[a-z가-힣][a-z0-9가-힣_-]{0,63}", re.IGNORECASE)
ROLES = ("system", "user", "assistant")


class Refused(Exception):
    """A row that goes to quarantine; its text is the reason code."""


def raw_records(path: Path, form: str) -> Iterator[tuple[int, bytes, Any]]:
    """(line or row number from 1, the bytes that are hashed, the record or the Refused)."""
    if form == "jsonl":
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line, _json_record(line)
    elif form == "parquet":
        number = 0
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches():
                for index in range(batch.num_rows):
                    number += 1
                    yield number, *_parquet_record(batch.slice(index, 1))
    else:
        csv.field_size_limit(2**31 - 1)  # the default refuses a file for one long field
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if form == "tsv" else ",", strict=False)
            for record in reader:
                raw = repr(record).encode("utf-8", "surrogateescape")
                yield reader.line_num, raw, _csv_record(record)


def _json_record(line: bytes) -> Any:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Refused("invalid_utf8")
    except (ValueError, RecursionError):  # ValueError: also an integer of over 4,300 digits
        return Refused("invalid_json")
    return record if isinstance(record, dict) else Refused("not_an_object")


def _parquet_record(batch: pa.RecordBatch) -> tuple[bytes, Any]:
    try:
        (record,) = batch.to_pylist()
    except UnicodeDecodeError:  # Parquet calls a column text and checks nothing
        return batch.serialize().to_pybytes(), Refused("invalid_utf8")
    return repr(record).encode("utf-8", "surrogatepass"), record


def _csv_record(record: dict) -> Any:
    if None in record or None in record.values():
        return Refused("wrong_column_count")
    if any(not value.isascii() and _has_surrogate(value) for value in record.values()):
        return Refused("invalid_utf8")
    return record


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def canonical(record: dict, name: str, source: Source) -> Row:
    """The canonical row of one raw record.

    Raises:
        Refused: a field is missing, of the wrong type or empty, or a conversation is no exchange.
    """
    fields = {
        ours: _text(record, theirs, source.defaults.get(ours))
        for ours, theirs in source.columns.items()
    }
    turns = _turns(record, source.turns_column) if source.turns_column else []
    style = source.style or _text(record, str(source.style_column), None)
    if not STYLE.fullmatch(style):  # it becomes a key of metrics and templates
        raise Refused("wrong_style")
    described = fields | {"style": style, "tone": "casual" if "casual" in style else "formal"}
    where = f"sources.{name}.style_tags"
    content = json.dumps([name, style, fields, turns], ensure_ascii=False, sort_keys=True)
    return {
        "id": hashlib.sha256(content.encode()).hexdigest()[:16],
        "source": name,
        "kind": source.kind,
        "use": source.use,
        "group": _group(record, name, source.group_column),
        "style": style,
        "style_tags": [_tag(tag, described, where) for tag in source.style_tags],
        "license": source.license,
        "as_of": source.as_of,
        "fields": fields,
        "turns": turns,
    }


def _text(record: dict, column: str, default: str | None) -> str:
    """A required text; a list of texts is joined by ", ". `default` stands in for an absent one."""
    value = record.get(column)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ", ".join(part.strip() for part in value if part.strip())
        if not value and default is not None:
            return default
    if value is None:
        if default is None:
            raise Refused(f"missing_{column}")
        return default
    if not isinstance(value, str):
        raise Refused(f"wrong_type_{column}")
    if not value.strip():
        raise Refused(f"empty_{column}")
    if "\x00" in value or _has_surrogate(value):
        raise Refused(f"invalid_characters_{column}")
    return value.strip()


def _turns(record: dict, column: str) -> list[dict[str, str]]:
    """A conversation as [{role, text}]: given as texts that alternate from the user, or as chat
    messages of {role, content} in which a system message may only come first."""
    value = record.get(column)
    if value is None:
        raise Refused(f"missing_{column}")
    if not isinstance(value, list) or not value:
        raise Refused(f"wrong_type_{column}" if not isinstance(value, list) else f"empty_{column}")
    if all(isinstance(turn, str) for turn in value):
        turns = [(("user", "assistant")[index % 2], turn) for index, turn in enumerate(value)]
    elif all(isinstance(turn, dict) for turn in value):
        turns = [(turn.get("role"), turn.get("content")) for turn in value]
    else:
        raise Refused(f"wrong_type_{column}")
    spoken = [role for role, _ in turns if role != "system"]
    if any(role not in ROLES for role, _ in turns) or "system" in [role for role, _ in turns[1:]]:
        raise Refused("wrong_roles")
    if len(spoken) < 2 or spoken != [("user", "assistant")[i % 2] for i in range(len(spoken))]:
        raise Refused("not_an_exchange")
    return [{"role": role, "text": _text({column: text}, column, None)} for role, text in turns]


def _group(record: dict, name: str, column: str | None) -> str:
    """A hash, since the value has not been scrubbed; the same value is the same group."""
    if column is None:
        return ""
    return hashlib.sha256(f"{name}\n{_text(record, column, None)}".encode()).hexdigest()[:16]


def _tag(template: str, fields: dict[str, str], where: str) -> str:
    """A style tag such as `domain:{section}`; blanks become `_` (S1-17)."""
    return fill(template, fields, where).replace(" ", "_")


def main() -> None:
    name = item("source")
    config = load_config()
    if name not in config.sources:
        raise ParamsError(
            "--source",
            f"params.yaml has no source {name!r}.",
            f"Use one of {sorted(config.sources)}.",
        )
    source = config.sources[name]
    path = Path(source.path)
    if path.is_dir():
        raise InputError(
            str(path), "is a folder.", f"Name a file in sources.{name}.path in params.yaml."
        )
    if not path.is_file():
        raise InputError(
            str(path),
            f"the raw file of source {name!r} is not there.",
            f"Put it there, `dvc pull` it, or correct sources.{name}.path in params.yaml.",
        )
    outs = [
        paths.INGESTED / name,
        paths.QUARANTINE / f"{name}.parquet",
        paths.METRICS / "ingest" / f"{name}.json",
    ]
    quarantined: list[dict] = []

    def good_rows() -> Iterator[Row]:
        for line, raw, record in raw_records(path, source.format):
            try:
                if isinstance(record, Refused):
                    raise record
                yield canonical(record, name, source)
            except Refused as refused:
                digest = hashlib.sha256(raw).hexdigest()
                quarantined.append({"line": line, "reason": str(refused), "sha256": digest})

    with publish(*outs) as (table, quarantine_file, metrics_file):
        try:
            rows_out = write_table(table, good_rows())
        except (pa.ArrowInvalid, OSError, csv.Error) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk, not the file
            raise DataError(
                str(path),
                f"cannot be read as {source.format} ({type(error).__name__}).",
                f"Check sources.{name}.format in params.yaml.",
            ) from None
        write_file(quarantine_file, quarantined, QUARANTINE)
        metrics = {
            "rows_in": rows_out + len(quarantined),
            "rows_out": rows_out,
            "rows_quarantined": len(quarantined),
            "quarantined": dict(Counter(entry["reason"] for entry in quarantined)),
        }
        write_json(metrics_file, metrics)
    log.info("%s: %d rows in, %d out, %d quarantined %s", name, metrics["rows_in"], rows_out,
             len(quarantined), metrics["quarantined"])  # fmt: skip
    project(config.runtime, f"ingest@{name}", metrics, outs)


if __name__ == "__main__":
    run(main)
