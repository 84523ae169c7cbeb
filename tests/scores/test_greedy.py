"""Answers are greedy, whatever a model's generation_config.json asks for."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from stages.answering.local import generate
from stages.chat.family import renderer_of
from stages.commands import generate as command
from tests.taught import SAID, SETTINGS, TALKS, taught

ASKS: dict[str, dict[str, Any]] = {
    "a penalty": {"repetition_penalty": 5.0},
    "no word twice": {"no_repeat_ngram_size": 1},
    "beams": {"num_beams": 3},
    "several answers": {"num_return_sequences": 3, "num_beams": 3},
    "forbidden words": {"bad_words_ids": [[300], [301]], "suppress_tokens": list(range(256, 400))},
    "a first word": {"forced_bos_token_id": 300, "begin_suppress_tokens": [300]},
    "a length": {"min_new_tokens": 30},
    "drawing": {"do_sample": True, "temperature": 9.0, "top_k": 3},
    "another model": {"guidance_scale": 3.0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught("qwen2", tmp_path_factory.mktemp("greedy") / "model")


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("asks", ASKS)
def test_nothing_else_decides_an_answer(folder, asks, adapted):
    renderer = renderer_of(folder, SETTINGS)
    file = folder / "generation_config.json"
    before = file.read_bytes()
    file.write_text(json.dumps(json.loads(before) | ASKS[asks]))
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    finally:
        file.write_bytes(before)
    if adapted:
        model = get_peft_model(model, LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    brought = model.generation_config
    said = generate(model, [renderer.prompt(talk) for talk in TALKS], renderer, 60)
    assert [renderer.answer_text(ids) for ids in said] == SAID
    spoken = command.answer(model, renderer, TALKS[0], 60, 0.0, lambda piece: None)
    assert spoken == SAID[0]
    assert model.generation_config is brought, "which a drawn answer takes"
