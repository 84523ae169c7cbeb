"""Each data preset at its own values, on data of its shape, from the raw file to the splits.
`korean-public` runs on the data that it names, in test_pipeline_real."""

import json
import random
import shutil
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages import curate, ingest, mix, scrub
from stages.commands import preset
from stages.formats.json_files import read_json
from stages.formats.tables import read_table
from stages.grammar.personal import Personal
from stages.params.whole import read_config
from stages.sample import KINDS
from tests.micro import ROOT, edit_yaml

# Rows of such words are not alike.
WORDS = [
    "revenue", "margin", "quarter", "dividend", "segment", "liability", "goodwill", "deferred",
    "lease", "operating", "interest", "customer", "contract", "currency", "hedge", "pension",
    "valuation", "inventory", "supplier", "warranty", "acquisition", "impairment", "royalty",
    "subsidiary", "maturity", "collateral", "provision", "benchmark", "turnover", "forecast",
]  # fmt: skip


@pytest.fixture
def stages(workspace, monkeypatch):
    """Two functions: one lays a preset over params.yaml, one runs the stages up to the mix."""
    for name in ("presets", "data/lexicons"):
        shutil.copytree(ROOT / name, name)
    for name, value in {
        "MALSSI_RAW": "raw",
        "MALSSI_LICENSE": "CC0-1.0",
        "MALSSI_REVISION": "0" * 40,
        "MALSSI_INSTRUCT": "raw/instruct.jsonl",
    }.items():
        monkeypatch.setenv(name, value)

    def apply(name: str) -> None:
        monkeypatch.setattr(sys, "argv", ["preset", name])
        preset.main()

    def to_mix() -> dict:
        for name in read_config().sources:
            monkeypatch.setattr(sys, "argv", ["stage", "--source", name])
            ingest.main()
            scrub.main()
        curate.main()
        mix.main()
        return read_json(Path("metrics/mix.json"))

    return apply, to_mix


def raw_rows(kind: str, count: int) -> list[dict]:
    rows = KINDS[kind](random.Random(5), Personal(0.1))
    return [row.raw for row in islice(rows, count)]


def write(path: str, rows: Iterable[dict]) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def messages(split: str = "train") -> list[list[dict]]:
    return [row["messages"] for row in read_table(Path("data/splits") / split)]


def test_s1_13_s1_18_s1_19_news_and_chat(stages):
    apply, to_mix = stages
    news = [
        {"topic" if k == "section" else k: v for k, v in row.items()}
        for row in raw_rows("news", 400)
    ]
    write("raw/news.jsonl", news)
    write("raw/chat.jsonl", raw_rows("chat", 400))
    apply("news-chat")
    metrics = to_mix()
    assert abs(metrics["train"]["share_by_source"]["news"] - 0.6) < 0.02
    asked = [m for m in messages() if m[1]["content"].startswith("주제: ")]
    assert asked
    for system, user, assistant in asked:
        assert system["content"].startswith("한국 뉴스 문체로 간결하고 사실 위주로 작성.")
        assert user["content"].endswith("기사 제목과 요약을 작성해줘.")
        assert " — " in assistant["content"]
    assert all(len(m) <= 7 and m[-1]["role"] == "assistant" for m in messages())


def test_s2_07_s2_15_dialogue_summaries(stages):
    """In the shape of the public data: speakers and utterances, nested, with a list of subjects."""
    apply, to_mix = stages
    rows = []
    for row in raw_rows("dialogue", 160):
        lines = [line.partition(": ") for line in row["dialogue"].splitlines()]
        talk = [{"speaker": who, "utterance": said} for who, _, said in lines]
        rows.append(
            {
                "input": {"conversation": talk, "subject_keyword": row["subject"]},
                "output": row["summary"],
            }
        )
    write("raw/dialogue.jsonl", rows)
    apply("dialogue-summary")

    def nested(params: dict) -> None:
        params["sources"]["dialogue"]["path"] = "raw/dialogue.jsonl"
        params["sources"]["dialogue"]["columns"].update(
            dialogue="input.conversation", subject="input.subject_keyword", summary="output"
        )

    edit_yaml(Path("params.yaml"), nested)
    to_mix()
    for _, user, assistant in messages():
        assert user["content"].startswith("[Conversation]\n#Person1#: ")
        assert "\n\n[Question]\n위 " in user["content"]
        assert user["content"].endswith(" 주제에 대한 대화를 요약해주세요.")
        assert assistant["content"]


def test_s3_01_s3_02_s3_04_twelve_categories_and_s3_12_the_relearn_chain(stages):
    apply, to_mix = stages
    write("raw/instruct.jsonl", raw_rows("instruct", 360))
    apply("categories")
    metrics = to_mix()
    assert metrics["train"]["rows_different"] >= 100
    tags = {tag for row in read_table(Path("data/splits/train")) for tag in row["style_tags"]}
    assert len({tag for tag in tags if tag.startswith("domain:")}) == 12

    apply("relearn")
    assert read_config().train.learning_rate == 5e-5
    # A third of what it has the grammar write: enough for its ratio.
    write("data/raw/sample/no_warning.jsonl", raw_rows("no_warning", 1_000))
    write("data/raw/sample/correction.jsonl", raw_rows("correction", 1_150))
    metrics = to_mix()
    for split in ("train", "validation", "test"):
        assert metrics[split]["warning_share"] <= 0.05
        assert set(metrics[split]["share_by_source"]) == {"instruct", "no_warning", "correction"}
    rows = read_table(Path("data/splits/train"))
    corrected = [row["messages"][-1]["content"] for row in rows if row["source"] == "correction"]
    assert len(corrected) > 100
    assert all("가" <= answer[0] <= "힣" for answer in corrected)


def test_s4_03_s4_04_s4_06_a_hub_data_set_with_reasoning(stages):
    apply, to_mix = stages
    apply("hub-dataset")
    rng = random.Random(5)

    def said(words: int) -> str:
        return " ".join(rng.choices(WORDS, k=words))

    rows = [
        {
            "Open-ended Verifiable Question": f"What of the {said(12)}? {{braces}} stay",
            "Complex_CoT": f"First, {said(40)}.",
            "Response": f"It is {said(12)}.",
        }
        for _ in range(200)
    ]
    Path("data/raw/hub").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), "data/raw/hub/reasoning.parquet")
    to_mix()
    for user, assistant in messages():
        assert "{braces} stay" in user["content"]
        assert assistant["thinking"].startswith("First, ") and "<think>" not in assistant["content"]
    assert all(m[-1]["thinking"] is None for m in messages("test"))
