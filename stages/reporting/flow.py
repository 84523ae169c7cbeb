"""What became of the rows: from those read to those trained, with a reason for every one that went.

The steps are counted by different stages, so each difference between them is accounted for here;
`left` behind each step is what the next one counts as its input.
"""

from collections import Counter
from typing import Literal, NamedTuple

from stages.formats.json_files import Json
from stages.reporting.words import Said, reason, said


class Step(NamedTuple):
    """`rows` that are left, or that went (`dropped`) or came again (`added`)."""

    kind: Literal["left", "dropped", "added"]
    label: Said
    rows: int
    left: int


def steps(metrics: Json) -> list[Step]:
    """The way of the rows of training sources, in order. Reasons that took no row are left out."""
    ingest, curate, mix = metrics["ingest"].values(), metrics["curate"], metrics["mix"]
    encode = metrics["encode"]["train"]
    quarantined: Counter = Counter()
    for counts in ingest:
        quarantined.update(counts["quarantined"])
    held = {split: sum(of[split] for of in mix["strata"].values()) for split in
            ("train", "validation", "test")}  # fmt: skip
    train = mix["train"]
    aside = train["rows_dropped_for_warnings"]
    wrong = mix["rows_dropped_as_wrong_starts"]
    way: list[Step] = []

    def stay(key: str, rows: int) -> None:
        way.append(Step("left", said(key), rows, rows))

    def go(counts: dict[str, int]) -> None:
        for code, rows in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            if rows:
                way.append(Step("dropped", reason(code), rows, way[-1].left - rows))

    stay("flow.read", sum(counts["rows_in"] for counts in ingest))
    go(quarantined)
    stay("flow.ingested", sum(counts["rows_out"] for counts in ingest))
    go(curate["dropped"])
    stay("flow.curated", mix["rows_curated"])
    go({"wrong_start": wrong} | mix["rows_dropped_as_leaks"])
    stay("flow.untied", sum(held.values()))
    go({"for_validation": held["validation"], "for_test": held["test"]})
    stay("flow.split", held["train"])
    go({"warning": aside, "ratio": held["train"] - aside - train["rows_different"]})
    if again := train["rows"] - train["rows_different"]:
        way.append(Step("added", reason("repeats"), again, way[-1].left + again))
    stay("flow.mixed", train["rows"])
    go(encode["refused"])
    stay("flow.trained", encode["rows_out"])
    return way
