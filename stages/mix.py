"""Makes the corpus that is trained and tested on: `data/curated/` in, and in
`data/splits/{train,validation,test}/` conversations in the asked ratio of sources.

Prompts are made here, from the rows' fields, by the templates of params.yaml. A row's split depends
on the hash of its last answer alone, so adding rows never moves an old one; a row that would train
on an answer that another split scores, as an earlier turn, is dropped. Rows are then taken per
source and split until the ratio of the result (not of the inputs) is the asked one, without
repeating any.
"""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable

import pyarrow as pa

from stages.chat.template import Message, conversation, fill
from stages.pipeline import paths
from stages.pipeline.config import Mix, Template, load_config
from stages.pipeline.errors import DataError, ParamsError
from stages.pipeline.publish import publish
from stages.pipeline.run import run, write_json
from stages.pipeline.tables import Row, read_table, write_table
from stages.pipeline.tracking import project

log = logging.getLogger("mix")

SPLITS = ("train", "validation", "test")
MESSAGES = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("style", pa.string()),
        ("style_tags", pa.list_(pa.string())),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    ]
)


def messages_of(row: Row, mix: Mix) -> list[Message]:
    """The conversation of a row under its source's template for its style (or `default`)."""
    templates = mix.templates[row["source"]]
    key = row["style"] if row["style"] in templates else "default"
    if key not in templates:
        raise ParamsError(
            f"params.yaml: mix.templates.{row['source']}",
            f"has no template for the style {row['style']!r}.",
            "Add one under that name, or one named default.",
        )
    where = f"mix.templates.{row['source']}.{key}"
    template: Template = templates[key]
    fields = row["fields"] | {"style": row["style"]}
    messages: list[Message] = []
    if template.system is not None:
        messages.append({"role": "system", "content": fill(template.system, fields, where)})
    if template.user is None or template.assistant is None:
        if not row["turns"]:
            raise ParamsError(
                f"params.yaml: {where}",
                "has no user and assistant, and the rows hold no conversation.",
                f"Add them, or set sources.{row['source']}.turns_column.",
            )
        own = conversation(row["turns"], mix.max_turns)
        return own if own[0]["role"] == "system" else messages + own
    messages.append({"role": "user", "content": fill(template.user, fields, where)})
    messages.append({"role": "assistant", "content": fill(template.assistant, fields, where)})
    return messages


def draw(seed: int, purpose: str, key: str) -> float:
    """A number in [0, 1) that depends on its arguments alone."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_of(seed: int, answer: str, mix: Mix) -> str:
    place = draw(seed, "split", " ".join(answer.split()))
    if place < mix.test_share:
        return "test"
    return "validation" if place < mix.test_share + mix.validation_share else "train"


def without_leaks(rows: dict[str, list[Row]]) -> int:
    """Takes out of `rows` what would train on an answer that is scored; returns how many rows.

    The split follows a row's last answer. An earlier answer of a longer conversation is trained
    too, and may be the last one of another row.
    """

    def scored(split: str) -> set[str]:
        return {" ".join(row["messages"][-1]["content"].split()) for row in rows[split]}

    def trains_on(row: Row, answers: set[str]) -> bool:
        spoken = (m["content"] for m in row["messages"] if m["role"] == "assistant")
        return any(" ".join(text.split()) in answers for text in spoken)

    before = sum(map(len, rows.values()))
    tested = scored("test")
    rows["validation"] = [row for row in rows["validation"] if not trains_on(row, tested)]
    held_out = tested | scored("validation")
    rows["train"] = [row for row in rows["train"] if not trains_on(row, held_out)]
    return before - sum(map(len, rows.values()))


def in_ratio(rows: list[Row], weights: dict[str, float], seed: int) -> list[Row]:
    """The largest choice of rows in which the sources stand in the ratio of `weights`.

    Which rows of a source are taken, and the order of the result, follow each row's own hash.
    """
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (draw(seed, "order", row["id"]), row["id"])):
        by_source[row["source"]].append(row)
    total = min(len(by_source[name]) / weight for name, weight in weights.items())
    taken = [
        row
        for name, weight in weights.items()
        for row in by_source[name][: int(total * weight + 1e-6)]
    ]
    return sorted(taken, key=lambda row: (draw(seed, "order", row["id"]), row["id"]))


def shares(rows: Iterable[Row], key: str) -> dict[str, float]:
    counts = Counter(row[key] for row in rows)
    total = sum(counts.values())
    return {name: round(count / total, 6) for name, count in counts.items()}


def main() -> None:
    config = load_config()
    mix = config.mix
    outs = [*(paths.SPLITS / split for split in SPLITS), paths.METRICS / "mix.json"]
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for row in read_table(paths.CURATED):
        if row["source"] not in mix.weights:
            raise DataError(
                str(paths.CURATED),
                f"holds rows of {row['source']!r}, which is no source of params.yaml (any more).",
                f"Delete what it left, `rm -r {paths.left_by(row['source'])}`, and run again.",
            )
        messages = messages_of(row, mix)
        split = split_of(config.seed, messages[-1]["content"], mix)
        rows[split].append(row | {"messages": messages})
    weights = {name: mix.weights[name] for name in sorted(mix.weights)}
    metrics: dict = {"rows_curated": sum(map(len, rows.values()))}
    metrics["rows_dropped_as_leaks"] = without_leaks(rows)
    total_weight = sum(weights.values())
    metrics["asked_share"] = {name: round(w / total_weight, 6) for name, w in weights.items()}
    with publish(*outs) as (*tables, metrics_file):
        for split, table in zip(SPLITS, tables, strict=True):
            taken = in_ratio(rows[split], weights, config.seed)
            if not taken:
                found = dict(sorted(Counter(row["source"] for row in rows[split]).items()))
                raise DataError(
                    f"data/splits/{split}",
                    f"no row is left in the asked ratio (rows by source: {found}).",
                    "Add rows to the sources that lack them, or raise "
                    f"mix.{'validation' if split == 'train' else split}_share in params.yaml.",
                )
            write_table(table, taken, MESSAGES)
            metrics[split] = {
                "rows": len(taken),
                "share_by_source": shares(taken, "source"),
                "share_by_style": shares(taken, "style"),
            }
            log.info("%s: %d of %d rows %s", split, len(taken), len(rows[split]),
                     metrics[split]["share_by_source"])  # fmt: skip
        write_json(metrics_file, metrics)
    project(config.runtime, "mix", metrics, outs)


if __name__ == "__main__":
    run(main)
