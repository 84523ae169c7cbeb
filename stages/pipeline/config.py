"""params.yaml as one strict, frozen model: the whole file is checked whenever a stage starts.

Each section bears the name of its stage and is passed on as it is. Unknown keys, wrong types and
values out of range are refused with the key, the value and what would be taken instead.
"""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.pipeline import paths
from stages.pipeline.errors import ParamsError

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1, le=10**12)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Text = Annotated[str, Field(min_length=1)]


def _on_the_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date (YYYY-MM-DD)") from None
    return text


Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_on_the_calendar)]

# A style becomes a key of metrics and templates, whether a row or params.yaml names it.
STYLE = r"^[A-Za-z가-힣][A-Za-z0-9가-힣_-]{0,63}$"
Style = Annotated[str, Field(pattern=STYLE)]


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Compute(Section):
    threads: Annotated[int, Field(ge=1, le=256)]


class Runtime(Section):
    tracking: bool
    progress: bool
    engine: Literal["local", "ray"]
    workers: Annotated[int, Field(ge=1, le=1024)]
    device_batch_size: Count
    save_steps: Count
    launch: Text | None


class Sample(Section):
    news_rows: Count
    chat_rows: Count
    dialogue_rows: Count
    instruct_rows: Annotated[int, Field(ge=12)]
    no_warning_rows: Count
    correction_rows: Count
    pretrain_documents: Count
    malformed_share: Annotated[float, Field(ge=0.0, le=0.5)]
    personal_share: Share


class Contract(Section):
    """What the texts of a row must keep to; a row that does not goes to quarantine. Lengths are in
    characters, by the name of ours in `columns`, or `turns` for each turn of a conversation."""

    min_chars: dict[Name, Count] = {}
    max_chars: dict[Name, Count] = {}
    styles: list[Style] = []  # empty: any

    @model_validator(mode="after")
    def _ordered(self) -> "Contract":
        for name in sorted(set(self.min_chars) & set(self.max_chars)):
            if self.min_chars[name] > self.max_chars[name]:
                raise ValueError(
                    f"min_chars.{name} {self.min_chars[name]} is over max_chars.{name} "
                    f"{self.max_chars[name]}, so no row could pass"
                )
        return self


class Window(Section):
    """The rows of a time, both ends included. `column` holds dates, with a time behind them or not:
    20240105, 2024-01-05, 2024.01.05, 2024/1/5, 2024. 1. 5., 2024년 1월 5일."""

    column: Text
    since: Date
    until: Date

    @model_validator(mode="after")
    def _ordered(self) -> "Window":
        if self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        return self


class Download(Section):
    """A data set of the hub at one commit; it becomes data/raw/hub/<name>.parquet."""

    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    config: Text | None = None
    split: Text


# Full articles are not for training (S1-12): a news source has these columns and no longer texts.
NEWS_COLUMNS = {"section", "topic", "title", "summary"}
NEWS_MAX_CHARS = 1_000
# By these names news services mean the text of an article, whatever the column is taken for.
ARTICLE_BODIES = frozenset(("body", "article", "full_text", "본문", "기사본문"))


