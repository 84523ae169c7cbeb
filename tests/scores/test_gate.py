"""Rules at their bounds, what does not apply, and how far a run is from the last release."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stages import gate as gate_stage
from stages.formats.json_files import read_json, write_json
from stages.judging.drift import distance, drift
from stages.judging.figures import Metrics, check_commit, figure
from stages.params.gate import Gate, Rule
from stages.params.whole import read_config
from stages.pipeline.errors import InputError, ParamsError
from tests.micro import ROOT, environment_for


def change(difference: float, low: float, high: float) -> dict[str, Any]:
    return {"difference": difference, "low": low, "high": high, "beyond_noise": not low < 0 < high}


MEASURED = {
    "base": {"bits_per_byte": 2.0, "rougeL_syllable": 30.0, "foreign_response_share": 0.9},
    "adapter": {"bits_per_byte": 1.5, "rougeL_syllable": 31.0, "foreign_response_share": 0.03},
    "merged-bf16": {"bits_per_byte": 1.5, "rougeL_syllable": 31.0, "foreign_response_share": 0.03},
    "mxfp4": {"bits_per_byte": 1.55, "rougeL_syllable": 30.5, "foreign_response_share": 0.03},
}
ALIKE = {
    "personal_data_share": 0.0,
    "forbidden_share": 0.0,
    "topic_accuracy": None,
    "rows_alone": 1.0,
}
METRICS: dict[str, Any] = {
    "ingest/news": {"rows_in": 1000, "rows_out": 950, "rows_quarantined": 50},
    "scrub/news": {"rows": 950, "rows_masked": 19, "masked": {"PHONE": 9, "RRN": 3}},
    "curate": {"rows_in_by_source": {"news": 950}},
    "mix": {"train": {"rows": 900, "share_by_source": {"news": 1.0}, "share_by_style": {"a": 0.5, "b": 0.5}}},
    "encode": {"train": {"trained_tokens": 5000, "rows_by_tokens": {"65-128": 30, "129-256": 70}}},
    "train": {"validation_loss_nats": 1.6, "grad_norm_max": 1.4},
    "contrast": {
        "sets": {
            "test": {
                "variants": {v: {"rougeL_syllable": {"value": 31.0, "low": 29.5, "high": 32.5}} for v in MEASURED},
                "against_base": {
                    v: {
                        "bits_per_byte": change(-0.5, -0.52, -0.48),
                        "rougeL_syllable": change(1.0, -0.2, 2.2),
                        "topic_accuracy": None,
                    }
                    for v in MEASURED if v != "base"
                },
                "against_merged": {"mxfp4": {"bits_per_byte": change(0.05, 0.04, 0.06)}},
                "gain_kept": {"mxfp4": {"value": 0.9, "low": 0.85, "high": 0.95}},
            }
        }
    },
    **{
        f"evaluate/{variant}": {"sets": {"test": {"measures": ALIKE | numbers}}}
        for variant, numbers in MEASURED.items()
    },
}  # fmt: skip


@pytest.fixture
def place(workspace, monkeypatch):
    """A repository with the metrics, committed; its folder."""
    put()
    git("init", "--quiet")
    return workspace


def put(**changes: Any) -> None:
    for name, content in (METRICS | changes).items():
        write_json(Path("metrics") / f"{name}.json", content)


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], env=environment_for({}), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def release() -> str:
    git("add", "--all")
    git("commit", "--quiet", "--message", "Release")
    return git("rev-parse", "HEAD")


def of(**values: Any) -> Rule:
    return Rule(**values)


def result(rule: Rule, commit: str | None = None) -> dict[str, Any]:
    return gate_stage.judged(rule, Metrics(), Metrics(commit) if commit else None)


@pytest.mark.parametrize(
    ("figure", "against", "value"),
    [
        ("evaluate/merged-bf16.rougeL_syllable", None, 31.0),
        ("evaluate/merged-bf16.test.rougeL_syllable", None, 31.0),
        ("evaluate/merged-bf16.rougeL_syllable", "base", 1.0),
        ("evaluate/mxfp4.bits_per_byte", "merged-bf16", 0.05),
        ("contrast.sets.test.gain_kept.mxfp4", None, 0.9),
        ("train.grad_norm_max", None, 1.4),
        ("ingest.quarantined_share", None, 0.05),
        ("scrub.masked_share", None, 0.02),
        ("scrub/news.masked.RRN", None, 3.0),
    ],
)
def test_s2_12_at_its_bound_a_rule_passes_and_just_beyond_it_fails(place, figure, against, value):
    """S2-11, S2-12, S2-16."""
    for bound, expected in ((value, "pass"), (value + 1e-6, "fail"), (value - 1e-6, "pass")):
        found = result(Rule(figure=figure, against=against, at_least=bound))
        assert (found["result"], found["value"]) == (expected, value)
    for bound, expected in ((value, "pass"), (value - 1e-6, "fail"), (value + 1e-6, "pass")):
        assert result(Rule(figure=figure, against=against, at_most=bound))["result"] == expected


def test_a_certain_rule_asks_for_the_whole_interval(place):
    gain = {"figure": "evaluate/merged-bf16.rougeL_syllable", "against": "base"}
    assert result(of(**gain, at_least=0.5))["result"] == "pass"
    sure = result(of(**gain, at_least=0.5, certain=True))
    assert (sure["result"], sure["low"], sure["high"]) == ("fail", -0.2, 2.2)
    assert result(of(**gain, at_least=-0.2, certain=True))["result"] == "pass"
    assert result(of(**gain, at_most=2.2, certain=True))["result"] == "pass"
    assert result(of(**gain, at_most=2.1, certain=True))["result"] == "fail"
    alone = result(Rule(figure="train.grad_norm_max", at_most=2.0, certain=True))
    assert alone["result"] == "fail" and "interval" in alone["why"], (
        "certainty is not met by silence"
    )


def test_what_was_not_measured_is_not_applicable_and_says_why(place):
    for against in (None, "base"):
        found = result(
            Rule(figure="evaluate/merged-bf16.topic_accuracy", against=against, at_least=0.5)
        )
        assert (found["result"], found["value"]) == ("not_applicable", None)
        assert found["why"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"figure": "evaluate/merged-bf16.rougel"}, r"has no 'rougel'"),
        ({"figure": "evaluate/merged.rougeL_syllable"}, r"there is no metrics/evaluate/merged\.json"),
        ({"figure": "trian.grad_norm_max"}, r"there is no metrics/trian\.json"),
        ({"figure": "train.grad_norm"}, r"has no 'grad_norm'.*grad_norm_max"),
        ({"figure": "mix.train"}, r"is a dict and not a number"),
        ({"figure": "evaluate/base.bits_per_byte", "against": "base"}, r"is not held against base"),
        ({"figure": "evaluate/adapter.bits_per_byte", "against": "merged-bf16"}, r"is not held against"),
        ({"figure": "evaluate/mxfp4.rows_alone", "against": "base"}, r"is not held against base"),
        ({"figure": "drift.share_by_topic"}, r"is none of .*share_by_source"),
        ({"figure": "drift.distances.share_by_source"}, r"is none of"),
        ({"figure": "gate.passed"}, r"there is no metrics/gate\.json that the gate reads"),
        ({"figure": "summary.rows_in"}, r"there is no metrics/summary\.json that the gate reads"),
        ({"figure": "contrast.sets.test.against_base.mxfp4.bits_per_byte.beyond_noise"}, r"is a bool and not a number"),
        ({"figure": "evaluate/mxfp4.korquad.f1_char"}, r"has no 'korquad'"),
    ],
)  # fmt: skip
def test_a_figure_that_is_misspelt_is_an_error_and_never_passes_over(place, rule, said):
    with pytest.raises(ParamsError, match=said):
        result(of(**rule, at_least=0.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"figure": "a.b"},
        {"figure": "a.b", "at_least": 1.0, "at_most": 2.0},
        {"figure": "a", "at_least": 1.0},
        {"figure": "../a.b", "at_least": 1.0},
        {"figure": "a.b", "at_least": float("nan")},
        {"figure": "a.b", "at_least": 1.0, "against": "mxfp4"},
        {"figure": "train.grad_norm_max", "at_least": 1.0, "against": "base"},
        {"figure": "contrast.sets.test.gain_kept.mxfp4", "at_least": 1.0, "against": "merged-bf16"},
        {"figure": "drift.share_by_source", "at_most": 0.1, "against": "release"},
        {"figure": "drift.share_by_source", "at_most": 0.1, "certain": True},
        {"figure": "train.grad_norm_max", "at_most": 0.1, "against": "release", "certain": True},
    ],
)
def test_a_rule_has_one_figure_and_one_bound(wrong):
    with pytest.raises(ValidationError):
        of(**wrong)


def test_s1_26_against_the_last_release(place):
    commit = release()
    better = {
        "sets": {"test": {"measures": ALIKE | MEASURED["merged-bf16"] | {"rougeL_syllable": 32.5}}}
    }
    put(**{"evaluate/merged-bf16": better})
    rule = {"figure": "evaluate/merged-bf16.rougeL_syllable", "against": "release"}
    assert result(of(**rule, at_least=1.5), commit)["result"] == "pass"
    found = result(of(**rule, at_least=1.6), commit)
    assert (found["result"], found["value"]) == ("fail", 1.5)
    unnamed = result(of(**rule, at_least=1.5))
    assert (unnamed["result"], unnamed["why"]) == ("not_applicable", "no_release")
    new = result(Rule(figure="train.validation_loss_nats", against="release", at_most=0.0), commit)
    assert (new["result"], new["value"]) == ("pass", 0.0)


def test_what_the_release_did_not_measure_is_not_applicable(place):
    put(train={"grad_norm_max": 1.4})
    commit = release()
    put()
    found = result(
        Rule(figure="train.validation_loss_nats", against="release", at_most=0.0), commit
    )
    assert (found["result"], found["why"]) == ("not_applicable", "not_in_release")


def test_a_release_that_git_does_not_know_is_refused(place):
    write_json(Path("metrics/gate.json"), {"verdict": "pass"})
    check_commit(release())
    with pytest.raises(InputError, match="is not a commit of this repository"):
        check_commit("0" * 40)
    Path("metrics/gate.json").unlink()
    with pytest.raises(InputError, match="nothing was released there"):
        check_commit(release())


@pytest.mark.parametrize("commit", ["0" * 40, None])
def test_the_stage_checks_the_release_first(place, monkeypatch, commit):
    """A release without a verdict would let every rule that is against it pass over."""
    named = commit or release()
    with pytest.raises(InputError, match=rf"gate\.release {named}"):
        verdict(named, {"rule": Rule(figure="train.grad_norm_max", at_least=0.0)})
    assert not Path("metrics/gate.json").exists()


def test_s1_26_drift_of_metrics_mix_lengths_and_masks(place):
    commit = release()
    put(
        mix={"train": {"rows": 800, "share_by_source": {"news": 0.7, "chat": 0.3}, "share_by_style": {"a": 0.5, "b": 0.5}}},
        encode={"train": {"trained_tokens": 5000, "rows_by_tokens": {"65-128": 80, "129-256": 20}}},
        **{"scrub/news": {"rows": 950, "rows_masked": 95, "masked": {"PHONE": 3, "RRN": 9}}},
    )  # fmt: skip
    found = drift(Metrics(), Metrics(commit))
    assert found["distances"] == {
        "share_by_source": 0.3, "share_by_style": 0.0, "rows_by_tokens": 0.5, "masked_by_type": 0.5,
    }  # fmt: skip
    assert found["figures"]["rows_trained"] == {"release": 900, "now": 800, "difference": -100}
    assert found["figures"]["masked_share"]["difference"] == 0.08
    assert found["figures"]["mxfp4.bits_per_byte"]["difference"] == 0.0
    assert "mxfp4.topic_accuracy" not in found["figures"], "neither has it"
    rule = Rule(figure="drift.share_by_source", at_most=0.1)
    assert result(rule, commit)["result"] == "fail"
    assert result(rule)["why"] == "no_release"


def test_figures_of_an_evaluation_source_and_of_parts(place):
    """A set's own difference is bounded and never that of the test split."""
    other = {"variants": {"mxfp4": {"bits_per_byte": None}}} | {
        "against_base": {"mxfp4": {"bits_per_byte": change(-0.1, -0.2, 0.0)}},
    }
    sets = METRICS["contrast"]["sets"] | {"korquad": other}
    part = {
        "measures": {"bits_per_byte": 1.9},
        "by_style": {"a": {"bits_per_byte": 1.8, "rows": 5}},
    }
    put(
        contrast={"sets": sets},
        **{"evaluate/mxfp4": {"sets": METRICS["evaluate/mxfp4"]["sets"] | {"korquad": part}}},
    )
    found = result(
        Rule(figure="evaluate/mxfp4.korquad.bits_per_byte", against="base", at_most=-0.1)
    )
    assert (found["result"], found["value"], found["high"]) == ("pass", -0.1, 0.0)
    assert figure("evaluate/mxfp4.korquad.bits_per_byte", Metrics()) == {"value": 1.9}
    assert figure("evaluate/mxfp4.korquad.by_style.a.bits_per_byte", Metrics()) == {"value": 1.8}
    for name in ("korquad.by_style.a.bits_per_byte", "korquad.by_style.a.rows"):
        with pytest.raises(ParamsError, match="is not held against base"):
            result(Rule(figure=f"evaluate/mxfp4.{name}", against="base", at_most=0.0))


