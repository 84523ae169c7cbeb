"""The whole pipeline on real Korean text, by the preset that users have for it."""

import pytest

from stages.pipeline.run import read_json
from tests.micro import SIZES, Project, make_project, merge_into

pytestmark = pytest.mark.pipeline

SOURCES = ("chatbot", "titles", "translation")


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("real") / "project")
    raw = str(shared / "data")
    project.run("make", f"VENV={project.venv}", "preset", "NAME=korean-public", MALSSI_RAW=raw)
    tiny = {"base": SIZES["base"], "runtime": {"progress": False, "tracking": False}}
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
        assert set(measured["by_source"]) <= set(SOURCES)
        assert measured["bits_per_byte"] > 0
    assert (real.folder / "metrics/report.html").is_file()
