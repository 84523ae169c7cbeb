"""Decides whether the tuned model may ship: metrics/ and the rules of params.yaml in,
`metrics/gate.json` and `metrics/drift.json` out.

Each rule holds a figure, or its difference from another, against a bound, and passes, fails or does
not apply. A verdict of `fail` is a result, not an error: the report is made either way. Where no
rule applies there is no verdict but `undecided`.
"""

import logging

from stages.formats.json_files import Json, write_json
from stages.judging.drift import DISTRIBUTIONS, drift
from stages.judging.figures import Metrics, check_commit, figure
from stages.params.gate import Gate, Rule
from stages.params.reading import read_params
from stages.params.section import Sections
from stages.pipeline import paths
from stages.pipeline.errors import ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("gate")


class Params(Sections):
    gate: Gate


DECIDED = ("pass", "fail")

# Why a rule does not apply, or fails without a figure.
WHY = ("no_release", "not_in_release", "nothing_to_measure", "no_interval")
# Where contrast keeps the differences from a variant.
CONTRASTS = {"base": "against_base", "merged-bf16": "against_merged"}


def judged(rule: Rule, now: Metrics, release: Metrics | None) -> Json:
    """What came of a rule; `why` is a code of WHY."""
    found, why = compared(rule, now, release)
    result: Json = {
        "figure": rule.figure,
        "against": rule.against,
        "value": None,
        "low": None,
        "high": None,
        "why": why,
        "result": "not_applicable",
    }
    bound = rule.at_least if rule.at_least is not None else rule.at_most
    result["at_least" if rule.at_least is not None else "at_most"] = bound
    if found is None:
        return result
    result |= {key: round(value, 6) for key, value in found.items() if value is not None}
    # The end of the interval that is nearer to breaking the rule, where all of it must hold.
    end = "low" if rule.at_least is not None else "high"
    if rule.certain and result[end] is None:
        return result | {"result": "fail", "why": "no_interval"}
    decided = result[end] if rule.certain else result["value"]
    holds = decided >= bound if rule.at_least is not None else decided <= bound
    return result | {"result": "pass" if holds else "fail"}


def compared(rule: Rule, now: Metrics, release: Metrics | None) -> tuple[Json | None, str | None]:
    """The figure of a rule or the difference that it bounds; or why there is none."""
    if rule.figure.startswith("drift."):
        return drifted(rule, now, release)
    here = figure(rule.figure, now)
    if here is None:
        return None, "nothing_to_measure"
    if rule.against is None:
        return here, None
    if rule.against != "release":
        return from_variant(rule, now)
    if release is None:
        return None, "no_release"
    try:
        there = figure(rule.figure, release)
    except ParamsError:
        there = None
    if there is None:
        return None, "not_in_release"
    return {"value": here["value"] - there["value"]}, None


def drifted(rule: Rule, now: Metrics, release: Metrics | None) -> tuple[Json | None, str | None]:
    """The distance that a rule bounds, or why there is none.

    Raises:
        ParamsError: there is no such distance.
    """
    name = rule.figure.partition(".")[2]
    if name not in DISTRIBUTIONS:
        raise ParamsError(
            f"params.yaml: figure {rule.figure}",
            f"is none of {sorted(DISTRIBUTIONS)}.",
            "Write drift.<one of these>.",
        )
    if release is None:
        return None, "no_release"
    distances = drift(now, release)["distances"]
    if name not in distances:
        return None, "not_in_release"
    return {"value": distances[name]}, None


def from_variant(rule: Rule, now: Metrics) -> tuple[Json | None, str | None]:
    """The difference of an evaluated measure from what another variant has.

    Raises:
        ParamsError: the figure is no measure of a variant that is held against that one.
    """
    file, *keys = rule.figure.split(".")
    of_set = keys.pop(0) if len(keys) == 2 else "test"
    contrast = now.file("contrast") or {"sets": {}}
    others = contrast["sets"].get(of_set, {}).get(CONTRASTS[str(rule.against)], {})
    variant = file.removeprefix("evaluate/")
    if len(keys) > 1 or keys[-1] not in others.get(variant, {}):
        raise ParamsError(
            f"params.yaml: figure {rule.figure}",
            f"is not held against {rule.against}; what is: {sorted(others)}, by intervals.",
            "Name a measure of one of these that metrics/contrast.json has, or no `against`.",
        )
    found = others[variant][keys[-1]]
    if found is None:
        return None, "nothing_to_measure"
    return {"value": found["difference"], "low": found["low"], "high": found["high"]}, None


def verdict_of(rules: dict[str, Json]) -> str:
    results = {rule["result"] for rule in rules.values()}
    return "fail" if "fail" in results else "pass" if "pass" in results else "undecided"


def main() -> None:
    params = read_params(Params).gate
    commit = params.release
    now, release = Metrics(), None
    if commit is not None:
        check_commit(commit)
        release = Metrics(commit)
    rules = {name: judged(rule, now, release) for name, rule in params.rules.items()}
    verdict = verdict_of(rules)
    gate = {"verdict": verdict, "passed": verdict == "pass", "rules": rules}
    drifts = drift(now, release) if release else {"figures": {}, "distances": {}}
    outs = [paths.METRICS / "gate.json", paths.METRICS / "drift.json"]
    with publish(*outs) as (gate_file, drift_file):
        write_json(gate_file, gate)
        write_json(drift_file, {"release": commit, **drifts})
    failed = sorted(name for name, rule in rules.items() if rule["result"] == "fail")
    idle = {name: rule["why"] for name, rule in rules.items() if rule["result"] not in DECIDED}
    log.info("verdict: %s%s", verdict, f" ({', '.join(failed)})" if failed else "")
    if idle:
        log.info("rules that do not apply: %s", idle)


if __name__ == "__main__":
    run(main)
