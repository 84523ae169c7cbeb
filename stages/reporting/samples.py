"""Answers side by side: the same question to base, tuned and MXFP4 model.

Which rows are shown depends on the seed and their ids alone, so that a later run with the same test
set shows the same rows, good or bad. What is shown has been scrubbed with every type on: models
may say what no training row held.
"""

import hashlib
import unicodedata
from pathlib import Path
from typing import NamedTuple

from stages.formats.tables import Row, read_file
from stages.pii.scrubber import OPTIONAL_TYPES, scrub
from stages.pipeline import paths
from stages.pipeline.errors import DataError
from stages.pipeline.variants import SIDE_BY_SIDE

COUNT = 20
COLUMNS = ("id", "set", "source", "style", "question", "reference", "prediction")


class ShownRow(NamedTuple):
    source: str
    style: str
    question: str
    answers: dict[str, str]
    reference: str


def read_test_rows(file: Path) -> dict[str, Row]:
    """The answered rows of the test split by id.

    Raises:
        InputError, DataError: the file is not there, or damaged.
    """
    return {row["id"]: row for row in read_file(file, COLUMNS) if row["set"] == "test"}


def chosen(styles: dict[str, str], seed: int, count: int = COUNT) -> list[str]:
    """`count` ids of those in `styles` (id: style), in the order of styles: one of each style while
    there is room, and each next one of the style that lacks most of its share."""
    by_style: dict[str, list[str]] = {}
    for name in sorted(styles, key=lambda name: _draw(seed, name)):
        by_style.setdefault(styles[name], []).append(name)
    count = min(count, len(styles))
    order = sorted(by_style, key=lambda style: (-len(by_style[style]), style))
    taken = dict.fromkeys(order[:count], 1)
    share = {style: count * len(by_style[style]) / len(styles) for style in taken}
    while sum(taken.values()) < count:
        room = [style for style in taken if taken[style] < len(by_style[style])]
        taken[max(room, key=lambda style: (share[style] - taken[style], style))] += 1
    return [name for style in sorted(taken) for name in by_style[style][: taken[style]]]


def _draw(seed: int, name: str) -> tuple[str, str]:
    return hashlib.sha256(f"{seed}:sample:{name}".encode()).hexdigest(), name


def read_samples(seed: int) -> list[ShownRow]:
    """The chosen rows, scrubbed.

    Raises:
        InputError, DataError: a table of predictions is missing, or lacks a row of the others.
    """
    files = {variant: paths.PREDICTIONS / f"{variant}.parquet" for variant in SIDE_BY_SIDE}
    rows = {variant: read_test_rows(file) for variant, file in files.items()}
    base = rows["base"]
    for variant in SIDE_BY_SIDE[1:]:
        if rows[variant].keys() != base.keys():
            raise DataError(
                str(files[variant]),
                f"holds {len(rows[variant])} test rows that are not the {len(base)} of base.",
                f"Answer again: `dvc repro answer@base answer@{variant}`.",
            )
    styles = {name: row["style"] for name, row in base.items()}
    return [sample({v: rows[v][name] for v in SIDE_BY_SIDE}) for name in chosen(styles, seed)]


def legible(text: str) -> str:
    """With U+FFFD for what turns a page around or cannot be seen: control and format characters,
    but for line ends and tabs."""
    return "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t" else c for c in text
    )


def sample(rows: dict[str, Row]) -> ShownRow:
    asked = rows["base"]["question"]

    def masked(answer: str) -> str:
        return legible(scrub(answer, OPTIONAL_TYPES, before=asked)[0])

    return ShownRow(
        source=rows["base"]["source"],
        style=rows["base"]["style"],
        question=legible(scrub(asked, OPTIONAL_TYPES)[0]),
        answers={variant: masked(row["prediction"]) for variant, row in rows.items()},
        reference=masked(rows["base"]["reference"]),
    )
