"""Decides whether the tuned model may ship: the metrics of all stages and the thresholds of params
in, `metrics/gate.json` out.

Each check names a value, its bound and whether it holds; the verdict is `pass` if all do. A verdict
of `fail` is a result, not an error: the report is made either way.
"""

import logging
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import Gate, load_config
from stages.pipeline.publish import publish
from stages.pipeline.run import read_json, run, write_json
from stages.pipeline.tracking import project

log = logging.getLogger("gate")


def checks(gate: Gate, metrics: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The checks by name; `metrics` holds the evaluation of each variant, and the rows read."""
    base, merged, mxfp4 = metrics["base"], metrics["merged-bf16"], metrics["mxfp4"]
    quarantined = metrics["rows_quarantined"] / metrics["rows_in"]

    def at_least(value: float, bound: float) -> dict[str, Any]:
        value = round(value, 6)  # as metrics are; 0.3 - 0.25 is not 0.05 to a computer
        return {"value": value, "at_least": bound, "holds": value >= bound}

    def at_most(value: float, bound: float) -> dict[str, Any]:
        value = round(value, 6)
        return {"value": value, "at_most": bound, "holds": value <= bound}

    return {
        "bits_per_byte_drop": at_least(
            base["bits_per_byte"] - merged["bits_per_byte"], gate.min_bits_per_byte_drop
        ),
        "rougeL_syllable_gain": at_least(
            merged["rougeL_syllable"] - base["rougeL_syllable"], gate.min_rougeL_syllable_gain
        ),
        "mxfp4_bits_per_byte_rise": at_most(
            mxfp4["bits_per_byte"] - merged["bits_per_byte"], gate.max_mxfp4_bits_per_byte_rise
        ),
        "mxfp4_gain_kept": at_least(
            gain_kept(base["bits_per_byte"], merged["bits_per_byte"], mxfp4["bits_per_byte"]),
            gate.min_mxfp4_gain_kept,
        ),
        "quarantined_share": at_most(quarantined, gate.max_quarantined_share),
        "foreign_response_share": at_most(
            max(merged["foreign_response_share"], mxfp4["foreign_response_share"]),
            gate.max_foreign_response_share,
        ),
    }


def gain_kept(base: float, merged: float, exported: float) -> float:
    """What the export keeps of the drop in bits per byte; 0 where there is none to keep."""
    return (base - exported) / (base - merged) if merged < base else 0.0


def main() -> None:
    config = load_config()
    metrics: dict[str, Any] = {
        variant: read_json(paths.METRICS / "evaluate" / f"{variant}.json")
        for variant in ("base", "merged-bf16", "mxfp4")
    }
    sources = read_json(paths.METRICS / "curate.json")["rows_in_by_source"]
    ingested = [read_json(paths.METRICS / "ingest" / f"{name}.json") for name in sorted(sources)]
    for key in ("rows_in", "rows_quarantined"):
        metrics[key] = sum(counts[key] for counts in ingested)
    results = checks(config.gate, metrics)
    failed = [name for name, result in results.items() if not result["holds"]]
    gate = {"verdict": "fail" if failed else "pass", "passed": not failed, "checks": results}
    outs = [paths.METRICS / "gate.json"]
    with publish(*outs) as (metrics_file,):
        write_json(metrics_file, gate)
    log.info("verdict: %s%s", gate["verdict"], f" ({', '.join(failed)})" if failed else "")
    project(config.runtime, "gate", gate, outs)


if __name__ == "__main__":
    run(main)