class Source(Section):
    """One raw file, or a folder of them. Texts come from `columns` (a name of ours: a column of
    theirs, `a.b` where it is nested), a conversation from `turns_column`: a list of texts that
    alternate from the user, or of {role, content}. Rows with the same text in `group_column` (a
    dialogue, a set of paraphrases) stay in one split. `spoken` names the column of ours whose last
    sentence tells the speech level of a row without a conversation.

    A row of CSV may go on over lines, within quotes. A row of TSV is one line, always, so that no
    cell holds a line end; where the quotes of a line are not those of CSV they are text."""

    path: Text
    format: Literal["jsonl", "csv", "tsv", "parquet"]
    kind: Literal["news", "chat", "dialogue", "instruction", "translation"]
    license: Text
    use: Literal["training", "evaluation"]
    as_of: Date
    style: Style | None = None
    style_column: Text | None = None
    style_tags: list[Text]
    columns: dict[Name, Text] = {}
    defaults: dict[Name, Text] = {}
    turns_column: Text | None = None
    group_column: Text | None = None
    spoken: Name | None = None
    contract: Contract = Contract()
    window: Window | None = None
    unicode: Literal["as_is", "nfc"] = "as_is"

    @model_validator(mode="after")
    def _complete(self) -> "Source":
        if (self.style is None) == (self.style_column is None):
            raise ValueError("give either style (one for all rows) or style_column")
        if self.style and self.contract.styles and self.style not in self.contract.styles:
            raise ValueError(
                f"style is {self.style!r}, which contract.styles {self.contract.styles} lacks"
            )
        if not self.columns and self.turns_column is None:
            raise ValueError("give columns, turns_column, or both")
        if unknown := sorted(set(self.defaults) - set(self.columns)):
            raise ValueError(f"defaults has {unknown}, which columns lacks")
        if self.spoken is not None and self.spoken not in self.columns:
            raise ValueError(f"spoken is {self.spoken!r}, which columns lacks")
        tagged = " ".join(self.style_tags)
        by_text = "{level}" in tagged or ("{tone}" in tagged and self.kind != "news")
        if by_text and not self.turns_column and self.spoken is None:
            raise ValueError("style_tags tell tone or level, so spoken must name a column of ours")
        bounded = set(self.contract.min_chars) | set(self.contract.max_chars)
        if unknown := sorted(bounded - set(self.columns) - {"turns"}):
            raise ValueError(f"contract bounds {unknown}, which columns lacks")
        return self

    @model_validator(mode="after")
    def _no_articles(self) -> "Source":
        if self.kind != "news":
            return self
        if self.turns_column:
            raise ValueError(
                "a news source has no conversation, so no turns_column; its texts are columns, "
                "which are bounded"
            )
        if more := sorted(set(self.columns) - NEWS_COLUMNS):
            raise ValueError(
                f"a news source carries {sorted(NEWS_COLUMNS)} and no more (found {more}); "
                "full articles are not for training"
            )
        bodies = {theirs for theirs in self.columns.values() if _is_body(theirs)}
        if bodies:
            raise ValueError(
                f"columns takes {sorted(bodies)}, by name the text of an article; "
                "full articles are not for training. Map a title or a summary"
            )
        bounds = [self.contract.max_chars.get(name) for name in sorted(self.columns)]
        if any(bound is None or bound > NEWS_MAX_CHARS for bound in bounds):
            raise ValueError(
                "a news source bounds each of its columns in contract.max_chars, "
                f"by at most {NEWS_MAX_CHARS} characters"
            )
        return self


def _is_body(column: str) -> bool:
    return column.rpartition(".")[2].casefold() in ARTICLE_BODIES


class Scrub(Section):
    optional: list[Literal["NAME", "BIRTHDATE", "REPRESENTATIVE"]]


class Curate(Section):
    min_chars: Count
    max_chars: Count
    min_hangul_share: Share
    max_foreign_share: Share
    near_duplicate_jaccard: Annotated[float, Field(gt=0.0, le=1.0)]
    same_split_jaccard: Annotated[float, Field(gt=0.0, le=1.0)]
    contamination_chars: Annotated[int, Field(ge=10, le=1000)]

    @model_validator(mode="after")
    def _ordered(self) -> "Curate":
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars {self.min_chars} is over max_chars {self.max_chars}")
        if self.same_split_jaccard > self.near_duplicate_jaccard:
            raise ValueError(
                f"same_split_jaccard {self.same_split_jaccard} is over near_duplicate_jaccard "
                f"{self.near_duplicate_jaccard}"
            )
        return self


class Evaluation(Section):
    """The question and the answer that a row is scored by, where they are not those that it trains
    with."""

    query: Text
    response: Text


class Template(Section):
    """A prompt. `{name}` stands for a field of the row; other braces are text. Without `user` and
    `assistant` the row's own conversation is taken. An answer that starts with <think>…</think> has
    its reasoning there. `evaluation` is for rows that are scored."""

    system: Text | None = None
    user: Text | None = None
    assistant: Text | None = None
    evaluation: Evaluation | None = None

    @model_validator(mode="after")
    def _paired(self) -> "Template":
        if (self.user is None) != (self.assistant is None):
            raise ValueError("user and assistant go together; leave both out for a conversation")
        if self.evaluation and self.user is None:
            raise ValueError("evaluation needs user and assistant beside it")
        return self


