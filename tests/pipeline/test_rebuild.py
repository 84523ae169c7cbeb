"""For each change exactly the stages rerun that must: `dvc repro`, run for real."""

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stages.mixing.splits import content_group, split_of
from stages.params.whole import read_config
from tests.micro import SOURCES, STAGES, VARIANTS, Project, ran

pytestmark = pytest.mark.pipeline

CARDS = {f"card@{variant}" for variant in ("adapter", "merged-bf16", "mxfp4")}
AFTER_SCORES = {"contrast", "gate", "report"} | CARDS
AFTER_EXPORT = AFTER_SCORES | {
    *("export@mxfp4", "export_gguf@bf16", "compare@mxfp4", "answer@mxfp4", "evaluate@mxfp4")
}
AFTER_TRAIN = AFTER_EXPORT | {
    *("merge", "answer@adapter", "answer@merged-bf16"),
    *("evaluate@adapter", "evaluate@merged-bf16"),
}
BASE_AGAIN = {"answer@base", "evaluate@base"}
AFTER_MIX = {"encode", "train"} | BASE_AGAIN | AFTER_TRAIN
EVALUATES = {f"evaluate@{variant}" for variant in VARIANTS}
INGESTS = {f"ingest@{name}" for name in SOURCES}
SCRUBS = {f"scrub@{name}" for name in SOURCES}


def param(path: str, value: object) -> Callable[[Project], None]:
    *sections, key = path.split(".")

    def change(project: Project) -> None:
        def edit(params: dict) -> None:
            for section in sections:
                params = params[section]
            assert params[key] != value
            params[key] = value

        project.edit_params(edit)

    return change


