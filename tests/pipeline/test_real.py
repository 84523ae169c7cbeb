"""The whole pipeline on real Korean text, by the presets that users have for it."""

import json

import pytest

from stages.formats.json_files import read_json
from tests.micro import SIZES, Project, make_project, merge_into

pytestmark = [pytest.mark.pipeline, pytest.mark.soak_long]

SOURCES = ("chatbot", "titles", "translation")


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("real") / "project")
    raw = str(shared / "data")
    project.run("make", f"VENV={project.venv}", "preset", "NAME=korean-public", MALSSI_RAW=raw)
    questions = project.folder.parent / "korquad.jsonl"
    with questions.open("w", encoding="utf-8") as file:
        for line in (shared / "data/korquad-v1-dev/korquad_dev_part.jsonl").open(encoding="utf-8"):
            passage = json.loads(line)
            for asked in passage["qas"]:
                row = {"context": passage["context"], "question": asked["question"]}
                row["answer"] = asked["answers"][0]["text"]
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    project.run(
        *("make", f"VENV={project.venv}", "preset", "NAME=short-answers"),
        MALSSI_QA=str(questions),
        MALSSI_LICENSE="CC-BY-ND-2.0-KR",
    )
    tiny = {
        "base": SIZES["base"],
        "runtime": {"progress": False, "tracking": False},
        "answer": {"max_rows": 40, "max_new_tokens": 8},
    }
    project.edit_params(lambda params: merge_into(params, tiny))
    project.repro()
    return project


def test_every_row_is_accounted_for(real: Project) -> None:
    metrics = real.folder / "metrics"
    ingested = {name: read_json(metrics / f"ingest/{name}.json") for name in SOURCES}
    assert ingested["chatbot"]["rows_in"] == 11_823
    for counts in ingested.values():
        assert counts["rows_in"] == counts["rows_out"] + counts["rows_quarantined"]
    curated = read_json(metrics / "curate.json")
    assert curated["rows_in"] == sum(counts["rows_out"] for counts in ingested.values())
    assert curated["rows_in"] == curated["rows_out"] + curated["rows_dropped"]


def test_the_verdict_is_there(real: Project) -> None:
    assert read_json(real.folder / "metrics/gate.json")["verdict"] in ("pass", "fail")
    for variant in ("base", "merged-bf16", "mxfp4"):
        measured = read_json(real.folder / f"metrics/evaluate/{variant}.json")
        assert set(measured["sets"]["test"]["by_source"]) <= set(SOURCES)
        assert measured["sets"]["test"]["measures"]["bits_per_byte"] > 0
    assert (real.folder / "metrics/report.html").is_file()


def test_s1_23_questions_of_korquad_are_answered_and_never_trained_on(real: Project) -> None:
    assert read_json(real.folder / "metrics/mix.json")["evaluation_rows_by_source"] == {
        "short_answers": 4777
    }
    assert (
        "short_answers" not in read_json(real.folder / "metrics/encode.json")["train"]["by_source"]
    )
    contrast = read_json(real.folder / "metrics/contrast.json")["sets"]["short_answers"]
    for variant in ("base", "adapter", "merged-bf16", "mxfp4"):
        measured = read_json(real.folder / f"metrics/evaluate/{variant}.json")["sets"]
        assert measured["short_answers"]["rows"] == 40
        f1 = contrast["variants"][variant]["f1_char"]
        assert (
            f1["low"]
            <= f1["value"]
            == measured["short_answers"]["measures"]["f1_char"]
            <= f1["high"]
        )
