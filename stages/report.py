"""Tells what happened on one page: all metrics in, `metrics/report.html` out.

The page is self-contained (styles and pictures are in it, nothing is fetched) and holds numbers
only, so it can be passed on. It is made from `metrics/` alone and says nothing that is not there.
"""

import csv
import io
import logging
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from stages.pipeline import paths
from stages.pipeline.config import load_config
from stages.pipeline.publish import publish
from stages.pipeline.run import read_json, run
from stages.pipeline.tracking import project

log = logging.getLogger("report")

TEMPLATE = Path("stages/report.html")
VARIANTS = ("base", "merged-bf16", "mxfp4")
SHOWN = (
    ("bits_per_byte", "bits per byte of the answers", "lower"),
    ("rouge1_syllable", "ROUGE-1, syllables", "higher"),
    ("rougeL_syllable", "ROUGE-L, syllables", "higher"),
    ("rougeL_syllable_by_chance", "the same against another row's reference", "lower"),
    ("rouge1_eojeol", "ROUGE-1, eojeol", "higher"),
    ("rougeL_eojeol", "ROUGE-L, eojeol", "higher"),
    ("rouge1_morph", "ROUGE-1, morphemes", "higher"),
    ("rougeL_morph", "ROUGE-L, morphemes", "higher"),
    ("exact_match", "exact answers, of 100", "higher"),
    ("speech_level_accuracy", "answers in the speech level that was asked for", "higher"),
    ("repetition_share", "of an answer, what it had said before", "lower"),
    ("stopped_share", "answers that end by themselves", "higher"),
    ("distinct_answer_share", "distinct answers", "higher"),
    ("foreign_response_share", "answers with a foreign letter", "lower"),
    ("length_ratio", "length, of the reference's", "near 1"),
)


def read_all() -> dict[str, Any]:
    """Every metrics file under its stage's name; of ingest and scrub, the curated sources'."""
    single = ("sample", "curate", "mix", "base", "encode", "train", "merge", "gate")
    metrics: dict[str, Any] = {name: read_json(paths.METRICS / f"{name}.json") for name in single}
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


def curve(path: Path, column: str) -> tuple[list[int], list[float]]:
    """(steps, values) of one column of a curve; steps that did not measure it are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[column]]
    return [int(row["step"]) for row in rows], [float(row[column]) for row in rows]


def loss_picture(path: Path) -> str:
    """The loss by step as an inline SVG, the same bytes for the same numbers."""
    import matplotlib

    matplotlib.rcdefaults()  # not what a matplotlibrc on this machine says
    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "malssi", "svg.fonttype": "path", "font.size": 9}
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 2.8), layout="constrained")
    axes.plot(*curve(path, "loss"), color="#2f6f4f", label="training")
    axes.plot(*curve(path, "eval_loss"), "o", color="#b0562b", label="validation")
    axes.set(xlabel="step", ylabel="loss (nats a token)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]


def main() -> None:
    config = load_config()
    outs = [paths.REPORT]
    metrics = read_all()
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    masked_types = sorted({t for counts in metrics["scrub"].values() for t in counts["masked"]})
    html = page.render(
        metrics=metrics,
        variants=VARIANTS,
        shown=SHOWN,
        masked_types=masked_types,
        loss_svg=loss_picture(paths.PLOTS / "train.csv"),
    )
    with publish(*outs) as (file,):
        file.write_text(html, encoding="utf-8", newline="\n")
    log.info("%s: verdict %s, %d bytes", paths.REPORT, metrics["gate"]["verdict"], len(html))
    project(config.runtime, "report", {}, outs)


if __name__ == "__main__":
    run(main)