def text(path: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.edit_text(path, old, new)


def one_raw_row(project: Project) -> None:
    """Says another last answer in one conversation that is trained on, and stays so."""
    config = read_config(project.folder / "params.yaml")
    file = project.folder / "data/raw/own/chat.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
            turns = row["dialog"]
        except (ValueError, TypeError, KeyError):
            continue
        new_turns = [*turns[:-1], f"{turns[-1]} 그때 다시 이야기해요"]
        if isinstance(turns, list) and len(turns) == 2 and all(
            split_of(config.seed, content_group(conversation(of)), config.mix) == "train"
            for of in (turns, new_turns)
        ):  # fmt: skip
            lines[number] = json.dumps(row | {"dialog": new_turns}, ensure_ascii=False)
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return
    raise AssertionError("no conversation of two turns is trained on")


def conversation(texts: list[str]) -> dict:
    return {"group": "", "fields": {}, "turns": [{"text": text} for text in texts]}


CHANGES: dict[str, tuple[Callable[[Project], None], set[str]]] = {
    "a misspelt text of an error": (
        text("stages/params/refusals.py", "is not a parameter", "is not a key of params.yaml"),
        {"check"},  # which reads all of stages/params
    ),
    "the text of another error": (
        text("stages/pipeline/os_errors.py", "no space is left", "there is no space left"),
        set(),
    ),
    "what refuses a training": (
        text("stages/preflight/estimate.py", "def ", "# A remark.\ndef "),
        set(),
    ),
    "the projection into MLflow": (
        text("stages/tracking/projection.py", "def ", "# A remark.\ndef "),
        set(),
    ),
    "how outputs are published": (
        text("stages/pipeline/outputs.py", "@contextmanager", "# A remark.\n@contextmanager"),
        set(),
    ),
    "doctor": (text("stages/commands/doctor.py", "def ", "# A remark.\ndef "), set()),
    "preset": (text("stages/commands/preset.py", "def ", "# A remark.\ndef "), set()),
    "a field of the gate's schema": (
        text(
            "stages/params/gate.py",
            "    certain: bool = False",
            "    certain: bool = False\n    note: str | None = None",
        ),
        {"check", "gate"},
    ),
    "comment in the params of train": (
        text("stages/params/train.py", "class ", "# A remark.\nclass "),
        {"check", "train"},
    ),
    "comment in the tokenizer of GGUF": (
        text("stages/weights/gguf/tokenizer.py", "def ", "# A remark.\ndef "),
        {"export_gguf@bf16"},
    ),
    "learning rate": (param("train.learning_rate", 3.0e-3), {"check", "train"} | AFTER_TRAIN),
    "runtime": (param("runtime.progress", True), {"check"}),
    "one raw row": (
        one_raw_row,
        {"ingest@chat", "scrub@chat", "curate", "mix"} | AFTER_MIX - BASE_AGAIN,
    ),
    "prompt template": (
        param("mix.templates.chat.default.system", "짧게 답하는 대화. style={style}"),
        {"check", "mix"} | AFTER_MIX,
    ),
    "comment in a pii module": (
        text("stages/pii/checksums.py", "def ", "# A remark.\ndef "),
        # Names of files are masked, and prompts again; answers are searched for personal data.
        INGESTS | SCRUBS | {"mix"} | EVALUATES | {"report"},
    ),
    "what a metric computes": (
        text("stages/measuring/output.py", "len(text) <=", "len(text) <"),
        EVALUATES,
    ),
    "export format": (
        param("export.mxfp4.rule", "ceil6"),
        {"check"} | AFTER_EXPORT,
    ),
    "a lexicon that mix reads": (
        text("data/lexicons/warnings.txt", "전문가와 상담", "# 전문가와 상담"),
        {"mix"} | EVALUATES,
    ),
    "a lexicon that is counted": (
        text("data/lexicons/slang.txt", "ㄱㄱ", "ㄱㄱ\nㄱㅊ"),
        {"curate"} | EVALUATES,
    ),
    "threshold of the gate": (
        param("gate.rules.quarantined_share.at_most", 0.2),
        {"check", "gate", "report"} | CARDS,
    ),
    "a schema that no answer breaks": (
        param("evaluate.outputs.kakao_casual.max_chars", 199),
        {"check"} | EVALUATES,
    ),
    "seed": (param("seed", 7), set(STAGES) - {"ingest@chat", "scrub@chat"}),
    "revision of a base that is not in use": (
        param("base.hub.revision", "0" * 40),
        {"check", "base"} | CARDS,
    ),
    "comment in the trainer": (text("stages/train.py", "def ", "# A remark.\ndef "), {"train"}),
    "system message": (
        param("encode.harmony.reasoning_effort", "low"),
        {"check", "encode", "train"} | BASE_AGAIN | AFTER_TRAIN,
    ),
    "the page's layout": (text("stages/reporting/page.html", "<h1>malssi", "<h1>말씨"), {"report"}),
    "readme": (text("README.md", "malssi", "malssi!"), set()),
}


@pytest.mark.soak
def test_s1_26_a_new_week_of_a_source_reruns_that_source_and_what_follows(project: Project) -> None:
    """A source may be a folder: a file that is added to it reruns no other source. Not all rows come
    back, or DVC would take what follows from its run cache."""
    weeks = project.folder / "data/raw/own/weeks"
    weeks.mkdir()
    news = (project.folder / "data/raw/sample/news.jsonl").read_text(encoding="utf-8").splitlines()
    (weeks / "2026-01.jsonl").write_text("\n".join(news[:60]) + "\n", encoding="utf-8")
    path = param("sources.news.path", "data/raw/own/weeks")
    path(project)
    project.repro()
    (weeks / "2026-02.jsonl").write_text("\n".join(news[60:85]) + "\n", encoding="utf-8")
    reran = project.repro()
    assert {"ingest@news", "scrub@news", "curate", "mix", "train"} <= reran
    assert not {name for name in reran if name.partition("@")[0] in ("ingest", "scrub")} - {
        *("ingest@news", "scrub@news"),
    }
    assert "base" not in reran


# Those whose stages take half a minute and more, and those that take minutes.
LONG = {
    *("learning rate", "one raw row", "system message", "a lexicon that mix reads"),
    *("revision of a base that is not in use", "comment in the trainer", "threshold of the gate"),
}
LONGEST = {
    *("prompt template", "export format", "seed", "a lexicon that is counted"),
    *("comment in a pii module", "what a metric computes", "a schema that no answer breaks"),
}


def changes() -> Iterator[Any]:
    for name in CHANGES:
        marks = [pytest.mark.soak] * (name in LONG) + [pytest.mark.soak_long] * (name in LONGEST)
        yield pytest.param(name, marks=marks)


def test_a_finished_project_has_nothing_to_do(project: Project) -> None:
    """So what runs after a change runs because of it."""
    assert project.repro() == set()


@pytest.mark.parametrize("name", changes())
def test_exactly_what_must_rerun_does(project: Project, name: str) -> None:
    change, expected = CHANGES[name]
    change(project)
    assert project.repro() == expected
    assert project.repro() == set()


def test_a_deleted_output_comes_back_from_the_cache(project: Project) -> None:
    before = project.lock_text()
    shutil.rmtree(project.folder / "models/adapter")
    assert project.repro() == set()
    assert (project.folder / "models/adapter/adapter_model.safetensors").is_file()
    assert project.lock_text() == before


@pytest.mark.soak
def test_experiments_take_a_parameter(project: Project) -> None:
    """`dvc exp run -S`, and `--temp`, which leaves the workspace as it is."""
    output = project.run("dvc", "exp", "run", "-S", "train.learning_rate=1.0e-4", "--name", "low")
    assert "low" in output and "train" in ran(output)
    assert "learning_rate: 0.0001" in (project.folder / "params.yaml").read_text().replace(
        "1.0e-4", "0.0001"
    )
    compared = project.run("dvc", "metrics", "diff", "HEAD", "low", "--json")
    shown = set(json.loads(compared))
    assert shown == {"metrics/headline.json"}, "and none of the hundreds that stand beside it"
    project.edit_params(lambda params: params["train"].update(learning_rate=1.0e-2))
    again = project.repro()
    assert not {"train", "merge", "export@mxfp4", "report"} & again, "the run cache has these"
    kept = (project.folder / "params.yaml").read_text()
    project.run(
        "dvc", "exp", "run", "--temp", "-S", "gate.rules.quarantined_share.at_most=0.5", "-n", "lax"
    )
    assert (project.folder / "params.yaml").read_text() == kept
    shown = json.loads(project.run("dvc", "params", "diff", "HEAD", "lax", "--json"))
    assert shown["params.yaml"]["gate.rules.quarantined_share.at_most"]["new"] == 0.5
