"""params.yaml as a whole: every section, and the rules that tie sections together.

Only the stage `check` and what is run by hand read it whole; every other stage reads its own
sections, so that a new key of one section reruns no stage of another.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from stages.params.answer import Answer
from stages.params.base import Base
from stages.params.card import Card
from stages.params.compare import Compare
from stages.params.compute import Compute
from stages.params.contrast import Contrast
from stages.params.curate import Curate
from stages.params.downloads import Download
from stages.params.encode import Encode
from stages.params.evaluate import Evaluate
from stages.params.export import Export
from stages.params.gate import Gate
from stages.params.merge import Merge
from stages.params.mix import Mix
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.sample import Sample
from stages.params.scrub import Scrub
from stages.params.section import Name, Section, Seed
from stages.params.sources import Source
from stages.params.train import Train
from stages.pipeline import paths


class Config(Section):
    seed: Seed
    compute: Compute
    runtime: Runtime
    sample: Sample
    downloads: dict[Name, Download]
    sources: Annotated[dict[Name, Source], Field(min_length=1)]
    scrub: Scrub
    curate: Curate
    mix: Mix
    base: Base
    encode: Encode
    train: Train
    merge: Merge
    export: Export
    compare: Compare
    answer: Answer
    evaluate: Evaluate
    contrast: Contrast
    gate: Gate
    card: Card

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        _check_sources(self.sources, self.mix)
        _check_topics(self.sources, self.mix)
        _check_rounding(self.train, self.export)
        if self.base.source == "tiny" and (
            self.encode.max_length_tokens > self.base.tiny.max_position_embeddings
        ):
            raise ValueError(
                "encode.max_length_tokens is over base.tiny.max_position_embeddings, "
                "more than the tiny model can see"
            )
        _check_format(self.base, self.encode)
        return self


def _check_format(base: Base, encode: Encode) -> None:
    """The tiny model is a gpt-oss, whose format is fixed."""
    keys = ("chat_template", "stop_token", "template_arguments")
    if base.source == "tiny" and (given := [key for key in keys if getattr(encode, key)]):
        raise ValueError(
            f"encode.{given[0]} is for models that speak by a chat template, and base.source is "
            "tiny, a gpt-oss, which speaks Harmony"
        )


def _check_sources(sources: dict[str, Source], mix: Mix) -> None:
    """Sources for training have a weight and templates, and nothing else has a weight."""
    training = {name for name, source in sources.items() if source.use == "training"}
    # A source for evaluation may have templates; then its rows are answered and scored.
    scored = set(mix.templates) & (set(sources) - training)
    for where, names in (
        ("mix.weights", set(mix.weights)),
        ("mix.templates", set(mix.templates) - scored),
    ):
        if names != training:
            raise ValueError(
                f"{where} names {sorted(names)}, and the sources for training are "
                f"{sorted(training)}; they must be the same"
            )
    if "test" in scored:
        raise ValueError(
            "a source for evaluation is named test, as the test split is; name it otherwise"
        )


def _check_topics(sources: dict[str, Source], mix: Mix) -> None:
    """A topic is asked of a source that has it in a column, and not told by the question."""
    if unknown := sorted(set(mix.topics) - set(mix.templates)):
        raise ValueError(f"mix.topics names {unknown}, which mix.templates lacks")
    for name, topic in mix.topics.items():
        if topic.label not in sources[name].columns:
            raise ValueError(
                f"mix.topics.{name}.label is {topic.label!r}, which sources.{name}.columns lacks"
            )
        templates = mix.templates[name].values()
        shown = [topic.query, *(template.system or "" for template in templates)]
        if any(f"{{{topic.label}}}" in text for text in shown):
            raise ValueError(
                f"mix.topics.{name} asks for {{{topic.label}}}, which its query or a system "
                "prompt of the source already tells"
            )


def _check_rounding(train: Train, export: Export) -> None:
    """With quantisation-aware training, what ships is what was trained."""
    if train.qat and export.mxfp4.rule != "even":
        raise ValueError(
            f"train.qat rounds by the rule even, and export.mxfp4.rule is "
            f"{export.mxfp4.rule}; what ships must be what was trained"
        )
    # What is rounded is the sum of base and adapter in the dtype of the training.
    source = "adapter" if train.dtype == "float32" else "merged"
    if train.qat and export.mxfp4.source != source:
        raise ValueError(
            f"train.qat in {train.dtype} needs export.mxfp4.source: {source}; what ships "
            "must be what was trained"
        )


def read_config(path: Path = paths.PARAMS) -> Config:
    """The whole file, checked.

    Raises:
        ParamsError: see `read_params`; or two sections contradict each other.
    """
    return read_params(Config, path)
