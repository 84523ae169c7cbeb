"""Folds the adapter into the base: `models/base/` and `models/adapter/` in,
`models/merged-bf16/` out.

Weights go through a piece at a time, an expert or some rows: what the adapter changes becomes
W + s B A in float32 and is rounded to BF16 once; other floating-point tensors are BF16 already and
copied byte for byte, or rounded; an MXFP4 base is dequantised. Every tensor of the adapter is used
exactly once, or the merge refuses. A run that was killed resumes after its last finished file.
"""

import logging
import math

from stages.formats.json_files import read_json, write_json
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
from stages.params.merge import Merge
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("merge")


class Params(Sections):
    compute: Compute
    runtime: Runtime
    merge: Merge


def main() -> None:
    params = read_params(Params)
    pin_numerics(params.compute)
    from stages.weights.merge_plan import MergePlan
    from stages.weights.tensors.checkpoint import copy_companions
    from stages.weights.tensors.lora import Adapter
    from stages.weights.tensors.model import Model
    from stages.weights.tensors.room import shards_room
    from stages.weights.tensors.shards import take_shards, write_shards

    outs = [paths.MERGED, paths.METRICS / "merge.json"]
    with publish(*outs) as (folder, metrics_file):
        made_from = [paths.BASE, paths.ADAPTER]
        with (
            Model(paths.BASE) as base,
            Adapter(paths.ADAPTER, base.shapes()) as adapter,
            shards_room("merge", made_from, params.merge.model_dump()) as room,
        ):
            groups = MergePlan(base, adapter).groups()
            sums = write_shards(
                room,
                groups,
                params.merge.max_shard_mb * 1_000_000,
                params.compute.threads,
                params.runtime.progress,
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


if __name__ == "__main__":
    run(main)
