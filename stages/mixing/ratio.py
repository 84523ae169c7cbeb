"""Rows in the asked ratio of sources, and no more warnings among them than may be."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from stages.mixing.splits import draw
from stages.pipeline.tables import Row


def in_ratio(
    rows: list[Row],
    weights: Mapping[str, float],
    seed: int,
    size: Callable[[Row], int] = lambda row: 1,
    max_repeats: int = 1,
) -> list[Row]:
    """The largest choice of rows in which the sources stand in the ratio of `weights`, measured by
    `size` (1 a row, or its tokens).

    A source that is too small for its weight is gone through up to `max_repeats` times, but no
    further than the source with the most rows for its weight reaches when it is used once. Which
    rows of a source are taken, and the order of the result, follow each row's own hash.
    """
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (draw(seed, "order", row["id"]), row["id"])):
        by_source[row["source"]].append(row)
    held = {name: sum(map(size, by_source[name])) for name in weights}
    total = min(held[name] * max_repeats / weight for name, weight in weights.items())
    total = min(total, max(held[name] / weight for name, weight in weights.items()))
    taken: list[tuple[float, str, int, Row]] = []
    for name, weight in weights.items():
        room = int(total * weight + 1e-6)
        for time in range(max_repeats):
            for row in by_source[name]:
                if (room := room - size(row)) < 0:
                    break
                order = draw(seed, "order" if time == 0 else f"order {time}", row["id"])
                taken.append((order, row["id"], time, row))
            if room <= 0:
                break
    return [row for *_, row in sorted(taken, key=lambda each: each[:3])]


def with_few_warnings(
    rows: list[Row], choose: Callable[[list[Row]], list[Row]], max_share: float
) -> tuple[list[Row], int]:
    """`choose(rows)`, with at most `max_share` of its rows marked `warns` (S3-09), and how many
    rows were put aside for it.

    The last of them in the order of the result go first, and others take their places.
    """
    dropped = 0
    while True:
        taken = choose(rows)
        warning = [row["id"] for row in taken if row["warns"]]
        excess = len(warning) - int(max_share * len(taken) + 1e-9)
        if excess <= 0:
            return taken, dropped
        surplus = set(warning[-excess:])
        rows = [row for row in rows if row["id"] not in surplus]
        dropped += len(surplus)
