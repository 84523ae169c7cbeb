"""Charts of a run: its training, its data, its weights. Each takes the numbers that it shows, and
is None where there may be none."""

import re

from stages.reporting.drawing import (
    COLOURS,
    FONT_PT,
    INK,
    Chart,
    canvas,
    label,
    rows_down,
    svg_of,
    widest_pt,
    width_pt,
)
from stages.reporting.flow import Step
from stages.reporting.words import Said, said, same

# Of the kinds of weights, as many as a dense layer has; they share five marks.
SERIES = ("merged-bf16", "mxfp4", "adapter", "base", "dropped", "reference", "left")
SERIES_MARKS = tuple(zip("s^Dov", "■▲◆●▼", strict=True))


def curves(
    name: str, kind: str, axis: str, line: tuple[list[int], list[float]],
    points: tuple[list[int], list[float]] | None = None,
) -> Chart:  # fmt: skip
    """A line by step and, in the same unit, points that were measured now and then."""
    figure, (axes,) = canvas(170, 52)
    axes.plot(*line, color=COLOURS["merged-bf16"], linewidth=1.6)
    legend: tuple[tuple[str, str, Said], ...] = ()
    if points:
        axes.plot(*points, "o", color=COLOURS["dropped"], markersize=6)
        legend = (
            ("merged-bf16", "━", said("axis.learning")),
            ("dropped", "●", said("axis.validating")),
        )
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel(label(said("axis.step")))
    axes.set_ylabel(label(said(axis)))
    axes.grid(axis="y")
    return Chart(kind, svg_of(figure, name, said(kind)), legend)


def flow(name: str, way: list[Step]) -> Chart:
    """What is left after each step as a full bar; what went, at its end."""
    labels = [label(step.label) for step in way]
    signs = {"left": "", "dropped": "−", "added": "+"}
    numbers = [f"{signs[step.kind]}{step.rows:,}" for step in way]
    figure, (axes,) = canvas(
        len(way) * 17.0, widest_pt(labels) + 12, right_pt=widest_pt(numbers) + 12
    )
    for row, (step, number) in enumerate(zip(way, numbers, strict=True)):
        if step.kind == "left":
            axes.barh(row, step.rows, color=COLOURS["left"], height=0.72)
            end = step.rows
        else:
            start = step.left - (step.rows if step.kind == "added" else 0)
            end = start + step.rows
            axes.barh(row, step.rows, left=start, color=COLOURS["dropped"], height=0.5)
        axes.annotate(number, (end, row), xytext=(4, 0), textcoords="offset points", va="center",
                      fontweight="bold" if step.kind == "left" else "normal")  # fmt: skip
    axes.set_yticks(range(len(way)), labels)
    axes.set_xlim(0, max(step.left for step in way))
    axes.set_xlabel(label(said("axis.rows")))
    axes.grid(axis="x")
    rows_down(axes, len(way))
    legend = (("left", "■", said("axis.left")), ("dropped", "■", said("axis.dropped")))
    return Chart("chart.flow", svg_of(figure, name, said("chart.flow")), legend)


def lengths(name: str, train: dict[str, int], validation: dict[str, int]) -> Chart | None:
    """Rows by length in bins `65-128`; bins between the outermost that are empty are shown."""
    held = {int(span.split("-")[1]) for span in (*train, *validation)}
    if not held:
        return None
    tops = [1 << power for power in range((min(held) - 1).bit_length(),
                                          (max(held) - 1).bit_length() + 1)]  # fmt: skip
    spans = [f"{top // 2 + 1}-{top}" for top in tops]
    labels = [span.replace("-", "–") for span in spans]
    every = [(train, "left", -0.2), (validation, "mxfp4", 0.2)]
    most = max(rows for counts, *_ in every for rows in counts.values())
    figure, (axes,) = canvas(
        len(spans) * 34.0, widest_pt(labels) + 26, right_pt=width_pt(f"{most:,}") + 10
    )
    for counts, colour, shift in every:
        for row, span in enumerate(spans):
            rows = counts.get(span, 0)
            axes.barh(row + shift, rows, height=0.36, color=COLOURS[colour])
            axes.annotate(f"{rows:,}", (rows, row + shift), xytext=(4, 0),
                          textcoords="offset points", va="center")  # fmt: skip
    axes.set_yticks(range(len(spans)), labels)
    axes.set_xlabel(label(said("axis.rows")))
    axes.set_ylabel(label(said("axis.tokens")))
    axes.set_xlim(0, most)
    axes.grid(axis="x")
    rows_down(axes, len(spans))
    legend = (("left", "■", said("train")), ("mxfp4", "■", said("validation")))
    return Chart("chart.lengths", svg_of(figure, name, said("chart.lengths")), legend)


def mix(name: str, asked: dict[str, float], achieved: dict[str, dict[str, float]]) -> Chart:
    """Shares of the sources, asked and in each split."""
    sources = sorted(asked, key=lambda source: (-asked[source], source))
    labels = [label(source) for source in sources]
    figure, (axes,) = canvas(len(sources) * 40.0, widest_pt(labels) + 12, right_pt=36)
    colours = dict(zip(achieved, ("left", "mxfp4", "adapter"), strict=True))
    for row, source in enumerate(sources):
        for index, (split, shares) in enumerate(achieved.items()):
            share, y = 100 * shares.get(source, 0.0), row + (index - 1) * 0.25
            axes.barh(y, share, height=0.22, color=COLOURS[colours[split]])
            behind = max(share, 100 * asked[source])  # the mark stands in front of no number
            axes.annotate(f"{share:.1f}", (behind, y), xytext=(5, 0), textcoords="offset points",
                          va="center", fontsize=FONT_PT - 1.5)  # fmt: skip
        axes.plot([100 * asked[source]] * 2, [row - 0.46, row + 0.46], color=INK, linewidth=1.8)
    axes.set_yticks(range(len(sources)), labels)
    axes.set_xlabel(label(said("axis.share")))
    axes.set_xlim(left=0)
    rows_down(axes, len(sources))
    legend = (*((colours[split], "■", said(split)) for split in achieved),
              ("ink", "┃", said("axis.asked")))  # fmt: skip
    return Chart("chart.mix", svg_of(figure, name, said("chart.mix")), legend)


def layers(name: str, kind: str, axis: str, values: dict[str, float]) -> Chart | None:
    """A figure of each weight by the layer it is in; weights of one kind share a colour. Weights
    outside of layers are in the table alone."""
    kinds: dict[str, list[tuple[int, float]]] = {}
    for weight, value in values.items():
        if place := re.search(r"\blayers\.(\d+)\.(.+)$", weight):
            kinds.setdefault(place[2].removesuffix(".weight"), []).append((int(place[1]), value))
    if not kinds:
        return None
    ticks = [f"{value:.4g}" for points in kinds.values() for _, value in points]
    figure, (axes,) = canvas(170, max(map(width_pt, ticks)) + 34)
    legend = []
    for index, (weight, points) in enumerate(sorted(kinds.items())):
        colour = SERIES[index % len(SERIES)]
        mark, glyph = SERIES_MARKS[index % len(SERIES_MARKS)]
        places, figures = zip(*sorted(points), strict=True)
        axes.plot(places, figures, mark, linestyle="-", linewidth=0.8, color=COLOURS[colour])
        legend.append((colour, glyph, same(weight)))
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel(label(said("axis.layer")))
    axes.set_ylabel(label(said(axis)))
    axes.grid(axis="y")
    return Chart(kind, svg_of(figure, name, said(kind)), tuple(legend))
