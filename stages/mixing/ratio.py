"""Rows in the asked ratio of sources, and no more warnings among them than may be."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from stages.formats.tables import Row
from stages.mixing.splits import draw


def in_order(rows: list[Row], seed: int) -> list[Row]:
    """The rows in the order in which they are taken, which follows each row's own hash."""
    return sorted(rows, key=lambda row: (draw(seed, "order", row["id"]), row["id"]))


def in_ratio(
    rows: list[Row],
    weights: Mapping[str, float],
    seed: int,
    size: Callable[[Row], int] = lambda row: 1,
    max_repeats: int = 1,
) -> list[Row]:
    """A choice of `rows`, which stand `in_order`, with the sources in the ratio of `weights`,
    measured by `size` (1 a row, or its tokens); the largest one, but for the room that no row of a
    source fits into.

    A source that is too small for its weight is gone through up to `max_repeats` times, but no
    further than the source with the most rows for its weight reaches when it is used once. Which
    rows of a source are taken, and the order of the result, follow each row's own hash.
    """
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    held = {name: sum(map(size, by_source[name])) for name in weights}
    total = min(held[name] * max_repeats / weight for name, weight in weights.items())
    total = min(total, max(held[name] / weight for name, weight in weights.items()))
    taken: list[tuple[float, str, int, Row]] = []
    for name, weight in weights.items():
        room = int(total * weight + 1e-6)
        for time in range(max_repeats):
            for row in by_source[name]:
                if room <= 0:
                    break
                if size(row) > room:
                    continue
                room -= size(row)
                order = draw(seed, "order" if time == 0 else f"order {time}", row["id"])
                taken.append((order, row["id"], time, row))
    return [row for *_, row in sorted(taken, key=lambda each: each[:3])]


def with_few_warnings(
    rows: list[Row], choose: Callable[[list[Row]], list[Row]], max_share: float
) -> tuple[list[Row], int]:
    """`choose` of the rows, which stand `in_order`, with at most `max_share` of the chosen marked
    `warns` (S3-09), and how many rows were put aside for it.

    The first of them stay, as many as may; how many that is, is found by bisection.
    """
    warning = [row["id"] for row in rows if row["warns"]]

    def chosen(stay: int) -> list[Row]:
        aside = set(warning[stay:])
        return choose([row for row in rows if row["id"] not in aside])

    def fits(taken: list[Row]) -> bool:
        return sum(row["warns"] for row in taken) <= max_share * len(taken) + 1e-9

    taken = chosen(len(warning))
    if fits(taken):
        return taken, 0
    low, high = 0, len(warning)  # as many stay: low fits, since none warns then; high does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(chosen(middle)) else (low, middle)
    return chosen(low), len(warning) - low
