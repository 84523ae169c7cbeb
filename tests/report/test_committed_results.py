"""The results in Git are of the code and the params in Git, and the tuned model is the better one."""

import pytest
from ruamel.yaml import YAML

from stages.formats.json_files import read_json
from stages.pipeline.hashes import dvc_hash
from tests.micro import ROOT, STAGES

LOCK = YAML(typ="safe", pure=True).load(ROOT / "dvc.lock")["stages"]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "export_gguf@bf16"])
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


@pytest.mark.parametrize("variant", ["adapter", "merged-bf16", "mxfp4"])
def test_the_tuned_model_beats_the_base(variant: str) -> None:
    """Beyond noise, by likelihood and by ROUGE. The latter is a gain in manner: see what an answer
    scores by chance, `rougeL_syllable_by_chance`."""
    changes = read_json(ROOT / "metrics/contrast.json")["sets"]["test"]["against_base"][variant]
    assert changes["bits_per_byte"]["high"] < 0
    assert changes["rougeL_syllable"]["low"] > 0
