"""Writes the model in MXFP4: base, adapter and merged weights in, `models/mxfp4/` out.

Weights that the format packs go straight from W + s B A in float32 to MXFP4, a piece at a time,
with no rounding to BF16 between (or from the merged weights, if params say so); all else is what
was merged. What the adapter does not change and the base already holds in MXFP4 passes through byte
for byte. Of each weight it is measured what quantising cost, and what it left of the tuning.
"""

import csv
import logging
import math
import statistics
import threading
from pathlib import Path
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import Mxfp4, load_config
from stages.pipeline.errors import ModelError, ParamsError
from stages.pipeline.publish import publish
from stages.pipeline.run import item, pin_numerics, read_json, run, write_json
from stages.pipeline.tables import read_table
from stages.pipeline.tracking import project

log = logging.getLogger("export")

CURVE = (
    "weight",
    "relative_mse",
    "delta_kept",
    "error_to_delta",
    "blocks_changed",
    "scales_changed",
)


def plan(
    base: Any, adapter: Any, merged: Any, layout: Any, source: str, quantiser: Any
) -> list[Any]:
    """What is to be written, from the two `weights.model.Model` and the `weights.lora.Adapter`; no
    number is read yet."""
    import torch

    from stages.weights.change import losses
    from stages.weights.mxfp4 import BLOCK, dequantize
    from stages.weights.shards import Group, Made, rows_at_once

    def quantised(name: str) -> Group:
        packed = layout.packed(name)
        experts = base.shape(name)[0] > 1 or base.is_experts(name)

        def part(model: Any, first: int, last: int) -> torch.Tensor:
            return model.matrix(name, first) if experts else model.rows(name, first, last)

        def make(first: int, last: int) -> Made:
            weight = part(base, first, last)
            tuned = weight
            if source == "merged":
                tuned = part(merged, first, last)
            elif name in adapter:
                place = {"expert": first} if experts else {"first": first}
                tuned = adapter[name].tuned(weight, **place)
            before = base.packed(name, first, last) if base.is_packed(name) else None
            try:
                blocks, scales = quantiser(name, first, tuned, before[1][0] if before else None)
            except ValueError as error:
                raise ModelError(
                    str(paths.MERGED),
                    f"{name}: {error}.",
                    "Run `dvc repro train` with a lower rate.",
                ) from None
            if before is not None:
                # Also -0, which becomes 0 when nothing is added to it.
                same = (tuned == weight).unflatten(-1, (-1, BLOCK)).all(-1)
                blocks[same], scales[same] = before[0][0][same], before[1][0][same]
            exported = dequantize(blocks, scales, threads=1)
            sums = {"blocks": float(scales.numel())}
            untuned = weight
            if name in adapter and before is None:
                untuned = dequantize(*quantiser(name, first, weight, None), threads=1)
            sums |= losses(weight, tuned, exported, untuned)
            if before is not None:
                sums["scales_changed"] = float((scales != before[1][0]).sum())
                moved = (exported != weight).unflatten(-1, (-1, BLOCK)).any(-1)
                sums["blocks_changed"] = float(moved.sum())
            if not math.isfinite(sums["error"]):
                raise ModelError(
                    str(paths.MERGED), f"{name}: too large for MXFP4.", "Train with a lower rate."
                )
            made = {packed.blocks: blocks, packed.scales: scales}
            if experts:
                made = {key: tensor.unsqueeze(0) for key, tensor in made.items()}
            else:
                made[packed.blocks] = blocks.flatten(-2)
            return made, sums

        shapes = {packed.blocks: packed.shape, packed.scales: packed.scales_shape}
        step = 1 if experts else rows_at_once(base.shape(name)[1:])
        return Group({key: (torch.uint8, shape) for key, shape in shapes.items()}, step, make)

    def passed_on(model: Any, *names: str) -> Group:
        """Tensors with as many rows each, as they are stored."""

        def make(first: int, last: int) -> Made:
            return {
                name: model.rows(name, first, last) if model.stored(name).shape else model[name]
                for name in names
            }, {}

        stored = {name: model.stored(name) for name in names}
        step = min(rows_at_once(each.shape) for each in stored.values())
        return Group({name: (each.dtype, each.shape) for name, each in stored.items()}, step, make)

    groups = []
    for name in merged:
        if not layout.packs(name):
            groups.append(passed_on(merged, name))
        elif base.is_packed(name) and name not in adapter:
            groups.append(passed_on(base, f"{name}_blocks", f"{name}_scales"))
        else:
            groups.append(quantised(name))
    return groups


def check_merged(base: Any, merged: Any) -> None:
    """That the merged weights are those of this base, by name and shape.

    Raises:
        ModelError: they are not.
    """
    shapes = [{name: model.shape(name) for name in model} for model in (base, merged)]
    if shapes[0] != shapes[1]:
        names = sorted(shapes[0].keys() | shapes[1].keys())
        other = next(name for name in names if shapes[0].get(name, ()) != shapes[1].get(name, ()))
        raise ModelError(
            str(merged.folder),
            f"was not made from {base.folder}: they differ in {other}.",
            "Run `dvc repro merge`.",
        )


