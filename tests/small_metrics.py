"""What the stages before the report leave of a small run: their metrics and answers, by hand.

Personal data in the answers is synthetic.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.formats.json_files import write_json
from stages.formats.tables import write_file

VARIANTS = ("base", "adapter", "merged-bf16", "mxfp4")
STYLES = {"kakao_casual": 12, "kakao_formal": 8, "news_headline": 20}
TOPICS = ("경제", "정치")
BITS = {"base": 1.3, "adapter": 1.0, "merged-bf16": 1.0, "mxfp4": 1.02}
ROUGE_L = {"base": 10.0, "adapter": 15.0, "merged-bf16": 15.0, "mxfp4": 14.5}

PREDICTIONS = pa.schema(
    [(name, pa.string()) for name in ("id", "set", "source", "style", "question", "reference",
                                      "prediction")]
)  # fmt: skip

METRICS: dict[str, Any] = {
    "ingest/chat": {"rows_in": 1000, "rows_out": 960, "rows_quarantined": 40, "quarantined": {"empty_title": 30, "invalid_json": 10}},
    "ingest/news": {"rows_in": 500, "rows_out": 490, "rows_quarantined": 10, "quarantined": {"invalid_json": 10}},
    "scrub/chat": {"rows": 960, "rows_masked": 7, "rows_to_review": 1, "masked_total": 9, "masked": {"PHONE": 5, "EMAIL": 4}},
    "scrub/news": {"rows": 490, "rows_masked": 2, "rows_to_review": 0, "masked_total": 2, "masked": {"PHONE": 2}},
    "curate": {"rows_in": 1450, "rows_out": 1400, "dropped": {"too_short": 30, "near_duplicate": 20}, "rows_in_by_source": {"chat": 960, "news": 490}, "rows_out_by_source": {"chat": 920, "news": 480}},
    "mix": {
        "rows_curated": 1400,
        "rows_dropped_as_leaks": {"leaks_an_answer": 15, "near_a_held_out_row": 25},
        "rows_dropped_as_wrong_starts": 10,
        "asked_share": {"chat": 0.6, "news": 0.4},
        "strata": {"chat/kakao_casual": {"train": 700, "validation": 50, "test": 70}, "news/news_headline": {"train": 450, "validation": 40, "test": 40}},
        "train": {"rows": 1020, "rows_different": 1000, "rows_dropped_for_warnings": 5, "share_by_source": {"chat": 0.61, "news": 0.39}},
        "validation": {"rows": 80, "rows_different": 80, "rows_dropped_for_warnings": 0, "share_by_source": {"chat": 0.6, "news": 0.4}},
        "test": {"rows": 100, "rows_different": 100, "rows_dropped_for_warnings": 0, "share_by_source": {"chat": 0.59, "news": 0.41}},
    },
    "encode": {
        "train": {"rows_out": 1010, "refused": {"too_long": 10, "nothing_to_train": 0}, "tokens": 90_000, "trained_tokens": 30_000, "rows_by_tokens": {"33-64": 900, "129-256": 110}},
        "validation": {"rows_out": 80, "refused": {"too_long": 0, "nothing_to_train": 0}, "tokens": 7000, "trained_tokens": 2000, "rows_by_tokens": {"33-64": 80}},
    },
    "train": {"trainable_parameters": 20_000, "total_parameters": 4_000_000, "steps": 18, "validation_loss_nats_before": 3.2, "validation_loss_nats": 1.6, "grad_norm_max": 1.25},
    "merge": {"merged_weights": 8, "weight_bytes": 8_000_000, "relative_change_mean": 0.1, "relative_change_max": 0.2},
    "export/mxfp4": {"weight_bytes": 3_000_000, "quantised_tensors": 8, "passed_through_tensors": 0, "relative_mse_mean": 0.01, "relative_mse_max": 0.02, "tuned_quantised_tensors": 2, "delta_kept_mean": 0.97, "delta_kept_min": 0.91},
    "compare/mxfp4": {"kl_nats": 0.0123, "top1_agreement": 0.954, "tokens": 12345},
    "drift": {"release": None, "figures": {}, "distances": {}},
}  # fmt: skip
CURVE = "step,loss,grad_norm,learning_rate,eval_loss\n0,,,,3.2\n5,3.0,1.25,0.01,\n10,2.0,0.9,0.005,1.6\n"
WEIGHTS = (
    "weight,relative_mse,delta_kept\n"
    "model.layers.0.mlp.experts.down_proj,0.012,0.97\n"
    "model.layers.1.mlp.experts.down_proj,0.013,\n"
)


def measures(variant: str, **changes: float | None) -> dict[str, float | None]:
    return {
        "bits_per_byte": BITS[variant],
        "rougeL_syllable": ROUGE_L[variant],
        "rougeL_syllable_by_chance": 9.5,
        "rouge_sum_morph": 2 * ROUGE_L[variant],
        "topic_accuracy": 0.75,
        "speech_level_accuracy": 0.5,
        "foreign_response_share": 0.0,
        "personal_data_share": 0.025,
        "length_ratio": 1.1,
        "schema_kept_share": None,
    } | changes


def evaluated(variant: str) -> dict[str, Any]:
    """One set of metrics/evaluate/<variant>.json."""
    of = measures(variant)
    return {
        "rows": sum(STYLES.values()),
        "measures": of,
        "by_source": {"chat": {"rows": 20, **of}, "news": {"rows": 20, **of}},
        "by_style": {style: {"rows": rows, **of} for style, rows in STYLES.items()},
        "by_topic": {topic: {"rows": 10, **of} for topic in TOPICS},
        "speech_levels": {"kakao_casual": {"hae": 9, "haeyo": 3}, "kakao_formal": {"haeyo": 8}},
        "topics": {"경제": {"경제": 9, "정치": 1}, "정치": {"경제": 4, "정치": 6}},
        "personal_data": {"PHONE": 1},
    }


def contrasted() -> dict[str, Any]:
    """One set of metrics/contrast.json: the gain in bits is beyond noise, that in ROUGE
    is not, and foreign letters do not differ at all."""
    without = ("rougeL_syllable_by_chance",)

    def interval(key: str, value: float, half: float) -> dict[str, float]:
        return {key: value, "low": round(value - half, 6), "high": round(value + half, 6)}

    def difference(name: str, one: str, other: str) -> dict[str, Any] | None:
        ours, theirs = measures(one)[name], measures(other)[name]
        if ours is None or theirs is None:
            return None
        half = 9.0 if name.startswith("rouge") else 0.0 if name.startswith("foreign") else 0.01
        found = interval("difference", round(ours - theirs, 6), half)
        return found | {"beyond_noise": found["low"] > 0 or found["high"] < 0}

    names = [name for name in measures("base") if name not in without]
    return {
        "variants": {
            variant: {
                name: None if value is None else interval("value", value, 0.05)
                for name, value in measures(variant).items()
                if name not in without
            }
            for variant in VARIANTS
        },
        "against_base": {
            variant: {name: difference(name, variant, "base") for name in names}
            for variant in VARIANTS[1:]
        },
        "against_merged": {"mxfp4": {n: difference(n, "mxfp4", "merged-bf16") for n in names}},
        "gain_kept": {"mxfp4": {"value": 0.933333, "low": 0.9, "high": 0.97}},
    }


def rule(result: str = "pass", **changes: Any) -> dict[str, Any]:
    return {
        "result": result,
        "figure": "evaluate/merged-bf16.rougeL_syllable",
        "against": "base",
        "value": 5.0,
        "at_least": 1.0,
        "low": 3.0,
        "high": 9.0,
        "why": None,
    } | changes


def gate(verdict: str = "pass", **rules: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": verdict, "passed": verdict == "pass", "rules": rules or {"gain": rule()}}


def answers(variant: str, name: str = "test") -> list[dict[str, str]]:
    """A row for each of STYLES' rows; each answer has a phone number and a line of its own."""
    return [
        {
            "id": f"{style}-{number:02}",
            "set": name,
            "source": style.split("_")[0],
            "style": style,
            "question": f"질문 {number}번입니다. 연락처는 010-1234-5678이에요.",
            "reference": f"참조 답 {number}",
            "prediction": f"{variant}의 답 {number}\n  전화 010-9876-5432",
        }
        for style, rows in STYLES.items()
        for number in range(rows)
    ]


def write_run(sets: tuple[str, ...] = ("test",)) -> None:
    """The whole run into `metrics/` and `data/` of the working directory."""
    for name, content in METRICS.items():
        write_json(Path("metrics") / f"{name}.json", content)
    for variant in VARIANTS:
        record = {"speech_level": "kiwipiepy 0.24", "decoding": "greedy"}
        of_sets = {name: evaluated(variant) for name in sets}
        write_json(Path(f"metrics/evaluate/{variant}.json"), {"record": record, "sets": of_sets})
    contrast = {"draws": 1000, "level": 0.95, "sets": {name: contrasted() for name in sets}}
    write_json(Path("metrics/contrast.json"), contrast)
    write_json(Path("metrics/gate.json"), gate())
    Path("metrics/plots").mkdir()
    Path("metrics/plots/train.csv").write_text(CURVE)
    Path("metrics/plots/mxfp4.csv").write_text(WEIGHTS)
    for variant in VARIANTS:
        if variant != "adapter":
            rows = [row for name in sets for row in answers(variant, name)]
            write_file(Path(f"data/predictions/{variant}.parquet"), rows, PREDICTIONS)