def test_totals_of_a_source_whose_counts_are_missing_are_no_totals(place):
    put(curate={"rows_in_by_source": {"news": 950, "chat": 10}})
    with pytest.raises(ParamsError, match=r"there is no metrics/ingest\.json"):
        figure("ingest.quarantined_share", Metrics())


def test_distances_are_of_shares_and_never_of_sizes():
    assert distance({"a": 1, "b": 1}, {"a": 500, "b": 500}) == 0
    assert distance({"a": 1}, {"b": 1}) == 1
    assert distance({"a": 3, "b": 1}, {"a": 1, "b": 1}) == pytest.approx(0.25)


def verdict(commit: str | None, rules: dict[str, Rule]) -> dict[str, Any]:
    gate = Gate(rules=rules, release=commit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_stage, "read_params", lambda _: gate_stage.Params(gate=gate))
        gate_stage.main()
    return read_json(Path("metrics/gate.json"))


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((1.0, 1.0), "pass"), ((1.0, 99.0), "fail"), ((1.0, None), "pass"), ((99.0, None), "fail"),
     ((None, None), "undecided")],
)  # fmt: skip
def test_the_verdict_is_written_whatever_it_is(place, monkeypatch, bounds, expected):
    """None stands for a rule that does not apply: it neither passes nor fails."""
    rules = {
        f"rule{i}": Rule(figure="train.grad_norm_max", at_least=bound)
        if bound
        else Rule(figure="evaluate/mxfp4.topic_accuracy", at_least=0.5)
        for i, bound in enumerate(bounds)
    }
    found = verdict(None, rules)
    assert (found["verdict"], found["passed"]) == (expected, expected == "pass")
    assert read_json(Path("metrics/drift.json")) == {
        "release": None,
        "figures": {},
        "distances": {},
    }


def test_only_sources_that_were_curated_count(place):
    """The metrics of a source that was renamed stay on disk, and must not decide the verdict."""
    write_json(Path("metrics/ingest/gone.json"), {"rows_in": 10, "rows_quarantined": 10})
    write_json(Path("metrics/scrub/gone.json"), {"rows": 9, "rows_masked": 9, "masked": {"RRN": 9}})
    found = figure("ingest.quarantined_share", Metrics())
    assert found == {"value": 0.05}
    assert figure("scrub.masked_share", Metrics()) == {"value": 0.02}


@pytest.mark.pipeline
def test_the_rules_of_params_are_rules_of_figures_that_a_run_has(finished):
    """Every one of them names something that is measured."""
    gate = read_json(finished.folder / "metrics/gate.json")
    assert set(gate["rules"]) == set(read_config(ROOT / "params.yaml").gate.rules)
    applied = {name for name, rule in gate["rules"].items() if rule["result"] != "not_applicable"}
    assert set(gate["rules"]) - applied == {"rouge_release", "data_drift"}, "no_release"
