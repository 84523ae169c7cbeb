"""Tells what a variant is, how to load it and how good it is, as the card of its repository on a
model hub: metrics/ and params in, `metrics/cards/<variant>.md` out.

`make publish` uploads it as README.md. It does not lie in `models/<variant>/`, since it tells
metrics that are made from that folder. The head is the hub's (YAML, by its own library); the rest
is in Korean and English, from the template beside this file. Like any output it names no commit.
"""

import logging
from datetime import date
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from stages.formats.json_files import Json, read_json
from stages.measuring.measures import TABLE
from stages.params.base import Base
from stages.params.card import Card
from stages.params.chat_format import ChatFormat
from stages.params.reading import read_params
from stages.params.section import Name, Sections
from stages.params.sources import Source
from stages.pipeline import paths
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run

log = logging.getLogger("card")


class Params(Sections):
    sources: dict[Name, Source]
    base: Base
    encode: ChatFormat
    card: Card


TEMPLATE = Path("stages/release/card.md")
# The measures of a card.
SHOWN = (
    *("bits_per_byte", "rougeL_syllable", "rougeL_morph", "exact_match", "f1_char"),
    *("bertscore_f1", "topic_accuracy", "speech_level_accuracy", "schema_kept_share"),
    *("stopped_share", "repetition_share", "foreign_response_share", "personal_data_share"),
    "forbidden_share",
)
ARROWS = {"lower": "↓", "higher": "↑"}
# Names that the hub knows; others are shown there under ours.
HUB_METRICS = {"exact_match": "exact_match", "f1_char": "f1", "bertscore_f1": "bertscore"}


def read_all(variant: str) -> Json:
    """The metrics that a card tells."""
    names = ("base", "contrast", "encode", "gate", "train")
    metrics: Json = {name: read_json(paths.METRICS / f"{name}.json") for name in names}
    evaluated = read_json(paths.METRICS / "evaluate" / f"{variant}.json")
    metrics["record"] = evaluated["record"]
    metrics["rows"] = {name: counts["rows"] for name, counts in evaluated["sets"].items()}
    metrics["masked"] = {}
    for source in sorted(metrics["encode"]["train"]["by_source"]):
        for kind, count in read_json(paths.METRICS / "scrub" / f"{source}.json")["masked"].items():
            metrics["masked"][kind] = metrics["masked"].get(kind, 0) + count
    return metrics


def figures(contrast: Json, variant: str, name: str) -> list[Json]:
    """The rows of a table of one set: what was measured of the base and of the variant."""
    of_set = contrast["sets"][name]
    rows: list[Json] = []
    for measure in SHOWN:
        known = TABLE[measure]
        values = {v: of_set["variants"][v].get(measure) for v in ("base", variant)}
        if values[variant] is not None:
            difference = of_set["against_base"][variant].get(measure)
            rows.append(
                {"measure": measure, "ko": known.ko, "en": known.en}
                | {"better": ARROWS.get(known.better, ""), "base": values["base"]}
                | {"tuned": values[variant], "difference": difference}
            )
    return rows


def head(variant: str, base: Base, license: str, tables: dict[str, list[Json]]) -> str:
    """The YAML that the hub reads, with the figures as its `model-index`."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="text-generation",
            task_name="한국어 / Korean",
            dataset_type=name,
            dataset_name="test split" if name == "test" else name,
            dataset_split="test",
            metric_type=HUB_METRICS.get(row["measure"]) or row["measure"],
            metric_name=row["en"],
            metric_value=row["tuned"]["value"],
        )
        for name, rows in tables.items()
        for row in rows
    ]
    tags = ["korean", "malssi", {"adapter": "lora", "merged-bf16": "bf16"}.get(variant, variant)]
    return ModelCardData(
        language="ko",
        license=license,
        base_model=base.hub.repo if base.source == "hub" else None,
        library_name="peft" if variant == "adapter" else "transformers",
        pipeline_tag="text-generation",
        tags=tags,
        model_name=f"malssi-{variant}",
        eval_results=results,
    ).to_yaml()


def interval(found: Json | None, key: str = "value") -> str:
    """`4.19 (2.5 … 6.0)`; a dash where it does not apply."""
    if found is None:
        return "–"
    if found[key] == found["low"] == found["high"] == 0:
        return "0"
    sign = "+" if key == "difference" else ""
    low, high = (f"{found[end]:{sign}.4g}" for end in ("low", "high"))
    return f"{found[key]:{sign}.4g} ({low} … {high})".replace("-", "−")


def cell(text: object) -> str:
    """A text of params as a cell of a table, whatever Markdown it holds."""
    marked = "".join(f"\\{sign}" if sign in r"\`*_[]<>|#" else sign for sign in str(text))
    return " ".join(marked.split())


def main() -> None:
    variant = item("variant")
    params = read_params(Params)
    metrics = read_all(variant)
    sets = sorted(metrics["contrast"]["sets"], key=lambda name: (name != "test", name))
    tables = {name: figures(metrics["contrast"], variant, name) for name in sets}
    sources = {
        name: params.sources[name] for name in sorted(metrics["encode"]["train"]["by_source"])
    }
    harmony = metrics["base"]["model_type"] == "gpt_oss"
    day = params.encode.conversation_date
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"interval": interval, "cell": cell, "python": repr}
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        variant=variant,
        base=params.base,
        harmony=harmony,
        quantised_by="Mxfp4Config" if harmony else "CompressedTensorsConfig",
        day=day,
        arguments=params.encode.template_arguments,
        day_in_words=date.fromisoformat(day).strftime("%d %b %Y"),
        license=params.card.license,
        metrics=metrics,
        sources=sources,
        made_up=[
            n for n, source in sources.items() if Path(source.path).is_relative_to(paths.SAMPLE)
        ],
        tables=tables,
    )
    outs = [paths.METRICS / "cards" / f"{variant}.md"]
    with publish(*outs) as (file,):
        yaml = head(variant, params.base, params.card.license, tables)
        file.write_text(f"---\n{yaml}\n---\n\n{text}", encoding="utf-8", newline="\n")
    log.info("%s: %d bytes", outs[0], outs[0].stat().st_size)


if __name__ == "__main__":
    run(main)
