"""Measures how far the exported model's answers are from those of the merged one: both models and
the validation split in, `metrics/compare/<format>.json` out.

At each token of an answer the two say how likely every token of the vocabulary is. KL is what it
costs, in nats a token, to expect what the export expects where the merged model is right; top-1
agreement is how often both hold the same token for the likeliest.
"""

import logging
from itertools import islice
from typing import Any

from stages.chat.rendering import IGNORED
from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.publish import publish
from stages.pipeline.run import item, pin_numerics, run, write_json
from stages.pipeline.tables import Row, read_table
from stages.pipeline.tracking import project
from stages.weights.loading import load_model

log = logging.getLogger("compare")


def expected(model: Any, row: Row) -> Any:
    """The log-probabilities (tokens, vocabulary) before each labelled token of a row."""
    import torch

    places = torch.where(torch.tensor(row["labels"][1:]) != IGNORED)[0]
    with torch.inference_mode():
        logits = model(torch.tensor([row["input_ids"]], device=model.device)).logits[0]
    return logits[places.to(logits.device)].float().log_softmax(-1).cpu()


def distance(merged: Any, exported: Any, row: Row) -> dict[str, float]:
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
    config = load_config()
    pin_numerics(config.compute.threads)
    from tqdm import tqdm

    params = config.compare
    outs = [paths.METRICS / "compare" / f"{form}.json"]
    with publish(*outs) as (metrics_file,):
        merged = load_model(paths.MERGED, config.answer.dtype)
        exported = load_model(paths.MODELS / form, config.answer.dtype)
        rows = list(islice(read_table(paths.ENCODED / "validation"), params.max_rows))
        bar = tqdm(rows, desc="rows", mininterval=5, disable=not config.runtime.progress)
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
        if metrics["top1_agreement"] < params.min_top1_agreement:
            log.warning(
                "the %s model agrees with the merged one on %.3f of the tokens, under %s. Set "
                "export.mxfp4.rule to search or calibrated, or train with train.qat.",
                form, metrics["top1_agreement"], params.min_top1_agreement,
            )  # fmt: skip
        write_json(metrics_file, metrics)
    log.info("%s: %s", form, metrics)
    project(config.runtime, f"compare@{form}", metrics, outs)


if __name__ == "__main__":
    run(main)
