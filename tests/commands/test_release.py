"""`make release-check` (S1-27, S2-16): the verdict, and the refusal of a verdict on something else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.formats.json_files import read_json
from stages.pipeline.errors import DataError, InputError
from stages.release.check import ReleaseError, judged, lines, lock, same_as_recorded
from tests.lone_stage import run_stage
from tests.micro import BIN, ROOT, edit_yaml, environment_for

# A small pipeline in the shape of the real one: an output that is a folder, a file within it, a folder
# of metrics, items of a mapping, of a list and of a matrix, and a stage that the gate does not need.
PIPELINE = """
stages:
  base:
    cmd: mkdir -p models/base && cp raw.txt models/base/weights && cp raw.txt models/base/tokenizer
    deps: [raw.txt, stages/base.py]
    params: [seed]
    outs: [models/base]
  merge:
    cmd: mkdir -p models/merged-bf16 && cat models/base/weights stages/merge.py > models/merged-bf16/weights && echo {} > metrics/merge.json
    deps: [models/base, stages/merge.py]
    params: [merge.rank]
    outs:
      - models/merged-bf16
      - metrics/merge.json: {cache: false}
  scrub:
    foreach: ${sources}
    do:
      cmd: mkdir -p data/scrubbed && cp raw.txt data/scrubbed/${key}
      deps: [raw.txt]
      outs: ['data/scrubbed/${key}']
  answer:
    foreach: {merged-bf16: {model: models/merged-bf16}}
    do:
      cmd: mkdir -p data && cp ${item.model}/weights data/${key}.txt
      deps: ['${item.model}', models/base/tokenizer, data/scrubbed]
      outs: ['data/${key}.txt']
  evaluate:
    matrix: {variant: [merged-bf16]}
    cmd: mkdir -p metrics/evaluate && cp figures.json metrics/evaluate/${item.variant}.json
    deps: [figures.json, 'data/${item.variant}.txt', data/words.txt]
    outs:
      - metrics/evaluate/${item.variant}.json: {cache: false}
  gate:
    cmd: cp verdict.json metrics/gate.json
    deps: [metrics/evaluate, verdict.json]
    params: [gate]
    outs:
      - metrics/gate.json: {cache: false}
  gguf:
    foreach: ${kinds}
    do:
      cmd: cp raw.txt models/gguf-${item}
      deps: [raw.txt, stages/gguf.py]
      outs: ['models/gguf-${item}']
"""
PARAMS = """
seed: 42
merge: {rank: 8}
gate: {rules: {}}
sources: {chat: {}, news: {}}
kinds: [f16]
"""
VERDICT = {
    "verdict": "pass",
    "passed": True,
    "rules": {
        "gain": {"result": "pass", "figure": "evaluate/merged-bf16.rougeL_syllable", "against": "base", "value": 4.19, "at_least": 1.0, "low": 2.5, "high": 6.0, "why": None},
        "drift": {"result": "not_applicable", "figure": "drift.chars", "against": "release", "value": None, "at_most": 0.2, "low": None, "high": None, "why": "no_release"},
        "foreign": {"result": "pass", "figure": "evaluate/mxfp4.foreign_response_share", "against": None, "value": 0.0, "at_most": 0.03, "low": None, "high": None, "why": None},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline, run by DVC."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "stages").mkdir()
    for name in ("base", "merge", "gguf"):
        (folder / "stages" / f"{name}.py").write_text(f"# {name}\n")
    (folder / "metrics").mkdir()
    (folder / "data").mkdir()
    (folder / "data/words.txt").write_text("ㅋㅋ\n")
    (folder / "raw.txt").write_text("가\n")
    (folder / "figures.json").write_text("{}")
    (folder / "verdict.json").write_text(json.dumps(VERDICT))
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "dvc.yaml").write_text(PIPELINE)
    for command in (["init", "--no-scm", "--quiet"], ["repro", "--quiet"]):
        subprocess.run([BIN / "dvc", *command], cwd=folder, env=environment_for({}), check=True)
    return folder


@pytest.fixture
def here(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it as the working directory."""
    shutil.copytree(ran, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def set_param(key: str, value: object) -> None:
    def edit(params) -> None:
        section, _, name = key.rpartition(".")
        (params[section] if section else params)[name] = value

    edit_yaml(Path("params.yaml"), edit)


def test_what_was_judged_lies_here(here) -> None:
    judged()
    judged("gguf@f16")
    shutil.rmtree("models")  # their hashes are in the lock
    shutil.rmtree("data/scrubbed")
    judged()


@pytest.mark.parametrize(
    "path", ["stages/base.py", "stages/merge.py", "data/words.txt", "raw.txt", "figures.json", "metrics/gate.json", "metrics/merge.json", "metrics/evaluate/merged-bf16.json"]
)  # fmt: skip
def test_a_change_since_the_verdict_is_found(here, path) -> None:
    """Code, lexicons, raw data, and metrics that somebody edited."""
    with Path(path).open("a") as file:
        file.write(" ")
    with pytest.raises(ReleaseError, match=path):
        judged()


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 43), ("merge.rank", 16), ("gate.rules", {"a": 1})]
)
def test_a_changed_param_is_found(here, key, value) -> None:
    set_param(key, value)
    with pytest.raises(ReleaseError, match=f"params.yaml: {key.split('.')[0]}"):
        judged()


