"""Folds the adapter into the base: `models/base/` and `models/adapter/` in,
`models/merged-bf16/` out.

Weights go through one tensor at a time: each weight that the adapter changes becomes W + s B A in
float32 and is rounded to BF16 once; every other floating-point tensor is BF16 already or rounded.
Every tensor of the adapter is used exactly once, or the merge refuses.
"""

import logging
from collections.abc import Iterator

from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.errors import ModelError
from stages.pipeline.publish import publish
from stages.pipeline.run import pin_numerics, read_json, run, write_json
from stages.pipeline.tracking import project

log = logging.getLogger("merge")


def main() -> None:
    config = load_config()
    pin_numerics(config.compute.threads)
    import torch

    from stages.weights.checkpoint import Checkpoint, copy_companions, write_checkpoint
    from stages.weights.lora import load_adapter
    from stages.weights.mxfp4 import dequantize

    adapter = load_adapter(paths.ADAPTER)
    outs = [paths.MERGED, paths.METRICS / "merge.json"]
    changes: list[float] = []

    def merged(base: Checkpoint) -> Iterator[tuple[str, torch.Tensor]]:
        left = set(adapter.factors)
        for name in base:
            if name.endswith("_scales"):
                continue
            weight = base[name]
            if name.endswith("_blocks"):
                # gpt-oss stores experts as (E, out, in) blocks and computes with (E, in, out).
                name = name.removesuffix("_blocks")
                weight = dequantize(weight, base[f"{name}_scales"]).transpose(-1, -2)
            if name in left:
                left.remove(name)
                tuned = adapter.tuned(name, weight)
                changes.append(float((tuned - weight.float()).norm() / weight.float().norm()))
                weight = tuned
            yield name, weight.to(torch.bfloat16) if weight.is_floating_point() else weight
        if left:
            raise ModelError(
                str(paths.ADAPTER),
                f"changes {len(left)} weights that the base lacks, the first is {min(left)}.",
                "Adapter and base do not belong together: run `dvc repro train`.",
            )

    with publish(*outs) as (folder, metrics_file), Checkpoint(paths.BASE) as base:
        folder.mkdir()
        size = write_checkpoint(folder, merged(base), config.merge.max_shard_mb * 1_000_000)
        copy_companions(paths.BASE, folder, "config.json")
        described = read_json(paths.BASE / "config.json") | {"dtype": "bfloat16"}
        described.pop("quantization_config", None)
        write_json(folder / "config.json", described)
        metrics = {
            "merged_weights": len(changes),
            "weight_bytes": size,
            "relative_change_mean": round(sum(changes) / len(changes), 8),
            "relative_change_max": round(max(changes), 8),
        }
        write_json(metrics_file, metrics)
    log.info("%s", metrics)
    project(config.runtime, "merge", metrics, outs)


if __name__ == "__main__":
    run(main)
