"""Charts of scores: what a variant differs by, and what is mistaken for what. Each takes the
numbers that it shows, and is None where there are none."""

from collections.abc import Sequence

from stages.formats.json_files import Json
from stages.measuring.measures import HEADLINE
from stages.pipeline.variants import SIDE_BY_SIDE
from stages.reporting.drawing import (
    COLOURS,
    FONT_PT,
    INK,
    WIDTH_PT,
    Chart,
    canvas,
    label,
    rows_down,
    svg_of,
    widest_pt,
)
from stages.reporting.figures import Number, measure_of, shown
from stages.reporting.scores import Group
from stages.reporting.words import Said, named, said, same

MARKS = {"base": "o", "adapter": "D", "merged-bf16": "s", "mxfp4": "^"}
GLYPHS = {"base": "●", "adapter": "◆", "merged-bf16": "■", "mxfp4": "▲"}
ROW_PT = 20.0
MOST_CELL_PT = 64.0
MOST_ROWS = 60  # of groups: more are read in their table


def legend_of(variants: Sequence[str]) -> tuple[tuple[str, str, Said], ...]:
    return tuple((name, GLYPHS[name], same(name)) for name in variants)


def forest(name: str, against_base: dict[str, Json]) -> Chart | None:
    """Differences from base with their intervals, right of zero what is better. The units of the
    measures differ, so each row is drawn to its own scale and has its numbers beside it."""
    names = [
        m for m in HEADLINE
        if measure_of(m).better in ("lower", "higher") and any(of.get(m) for of in
                                                               against_base.values())
    ]  # fmt: skip
    if not names:
        return None
    shown_variants = tuple(v for v in MARKS if v in against_base)
    labels = [label(named("measure", m)) for m in names]
    # The number beside a row is the merged model's, which is what the verdict is about.
    numbers = [
        shown(m, of["difference"], signed=True) if (of := against_base["merged-bf16"].get(m))
        else "–" for m in names
    ]  # fmt: skip
    figure, (axes,) = canvas(
        len(names) * 34.0, widest_pt(labels) + 12, right_pt=widest_pt(numbers) + 14, bottom_pt=10
    )
    axes.axvline(0, color=INK, linewidth=0.9)
    for row, measure in enumerate(names):
        found = {v: against_base[v].get(measure) for v in shown_variants}
        reach = max(abs(of[side]) for of in found.values() if of for side in ("low", "high"))
        scale = (-1 if measure_of(measure).better == "lower" else 1) / (reach or 1.0)
        for index, (variant, of) in enumerate(found.items()):
            if of is None:
                continue
            y = row + (index - (len(found) - 1) / 2) * 0.24
            colour, sure = COLOURS[variant], of["beyond_noise"]
            ends = (of["low"] * scale, of["high"] * scale)
            axes.plot(ends, (y, y), color=colour, linewidth=2.2, alpha=1 if sure else 0.45)
            axes.plot(of["difference"] * scale, y, MARKS[variant], color=colour, markersize=6,
                      markerfacecolor=colour if sure else "none")  # fmt: skip
        axes.annotate(
            numbers[row], (1.06, row), xytext=(6, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(names)), labels)
    axes.set_xticks([])
    axes.set_xlim(-1.06, 1.06)
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color=INK, alpha=0.12, linewidth=0.7)
    rows_down(axes, len(names))
    axes.spines[["left", "bottom"]].set_visible(False)
    return Chart(
        "chart.forest", svg_of(figure, name, said("chart.forest")), legend_of(shown_variants)
    )


