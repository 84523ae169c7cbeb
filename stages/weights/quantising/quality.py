"""What an export cost and what it left of the tuning, from the sums of each weight's pieces."""

import csv
import logging
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

log = logging.getLogger("export")

COLUMNS = (
    "weight",
    "relative_mse",
    "delta_kept",
    "error_to_delta",
    "blocks_changed",
    "scales_changed",
)
Quality = dict[str, float]  # of one weight, by COLUMNS


def qualities(sums: Mapping[str, Mapping[str, float]]) -> dict[str, Quality]:
    """The figures of each weight that was quantised; what has no meaning for it is left out."""
    found: dict[str, Quality] = {}
    for name, each in sorted(sums.items()):
        if not each:
            continue
        figures = {"relative_mse": each["error"] / each["tuned"] if each["tuned"] else 0.0}
        if each["delta"]:
            figures["delta_kept"] = each["kept"] / each["delta"]
            figures["error_to_delta"] = each["error"] / each["delta"]
        for key in ("blocks_changed", "scales_changed"):
            if key in each:
                figures[key] = each[key] / each["blocks"]
        weight = name.removesuffix("_blocks").removesuffix("_packed")
        found[weight] = {key: round(value, 8) for key, value in figures.items()}
    return found


def over_all(found: Mapping[str, Quality], least: float) -> dict[str, float]:
    """The figures over all weights, and a warning of those that lost their tuning."""
    errors = [each["relative_mse"] for each in found.values()]
    kept = {name: each["delta_kept"] for name, each in found.items() if "delta_kept" in each}
    lost = sorted(name for name, share in kept.items() if share < least)
    if lost:
        log.warning(
            "quantising left less than %s of the tuning in %d of %d weights, least in %s (%.3f). "
            "Train with train.qat, or set export.mxfp4.rule to calibrated.",
            least, len(lost), len(kept), min(lost, key=lambda name: kept[name]), min(kept.values()),
        )  # fmt: skip
    metrics: dict[str, float] = {
        "quantised_tensors": len(found),
        "relative_mse_mean": round(statistics.fmean(errors), 8) if errors else 0.0,
        "relative_mse_max": max(errors, default=0.0),
        "tuned_quantised_tensors": len(kept),
        "tensors_under_min_delta_kept": len(lost),
    }
    if kept:
        beside = [each["error_to_delta"] for each in found.values() if "error_to_delta" in each]
        metrics |= {
            "delta_kept_mean": round(statistics.fmean(kept.values()), 8),
            "delta_kept_min": min(kept.values()),
            "error_to_delta_mean": round(statistics.fmean(beside), 8),
            "error_to_delta_max": max(beside),
        }
    for key in ("blocks_changed", "scales_changed"):
        if shares := [each[key] for each in found.values() if key in each]:
            metrics[f"{key}_mean"] = round(statistics.fmean(shares), 8)
    return metrics


def write_table(path: Path, found: Mapping[str, Quality]) -> None:
    """One line a weight, as CSV."""
    lines: Sequence[Mapping[str, object]] = [
        {"weight": weight, **figures} for weight, figures in found.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
