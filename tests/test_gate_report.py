"""The verdict at its thresholds, and the page that tells it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from stages import gate as gate_stage
from stages import report
from stages.pipeline.config import Gate
from stages.pipeline.run import read_json, write_json

PROJECT = Path(__file__).resolve().parents[1]
BOUNDS = Gate(
    min_bits_per_byte_drop=0.05,
    min_rougeL_syllable_gain=1.0,
    max_mxfp4_bits_per_byte_rise=0.1,
    min_mxfp4_gain_kept=0.8,
    max_quarantined_share=0.05,
    max_foreign_response_share=0.03,
)


def measured(**changes: float) -> dict[str, Any]:
    """Metrics that meet every bound exactly; a change is named `variant__metric`."""
    metrics: dict[str, Any] = {
        "base": {"bits_per_byte": 2.0, "rougeL_syllable": 30.0, "foreign_response_share": 0.9},
        "merged-bf16": {"bits_per_byte": 1.5, "rougeL_syllable": 31.0, "foreign_response_share": 0.03},
        "mxfp4": {"bits_per_byte": 1.55, "rougeL_syllable": 30.5, "foreign_response_share": 0.03},
        "rows_in": 1000,
        "rows_quarantined": 50,
    }  # fmt: skip
    for name, value in changes.items():
        variant, _, key = name.replace("merged", "merged-bf16").partition("__")
        if key:
            metrics[variant][key] = value
        else:
            metrics[variant] = value
    return metrics


def broken(**changes: float) -> list[str]:
    checks = gate_stage.checks(BOUNDS, measured(**changes))
    return [name for name, check in checks.items() if not check["holds"]]


def test_a_model_that_meets_every_bound_passes():
    """S2-11, S2-12, S2-16: at the bound counts as met."""
    assert broken() == []
    assert broken(mxfp4__bits_per_byte=1.6) == [], "of 0.5 bits it keeps 0.4, and 0.8 is asked for"
    assert broken(base__foreign_response_share=1.0) == [], "the base's drift is not the tuned one's"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"merged__bits_per_byte": 1.950001, "mxfp4__bits_per_byte": 1.95}, "bits_per_byte_drop"),
        ({"merged__rougeL_syllable": 30.9999}, "rougeL_syllable_gain"),
        ({"merged__rougeL_syllable": 20.0}, "rougeL_syllable_gain"),
        (
            {"base__bits_per_byte": 3.0, "mxfp4__bits_per_byte": 1.600001},
            "mxfp4_bits_per_byte_rise",
        ),
        ({"mxfp4__bits_per_byte": 1.6, "base__bits_per_byte": 1.999}, "mxfp4_gain_kept"),
        ({"rows_quarantined": 51}, "quarantined_share"),
        ({"merged__foreign_response_share": 0.030001}, "foreign_response_share"),
        ({"mxfp4__foreign_response_share": 0.030001}, "foreign_response_share"),
    ],
)
def test_each_bound_breaks_alone_just_beyond_it(changes, name):
    assert broken(**changes) == [name]


@pytest.mark.parametrize("base", [0.3, 0.7, 1.1, 1.9, 2.0, 2.3, 4.1])
def test_a_value_that_is_shown_as_its_bound_holds(base):
    """0.3 - 0.25 is 0.04999999999999999 to a computer; metrics have six digits."""
    changes = {"base__bits_per_byte": base, "merged__bits_per_byte": round(base - 0.05, 6)}
    changes["mxfp4__bits_per_byte"] = round(base + 0.05, 6)
    checks = gate_stage.checks(BOUNDS, measured(**changes))
    for name, value in (("bits_per_byte_drop", 0.05), ("mxfp4_bits_per_byte_rise", 0.1)):
        assert (checks[name]["value"], checks[name]["holds"]) == (value, True)


EVALUATED = {
    "rows": 10,
    "rouge1_syllable": 40.0,
    "rouge1_eojeol": 20.0,
    "rougeL_eojeol": 18.0,
    "rougeL_syllable_by_chance": 9.5,
    "rouge1_morph": 31.5,
    "rougeL_morph": 27.5,
    "exact_match": 10.0,
    "speech_level_accuracy": None,
    "repetition_share": 0.125,
    "stopped_share": 1.0,
    "distinct_answer_share": 0.9,
    "length_ratio": 1.0,
}
METRICS: dict[str, Any] = {
    "sample": {"news": {"rows": 1000}},
    "ingest/news": {"rows_in": 1000, "rows_out": 950, "rows_quarantined": 50, "quarantined": {"empty_title": 50}},
    "scrub/news": {"rows": 950, "rows_masked": 7, "rows_to_review": 1, "masked_total": 9, "masked": {"PHONE": 9}},
    "curate": {"rows_in": 950, "rows_out": 900, "dropped": {"too_short": 50}, "rows_in_by_source": {"news": 950}, "rows_out_by_source": {"news": 900}},
    "mix": {split: {"rows": 300} for split in ("train", "validation", "test")},
    "base": {"parameters": 123},
    "encode": {split: {"rows_out": 290, "refused": {"too_long": 10}, "tokens": 9000, "trained_tokens": 3000} for split in ("train", "validation")},
    "train": {"trainable_parameters": 20_000, "total_parameters": 4_000_000, "steps": 18, "validation_loss_nats_before": 3.2, "validation_loss_nats": 1.6},
    "merge": {"merged_weights": 8, "weight_bytes": 8_000_000, "relative_change_mean": 0.1, "relative_change_max": 0.2},
    "export/mxfp4": {"weight_bytes": 3_000_000, "quantised_tensors": 8, "passed_through_tensors": 0, "relative_mse_mean": 0.01, "relative_mse_max": 0.02, "tuned_quantised_tensors": 2, "delta_kept_mean": 0.97, "delta_kept_min": 0.91},
    "compare/mxfp4": {"kl_nats": 0.0123, "top1_agreement": 0.954, "tokens": 12345},
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for stage in (gate_stage, report):
        monkeypatch.setattr(stage, "project", lambda *_: None)
    Path("stages").mkdir()
    shutil.copyfile(PROJECT / "stages/report.html", "stages/report.html")
    shutil.copyfile(PROJECT / "params.yaml", "params.yaml")
    for name, content in METRICS.items():
        write_json(Path("metrics") / f"{name}.json", content)
    Path("metrics/plots").mkdir()
    Path("metrics/plots/train.csv").write_text(
        "step,loss,grad_norm,learning_rate,eval_loss\n5,3.0,1.0,0.01,\n10,2.0,0.9,0.005,1.6\n"
    )
    return tmp_path


def evaluate(**changes: float) -> None:
    metrics = measured(**changes)
    for variant in ("base", "merged-bf16", "mxfp4"):
        numbers = EVALUATED | metrics[variant]
        by_source = {"by_source": {"news": numbers}}
        write_json(Path(f"metrics/evaluate/{variant}.json"), numbers | by_source)


def page(**changes: float) -> str:
    evaluate(**changes)
    gate_stage.main()
    report.main()
    return Path("metrics/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "verdict"), [({}, "pass"), ({"mxfp4__foreign_response_share": 0.5}, "fail")]
)
def test_the_page_shows_the_verdict_and_each_check(workspace, changes, verdict):
    """S2-16, S4-07: a verdict of `fail` is a result; the page is made either way."""
    html = page(**changes)
    gate = read_json(Path("metrics/gate.json"))
    assert (gate["verdict"], gate["passed"]) == (verdict, verdict == "pass")
    assert f"<title>malssi: {verdict}</title>" in html
    assert re.search(rf'class="verdict {verdict}">{verdict}<', html)
    assert html.count("does not hold") == (0 if verdict == "pass" else 1)
    for name in gate["checks"]:
        assert name in html
    for number in ("PHONE", "20,000", "8,000,000", "3,000,000", "too_short 50"):
        assert number in html


def test_the_page_is_the_same_bytes_from_the_same_metrics(workspace):
    """Twice in one process, and in another one with another hash seed."""
    first = page()
    assert page() == first
    Path(".mlflow").mkdir()
    Path(".mlflow/unreachable").write_text("http://127.0.0.1:1")  # no stage waits for a tracker
    place = {"PYTHONPATH": str(PROJECT), "DVC_ROOT": str(workspace), "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-m", "stages.report"],
        env=os.environ | place | {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
        check=True,
    )
    assert Path("metrics/report.html").read_text(encoding="utf-8") == first


def test_the_page_fetches_nothing(workspace):
    """It can be opened without a network and passed on: styles and pictures are in it."""
    html = page()
    assert "<svg" in html and "<style" in html
    links = re.findall(r"""(?:src|href|action|srcset)\s*=\s*["']?([^"'\s>]+)""", html)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"<(script|link|iframe|object|embed|base)\b|@import|url\((?!#)", html)
    assert str(workspace) not in html and not re.search(r"\d{4}-\d\d-\d\dT", html)


def test_what_metrics_say_is_text_and_never_markup(workspace):
    write_json(
        Path("metrics/curate.json"), METRICS["curate"] | {"dropped": {"<script>alert(1)": 1}}
    )
    html = page()
    assert "&lt;script&gt;alert(1)" in html and "<script" not in html


def test_a_metric_that_is_missing_stops_the_page_and_keeps_the_old_one(workspace):
    """A page with holes would pass for a whole one."""
    before = page()
    rest = {key: value for key, value in METRICS["train"].items() if key != "steps"}
    write_json(Path("metrics/train.json"), rest)
    with pytest.raises(UndefinedError, match="steps"):
        report.main()
    assert Path("metrics/report.html").read_text(encoding="utf-8") == before


def test_only_sources_that_were_curated_count(workspace):
    """The metrics of a source that was renamed stay on disk, and must not decide the verdict."""
    stale = METRICS["ingest/news"] | {"rows_in": 10, "rows_quarantined": 10}
    write_json(Path("metrics/ingest/gone.json"), stale)
    write_json(Path("metrics/scrub/gone.json"), METRICS["scrub/news"])
    html = page()
    assert read_json(Path("metrics/gate.json"))["checks"]["quarantined_share"]["value"] == 0.05
    assert "gone" not in html
