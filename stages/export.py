"""Writes the model in MXFP4: base, adapter and merged weights in, `models/mxfp4/` out.

Weights that the format packs go straight from W + s B A in float32 to MXFP4, a piece at a time,
with no rounding to BF16 between (or from the merged weights, if params say so); all else is what
was merged. Of each weight it is measured what quantising cost, and what it left of the tuning. A
run that was killed resumes after its last finished file.
"""

import logging
from pathlib import Path

from stages.formats.json_files import Json, read_json, write_json
from stages.formats.tables import read_table
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
from stages.params.export import Export
from stages.params.merge import Merge
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

log = logging.getLogger("export")


class Params(Sections):
    compute: Compute
    runtime: Runtime
    merge: Merge
    export: Export


def training_ids() -> list[list[int]]:
    return [row["input_ids"] for row in read_table(paths.ENCODED / "train")]


def take_companions(folder: Path, quantization_config: Json) -> None:
    """Config and tokenizer of the merged model, with how the weights are quantised."""
    from stages.weights.tensors.checkpoint import copy_companions

    copy_companions(paths.MERGED, folder, "config.json")
    described = read_json(paths.MERGED / "config.json")
    described["quantization_config"] = quantization_config
    write_json(folder / "config.json", described)


def main() -> None:
    form = item("format")
    if form != "mxfp4":
        raise ParamsError("--format", f"{form!r} is not an export format.", "Use mxfp4.")
    params = read_params(Params)
    rule, threads = params.export.mxfp4, params.compute.threads
    pin_numerics(params.compute)
    from stages.weights.export_plan import ExportPlan, check_merged
    from stages.weights.quantising.layout import Layout
    from stages.weights.quantising.quality import over_all, qualities, write_table
    from stages.weights.quantising.quantiser import quantiser_of
    from stages.weights.tensors.lora import Adapter
    from stages.weights.tensors.model import Model
    from stages.weights.tensors.mxfp4 import rule_of
    from stages.weights.tensors.room import shards_room
    from stages.weights.tensors.shards import take_shards, write_shards

    outs = [
        paths.MODELS / form,
        paths.PLOTS / f"{form}.csv",
        paths.METRICS / "export" / f"{form}.json",
    ]
    made_from = [paths.BASE, paths.ADAPTER, paths.MERGED]
    if rule.rule == "calibrated":
        made_from.append(paths.ENCODED / "train")
    decides = params.merge.model_dump() | rule.model_dump()
    with publish(*outs) as (folder, table_file, metrics_file):
        with (
            Model(paths.BASE) as base,
            Adapter(paths.ADAPTER, base.shapes()) as adapter,
            Model(paths.MERGED) as merged,
        ):
            layout = Layout(merged)
            check_merged(base, merged)
            quantiser = quantiser_of(rule, base, adapter, merged, training_ids)
            by_rows = rule_of(rule.rule)
            plan = ExportPlan(base, adapter, merged, layout, rule.source, quantiser, by_rows)
            with shards_room("export", made_from, decides) as room:
                groups = plan.groups()
                shard_bytes = params.merge.max_shard_mb * 1_000_000
                sums = write_shards(room, groups, shard_bytes, threads, params.runtime.progress)
                folder.mkdir()
                take_shards(room, folder)
            packed = sum(layout.packs(name) for name in merged)
        found = qualities(sums)
        metrics = over_all(found, rule.min_delta_kept)
        metrics["passed_through_tensors"] = packed - len(found)
        metrics["weight_bytes"] = sum(group.nbytes for group in groups)
        take_companions(folder, layout.quantization_config)
        write_table(table_file, found)
        write_json(metrics_file, metrics)
    log.info("%s", metrics)


if __name__ == "__main__":
    run(main)
