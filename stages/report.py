"""Tells what happened on one page: all metrics and the answers in, `metrics/report.html` out. For
DVC's commands that compare commits: `metrics/headline.json`, the handful of figures that they show,
`metrics/summary.json`, more of them, and `metrics/curves/`, what they draw.

The page is self-contained (styles and charts are in it, nothing is fetched and nothing runs), in
Korean and English. Beside numbers it holds a few answers, scrubbed once more.
"""

import csv
import logging
from pathlib import Path

from jinja2 import Environment, StrictUndefined, UndefinedError
from markupsafe import Markup

from stages.formats.json_files import Json, read_json, write_json
from stages.measuring.measures import TABLE
from stages.params.reading import read_params
from stages.params.section import Sections, Seed
from stages.pipeline import paths
from stages.pipeline.errors import DataError, InputError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run
from stages.pipeline.variants import SIDE_BY_SIDE, VARIANTS
from stages.reporting import charts_of_runs as runs
from stages.reporting import charts_of_scores as charts
from stages.reporting import figures, flow, scores, words
from stages.reporting.curves import curves, write_curves
from stages.reporting.drawing import Chart, settle
from stages.reporting.headline import headline, summary
from stages.reporting.samples import ShownRow, read_samples

log = logging.getLogger("report")


class Params(Sections):
    seed: Seed


TEMPLATE = Path("stages/reporting/page.html")
SUMMARY = paths.METRICS / "summary.json"
CURVES = paths.METRICS / "curves"
LEVELS = ["hapsyo", "haeyo", "haera", "hae", "nominal", "unknown"]
GROUPINGS = ("source", "style", "topic")
# Stages that write one file each.
WHOLE = ("curate", "mix", "encode", "train", "merge", "contrast", "gate", "drift")


