"""Writes the model in a serving format: base, adapter and merged weights in, `models/<format>/`
out.

`mxfp4` is the layout of gpt-oss: the experts' weights as `*_blocks` and `*_scales`, all else BF16.
Expert weights that the adapter does not change and that the base already holds in MXFP4 are passed
through byte for byte; the others are quantised from the merged weights, and the error of each is
measured.
"""

import logging
import statistics
from collections.abc import Iterator

from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.errors import ModelError, ParamsError
from stages.pipeline.publish import publish
from stages.pipeline.run import item, pin_numerics, read_json, run, write_json
from stages.pipeline.tracking import project

log = logging.getLogger("export")

EXPERTS = (".mlp.experts.gate_up_proj", ".mlp.experts.down_proj")
QUANTIZATION = {
    "quant_method": "mxfp4",
    "modules_to_not_convert": [
        "model.layers.*.self_attn",
        "model.layers.*.mlp.router",
        "model.embed_tokens",
        "lm_head",
    ],
}


def main() -> None:
    form = item("format")
    if form != "mxfp4":
        raise ParamsError("--format", f"{form!r} is no export format.", "Use mxfp4.")
    config = load_config()
    pin_numerics(config.compute.threads)
    import torch

    from stages.weights.checkpoint import Checkpoint, copy_companions, write_checkpoint
    from stages.weights.lora import load_adapter
    from stages.weights.mxfp4 import dequantize, quantize

    family = read_json(paths.MERGED / "config.json")["model_type"]
    if family != "gpt_oss":
        raise ModelError(
            str(paths.MERGED / "config.json"),
            f"model_type is {family!r}, and mxfp4 is written in the layout of gpt_oss.",
            "Serve models/merged-bf16 instead.",
        )
    tuned = load_adapter(paths.ADAPTER).factors
    rule = config.export.mxfp4.scale_rule
    outs = [paths.MODELS / form, paths.METRICS / "export" / f"{form}.json"]
    errors: dict[str, float] = {}
    passed_through: list[str] = []

    def packed(base: Checkpoint, merged: Checkpoint) -> Iterator[tuple[str, torch.Tensor]]:
        for name in merged:
            if not name.endswith(EXPERTS):
                yield name, merged[name]
                continue
            if f"{name}_blocks" in base and name not in tuned:
                passed_through.append(name)
                yield f"{name}_blocks", base[f"{name}_blocks"]
                yield f"{name}_scales", base[f"{name}_scales"]
                continue
            weight = merged[name].float().transpose(-1, -2).contiguous()  # (E, out, in)
            blocks, scales = quantize(weight, rule)
            lost = dequantize(blocks, scales) - weight
            errors[name] = float(lost.square().sum() / weight.square().sum())
            yield f"{name}_blocks", blocks
            yield f"{name}_scales", scales

    with (
        publish(*outs) as (folder, metrics_file),
        Checkpoint(paths.BASE) as base,
        Checkpoint(paths.MERGED) as merged,
    ):
        folder.mkdir()
        size = write_checkpoint(folder, packed(base, merged), config.merge.max_shard_mb * 1_000_000)
        copy_companions(paths.MERGED, folder, "config.json")
        described = read_json(paths.MERGED / "config.json")
        write_json(folder / "config.json", described | {"quantization_config": QUANTIZATION})
        metrics = {
            "weight_bytes": size,
            "quantised_tensors": len(errors),
            "passed_through_tensors": len(passed_through),
            "relative_mse_mean": round(statistics.fmean(errors.values()), 8) if errors else 0.0,
            "relative_mse_max": round(max(errors.values(), default=0.0), 8),
        }
        write_json(metrics_file, metrics)
    log.info("%s", metrics)
    project(config.runtime, f"export@{form}", metrics, outs)


if __name__ == "__main__":
    run(main)
