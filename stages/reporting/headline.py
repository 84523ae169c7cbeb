"""What a run comes to, for comparing commits: `metrics/headline.json`, the few figures that
`dvc metrics` shows, and `metrics/summary.json`, flat, at most 40.

All other metrics files stay complete.
"""

from stages.formats.json_files import Json
from stages.pipeline.variants import SIDE_BY_SIDE

MEASURES = (
    "bits_per_byte",
    "rougeL_syllable",
    "rouge_sum_morph",
    "topic_accuracy",
    "speech_level_accuracy",
    "foreign_response_share",
    "personal_data_share",
)


def summary(metrics: Json) -> dict[str, float | int | bool]:
    """The headline figures by name; one that does not apply is left out."""
    gate, train = metrics["gate"], metrics["train"]
    tested = {variant: metrics["evaluate"][variant]["sets"]["test"] for variant in SIDE_BY_SIDE}
    compare, kept = metrics["compare"]["mxfp4"], metrics["contrast"]["sets"]["test"]["gain_kept"]
    found = {
        "passed": gate["passed"],
        "rules_failed": sum(rule["result"] == "fail" for rule in gate["rules"].values()),
        "rows_in": total(metrics["ingest"], "rows_in"),
        "rows_quarantined": total(metrics["ingest"], "rows_quarantined"),
        "rows_masked": total(metrics["scrub"], "rows_masked"),
        "rows_curated": metrics["curate"]["rows_out"],
        "rows_trained": metrics["encode"]["train"]["rows_out"],
        "rows_tested": tested["base"]["rows"],
        "validation_loss_nats_before": train["validation_loss_nats_before"],
        "validation_loss_nats": train["validation_loss_nats"],
        "grad_norm_max": train["grad_norm_max"],
        **{
            f"{variant.replace('-', '_')}_{measure}": tested[variant]["measures"][measure]
            for variant in SIDE_BY_SIDE
            for measure in MEASURES
        },
        "mxfp4_gain_kept": kept["mxfp4"]["value"] if kept["mxfp4"] else None,
        "mxfp4_kl_nats": compare["kl_nats"],
        "mxfp4_top1_agreement": compare["top1_agreement"],
        "merged_bf16_weight_bytes": metrics["merge"]["weight_bytes"],
        "mxfp4_weight_bytes": metrics["export"]["mxfp4"]["weight_bytes"],
    }
    return {name: value for name, value in found.items() if value is not None}


def headline(metrics: Json) -> dict[str, float | int | str]:
    """The verdict, the rows, and how good the model is that ships: the scores are those of `mxfp4`
    on the test split. One that does not apply is left out.

    `dvc metrics show` prints a column for each: with these names it is 110 characters wide.
    """
    measures = metrics["evaluate"]["mxfp4"]["sets"]["test"]["measures"]
    kept = metrics["contrast"]["sets"]["test"]["gain_kept"]["mxfp4"]
    found = {
        "verdict": metrics["gate"]["verdict"],
        "rows_trained": metrics["encode"]["train"]["rows_out"],
        "loss_nats": metrics["train"]["validation_loss_nats"],
        "bits_per_byte": measures["bits_per_byte"],
        "rouge_sum_morph": measures["rouge_sum_morph"],
        "gain_kept": kept["value"] if kept else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def total(of_sources: dict[str, Json], count: str) -> int:
    return sum(counts[count] for counts in of_sources.values())