def read_all() -> Json:
    """Every metrics file under its stage's name; of ingest and scrub, the curated sources'."""
    metrics: Json = {name: read_json(paths.METRICS / f"{name}.json") for name in WHOLE}
    sources = sorted(metrics["curate"]["rows_in_by_source"])
    for stage, items in (
        ("ingest", sources),
        ("scrub", sources),
        ("export", ["mxfp4"]),
        ("compare", ["mxfp4"]),
        ("evaluate", VARIANTS),
    ):
        metrics[stage] = {i: read_json(paths.METRICS / stage / f"{i}.json") for i in items}
    return metrics


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a table of plots.

    Raises:
        InputError: it is not there.
    """
    if not path.is_file():
        raise InputError(str(path), "is not there.", "Run `dvc repro`.")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def curve(lines: list[dict[str, str]], column: str) -> tuple[list[int], list[float]]:
    """(steps, values) of one column of a curve; steps that did not measure it are left out."""
    rows = [line for line in lines if line[column]]
    return [int(row["step"]) for row in rows], [float(row[column]) for row in rows]


def sets_of(metrics: Json) -> list[str]:
    """The test split, then the evaluation sources by name."""
    return ["test", *sorted(set(metrics["contrast"]["sets"]) - {"test"})]


def scores_of(metrics: Json, name: str, number: int) -> Json:
    """The tables and charts of one set. Its number, and not its name, is in the ids of its charts:
    a name may hold what an id may not."""
    evaluated = {variant: of["sets"][name] for variant, of in metrics["evaluate"].items()}
    contrasted = metrics["contrast"]["sets"][name]
    rows = scores.rows_of({v: of["measures"] for v, of in evaluated.items()}, contrasted)
    grouped = {by: scores.groups(evaluated, f"by_{by}") for by in GROUPINGS}
    merged = evaluated["merged-bf16"]
    return {
        "name": name,
        "rows": evaluated["base"]["rows"],
        "headline": scores.headline(rows),
        "others": scores.others(rows),
        "lost": scores.lost(contrasted),
        "gain_kept": contrasted["gain_kept"]["mxfp4"],
        "personal_data": merged["personal_data"],
        "groups": grouped,
        "forest": charts.forest(f"forest{number}", contrasted["against_base"]),
        "dots": {by: charts.dots(f"{by}{number}", by, *grouped[by]) for by in GROUPINGS},
        "topics": charts.confusion(
            f"topics{number}", "chart.topics", merged["topics"], sorted(merged["topics"]), "topic"
        ),
        "levels": charts.confusion(
            f"levels{number}", "chart.levels", merged["speech_levels"], LEVELS, "level"
        ),
    }


def charts_of(metrics: Json) -> dict[str, Chart | None]:
    """The charts of training, data and weights."""
    steps = read_csv(paths.PLOTS / "train.csv")
    weights = read_csv(paths.PLOTS / "mxfp4.csv")
    encode, mix, masked = metrics["encode"], metrics["mix"], masked_types(metrics)

    def of_weights(column: str) -> dict[str, float]:
        return {line["weight"]: float(line[column]) for line in weights if line[column]}

    return {
        "loss": runs.curves(
            "loss", "chart.loss", "axis.loss", curve(steps, "loss"), curve(steps, "eval_loss")
        ),
        "gradient": runs.curves(
            "gradient", "chart.gradient", "axis.gradient", curve(steps, "grad_norm")
        ),
        "flow": runs.flow("flow", flow.steps(metrics)),
        "masked": charts.grid(
            "masked",
            "chart.masked",
            [words.same(type_) for type_ in masked],
            [words.same(source) for source in metrics["scrub"]],
            [[of["masked"].get(type_, 0) for of in metrics["scrub"].values()] for type_ in masked],
            by_row=False,
        ),
        "lengths": runs.lengths(
            "lengths", encode["train"]["rows_by_tokens"], encode["validation"]["rows_by_tokens"]
        ),
        "mix": runs.mix(
            "mix",
            mix["asked_share"],
            {split: mix[split]["share_by_source"] for split in ("train", "validation", "test")},
        ),
        "quantisation": runs.layers(
            "quantisation", "chart.quantisation", "axis.error", of_weights("relative_mse")
        ),
        "kept": runs.layers("kept", "chart.kept", "axis.kept", of_weights("delta_kept")),
    }


def masked_types(metrics: Json) -> list[str]:
    return sorted({type_ for of in metrics["scrub"].values() for type_ in of["masked"]})


def figure_named(figure: str) -> words.Said:
    """A figure of a rule or of drift in words, as far as they are known: `evaluate/mxfp4.f1_char`
    and `mxfp4.f1_char` are a variant's measure, with an evaluation source between where it is not
    the test split."""
    *between, name = figure.removeprefix("evaluate/").split(".")
    if between and between[0] in VARIANTS and name in TABLE:
        before = " · ".join(between)
        return words.Said(*(f"{before} · {text}" for text in words.named("measure", name)))
    return words.named("figure", figure)


def kept(share: dict[str, float] | None) -> str:
    """A share with its interval."""
    if share is None:
        return "–"
    value, low, high = (figures.percent(share[key]) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def record(metrics: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    """(name, [(value, the variants that have it)]) of what the scores were computed with; the
    variants are left out where all have the same."""
    of = {variant: evaluated["record"] for variant, evaluated in metrics["evaluate"].items()}
    found = []
    for name in sorted({name for values in of.values() for name in values}):
        having: dict[str, list[str]] = {}
        for variant, values in of.items():
            if name in values:
                having.setdefault(values[name], []).append(variant)
        same = [len(variants) == len(of) for variants in having.values()]
        found.append((name, [(v, "" if all(same) else ", ".join(by)) for v, by in having.items()]))
    return found


def page(metrics: Json, samples: list[ShownRow], seed: int) -> str:
    """The page's text.

    Raises:
        KeyError, UndefinedError: the metrics lack something that the page tells.
    """
    settle()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        metrics=metrics,
        sets=[scores_of(metrics, name, i) for i, name in enumerate(sets_of(metrics))],
        charts=charts_of(metrics),
        way=flow.steps(metrics),
        weights=read_csv(paths.PLOTS / "mxfp4.csv"),
        record=record(metrics),
        samples=samples,
        seed=seed,
        variants=VARIANTS,
        in_groups=SIDE_BY_SIDE,
        t=lambda key, **values: words.markup(words.said(key, **values)),
        both=words.markup,
        named=lambda kind, name: words.markup(words.named(kind, name)),
        reading=reading,
        kept=kept,
        counted=counted,
        figure_named=figure_named,
        plain=figures.plain,
        shown=figures.shown,
        percent=figures.percent,
        better=lambda name: figures.measure_of(name).better,
    )


def reading(key: str) -> Markup:
    """A phrase in both languages where there can be no markup: in an attribute."""
    ko, en = words.said(key)
    return Markup("{} / {}").format(ko, en)


def main() -> None:
    seed = read_params(Params).seed
    samples = read_samples(seed)
    try:
        metrics = read_all()
        html = page(metrics, samples, seed)
        more, few = summary(metrics), headline(metrics)
    except (KeyError, UndefinedError) as error:
        # A page with holes would pass for a whole one.
        raise DataError(
            str(paths.METRICS),
            f"lacks what the page tells ({error}).",
            "Make it again with `dvc repro`; the page was left as it is.",
        ) from error
    drawn = curves(read_csv(paths.PLOTS / "train.csv"), read_csv(paths.PLOTS / "mxfp4.csv"))
    outs = [paths.REPORT, SUMMARY, paths.HEADLINE, CURVES]
    with publish(*outs) as (page_file, summary_file, headline_file, curves_folder):
        page_file.write_text(html, encoding="utf-8", newline="\n")
        write_json(summary_file, more)
        write_json(headline_file, few)
        write_curves(curves_folder, drawn)
    log.info("%s: verdict %s, %d bytes", paths.REPORT, metrics["gate"]["verdict"], len(html))


if __name__ == "__main__":
    run(main)
