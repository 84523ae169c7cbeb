"""Holds the variants against each other, with how sure each figure is: `data/scores/` of all of
them in, `metrics/contrast.json` out.

The variants answered the same rows, so differences are taken row by row: an interval of a
difference is much narrower than those of the two figures, and where it spans zero the difference is
within noise.
"""

import logging
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from stages.metrics.bootstrap import FEWEST_ROWS, LEVEL, interval, resampled_sums
from stages.metrics.measures import MEASURES, columns, measure, rounded, topics_of
from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.errors import DataError
from stages.pipeline.publish import publish
from stages.pipeline.run import run, write_json
from stages.pipeline.tables import Row
from stages.pipeline.tracking import project

log = logging.getLogger("contrast")

VARIANTS = ("base", "adapter", "merged-bf16", "mxfp4")
EXPORTS = ("mxfp4",)


class Sample:
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

    def both(self, name: str, variant: str) -> tuple[Any, Any]:
        """A measure of the set, and of each resample."""
        return (
            measure(name, self.names, self.sums[variant]),
            measure(name, self.names, self.resampled[variant]),
        )

    def value(self, name: str, variant: str) -> dict[str, Any] | None:
        return with_interval("value", *self.both(name, variant))

    def difference(self, name: str, variant: str, other: str) -> dict[str, Any] | None:
        (here, heres), (there, theres) = self.both(name, variant), self.both(name, other)
        with np.errstate(invalid="ignore"):
            found = with_interval("difference", here - there, heres - theres)
        if found is not None:
            found["beyond_noise"] = found["low"] > 0 or found["high"] < 0
        return found

    def gain_kept(self, export: str) -> dict[str, Any] | None:
        """What an export keeps of the drop in bits per byte; 0 where there is none to keep."""
        bits = [self.both("bits_per_byte", variant) for variant in ("base", "merged-bf16", export)]

        def kept(base: Any, merged: Any, exported: Any) -> Any:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (base - exported) / (base - merged)
            return np.where(np.isnan(base - merged), np.nan, np.where(merged < base, share, 0.0))

        return with_interval("value", kept(*(b[0] for b in bits)), kept(*(b[1] for b in bits)))


def with_interval(key: str, value: Any, resampled: Any) -> dict[str, Any] | None:
    """A figure and its interval; None where it does not apply, or there are too few rows."""
    ends = interval(resampled)
    if not np.isfinite(value) or ends is None:
        return None
    return {key: rounded(value), "low": rounded(ends[0]), "high": rounded(ends[1])}


def contrasted(rows: dict[str, list[Row]], draws: int, seed: int) -> dict[str, Any]:
    """All that is said of one set; `rows` are its scores by variant, in the same order."""
    sample = Sample(rows, draws, seed)
    return {
        "variants": {
            variant: {name: sample.value(name, variant) for name in MEASURES}
            for variant in VARIANTS
        },
        "against_base": {
            variant: {name: sample.difference(name, variant, "base") for name in MEASURES}
            for variant in VARIANTS[1:]
        },
        "against_merged": {
            export: {name: sample.difference(name, export, "merged-bf16") for name in MEASURES}
            for export in EXPORTS
        },
        "gain_kept": {export: sample.gain_kept(export) for export in EXPORTS},
    }


def scores() -> dict[str, dict[str, list[Row]]]:
    """The rows of every variant, by set.

    Raises:
        DataError: the variants were not scored on the same rows.
    """
    by_variant = {
        variant: pq.read_table(paths.SCORES / f"{variant}.parquet").to_pylist()
        for variant in VARIANTS
    }
    asked = {
        variant: [(row["set"], row["id"]) for row in rows] for variant, rows in by_variant.items()
    }
    for variant in VARIANTS[1:]:
        if asked[variant] != asked["base"]:
            raise DataError(
                str(paths.SCORES / f"{variant}.parquet"),
                "is of other rows than the base's scores.",
                "Run `dvc repro`, which answers the same rows with every variant.",
            )
    sets = sorted({name for name, _ in asked["base"]})
    return {
        name: {v: [row for row in rows if row["set"] == name] for v, rows in by_variant.items()}
        for name in sets
    }


def main() -> None:
    config = load_config()
    draws = config.contrast.draws
    outs = [paths.METRICS / "contrast.json"]
    metrics = {
        "draws": draws,
        "level": LEVEL,
        "sets": {name: contrasted(rows, draws, config.seed) for name, rows in scores().items()},
    }
    with publish(*outs) as (metrics_file,):
        write_json(metrics_file, metrics)
    for name, found in metrics["sets"].items():
        changed = found["against_base"]["merged-bf16"]
        clear = [key for key, of in changed.items() if of and of["beyond_noise"]]
        log.info("%s: the tuned model differs from the base beyond noise in %s", name, clear)
    project(config.runtime, "contrast", metrics, outs)


if __name__ == "__main__":
    run(main)
