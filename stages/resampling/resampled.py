"""The measures of several variants on the same rows, with their intervals."""

import numpy as np

from stages.formats.json_files import Json
from stages.formats.tables import Row
from stages.measuring.sums import columns, measure, rounded, topics_of
from stages.resampling.bootstrap import FEWEST_ROWS, interval, resampled_sums


class Resampled:
    """The sums of every variant on one set of rows: on the set itself, and on each of its
    resamples, which are the same rows for all variants."""

    def __init__(self, rows: dict[str, list[Row]], draws: int, seed: int):
        topics = sorted({topic for of in rows.values() for topic in topics_of(of)})
        made = {variant: columns(of, topics) for variant, of in rows.items()}
        few = len(next(iter(rows.values()))) < FEWEST_ROWS
        self.names = next(iter(made.values()))[0]
        whole = np.concatenate([values for _, values in made.values()], axis=1)
        shape = (len(made), len(self.names))
        self.sums = dict(zip(made, whole.sum(axis=0).reshape(shape), strict=True))
        drawn = resampled_sums(whole, draws, seed).reshape(draws, *shape)
        resampled = np.full_like(drawn, np.nan) if few else drawn
        self.resampled = {variant: resampled[:, i] for i, variant in enumerate(made)}

    def both(self, name: str, variant: str) -> tuple[np.ndarray, np.ndarray]:
        """A measure of the set, and of each resample."""
        return (
            measure(name, self.names, self.sums[variant]),
            measure(name, self.names, self.resampled[variant]),
        )

    def value(self, name: str, variant: str) -> Json | None:
        return with_interval("value", *self.both(name, variant))

    def difference(self, name: str, variant: str, other: str) -> Json | None:
        (here, heres), (there, theres) = self.both(name, variant), self.both(name, other)
        with np.errstate(invalid="ignore"):
            found = with_interval("difference", here - there, heres - theres)
        if found is not None:
            found["beyond_noise"] = found["low"] > 0 or found["high"] < 0
        return found

    def gain_kept(self, export: str) -> Json | None:
        """What an export keeps of the drop in bits per byte; 0 where there is none to keep."""
        bits = [self.both("bits_per_byte", variant) for variant in ("base", "merged-bf16", export)]

        def kept(base: np.ndarray, merged: np.ndarray, exported: np.ndarray) -> np.ndarray:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (base - exported) / (base - merged)
            return np.where(np.isnan(base - merged), np.nan, np.where(merged < base, share, 0.0))

        return with_interval("value", kept(*(b[0] for b in bits)), kept(*(b[1] for b in bits)))


def with_interval(key: str, value: np.ndarray, resampled: np.ndarray) -> Json | None:
    """A figure and its interval; None where it does not apply, or there are too few rows."""
    ends = interval(resampled)
    if not np.isfinite(value) or ends is None:
        return None
    return {key: rounded(value), "low": rounded(ends[0]), "high": rounded(ends[1])}
