"""Makes the corpus that is trained and tested on: `data/curated/` in, and in
`data/splits/{train,validation,test}/` conversations in the asked ratio of sources. The rows of
evaluation sources that have a template become `data/splits/evaluation/`, all of them.

Prompts are made here, from the rows' fields, by the templates of params.yaml. A row's split depends
on the hash of its content group alone, so adding rows never moves an old one; what ties rows of two
splits together is dropped from the one that trains. Rows are then taken per source and split until
the ratio of the result (not of the inputs) is the asked one.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import pyarrow as pa

from stages.formats.json_files import Json, write_json
from stages.formats.tables import Row, read_table, write_table
from stages.korean.lexicon import read_lexicon
from stages.mixing.prompts import (
    Masking,
    messages_of,
    scored_messages_of,
    starts_wrong,
    topic_of,
)
from stages.mixing.ratio import in_order, in_ratio, with_few_warnings
from stages.mixing.splits import SPLITS, content_group, split_of, without_leaks
from stages.params.mix import Mix
from stages.params.reading import read_params
from stages.params.scrub import Scrub
from stages.params.section import Sections, Seed
from stages.pipeline import paths
from stages.pipeline.errors import DataError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("mix")


class Params(Sections):
    seed: Seed
    scrub: Scrub
    mix: Mix


MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("thinking", pa.string())])
MESSAGES = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("style", pa.string()),
        ("style_tags", pa.list_(pa.string())),
        ("messages", pa.list_(MESSAGE)),
    ]
)
SCORED = pa.schema([*MESSAGES, ("topic_query", pa.string()), ("topic", pa.string())])


def conversations(mix: Mix, seed: int, counts: Counter, masking: Masking) -> dict[str, list[Row]]:
    """The curated rows as conversations, by split.

    Raises:
        DataError: a row's source is not in params.yaml.
    """
    warnings = read_lexicon(paths.WARNINGS)
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for row in read_table(paths.CURATED):
        counts["rows_curated"] += 1
        if row["source"] not in mix.weights:
            raise DataError(
                str(paths.CURATED),
                f"holds rows of {row['source']!r}, which is not a source of params.yaml (any "
                "more).",
                f"Delete what it left, `rm -r {paths.left_by(row['source'])}`, and run again.",
            )
        messages = messages_of(row, mix, masking)
        answers = [m["content"] for m in messages if m["role"] == "assistant"]
        if mix.drop_wrong_starts and any(starts_wrong(answer, warnings) for answer in answers):
            counts["rows_dropped_as_wrong_starts"] += 1
            continue
        split = split_of(seed, content_group(row), mix)
        scored = split == "test"
        made = scored_row(row, mix, masking) if scored else row | {"messages": messages}
        rows[split].append(made | {"warns": any(warnings.search(answer) for answer in answers)})
    return rows


def scored_row(row: Row, mix: Mix, masking: Masking) -> Row:
    """A row as it is scored."""
    query, topic = topic_of(row, mix, masking)
    messages = scored_messages_of(row, mix, masking)
    return row | {"messages": messages, "topic_query": query, "topic": topic}


def evaluation_rows(mix: Mix, seed: int, masking: Masking) -> list[Row]:
    """The rows of the evaluation sources that have a template, in the order of their hashes."""
    rows = [row for row in read_table(paths.EVALUATION) if row["source"] in mix.templates]
    return [scored_row(row, mix, masking) for row in in_order(rows, seed)]


def row_size(unit: str) -> Callable[[Row], int]:
    """1 a row, or the tokens of its messages under the base model's tokenizer."""
    if unit == "rows":
        return lambda row: 1
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(paths.TOKENIZER))
    tokenizer.no_truncation()  # which a file may hold
    tokenizer.no_padding()
    sizes: dict[str, int] = {}

    def tokens(row: Row) -> int:
        if row["id"] not in sizes:
            texts = [message["content"] for message in row["messages"]]
            texts += [message.get("thinking") or "" for message in row["messages"]]
            sizes[row["id"]] = sum(
                len(tokenizer.encode(t, add_special_tokens=False)) for t in texts
            )
        return sizes[row["id"]]

    return tokens


def check_sources(
    split: str, taken: list[Row], rows: list[Row], put_aside: int, weights: dict[str, float]
) -> None:
    """Refuses a split in which a source has no row: it would be trained or tested without it."""
    if missing := sorted(set(weights) - {row["source"] for row in taken}):
        found = dict(sorted(Counter(row["source"] for row in rows).items()))
        raise DataError(
            f"data/splits/{split}",
            f"no row of {missing} is left in the asked ratio (rows by source before it: {found}; "
            f"put aside as warnings: {put_aside}).",
            "Add rows to the sources that lack them, change mix.weights, or raise mix."
            + ("max_warning_share" if put_aside else f"{_lacking(split)}_share")
            + " in params.yaml.",
        )


