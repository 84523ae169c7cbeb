"""Holds the variants against each other, with how sure each figure is: `data/scores/` of all of
them in, `metrics/contrast.json` out.

The variants answered the same rows, so differences are taken row by row: an interval of a
difference is much narrower than those of the two figures, and where it spans zero the difference is
within noise.
"""

import logging

from stages.formats.json_files import Json, write_json
from stages.formats.tables import Row, read_file
from stages.measuring.measures import FORMULAS
from stages.params.contrast import Contrast
from stages.params.reading import read_params
from stages.params.section import Sections, Seed
from stages.pipeline import paths
from stages.pipeline.errors import DataError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run
from stages.pipeline.variants import EXPORTS, TUNED, VARIANTS
from stages.resampling.bootstrap import LEVEL
from stages.resampling.resampled import Resampled

log = logging.getLogger("contrast")


class Params(Sections):
    seed: Seed
    contrast: Contrast


def contrasted(rows: dict[str, list[Row]], draws: int, seed: int) -> Json:
    """All that is said of one set; `rows` are its scores by variant, in the same order."""
    sample = Resampled(rows, draws, seed)
    return {
        "variants": {
            variant: {name: sample.value(name, variant) for name in FORMULAS}
            for variant in VARIANTS
        },
        "against_base": {
            variant: {name: sample.difference(name, variant, "base") for name in FORMULAS}
            for variant in TUNED
        },
        "against_merged": {
            export: {name: sample.difference(name, export, "merged-bf16") for name in FORMULAS}
            for export in EXPORTS
        },
        "gain_kept": {export: sample.gain_kept(export) for export in EXPORTS},
    }


def scores() -> dict[str, dict[str, list[Row]]]:
    """The rows of every variant, by set.

    Raises:
        DataError: the variants were not scored on the same rows.
    """
    by_variant = {variant: read_file(paths.SCORES / f"{variant}.parquet") for variant in VARIANTS}
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
    params = read_params(Params)
    draws = params.contrast.draws
    outs = [paths.METRICS / "contrast.json"]
    metrics = {
        "draws": draws,
        "level": LEVEL,
        "sets": {name: contrasted(rows, draws, params.seed) for name, rows in scores().items()},
    }
    with publish(*outs) as (metrics_file,):
        write_json(metrics_file, metrics)
    for name, found in metrics["sets"].items():
        changed = found["against_base"]["merged-bf16"]
        clear = [key for key, of in changed.items() if of and of["beyond_noise"]]
        log.info("%s: the tuned model differs from the base beyond noise in %s", name, clear)


if __name__ == "__main__":
    run(main)
