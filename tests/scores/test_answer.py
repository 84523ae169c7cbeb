"""What every variant is asked, and what it is taken to answer."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from stages import answer
from stages.answering.likelihood import answer_bits
from stages.answering.loading import load_model, load_variant
from stages.answering.local import likeliest, scored_part
from stages.chat.family import renderer_of
from stages.chat.rendering import IGNORED, Settings
from stages.formats.tables import write_table
from stages.mix import SCORED
from stages.pipeline import paths
from tests.micro import Project

SETTINGS = Settings("medium", "2024-06", "2025-01-01")


def asked(key: object, source: str = "news", topic: str | None = None) -> dict[str, Any]:
    return {
        "id": str(key), "source": source, "style": "a", "style_tags": [],
        "messages": [
            {"role": "system", "content": "짧게."},
            {"role": "user", "content": f"질문 {key}"},
            {"role": "assistant", "content": f"답 {key}"},
        ],
        "topic_query": "주제는?" if topic else None, "topic": topic,
    }  # fmt: skip


def write(test: list[dict], evaluation: list[dict]) -> None:
    for split, rows in (("test", test), ("evaluation", evaluation)):
        shutil.rmtree(paths.SPLITS / split, ignore_errors=True)
        write_table(paths.SPLITS / split, rows, SCORED)


def test_so_many_rows_of_the_test_split_and_of_each_evaluation_source(tmp_path, monkeypatch):
    """The topics are those of all rows, also of those that are not answered."""
    monkeypatch.chdir(tmp_path)
    topics = ["경제", "사회", "정치", "경제"]
    write(
        [asked(i, topic=topic) for i, topic in enumerate(topics)],
        [asked(f"{name}{i}", name) for i in range(3) for name in ("korquad", "other")],
    )
    rows, found = answer.asked_rows(2)
    assert sorted((row["set"], row["id"]) for row in rows) == [
        ("korquad", "korquad0"), ("korquad", "korquad1"), ("other", "other0"), ("other", "other1"),
        ("test", "0"), ("test", "1"),
    ]  # fmt: skip
    assert found == {"news": ["경제", "사회", "정치"]}


def test_the_question_for_a_topic_stands_under_the_row_s_system_prompt():
    row = asked(1, topic="경제")
    assert answer.topic_question(row) == [
        row["messages"][0],
        {"role": "user", "content": "주제는?"},
    ]
    assert len(answer.topic_question(row | {"messages": row["messages"][1:]})) == 1


@pytest.mark.pipeline
def test_s1_23_the_likeliest_topic_is_that_of_the_least_bits(finished: Project):
    """By hand: each choice as the answer, one at a time."""
    folder = finished.folder / "models/base"
    renderer, model = renderer_of(folder, SETTINGS), load_model(folder, "float32")
    choices = ["경제", "정치외교안보통일", "사회"]
    questions: list[Any] = [[{"role": "user", "content": text}] for text in ("주제?", "무엇?")]
    found = list(likeliest(model, renderer, questions, choices, 2))
    for question, choice in zip(questions, found, strict=True):
        bits = []
        for each in choices:
            whole = [*question, {"role": "assistant", "content": each}]
            _, encoded = scored_part(renderer, whole)
            answer_ids = [label for label in encoded.labels if label != IGNORED]
            assert renderer.answer_text(answer_ids) == each and answer_ids[-1] in renderer.stop_ids
            bits += answer_bits(model, [encoded], renderer.pad_id)
        assert choice == choices[bits.index(min(bits))]


@pytest.mark.pipeline
def test_the_adapter_variant_is_base_and_adapter_and_what_merging_gives(
    finished: Project, monkeypatch
):
    """S1-10: unmerged, and not the base by mistake."""
    monkeypatch.chdir(finished.folder)
    base, adapter = load_variant("base", "float32"), load_variant("adapter", "float32")
    merged = load_variant("merged-bf16", "float32")
    ids = torch.arange(40, 60).unsqueeze(0)
    with torch.inference_mode():
        logits = [model(ids).logits for model in (base, adapter, merged)]
    assert (logits[1] - logits[0]).abs().max() > 1e-4
    # BF16 weights beside float32 ones; routing may turn on a tie, so the mean tells and not the most.
    assert (logits[2] - logits[1]).abs().mean() < (logits[1] - logits[0]).abs().mean() + 0.05


@pytest.mark.pipeline
def test_every_variant_answers_the_same_rows_with_the_same_prompts(finished: Project):
    tables = [
        pq.read_table(finished.folder / f"data/predictions/{variant}.parquet").to_pylist()
        for variant in ("base", "adapter", "merged-bf16", "mxfp4")
    ]
    same = ("id", "set", "source", "style", "question", "reference", "answer_tokens", "topic")
    for table in tables[1:]:
        assert [[row[k] for k in same] for row in table] == [
            [row[k] for k in same] for row in tables[0]
        ]
    assert len({str([row["bits"] for row in table]) for table in tables}) == 4, "four models"
    news = [row for row in tables[0] if row["source"] == "news"]
    assert news and all(row["topic_found"] is not None for row in news)
    assert all(row["topic_found"] is None for row in tables[0] if row["source"] != "news")


@pytest.mark.pipeline
def test_a_variant_may_answer_through_a_server(finished: Project, tmp_path, monkeypatch):
    """Its texts are measured as others are; likelihoods are left out and never 0."""
    from stages.answering.served import Answer

    monkeypatch.chdir(tmp_path)
    for name in ("data/splits", "models"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).symlink_to(finished.folder / name)
    shutil.copyfile(finished.folder / "params.yaml", "params.yaml")
    finished.copy_to(tmp_path / "x").edit_params(
        lambda params: params["answer"]["servers"].update(
            mxfp4={"base_url": "http://127.0.0.1:9/v1", "model": "tuned"}
        )
    )
    shutil.copyfile(tmp_path / "x/params.yaml", "params.yaml")
    calls: list = []

    def answers(url, model, conversations, prompt_tokens, *rest):
        calls.append((url, model, conversations, prompt_tokens))
        return [Answer(f" 답 {i} ", i % 2 == 0) for i in range(len(conversations))]

    monkeypatch.setattr(answer, "answers", answers)
    monkeypatch.setattr(answer, "item", lambda _: "mxfp4")
    monkeypatch.setattr(answer, "pin_numerics", lambda _: None)
    answer.main()
    ((url, model, conversations, prompt_tokens),) = calls
    assert (url, model) == ("http://127.0.0.1:9/v1", "tuned")
    renderer = renderer_of(finished.folder / "models/mxfp4", SETTINGS)
    assert [len(renderer.prompt(each)) for each in conversations] == prompt_tokens
    assert all(each[-1]["role"] == "user" for each in conversations)
    rows = pq.read_table("data/predictions/mxfp4.parquet").to_pylist()
    by_question = {each[-1]["content"]: f"답 {i}" for i, each in enumerate(conversations)}
    assert all(row["prediction"] == by_question[row["question"]] for row in rows)
    assert {row["bits"] for row in rows} == {row["topic_found"] for row in rows} == {None}