def dots(name: str, by: str, measures: list[str], groups: list[Group]) -> Chart | None:
    """Scores of groups, a panel for each of two measures, a mark for each variant."""
    panels = [m for m in ("bits_per_byte", "rougeL_syllable", "topic_accuracy") if m in measures][
        :2
    ]
    groups = groups[:MOST_ROWS]
    if not panels or not groups:
        return None
    labels = [label(group.name) for group in groups]
    figure, every = canvas(
        max(len(groups) * ROW_PT, 36), widest_pt(labels) + 12, bottom_pt=34, panels=len(panels)
    )
    for axes, measure in zip(every, panels, strict=True):
        for row, group in enumerate(groups):
            values: dict[str, Number] = group.figures[measure]
            known = [v for v in values.values() if v is not None]
            axes.plot([min(known, default=0), max(known, default=0)], [row, row], color=INK,
                      alpha=0.3, linewidth=1)  # fmt: skip
            for variant in SIDE_BY_SIDE:
                if (value := values[variant]) is not None:
                    hollow = variant == "mxfp4"  # it lies on the merged model's as a rule
                    axes.plot(value, row, MARKS[variant], color=COLOURS[variant], markersize=6,
                              markerfacecolor="none" if hollow else COLOURS[variant])  # fmt: skip
        axes.set_xlabel(label(named("measure", measure)))
        axes.grid(axis="x")
        axes.margins(x=0.08)
        axes.locator_params(axis="x", nbins=5)
        rows_down(axes, len(groups))
        axes.set_yticks(range(len(groups)), labels if axes is every[0] else [""] * len(groups))
    kind = f"chart.{by}"
    return Chart(kind, svg_of(figure, name, said(kind)), legend_of(SIDE_BY_SIDE))


def grid(
    name: str,
    kind: str,
    rows: list[Said],
    columns: list[Said],
    counts: list[list[int]],
    by_row: bool = True,
) -> Chart | None:
    """Counts in cells, shaded by their share of the row, or of the largest of all."""
    if not rows or not columns:
        return None
    left, tops = [label(row) for row in rows], [label(column) for column in columns]
    left_pt = widest_pt(left) + 10
    least = widest_pt([f"{count:,}" for row in counts for count in row]) + 8
    cell_pt = max(least, min(MOST_CELL_PT, (WIDTH_PT - left_pt - 60) / len(columns)))
    slanted = widest_pt(tops) > cell_pt - 4
    top_pt = widest_pt(tops) * 0.75 + 16 if slanted else FONT_PT * 2
    room_pt = left_pt + cell_pt * len(columns)
    right_pt = max(WIDTH_PT - room_pt, top_pt if slanted else 8)
    figure, (axes,) = canvas(
        len(rows) * 24.0, left_pt, right_pt, bottom_pt=6, top_pt=top_pt,
        width_pt=room_pt + right_pt,
    )  # fmt: skip
    largest = max(max(row) for row in counts) or 1
    for y, row in enumerate(counts):
        whole = (sum(row) if by_row else largest) or 1
        for x, count in enumerate(row):
            if not count:
                continue
            # Not more than half: the number stands in ink on it, on light ground and dark.
            axes.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], facecolor=COLOURS["left"],
                      alpha=0.55 * count / whole, linewidth=0)  # fmt: skip
            axes.text(x + 0.5, y + 0.5, f"{count:,}", ha="center", va="center")
    lines = {"color": INK, "alpha": 0.15, "linewidth": 0.6}
    axes.hlines(range(len(rows) + 1), 0, len(columns), **lines)
    axes.vlines(range(len(columns) + 1), 0, len(rows), **lines)
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    axes.set_yticks([y + 0.5 for y in range(len(rows))], left)
    axes.xaxis.tick_top()
    axes.set_xticks([x + 0.5 for x in range(len(columns))], tops)
    if slanted:
        for tick in axes.get_xticklabels():
            tick.set(rotation=45, rotation_mode="anchor", ha="left", va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return Chart(kind, svg_of(figure, name, said(kind)))


def confusion(name: str, kind: str, found: dict[str, dict[str, int]], order: list[str],
              names: str) -> Chart | None:  # fmt: skip
    """Asked by answered. `order`: the columns that come first, others follow by name."""
    every = {column for counts in found.values() for column in counts}
    columns = order + sorted(every - set(order))
    rows = sorted(found)
    counts = [[found[row].get(column, 0) for column in columns] for row in rows]
    return grid(name, kind, [same(row) for row in rows], [named(names, c) for c in columns], counts)