def quantiser_of(params: Mxfp4, base: Any, adapter: Any, merged: Any) -> Any:
    """A function of a weight's name, its expert, its numbers (out, in) and the scales of its blocks
    in the base, that gives blocks and scales.

    Raises:
        ModelError: what the rule needs is not to be had for this model.
    """
    import torch

    from stages.weights.activations import Activations
    from stages.weights.feedback import quantize_with_feedback
    from stages.weights.mxfp4 import quantize

    if params.rule != "calibrated":
        return lambda name, expert, weight, before: quantize(weight, params.rule, before, threads=1)
    if merged.family != "gpt_oss":
        raise ModelError(
            "params.yaml: export.mxfp4.rule",
            f"is calibrated, which is for the experts of gpt_oss, and the base is {merged.family}.",
            "Set it to search.",
        )
    torch.set_num_threads(1)  # pieces are worked on side by side; no sum may depend on how many
    rows = [row["input_ids"] for row in read_table(paths.ENCODED / "train")]
    rows = rows[:: max(1, len(rows) // params.calibration_rows)][: params.calibration_rows]
    recorded, one_at_a_time = [], threading.Lock()

    def calibrated(name: str, expert: int, weight: Any, before: Any) -> Any:
        with one_at_a_time:
            if not recorded:  # not before a weight needs it, nor after a kill if none is left
                log.info("calibrating on %d rows, %s tokens", len(rows), f"{sum(map(len, rows)):,}")
                recorded.append(Activations(merged.folder, rows))
        inputs = recorded[0].of(name, expert, base, adapter)
        return quantize_with_feedback(weight, inputs, before)

    return calibrated


def measured(sums: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """A line for each weight that was quantised; what has no meaning for it is left out."""
    lines = []
    for name, each in sorted(sums.items()):
        if not each:
            continue
        line: dict[str, Any] = {
            "weight": name.removesuffix("_blocks").removesuffix("_packed"),
            "relative_mse": each["error"] / each["tuned"] if each["tuned"] else 0.0,
        }
        if each["delta"]:
            line["delta_kept"] = each["kept"] / each["delta"]
            line["error_to_delta"] = each["error"] / each["delta"]
        for key in ("blocks_changed", "scales_changed"):
            if key in each:
                line[key] = each[key] / each["blocks"]
        lines.append({key: round(v, 8) if key != "weight" else v for key, v in line.items()})
    return lines


def headline(lines: list[dict[str, Any]], least: float) -> dict[str, Any]:
    """The figures over all weights, and a warning of those that lost their tuning."""
    errors = [line["relative_mse"] for line in lines]
    kept = {line["weight"]: line["delta_kept"] for line in lines if "delta_kept" in line}
    lost = sorted(name for name, share in kept.items() if share < least)
    if lost:
        log.warning(
            "quantising left less than %s of the tuning in %d of %d weights, least in %s (%.3f). "
            "Train with train.qat, or set export.mxfp4.rule to calibrated.",
            least, len(lost), len(kept), min(lost, key=lambda name: kept[name]), min(kept.values()),
        )  # fmt: skip
    metrics: dict[str, Any] = {
        "quantised_tensors": len(lines),
        "relative_mse_mean": round(statistics.fmean(errors), 8) if errors else 0.0,
        "relative_mse_max": max(errors, default=0.0),
        "tuned_quantised_tensors": len(kept),
        "tensors_under_min_delta_kept": len(lost),
    }
    if kept:
        beside = [line["error_to_delta"] for line in lines if "error_to_delta" in line]
        metrics |= {
            "delta_kept_mean": round(statistics.fmean(kept.values()), 8),
            "delta_kept_min": min(kept.values()),
            "error_to_delta_mean": round(statistics.fmean(beside), 8),
            "error_to_delta_max": max(beside),
        }
    for key in ("blocks_changed", "scales_changed"):
        if shares := [line[key] for line in lines if key in line]:
            metrics[f"{key}_mean"] = round(statistics.fmean(shares), 8)
    return metrics


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, CURVE, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def main() -> None:
    form = item("format")
    if form != "mxfp4":
        raise ParamsError("--format", f"{form!r} is no export format.", "Use mxfp4.")
    config = load_config()
    params, threads = config.export.mxfp4, config.compute.threads
    pin_numerics(threads)
    from stages.weights.checkpoint import copy_companions
    from stages.weights.layout import Layout
    from stages.weights.lora import Adapter
    from stages.weights.model import Model
    from stages.weights.shards import shards_room, take_shards, write_shards

    curve = paths.PLOTS / f"{form}.csv"
    outs = [paths.MODELS / form, curve, paths.METRICS / "export" / f"{form}.json"]

    with publish(*outs) as (folder, curve_file, metrics_file):
        made_from = [paths.BASE, paths.ADAPTER, paths.MERGED]
        if params.rule == "calibrated":
            made_from.append(paths.ENCODED / "train")
        own = config.merge.model_dump() | params.model_dump()
        with (
            Model(paths.BASE) as base,
            Adapter(paths.ADAPTER, base.shapes()) as adapter,
            Model(paths.MERGED) as merged,
        ):
            layout = Layout(merged)
            check_merged(base, merged)
            quantiser = quantiser_of(params, base, adapter, merged)
            with shards_room("export", made_from, own) as room:
                groups = plan(base, adapter, merged, layout, params.source, quantiser)
                sums = write_shards(
                    room,
                    groups,
                    config.merge.max_shard_mb * 1_000_000,
                    threads,
                    config.runtime.progress,
                )
                folder.mkdir()
                take_shards(room, folder)
            packed = sum(layout.packs(name) for name in merged)
        lines = measured(sums)
        metrics = headline(lines, params.min_delta_kept)
        metrics["passed_through_tensors"] = packed - len(lines)
        metrics["weight_bytes"] = sum(group.nbytes for group in groups)
        copy_companions(paths.MERGED, folder, "config.json")
        described = read_json(paths.MERGED / "config.json")
        described["quantization_config"] = layout.quantization_config
        write_json(folder / "config.json", described)
        write_lines(curve_file, lines)
        write_json(metrics_file, metrics)
    log.info("%s", metrics)
    project(config.runtime, f"export@{form}", metrics, outs)


if __name__ == "__main__":
    run(main)