def test_a_param_that_is_gone_is_found(here) -> None:
    edit_yaml(Path("params.yaml"), lambda params: params["merge"].pop("rank"))
    with pytest.raises(ReleaseError, match=r"params.yaml: merge.rank"):
        judged()


def test_a_stage_that_ran_alone_is_found(here) -> None:
    """The lock holds a new merged model, and a verdict on the old one."""
    Path("stages/merge.py").write_text("# another\n")
    subprocess.run([BIN / "dvc", "repro", "--quiet", "merge"], env=environment_for({}), check=True)
    with pytest.raises(ReleaseError, match=r"models/merged-bf16: is made by merge, and answer@"):
        judged()


def test_what_the_gate_does_not_read_may_change(here) -> None:
    Path("stages/gguf.py").write_text("# another\n")
    set_param("unused", 1)
    judged()
    with pytest.raises(ReleaseError, match="gguf"):
        judged("gguf@f16")


def test_a_source_that_is_gone_is_no_part_of_it(here) -> None:
    """DVC leaves its stage in the lock."""
    edit_yaml(Path("params.yaml"), lambda params: params["sources"].pop("news"))
    assert "scrub@news" not in lock()
    judged()


def test_nothing_was_judged(here) -> None:
    with pytest.raises(ReleaseError, match="card@mxfp4: has not run"):
        judged("card@mxfp4")
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    with pytest.raises(ReleaseError, match="gate: has not run"):
        judged()
    Path("dvc.lock").write_text("<<<<<<< ours\n  a: [")
    with pytest.raises(DataError, match=r"dvc\.lock"):
        judged()
    Path("dvc.lock").unlink()
    with pytest.raises(InputError, match=r"dvc\.lock"):
        judged()


def test_a_model_is_the_judged_one(here) -> None:
    same_as_recorded(Path("models/merged-bf16"), lock())
    with Path("models/merged-bf16/weights").open("a") as file:
        file.write(" ")
    with pytest.raises(ReleaseError, match="is not what merge made"):
        same_as_recorded(Path("models/merged-bf16"), lock())
    shutil.rmtree("models/merged-bf16")
    with pytest.raises(InputError, match="is not there"):
        same_as_recorded(Path("models/merged-bf16"), lock())
    with pytest.raises(ReleaseError, match="no stage"):
        same_as_recorded(Path("models/other"), lock())


def test_the_lines_are_to_be_read() -> None:
    assert list(lines(VERDICT)) == [
        "verdict: pass",
        "  -     drift: drift.chars against release: not applicable: no release",
        "  pass  foreign: evaluate/mxfp4.foreign_response_share: 0, at most 0.03",
        "  pass  gain: evaluate/merged-bf16.rougeL_syllable against base: 4.19 (2.5 to 6), at least 1",
    ]


@pytest.mark.parametrize("verdict", ["pass", "fail", "undecided"])
def test_only_a_pass_exits_with_zero(here, verdict) -> None:
    """S2-16: as a step of CI would see it."""
    Path("verdict.json").write_text(json.dumps(VERDICT | {"verdict": verdict}))
    subprocess.run([BIN / "dvc", "repro", "--quiet"], env=environment_for({}), check=True)
    done = subprocess.run(
        [sys.executable, "-m", "stages.commands.release_check"],
        env=environment_for({"PYTHONPATH": str(ROOT)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if verdict == "pass" else 1)
    assert done.stdout.startswith(f"verdict: {verdict}\n")
    assert done.stderr == ""


def test_an_error_has_no_traceback(here) -> None:
    Path("metrics/gate.json").write_text("{}")
    said = run_stage(here, "stages.commands.release_check")
    assert said.startswith("ERROR metrics/gate.json: is not what gate made.")
    assert read_json(Path("metrics/gate.json")) == {}
