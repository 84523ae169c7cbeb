"""The scores of the variants as rows of tables: values, intervals, and what differs by more than
noise. Values are those of `metrics/evaluate/`, intervals those of `metrics/contrast.json`."""

from typing import NamedTuple

from stages.formats.json_files import Json
from stages.measuring.measures import HEADLINE
from stages.pipeline.variants import SIDE_BY_SIDE, VARIANTS
from stages.reporting.figures import Number, direction, in_order, shown
from stages.reporting.words import Said, named


class Difference(NamedTuple):
    """What a variant differs by, as texts; `effect` is a key of words."""

    value: str
    interval: str
    effect: str


class Cell(NamedTuple):
    value: str
    interval: str | None
    difference: Difference | None


class Row(NamedTuple):
    measure: str
    label: Said
    cells: list[Cell]


def interval(name: str, found: Json, signed: bool = False) -> str:
    low, high = (shown(name, found[end], signed, unit=False) for end in ("low", "high"))
    return f"[{low}, {high}]"


def difference(name: str, found: Json | None) -> Difference | None:
    if found is None:
        return None
    effect = direction(name, found["difference"]) if found["beyond_noise"] else "within_noise"
    if found["low"] == found["high"] == 0:
        effect = "no_difference"  # in no row, so there is no noise either
    return Difference(
        shown(name, found["difference"], signed=True), interval(name, found, signed=True), effect
    )


def rows_of(evaluated: Json, contrasted: Json) -> list[Row]:
    """A row for each measure that applies to some variant, in the order of the page.

    `evaluated`: the measures by variant; `contrasted`: the set in contrast.json. Measures of one
    set without intervals stand there without them.
    """
    applies = {m for of in evaluated.values() for m, value in of.items() if value is not None}
    rows = []
    for name in in_order(applies):
        cells = []
        for variant in VARIANTS:
            found = contrasted["variants"][variant].get(name)
            against = contrasted["against_base"].get(variant, {}).get(name)
            cells.append(
                Cell(
                    shown(name, evaluated[variant].get(name)),
                    interval(name, found) if found else None,
                    difference(name, against),
                )
            )
        rows.append(Row(name, named("measure", name), cells))
    return rows


def headline(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.measure in HEADLINE]


def others(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.measure not in HEADLINE]


def lost(contrasted: Json) -> list[tuple[str, Said, Difference]]:
    """What mxfp4 differs by from the merged model, of the measures that apply."""
    found = contrasted["against_merged"]["mxfp4"]
    applies = {name for name, of in found.items() if of is not None}
    rows = [(name, named("measure", name), difference(name, found[name])) for name in HEADLINE
            if name in applies]  # fmt: skip
    return [(name, label, of) for name, label, of in rows if of is not None]


# What groups of rows are compared by: few figures, so that a table stays readable.
OF_GROUPS = ("bits_per_byte", "rougeL_syllable", "rouge_sum_morph", "topic_accuracy",
             "speech_level_accuracy")  # fmt: skip


class Group(NamedTuple):
    """One source, style or topic; `figures[measure][variant]` are numbers for the chart."""

    name: str
    rows: int
    figures: dict[str, dict[str, Number]]


def groups(evaluated: Json, by: str) -> tuple[list[str], list[Group]]:
    """(the measures that some group has, the groups by name) of `by_source`, `by_style` or
    `by_topic`."""
    found = {variant: evaluated[variant][by] for variant in SIDE_BY_SIDE}
    every = [
        Group(
            name,
            base["rows"],
            {m: {v: found[v].get(name, {}).get(m) for v in SIDE_BY_SIDE} for m in OF_GROUPS},
        )
        for name, base in sorted(found["base"].items())
    ]
    has = [m for m in OF_GROUPS if any(v is not None for g in every for v in g.figures[m].values())]
    return has, every
