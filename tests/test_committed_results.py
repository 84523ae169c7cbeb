"""The results in Git are of the code and the params in Git, and the tuned model is the better one."""

import pytest
from ruamel.yaml import YAML

from stages.pipeline.run import read_json
from stages.pipeline.tracking import dvc_hash
from tests.micro import ROOT, STAGES

LOCK = YAML(typ="safe", pure=True).load(ROOT / "dvc.lock")["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_the_lock_is_current(stage: str) -> None:
    params = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    for dep in LOCK[stage]["deps"]:
        if dep["path"].startswith("stages/"):
            assert dvc_hash(ROOT / dep["path"]) == dep["md5"], f"{dep['path']}: run `make repro`"
    for key, value in LOCK[stage].get("params", {}).get("params.yaml", {}).items():
        found = params
        for part in key.split("."):
            found = found[part]
        assert found == value, f"{key}: run `make repro`"


@pytest.mark.parametrize("variant", ["merged-bf16", "mxfp4"])
def test_the_tuned_model_beats_the_base(variant: str) -> None:
    """By likelihood and by ROUGE. The latter is a gain in manner: by a paired bootstrap over the rows,
    what it is above `rougeL_syllable_by_chance` does not differ from zero at this size."""
    base = read_json(ROOT / "metrics/evaluate/base.json")
    tuned = read_json(ROOT / f"metrics/evaluate/{variant}.json")
    assert tuned["bits_per_byte"] < base["bits_per_byte"]
    assert tuned["rougeL_syllable"] > base["rougeL_syllable"]
