"""How a figure is shown: its unit, its digits, and which way is better.

Shares are between 0 and 1 in the metrics and percent on the page. A measure that is not in the
table of measures is shown as a plain number that may go either way.
"""

from typing import Literal

from stages.measuring.measures import TABLE, Measure

Number = int | float | None
UNKNOWN = Measure("", "", "number", "unknown", None)


def measure_of(name: str) -> Measure:
    return TABLE.get(name, UNKNOWN)


def in_order(names: set[str]) -> list[str]:
    """Known measures in the order of the page, then the others by name."""
    known = [name for name in TABLE if name in names]
    return known + sorted(names - set(known))


def plain(value: Number) -> str:
    """A figure as params.yaml would hold it, with six digits at most."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return f"{float(value):.6g}".replace("-", "−")


def shown(name: str, value: Number, signed: bool = False, unit: bool = True) -> str:
    """The value of a measure with its unit; a difference of shares is in points of percent."""
    if value is None:
        return "–"
    kind = measure_of(name).kind
    if kind == "share":
        text = f"{100 * abs(value):.2f}"
    elif kind == "points":
        text = f"{abs(value):.2f}"
    else:
        text = f"{abs(value):.4f}" if abs(value) < 100 else f"{abs(value):,.1f}"
    if text.strip("0."):  # what is shown as zero has no sign
        text = ("−" if value < 0 else "+" if signed else "") + text
    return f"{text} {'%p' if signed else '%'}" if unit and kind == "share" else text


def percent(share: float) -> str:
    return f"{100 * share:.2f} %".replace("-", "−")


def direction(name: str, difference: float) -> Literal["better", "worse", "changed"]:
    """What a difference means; "changed" where neither way is better by itself."""
    better = measure_of(name).better
    if better not in ("lower", "higher") or not difference:
        return "changed"
    return "better" if (difference > 0) == (better == "higher") else "worse"
