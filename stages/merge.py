"""Folds the adapter into the base: `models/base/` and `models/adapter/` in,
`models/merged-bf16/` out.

Weights go through a piece at a time, an expert or some rows: what the adapter changes becomes
W + s B A in float32 and is rounded to BF16 once; other floating-point tensors are BF16 already and
copied byte for byte, or rounded; an MXFP4 base is dequantised. Every tensor of the adapter is used
exactly once, or the merge refuses. A run that was killed goes on after its last finished file.
"""

import logging
import math
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.errors import ModelError
from stages.pipeline.publish import publish
from stages.pipeline.run import pin_numerics, read_json, run, write_json
from stages.pipeline.tracking import project

log = logging.getLogger("merge")


def in_bf16(name: str, weight: Any) -> Any:
    """Rounded once.

    Raises:
        ModelError: a number is none, or none that BF16 can hold.
    """
    import torch

    rounded = weight.to(torch.bfloat16)
    if not torch.isfinite(rounded).all():
        raise ModelError(
            "models/merged-bf16",
            f"{name} would hold NaN or infinity.",
            "Look at the base model's weight; if it is fine, train with a lower rate.",
        )
    return rounded


def plan(base: Any, adapter: Any) -> list[Any]:
    """What is to be written, from the base's `weights.model.Model` and the `weights.lora.Adapter`;
    no number is read yet."""
    import torch

    from stages.weights.change import energies
    from stages.weights.shards import Group, Made, rows_at_once

    def experts(name: str, shape: tuple[int, int, int]) -> Group:
        def make(first: int, _: int) -> Made:
            weight, sums = base.matrix(name, first), {}
            if name in adapter:
                tuned = adapter[name].tuned(weight, first)
                weight, sums = tuned, energies(weight, tuned)
            return {name: in_bf16(name, weight.T).unsqueeze(0)}, sums

        count, rows, columns = shape
        return Group({name: (torch.bfloat16, (count, columns, rows))}, 1, make)

    def matrix(name: str) -> Group:
        def make(first: int, last: int) -> Made:
            weight = base.rows(name, first, last)
            tuned = adapter[name].tuned(weight, first=first)
            return {name: in_bf16(name, tuned)}, energies(weight, tuned)

        shape = base.stored(name).shape
        return Group({name: (torch.bfloat16, shape)}, rows_at_once(shape), make)

    def untouched(name: str) -> Group:
        stored = base.stored(name)
        floats = stored.dtype.is_floating_point

        def make(first: int, last: int) -> Made:
            weight = base.rows(name, first, last) if stored.shape else base[name]
            return {name: in_bf16(name, weight) if floats else weight}, {}

        dtype = torch.bfloat16 if floats else stored.dtype
        return Group({name: (dtype, stored.shape)}, rows_at_once(stored.shape), make)

    groups = []
    for name in base:
        shape = base.shape(name)
        if base.is_packed(name) or (base.is_experts(name) and name in adapter):
            groups.append(experts(name, shape))
        else:
            groups.append(matrix(name) if name in adapter else untouched(name))
    return groups


def main() -> None:
    config = load_config()
    pin_numerics(config.compute.threads)
    from stages.weights.checkpoint import copy_companions
    from stages.weights.lora import Adapter
    from stages.weights.model import Model
    from stages.weights.shards import shards_room, take_shards, write_shards

    outs = [paths.MERGED, paths.METRICS / "merge.json"]
    with publish(*outs) as (folder, metrics_file):
        made_from = [paths.BASE, paths.ADAPTER]
        with (
            Model(paths.BASE) as base,
            Adapter(paths.ADAPTER, base.shapes()) as adapter,
            shards_room("merge", made_from, config.merge.model_dump()) as room,
        ):
            groups = plan(base, adapter)
            sums = write_shards(
                room,
                groups,
                config.merge.max_shard_mb * 1_000_000,
                config.compute.threads,
                config.runtime.progress,
            )
            changed = {name: sums[name] for name in adapter}
            folder.mkdir()
            take_shards(room, folder)
        copy_companions(paths.BASE, folder, "config.json")
        described = read_json(paths.BASE / "config.json") | {"dtype": "bfloat16"}
        described.pop("quantization_config", None)
        write_json(folder / "config.json", described)
        changes = [math.sqrt(each["delta"] / (each["weight"] or 1.0)) for each in changed.values()]
        metrics = {
            "merged_weights": len(changed),
            "merged_expert_weights": sum(".experts." in name for name in changed),
            "weight_bytes": sum(group.nbytes for group in groups),
            "relative_change_mean": round(sum(changes) / len(changes), 8),
            "relative_change_max": round(max(changes), 8),
        }
        write_json(metrics_file, metrics)
    log.info("%s", metrics)
    project(config.runtime, "merge", metrics, outs)


if __name__ == "__main__":
    run(main)
