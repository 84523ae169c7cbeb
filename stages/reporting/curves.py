"""The curves that `dvc plots` draws: one CSV each, from the tables that train and export write.

A table with a column for each measure has empty cells where one was not taken, and DVC draws them
as 0. Here a line is left out instead.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

Line = Mapping[str, str]

# The curves of a training by the name of their file: the column of train.csv, and its name here.
# Losses are called the same, so that DVC draws both on one axis.
OF_STEPS = {
    "training": ("loss", "loss_nats"),
    "validation": ("eval_loss", "loss_nats"),
    "gradient": ("grad_norm", "grad_norm"),
}


def curves(steps: Sequence[Line], weights: Sequence[Line]) -> dict[str, list[tuple[str, str]]]:
    """Header and lines of each curve, by the name of its file."""
    made = {
        name: [("step", shown), *measured(steps, "step", column)]
        for name, (column, shown) in OF_STEPS.items()
    }
    return made | {"kept": [("weight", "delta_kept"), *measured(weights, "weight", "delta_kept")]}


def measured(lines: Iterable[Line], by: str, column: str) -> Iterator[tuple[str, str]]:
    """The lines that have a value in a column, with what they are of."""
    return ((line[by], line[column]) for line in lines if line[column])


def write_curves(folder: Path, made: Mapping[str, Iterable[tuple[str, str]]]) -> None:
    folder.mkdir()
    for name, lines in made.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)
