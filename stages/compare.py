"""Measures how far the exported model's answers are from those of the merged one: both models and
the validation split in, `metrics/compare/<format>.json` out.

At each token of an answer the two say how likely every token of the vocabulary is. KL is what it
costs, in nats a token, to expect what the export expects where the merged model is right; top-1
agreement is how often both hold the same token for the likeliest.
"""

import logging
from itertools import islice
from typing import TYPE_CHECKING

from stages.answering.loading import load_model
from stages.answering.positions import before_labels, only_positions
from stages.chat.rendering import IGNORED
from stages.formats.json_files import write_json
from stages.formats.tables import Row, read_table
from stages.numerics.pins import pin_numerics
from stages.params.answer import Answer
from stages.params.compare import Compare
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.memory import keep_freed_memory
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

log = logging.getLogger("compare")


class Params(Sections):
    compute: Compute
    runtime: Runtime
    answer: Answer
    compare: Compare


def expected(model: "PreTrainedModel", row: Row) -> "Tensor":
    """The log-probabilities (tokens, vocabulary) before each labelled token of a row."""
    import torch

    labels = torch.tensor([row["labels"]], device=model.device)
    with torch.inference_mode(), only_positions(model, before_labels(labels)):
        logits = model(torch.tensor([row["input_ids"]], device=model.device)).logits[0]
    return logits.float().log_softmax(-1).cpu()


def distance(merged: "PreTrainedModel", exported: "PreTrainedModel", row: Row) -> dict[str, float]:
    """Sums over the labelled tokens of a row: KL and the two losses in nats, and agreements."""
    import torch

    right, given = expected(merged, row), expected(exported, row)
    labels = torch.tensor([label for label in row["labels"][1:] if label != IGNORED]).unsqueeze(1)
    return {
        "tokens": float(len(labels)),
        "kl": float((right.exp() * (right - given)).sum(-1).double().sum()),
        "agree": float((right.argmax(-1) == given.argmax(-1)).sum()),
        "merged_loss": float(-right.gather(1, labels).double().sum()),
        "exported_loss": float(-given.gather(1, labels).double().sum()),
    }


def main() -> None:
    form = item("format")
    params = read_params(Params)
    pin_numerics(params.compute)
    keep_freed_memory()
    from tqdm import tqdm

    outs = [paths.METRICS / "compare" / f"{form}.json"]
    with publish(*outs) as (metrics_file,):
        merged = load_model(paths.MERGED, params.answer.dtype)
        exported = load_model(paths.MODELS / form, params.answer.dtype)
        rows = list(islice(read_table(paths.ENCODED / "validation"), params.compare.max_rows))
        bar = tqdm(rows, desc="rows", mininterval=5, disable=not params.runtime.progress)
        found = [distance(merged, exported, row) for row in bar]
        total = {key: sum(each[key] for each in found) for key in found[0]}
        tokens = total["tokens"]
        metrics = {
            "rows": len(rows),
            "tokens": int(tokens),
            "kl_nats": round(total["kl"] / tokens, 6),
            "top1_agreement": round(total["agree"] / tokens, 6),
            "loss_nats_merged": round(total["merged_loss"] / tokens, 6),
            "loss_nats_exported": round(total["exported_loss"] / tokens, 6),
        }
        least = params.compare.min_top1_agreement
        if metrics["top1_agreement"] < least:
            log.warning(
                "the %s model agrees with the merged one on %.3f of the tokens, under %s. Set "
                "export.mxfp4.rule to search or calibrated, or train with train.qat.",
                form, metrics["top1_agreement"], least,
            )  # fmt: skip
        write_json(metrics_file, metrics)
    log.info("%s: %s", form, metrics)


if __name__ == "__main__":
    run(main)
