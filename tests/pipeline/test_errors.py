"""A user's mistakes end in one sentence that helps, and leave nothing half-written."""

import pytest

from tests.micro import Project

pytestmark = pytest.mark.pipeline


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"3e-05"', "train.learning_rate is the string '3e-05'"),
        ("-1.0", "train.learning_rate is -1.0"),
        ("1.0e-2\n  lerning_rate: 1.0", "train.lerning_rate is not a parameter"),
    ],
)
def test_a_wrong_parameter(project: Project, value: str, said: str) -> None:
    before = project.lock_text()
    project.edit_text("params.yaml", "  learning_rate: 1.0e-2\n", f"  learning_rate: {value}\n")
    project.edit_text("params.yaml", "seed: 42", "seed: 43")
    output = project.run("dvc", "repro", check=False)
    assert "failed to reproduce 'check'" in output
    assert f"ERROR params.yaml: {said}" in output
    assert "Traceback" not in output
    assert project.lock_text() == before
    assert [str(path) for path in project.folder.rglob("*.partial")] == []


def test_a_missing_raw_file(project: Project) -> None:
    gone = "data/raw/own/gone.jsonl"
    project.edit_params(lambda params: params["sources"]["chat"].update(path=gone))
    output = project.run("dvc", "repro", check=False)
    assert gone in output
    assert "Traceback" not in output
    stage = project.run("python", "-m", "stages.ingest", "--source", "chat", check=False)
    assert stage.startswith(f"ERROR {gone}: the raw file of source 'chat' is not there.")
    assert "sources.chat.path" in stage


def test_an_encoder_that_is_not_there(project: Project) -> None:
    """It is asked for after the training, and missed before it."""
    asked = {"path": "data/raw/own/encoder", "digest": "0" * 32 + ".dir", "layer": 1}
    project.edit_params(lambda params: params["evaluate"].update(bertscore=asked))
    output = project.run("dvc", "repro", check=False)
    assert "failed to reproduce 'check'" in output and "Traceback" not in output
    assert "evaluate.bertscore.path data/raw/own/encoder: holds no model" in output


@pytest.mark.parametrize("target", [["curate"], pytest.param([], marks=pytest.mark.soak)])
def test_a_source_that_is_no_more(project: Project, target: list[str]) -> None:
    """Its table is still on the disk; it must not get into the corpus unseen."""

    def drop_dialogue(params: dict) -> None:
        for section in ("sources", "weights", "templates"):
            (params if section == "sources" else params["mix"])[section].pop("dialogue")

    project.edit_params(drop_dialogue)
    output = project.run("dvc", "repro", check=False)
    assert "ERROR data/curated: holds rows of 'dialogue', which is not a source" in output
    project.run("rm", "-r", "data/scrubbed/dialogue")
    assert "curate" in project.repro(*target)


def test_a_target_that_names_nothing(project: Project) -> None:
    """S3-15: a typo is an error before any training, with the names that there are."""
    project.edit_params(
        lambda params: params["train"]["lora"].update(target_modules=["q_proj", "v_porj"])
    )
    output = project.run("dvc", "repro", check=False)
    assert "train.lora.target_modules: 'v_porj' names nothing in the base model" in output
    assert "v_proj" in output