class Topic(Section):
    """A question whose answer is one of a few topics, and the field that holds the right one."""

    query: Text
    label: Name


class Mix(Section):
    weights: Annotated[dict[Name, Annotated[float, Field(gt=0.0)]], Field(min_length=1)]
    unit: Literal["rows", "tokens"]
    max_repeats: Annotated[int, Field(ge=1, le=100)]
    max_warning_share: Share
    drop_wrong_starts: bool
    min_train_rows: dict[Text, Count]
    validation_share: Annotated[float, Field(gt=0.0, lt=0.5)]
    test_share: Annotated[float, Field(gt=0.0, lt=0.5)]
    max_turns: Annotated[int, Field(ge=2)]
    templates: dict[Name, dict[Text, Template]]
    topics: dict[Name, Topic]


class Tiny(Section):
    vocab_size: Annotated[int, Field(ge=512, le=65536)]
    hidden_size: Annotated[int, Field(multiple_of=32, ge=32)]
    intermediate_size: Annotated[int, Field(multiple_of=32, ge=32)]
    num_hidden_layers: Annotated[int, Field(ge=2)]
    head_dim: Annotated[int, Field(multiple_of=2, ge=8)]
    num_attention_heads: Count
    num_key_value_heads: Count
    num_local_experts: Annotated[int, Field(ge=2)]
    num_experts_per_tok: Count
    sliding_window: Count
    max_position_embeddings: Annotated[int, Field(ge=64)]
    steps: Count
    batch_size: Count
    block_tokens: Annotated[int, Field(ge=32)]
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]

    @model_validator(mode="after")
    def _shapes(self) -> "Tiny":
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError("num_attention_heads must be a multiple of num_key_value_heads")
        if self.num_experts_per_tok > self.num_local_experts:
            raise ValueError("num_experts_per_tok is over num_local_experts")
        if self.block_tokens > self.max_position_embeddings:
            raise ValueError("block_tokens is over max_position_embeddings")
        return self


class Hub(Section):
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Folder(Section):
    """A model on this disk; `digest` pins its content, as `revision` does on the hub."""

    path: Text
    digest: Text


class Base(Section):
    source: Literal["tiny", "hub", "folder"]
    tiny: Tiny
    hub: Hub
    folder: Folder


class HarmonySystem(Section):
    reasoning_effort: Literal["low", "medium", "high"]
    knowledge_cutoff: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class Encode(Section):
    max_length_tokens: Annotated[int, Field(ge=16)]
    too_long: Literal["refuse", "drop_oldest"]
    conversation_date: Date
    harmony: HarmonySystem


class Lora(Section):
    r: Annotated[int, Field(ge=1, le=1024)]
    lora_alpha: Annotated[int, Field(ge=1)]
    lora_dropout: Annotated[float, Field(ge=0.0, lt=1.0)]
    target_modules: list[Text] | Literal["all-linear"]
    target_parameters: list[Text]
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None
    use_rslora: bool
    rank_pattern: dict[Text, Annotated[int, Field(ge=1, le=1024)]]
    alpha_pattern: dict[Text, Annotated[int, Field(ge=1)]]

    @model_validator(mode="after")
    def _somewhere(self) -> "Lora":
        if not self.target_modules and not self.target_parameters:
            raise ValueError("give target_modules, target_parameters, or both")
        return self


class Train(Section):
    lora: Lora
    dtype: Literal["float32", "bfloat16"]
    quantization: Literal["none", "nf4"]
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2"]
    packing: bool
    qat: bool
    num_train_epochs: Annotated[float, Field(gt=0.0)]
    global_batch_size: Count
    optimizer: Literal["adamw_torch", "adamw_8bit", "paged_adamw_8bit"]
    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)]
    lr_scheduler_type: Literal[
        "cosine", "linear", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"
    ]
    warmup_steps: Annotated[float, Field(ge=0.0)]
    weight_decay: Annotated[float, Field(ge=0.0)]
    max_grad_norm: Annotated[float, Field(gt=0.0)]
    gradient_checkpointing: bool
    logging_steps: Count
    eval_steps: Count | None
    keep: Literal["last", "best"]
    early_stopping_patience: Count | None

    @model_validator(mode="after")
    def _stops_on_the_best(self) -> "Train":
        if self.early_stopping_patience and self.keep != "best":
            raise ValueError("early_stopping_patience needs keep: best")
        if self.warmup_steps >= 1 and self.warmup_steps != int(self.warmup_steps):
            raise ValueError("warmup_steps is a share of all steps below 1, else a whole number")
        return self


