"""Measures one model variant on the test split: `data/splits/test/` and `models/<variant>/` in,
`metrics/evaluate/<variant>.json` and `data/predictions/<variant>.parquet` out.

Every variant answers the same prompts, rendered as a server would, by greedy decoding with the
weights that the variant ships (MXFP4 ones are dequantised first). The last answer of a conversation
is scored; earlier turns are given.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import pyarrow as pa

from stages.chat.family import renderer_of
from stages.chat.rendering import IGNORED, Encoded, Renderer, Settings
from stages.metrics.likelihood import answer_bits, bits_per_byte
from stages.metrics.manner import manner
from stages.metrics.rouge import rouge
from stages.metrics.short_answers import exact_match, f1
from stages.pipeline import paths
from stages.pipeline.config import Config, load_config
from stages.pipeline.publish import publish
from stages.pipeline.run import item, pin_numerics, run, write_json
from stages.pipeline.tables import Row, read_table, write_file
from stages.pipeline.tracking import project
from stages.weights.loading import load_model

log = logging.getLogger("evaluate")

OTHER_ROWS = 10  # with one alone, the figure swings by a point of ROUGE on 160 rows
PREDICTIONS = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("style", pa.string()),
        ("prediction", pa.string()),
        ("reference", pa.string()),
        ("bits", pa.float64()),
        ("stopped", pa.bool_()),
    ]
)


def in_batches(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def scored_part(renderer: Renderer, messages: list) -> tuple[list[int], Encoded]:
    """The prompt of the last answer, and the conversation with that answer alone labelled."""
    prompt = renderer.prompt(messages[:-1])
    whole = renderer.conversation(messages).input_ids
    return prompt, Encoded(whole, [IGNORED] * len(prompt) + whole[len(prompt) :])


def generate(
    model: Any, prompts: Sequence[list[int]], renderer: Renderer, max_new_tokens: int
) -> list[list[int]]:
    """Greedy continuations, without padding, up to and including the token that stopped them."""
    import torch

    pad, ends, longest = renderer.pad_id, renderer.stop_ids, max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=pad,
        )
    answers = []
    for sequence in output[:, longest:].tolist():
        stop = next((i + 1 for i, number in enumerate(sequence) if number in ends), len(sequence))
        answers.append(sequence[:stop])
    return answers


def by_chance(rows: list[Row]) -> float | None:
    """ROUGE-L (syllable) of the answers against the references of OTHER_ROWS other rows of their
    source and style: what they score for their manner alone, whatever they say. None where no row
    has another one beside it."""
    ordered = sorted(rows, key=lambda row: (row["source"], row["style"], row["id"]))
    predictions, others = [], []
    for _, rows_of_style in groupby(ordered, key=lambda row: (row["source"], row["style"])):
        group = list(rows_of_style)
        for shift in range(1, min(len(group), OTHER_ROWS + 1)):
            predictions += [row["prediction"] for row in group]
            others += [row["reference"] for row in group[shift:] + group[:shift]]
    return rouge(predictions, others, ["syllable"])["rougeL_syllable"] if others else None


def summary(rows: list[Row]) -> dict[str, float | None]:
    """The metrics of answered rows."""
    predictions = [row["prediction"] for row in rows]
    references = [row["reference"] for row in rows]
    count = len(rows)
    return {
        "rows": count,
        "bits_per_byte": round(bits_per_byte([row["bits"] for row in rows], references), 6),
        **rouge(predictions, references),
        "rougeL_syllable_by_chance": by_chance(rows),
        "stopped_share": round(sum(row["stopped"] for row in rows) / count, 6),
        "distinct_answer_share": round(len(set(predictions)) / count, 6),
        "exact_match": round(100 * sum(map(exact_match, predictions, references)) / count, 4),
        "f1_char": round(100 * sum(map(f1, predictions, references)) / count, 4),
        **manner(predictions, [row["style"] for row in rows]),
        "length_ratio": round(sum(map(len, predictions)) / sum(map(len, references)), 6),
    }


def answer(model: Any, renderer: Renderer, rows: list[Row], config: Config, name: str) -> list[Row]:
    """The rows of a predictions table: what the model answers, and the bits of the references."""
    from tqdm import tqdm

    # Similar lengths together, so that little of a batch is padding.
    rows = sorted(rows, key=lambda r: (sum(len(m["content"]) for m in r["messages"]), r["id"]))
    parts = [scored_part(renderer, row["messages"]) for row in rows]
    limit, hidden = config.evaluate.max_new_tokens, not config.runtime.progress
    bits: list[float] = []
    answers: list[list[int]] = []
    with tqdm(total=len(rows), desc=name, unit="row", disable=hidden, mininterval=5) as progress:
        for batch in in_batches(parts, config.evaluate.batch_size):
            bits += answer_bits(model, [encoded for _, encoded in batch], renderer.pad_id)
            answers += generate(model, [prompt for prompt, _ in batch], renderer, limit)
            progress.update(len(batch))
    answered = [
        {
            "id": row["id"],
            "source": row["source"],
            "style": row["style"],
            "prediction": renderer.answer_text(ids).strip(),
            "reference": row["messages"][-1]["content"],
            "bits": bits_of_row,
            "stopped": bool(ids) and ids[-1] in renderer.stop_ids,
        }
        for row, ids, bits_of_row in zip(rows, answers, bits, strict=True)
    ]
    return sorted(answered, key=lambda row: row["id"])


def main() -> None:
    variant = item("variant")
    config = load_config()
    pin_numerics(config.compute.threads)
    folder = paths.MODELS / variant
    outs = [
        paths.PREDICTIONS / f"{variant}.parquet",
        paths.METRICS / "evaluate" / f"{variant}.json",
    ]
    with publish(*outs) as (predictions_file, metrics_file):
        settings = Settings(
            conversation_date=config.encode.conversation_date, **config.encode.harmony.model_dump()
        )
        renderer = renderer_of(folder, settings)
        model = load_model(folder, config.evaluate.dtype)
        rows = list(islice(read_table(paths.SPLITS / "test"), config.evaluate.max_rows))
        answered = answer(model, renderer, rows, config, variant)
        sources = sorted({row["source"] for row in answered})
        metrics = summary(answered) | {
            "by_source": {
                name: summary([row for row in answered if row["source"] == name])
                for name in sources
            }
        }
        write_file(predictions_file, answered, PREDICTIONS)
        write_json(metrics_file, metrics)
    log.info("%s: %s", variant, {k: v for k, v in metrics.items() if k != "by_source"})
    project(config.runtime, f"evaluate@{variant}", metrics, outs)


if __name__ == "__main__":
    run(main)
