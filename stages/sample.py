"""Writes the built-in Korean corpus: params in, `data/raw/sample/*.jsonl` out.

It stands in for the raw files of a company, so it has what those have: synthetic personal data in
the text, and a share of malformed lines. The pre-training file comes from another stream of the
same grammar and shares no row, no conversation and no line of 30 characters or more with them; the
short answers of a chat (no problem, see you then) are too few to keep apart.
"""

import json
import logging
import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from stages.formats.json_files import write_json
from stages.grammar.chat import chat_rows
from stages.grammar.dialogue import dialogue_rows
from stages.grammar.instruct import instruct_rows
from stages.grammar.malformed import malformed_line
from stages.grammar.news import news_rows
from stages.grammar.personal import Personal
from stages.grammar.pretrain import pretrain_documents
from stages.grammar.relearn import correction_rows, no_warning_rows
from stages.grammar.rows import Row
from stages.params.reading import read_params
from stages.params.sample import Sample
from stages.params.section import Sections, Seed
from stages.pipeline import paths
from stages.pipeline.errors import ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("sample")


class Params(Sections):
    seed: Seed
    sample: Sample


KINDS: dict[str, Callable[[random.Random, Personal], Iterator[Row]]] = {
    "news": news_rows,
    "chat": chat_rows,
    "dialogue": dialogue_rows,
    "instruct": instruct_rows,
    "no_warning": no_warning_rows,
    "correction": correction_rows,
}


def source_rows(seed: int, kind: str, count: int, personal_share: float) -> list[Row]:
    """`count` good rows of one kind, no two alike; each kind has a stream of its own."""
    rng = random.Random(f"{seed}/{kind}")
    rows = list(islice(KINDS[kind](rng, Personal(personal_share)), count))
    if len(rows) < count:
        raise ParamsError(
            f"params.yaml: sample.{kind}_rows",
            f"is {count}, and the grammar has {len(rows)} different rows of this kind.",
            f"Write at most {len(rows)}.",
        )
    return rows


def lines_with_damage(seed: int, kind: str, rows: list[Row], share: float) -> Iterator[str]:
    """The rows as JSONL, with broken extra lines in between (at least one, where share > 0)."""
    rng = random.Random(f"{seed}/{kind}/malformed")
    broken = max(1, round(len(rows) * share)) if share else 0
    places = set(rng.sample(range(len(rows)), broken))
    for index, row in enumerate(rows):
        if index in places:
            yield malformed_line(rng, row.raw)
        yield json.dumps(row.raw, ensure_ascii=False)


def pretraining(seed: int, count: int, taken: set[str]) -> list[dict]:
    """`count` documents of which none holds a text of the sources (`taken`)."""
    documents = pretrain_documents(random.Random(f"{seed}/pretrain"))
    kept = []
    for document in documents:
        if taken.isdisjoint(texts_of(document)):
            kept.append(document)
            if len(kept) == count:
                break
    return kept


def texts_of(raw: dict) -> list[str]:
    """What a raw row or a pre-training document must not share with another corpus: its long lines,
    and its conversation as a whole, without a last turn that nobody answers.

    Short lines (greetings, one-word answers) are Korean, not content, and may recur anywhere.
    """
    lines: list[str] = []
    whole: list[str] = []
    for value in raw.values():
        if isinstance(value, str):
            lines += value.splitlines()
        elif isinstance(value, list):
            turns = [turn if isinstance(turn, str) else turn["content"] for turn in value]
            spoken = [t for t, turn in zip(turns, value, strict=True) if not _is_system(turn)]
            whole.append("\n".join(spoken[: len(spoken) // 2 * 2]))
            lines += [line for turn in turns for line in turn.splitlines()]
    return whole + [line for line in lines if len(line) >= 30]


def _is_system(turn: str | dict) -> bool:
    return isinstance(turn, dict) and turn["role"] == "system"


def main() -> None:
    params = read_params(Params)
    seed, sample = params.seed, params.sample
    counts = {
        "news": sample.news_rows,
        "chat": sample.chat_rows,
        "dialogue": sample.dialogue_rows,
        "instruct": sample.instruct_rows,
        "no_warning": sample.no_warning_rows,
        "correction": sample.correction_rows,
    }
    outs = [paths.SAMPLE / f"{kind}.jsonl" for kind in counts] + [paths.PRETRAIN]
    metrics_out = paths.METRICS / "sample.json"
    metrics: dict[str, dict[str, int]] = {}
    taken: set[str] = set()
    with publish(*outs, metrics_out) as (*files, metrics_file):
        for (kind, count), file in zip(counts.items(), files, strict=False):
            rows = source_rows(seed, kind, count, sample.personal_share)
            for row in rows:
                taken.update(texts_of(row.raw))
            lines = list(lines_with_damage(seed, kind, rows, sample.malformed_share))
            write_lines(file, lines)
            planted = sum(len(row.planted) for row in rows)
            metrics[kind] = {
                "rows": len(rows),
                "malformed_lines": len(lines) - len(rows),
                "planted_personal_values": planted,
            }
            log.info("%s: %d rows, %d broken lines, %d planted values", kind, len(rows),
                     len(lines) - len(rows), planted)  # fmt: skip
        documents = pretraining(seed, sample.pretrain_documents, taken)
        write_lines(files[-1], [json.dumps(document, ensure_ascii=False) for document in documents])
        metrics["pretrain"] = {"documents": len(documents)}
        write_json(metrics_file, metrics)


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    run(main)