class Merge(Section):
    max_shard_mb: Count


class Mxfp4(Section):
    rule: Literal["even", "floor", "ceil6", "search", "calibrated"]
    calibration_rows: Count
    source: Literal["adapter", "merged"]
    min_delta_kept: Share


class Export(Section):
    mxfp4: Mxfp4
    gguf: list[Literal["bf16", "f16"]]


class Compare(Section):
    max_rows: Count
    min_top1_agreement: Share


class Server(Section):
    """An OpenAI-compatible server, and its name for the model."""

    base_url: Annotated[str, Field(pattern=r"^https?://")]
    model: Text


Variant = Literal["base", "adapter", "merged-bf16", "mxfp4"]


class Answer(Section):
    dtype: Literal["float32", "bfloat16"]
    max_rows: Count
    batch_size: Count
    max_new_tokens: Count
    servers: dict[Variant, Server | None]

    @model_validator(mode="after")
    def _all_variants(self) -> "Answer":
        if missing := sorted(set(get_args(Variant)) - set(self.servers)):
            raise ValueError(f"servers lacks {missing}; write null where the weights are loaded")
        return self


SpeechLevel = Literal["hapsyo", "haeyo", "haera", "hae", "nominal"]


def _a_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression ({error})") from None
    return text


class OutputSchema(Section):
    """What an answer of a style must be like: so long, so many lines, and matched by the pattern
    from its first character to its last."""

    max_chars: Count | None = None
    max_lines: Count | None = None
    pattern: Annotated[Text, AfterValidator(_a_pattern)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "OutputSchema":
        if self.max_chars is None and self.max_lines is None and self.pattern is None:
            raise ValueError("give max_chars, max_lines or pattern, or leave the style out")
        return self


class Bertscore(Section):
    """An encoder on this disk; `digest` pins its content. The embeddings of `layer` are compared
    (0: those before the first layer)."""

    path: Text
    digest: Text
    layer: Annotated[int, Field(ge=0)]


class Evaluate(Section):
    speech_levels: dict[Style, Annotated[list[SpeechLevel], Field(min_length=1)]]
    outputs: dict[Style, OutputSchema]
    bertscore: Bertscore | None


class Contrast(Section):
    draws: Annotated[int, Field(ge=100, le=100_000)]


class Rule(Section):
    """A bound on a figure: `<file under metrics/>.<key>`, or a measure of a variant on the test
    split, as `evaluate/merged-bf16.rougeL_syllable`. `against` bounds the difference from what the
    base, the merged model or the last release has. A `certain` rule holds only where the whole
    interval does."""

    figure: Annotated[str, Field(pattern=r"^[a-z0-9_/-]+(\.[^.]+)+$")]
    against: Literal["base", "merged-bf16", "release"] | None = None
    at_least: float | None = None
    at_most: float | None = None
    certain: bool = False

    @model_validator(mode="after")
    def _one_bound(self) -> "Rule":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        if self.against in ("base", "merged-bf16") and not self.figure.startswith("evaluate/"):
            raise ValueError(
                f"against {self.against} bounds measures of variants (evaluate/…), "
                f"and the figure is {self.figure}"
            )
        if self.figure.startswith("drift.") and (self.against or self.certain):
            raise ValueError("drift is from the release already, and has no interval")
        if self.certain and self.against == "release":
            raise ValueError("a difference from the release has no interval to be certain by")
        return self


class Gate(Section):
    release: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    rules: Annotated[dict[Name, Rule], Field(min_length=1)]


class Card(Section):
    license: Text


class Config(Section):
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
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
    def _sources_agree(self) -> "Config":
        training = {name for name, source in self.sources.items() if source.use == "training"}
        # A source for evaluation may have templates; then its rows are answered and scored.
        scored = set(self.mix.templates) & (set(self.sources) - training)
        for where, names in (
            ("mix.weights", set(self.mix.weights)),
            ("mix.templates", set(self.mix.templates) - scored),
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
        if unknown := sorted(set(self.mix.topics) - set(self.mix.templates)):
            raise ValueError(f"mix.topics names {unknown}, which mix.templates lacks")
        for name, topic in self.mix.topics.items():
            if topic.label not in self.sources[name].columns:
                raise ValueError(
                    f"mix.topics.{name}.label is {topic.label!r}, which "
                    f"sources.{name}.columns lacks"
                )
            templates = self.mix.templates[name].values()
            shown = [topic.query, *(template.system or "" for template in templates)]
            if any(f"{{{topic.label}}}" in text for text in shown):
                raise ValueError(
                    f"mix.topics.{name} asks for {{{topic.label}}}, which its query or a system "
                    "prompt of the source already tells"
                )
        if self.train.qat and self.export.mxfp4.rule != "even":
            raise ValueError(
                f"train.qat rounds by the rule even, and export.mxfp4.rule is "
                f"{self.export.mxfp4.rule}; what ships must be what was trained"
            )
        # What is rounded is the sum of base and adapter in the numbers of the training.
        source = "adapter" if self.train.dtype == "float32" else "merged"
        if self.train.qat and self.export.mxfp4.source != source:
            raise ValueError(
                f"train.qat in {self.train.dtype} needs export.mxfp4.source: {source}; what ships "
                "must be what was trained"
            )
        if self.base.source == "tiny" and (
            self.encode.max_length_tokens > self.base.tiny.max_position_embeddings
        ):
            raise ValueError(
                "encode.max_length_tokens is over base.tiny.max_position_embeddings, "
                "more than the tiny model can see"
            )
        return self


def load_config(path: Path = paths.PARAMS) -> Config:
    """Reads and checks params.yaml (YAML 1.2, so that 1.0e-4 and 1e-4 are both numbers).

    Raises:
        ParamsError: the file is missing, is not YAML, or holds a value that is refused; all refused
            values are named at once.
    """
    if not path.is_file():
        raise ParamsError(str(path), "is missing.", "Restore it with `git checkout params.yaml`.")
    try:
        tree = YAML(typ="safe", pure=True).load(path)
    except (RecursionError, ValueError) as error:  # nesting or a number without end
        raise ParamsError(
            str(path),
            f"cannot be read ({type(error).__name__}).",
            "Compare it with `git diff params.yaml`.",
        ) from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None)
        line = f" at line {mark.line + 1}: {problem}" if mark else ""
        raise ParamsError(
            str(path), f"is not valid YAML{line}.", "Compare it with `git diff params.yaml`."
        ) from None
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ParamsError(
            str(path),
            "; ".join(_sentence(detail) for detail in error.errors()) + ".",
            "Correct it there, or see `git diff params.yaml` for what changed.",
        ) from None


def _sentence(detail: Any) -> str:
    """One refused value as `train.learning_rate is the string '3e-05': write 3.0e-05 ...`."""
    key = ".".join(str(part) for part in detail["loc"]) or "the file"
    value, kind = detail["input"], detail["type"]
    if kind == "extra_forbidden":
        return f"{key} is not a parameter"
    if kind == "missing":
        return f"{key} is missing"
    if kind == "value_error":
        return f"{key}: {detail['ctx']['error']}"
    shown = value if isinstance(value, int | float) else f"the {_yaml_type(value)} {value!r}"
    hint = ""
    if isinstance(value, str) and _is_number(value, whole=kind == "int_type"):
        hint = f" (write {value} without quotes)" if kind in ("float_type", "int_type") else ""
    return f"{key} is {shown}: {detail['msg'][0].lower()}{detail['msg'][1:]}{hint}"


def _is_number(text: str, whole: bool) -> bool:
    rest = "" if whole else r"(\.\d*)?([eE][+-]?\d+)?"
    return re.fullmatch(rf"[+-]?\d+{rest}", text) is not None


def _yaml_type(value: object) -> str:
    names = {str: "string", list: "list", dict: "mapping", type(None): "value"}
    return names.get(type(value), type(value).__name__)
