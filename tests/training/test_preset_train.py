"""Each preset that says how to train runs to the end of `train`, on a tiny model of its family."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from stages import encode, train
from stages.commands import preset
from stages.formats.json_files import read_json
from stages.formats.tables import write_table
from stages.mix import MESSAGES
from stages.params.whole import read_config
from stages.pipeline import paths
from tests.families import save_model
from tests.micro import ROOT, edit_yaml

# The presets that are laid over each other, the family of their model, and what must be true.
CHAINS: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "S1-05": (["gpt-oss-20b"], "gpt_oss", {"adapted_weights": 4}),
    "S1-06": (["gpt-oss-20b", "gpt-oss-20b-experts"], "gpt_oss", {"adapted_weights": 12, "adapted_expert_weights": 4}),
    "S1-01": (["gpt-oss-120b"], "gpt_oss", {"adapted_weights": 4}),
    "S3-13": (["gpt-oss-120b", "h100"], "gpt_oss", {"adapted_weights": 4}),
    "S3-05": (["qwen2.5-1.5b"], "qwen2", {"adapted_weights": 14}),
    "S3-07": (["qwen2.5-1.5b", "small-gpu-qlora"], "qwen2", {"adapted_weights": 14}),
    "S2-15": (["llama-3.2-3b"], "llama", {"adapted_weights": 14}),
    "S4-01": (["gemma"], "gemma3_text", {"adapted_weights": 14}),
    "S2-01": (["llama-3.2-3b", "dialogue-summary"], "llama", {"adapted_weights": 14}),
    "S2-09": (["dialogue-summary", "dialogue-summary-packed"], "gpt_oss", {"adapted_weights": 4}),
    "S3-11": (["qwen2.5-1.5b", "categories", "relearn"], "qwen2", {"adapted_weights": 14}),
}  # fmt: skip


def row(key: int) -> dict:
    said = [("user", f"질문 {key}"), ("assistant", f"답 {key} " + "가나다 " * (key % 7))]
    messages = [{"role": role, "content": text, "thinking": None} for role, text in said]
    return {"id": f"r{key}", "source": "s", "style": "s", "style_tags": [], "messages": messages}


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_a_preset_runs_to_the_end_of_train(name, workspace, monkeypatch):
    presets, family, expected = CHAINS[name]
    shutil.copytree(ROOT / "presets", "presets")
    monkeypatch.setenv("MALSSI_INSTRUCT", "raw.jsonl")
    monkeypatch.setenv("MALSSI_LICENSE", "CC0-1.0")
    for each in presets:
        monkeypatch.setattr(sys, "argv", ["preset", each])
        preset.main()
    asked = read_config().train
    rows = 2 * asked.global_batch_size + 3

    def cut(params: Any) -> None:
        params["compute"]["threads"] = 1
        params["runtime"].update(tracking=False, progress=False)
        params["base"]["source"] = "folder"

    edit_yaml(Path("params.yaml"), cut)
    save_model(family, paths.BASE, hidden_size=64, intermediate_size=64)
    for split, keys in (("train", range(rows)), ("validation", range(900, 904))):
        write_table(paths.SPLITS / split, map(row, keys), MESSAGES)
    monkeypatch.setattr(
        train, "pin_numerics", lambda compute, _: torch.set_num_threads(compute.threads)
    )
    monkeypatch.setattr(sys, "argv", ["encode"])
    encode.main()
    train.main()
    metrics = read_json(paths.METRICS / "train.json")
    assert expected.items() <= metrics.items()
    assert metrics["validation_loss_nats"] < metrics["validation_loss_nats_before"]
    assert len(metrics["train_loss_nats_by_epoch"]) == asked.num_train_epochs
    config = read_json(paths.ADAPTER / "adapter_config.json")
    assert (config["r"], config["lora_alpha"]) == (asked.lora.r, asked.lora.lora_alpha)


def test_every_preset_that_trains_is_run():
    told = {each for presets, _, _ in CHAINS.values() for each in presets}
    trains = {
        file.stem
        for file in (ROOT / "presets").glob("*.yaml")
        if "\ntrain:" in file.read_text(encoding="utf-8")
    }
    assert trains <= told | {"korean-public"}, "korean-public is run by test_pipeline_real"