def _lacking(split: str) -> str:
    return "validation" if split == "train" else split


def check_minimum(rows: list[Row], mix: Mix) -> None:
    """Refuses a training split that has too few different rows of a kind (S3-02)."""
    tags = Counter(
        tag for row in {row["id"]: row for row in rows}.values() for tag in row["style_tags"]
    )
    if short := {tag: tags[tag] for tag, least in mix.min_train_rows.items() if tags[tag] < least}:
        raise DataError(
            "data/splits/train",
            f"has too few rows of some kinds: {short}, asked are "
            f"{ {tag: mix.min_train_rows[tag] for tag in short} }.",
            "Add such rows, or lower mix.min_train_rows in params.yaml.",
        )


def shares(rows: Iterable[Row], key: str, size: Callable[[Row], int]) -> dict[str, float]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row[key]] += size(row)
    total = sum(counts.values())
    return {name: round(count / total, 6) for name, count in counts.items()}


def taken_of(
    split: str, rows: list[Row], mix: Mix, seed: int, size: Callable[[Row], int]
) -> tuple[list[Row], int]:
    """The rows of a split in the asked ratio, and how many were put aside for their warnings.

    Raises:
        DataError: a source has no row left, or training has too few of a kind.
    """
    repeats = mix.max_repeats if split == "train" else 1
    weights = {name: mix.weights[name] for name in sorted(mix.weights)}

    def choose(of: list[Row]) -> list[Row]:
        return in_ratio(of, weights, seed, size, repeats)

    taken, put_aside = with_few_warnings(in_order(rows, seed), choose, mix.max_warning_share)
    check_sources(split, taken, rows, put_aside, weights)
    if split == "train":
        check_minimum(taken, mix)
    return taken, put_aside


def described(taken: list[Row], put_aside: int, size: Callable[[Row], int]) -> Json:
    """The metrics of a split."""
    return {
        "rows": len(taken),
        "rows_different": len({row["id"] for row in taken}),
        "rows_dropped_for_warnings": put_aside,
        "warning_share": round(sum(row["warns"] for row in taken) / len(taken), 6),
        "share_by_source": shares(taken, "source", size),
        "share_by_style": shares(taken, "style", size),
    }


def main() -> None:
    params = read_params(Params)
    mix, seed = params.mix, params.seed
    outs = [
        *(paths.SPLITS / split for split in SPLITS),
        paths.SPLITS / "evaluation",
        paths.METRICS / "mix.json",
    ]
    counts: Counter = Counter(rows_curated=0, rows_dropped_as_wrong_starts=0)
    masking = Masking(frozenset(params.scrub.optional))
    rows = conversations(mix, seed, counts, masking)
    size = row_size(mix.unit)
    total_weight = sum(mix.weights.values())
    metrics: Json = dict(counts)
    metrics["rows_dropped_as_leaks"] = without_leaks(rows)
    metrics["asked_share"] = {
        name: round(mix.weights[name] / total_weight, 6) for name in sorted(mix.weights)
    }
    with publish(*outs) as (*tables, evaluation, metrics_file):
        for split, table in zip(SPLITS, tables, strict=True):
            taken, put_aside = taken_of(split, rows[split], mix, seed, size)
            write_table(table, taken, SCORED if split == "test" else MESSAGES)
            metrics[split] = described(taken, put_aside, size)
            log.info("%s: %d of %d rows %s", split, len(taken), len(rows[split]),
                     metrics[split]["share_by_source"])  # fmt: skip
        scored = evaluation_rows(mix, seed, masking)
        write_table(evaluation, scored, SCORED)
        metrics["evaluation_rows_by_source"] = dict(Counter(row["source"] for row in scored))
        metrics["strata"] = strata(rows)
        if masking.found:
            metrics["rows_masked_in_prompts"] = masked_in_prompts(masking)
        write_json(metrics_file, metrics)


def masked_in_prompts(masking: Masking) -> dict[str, int]:
    """Rows by the type of what their prompts joined. Their sources are named in the log: a column
    that holds a part of a value is better left out, or joined before it is read."""
    for source in sorted({source for source, _, _ in masking.found}):
        of_source = Counter(type_ for name, type_, _ in masking.found if name == source)
        log.warning("%s: mix.templates joins columns to personal data, which is masked; rows by "
                    "type: %s", source, dict(sorted(of_source.items())))  # fmt: skip
    return dict(Counter(type_ for _, type_, _ in masking.found))


def strata(rows: dict[str, list[Row]]) -> dict[str, dict[str, int]]:
    """Rows of each source and style by split, before the ratio is made (S1-20)."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SPLITS, 0))
    for split in SPLITS:
        for row in rows[split]:
            found[f"{row['source']}/{row['style']}"][split] += 1
    return dict(found)


if __name__ == "__main__":
    run(main)
