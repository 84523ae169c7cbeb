"""Adapters as changes to named weights, beside PEFT's own merge."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from stages.pipeline.errors import ModelError
from stages.weights.tensors.lora import Adapter, Change
from stages.weights.tensors.model import Model
from tests.families import model_of

PREFIX = "base_model.model.model.layers.0.self_attn.q_proj"
NAME = "model.layers.0.self_attn.q_proj.weight"
EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]


def dyadic(shape: Any, seed: int, step: float, most: int) -> torch.Tensor:
    """Multiples of `step`, so that sums of products are exact in float32 in any order."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-most, most + 1, tuple(shape), generator=generator).float() * step


def make(family: str, folder: Path, lora: dict[str, Any], **sizes: Any) -> tuple[Any, Any]:
    """A base and an adapter on the disk, and (base weights, what PEFT merges them to) in float32.
    All numbers are dyadic: what differs by a bit is wrong."""
    model = model_of(family, vocab_size=64, **sizes)
    for seed, weight in enumerate(model.parameters()):
        weight.data = dyadic(weight.shape, seed, 2.0**-4, 100)
    model.save_pretrained(str(folder / "base"), max_shard_size=sizes.pop("max_shard_size", "1GB"))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tuned = get_peft_model(model, LoraConfig(lora_dropout=0.0, **lora))
    for seed, (name, weight) in enumerate(tuned.named_parameters()):
        if ".lora_" in name:
            weight.data = dyadic(weight.shape, 1000 + seed, 2.0**-5, 15)
    tuned.save_pretrained(str(folder / "adapter"))
    merged: Any = tuned.merge_and_unload()  # pyright: ignore[reportCallIssue]
    return before, merged.state_dict()


ATTENTION = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj", "o_proj"]}
LORAS: dict[str, tuple[str, dict[str, Any], int]] = {
    "gpt_oss attention": ("gpt_oss", ATTENTION, 6),
    "gpt_oss experts": ("gpt_oss", {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "target_parameters": EXPERTS}, 6),
    "gpt_oss experts alone": ("gpt_oss", {"r": 3, "lora_alpha": 6, "target_modules": [], "target_parameters": EXPERTS[:1]}, 2),
    "gpt_oss other order": ("gpt_oss", {"r": 2, "lora_alpha": 4, "target_modules": [], "target_parameters": EXPERTS[::-1]}, 4),
    "gpt_oss one layer": ("gpt_oss", {"r": 2, "lora_alpha": 2, "target_modules": [], "target_parameters": ["layers.1.mlp.experts.down_proj"]}, 1),
    "gpt_oss router": ("gpt_oss", {"r": 2, "lora_alpha": 2, "target_modules": [], "target_parameters": ["mlp.router.weight"]}, 2),
    "llama all": ("llama", {"r": 4, "lora_alpha": 16, "target_modules": "all-linear"}, 14),
    "llama rslora": ("llama", {**ATTENTION, "use_rslora": True}, 6),
    "llama patterns": ("llama", {**ATTENTION, "rank_pattern": {"v_proj": 2, "layers.1.self_attn.q_proj": 8}, "alpha_pattern": {"layers.0.self_attn.v_proj": 32, "proj": 99}}, 6),
    "llama patterns, rslora": ("llama", {**ATTENTION, "use_rslora": True, "rank_pattern": {"v_proj": 2}}, 6),
    "gpt_oss router pattern": ("gpt_oss", {"r": 2, "lora_alpha": 2, "target_modules": [], "target_parameters": ["mlp.router.weight"], "alpha_pattern": {"mlp.router.weight": 64, "router": 7}, "rank_pattern": {"layers.1.mlp.router.weight": 4}}, 2),
    "gpt_oss expert patterns": ("gpt_oss", {"r": 2, "lora_alpha": 4, "target_modules": [], "target_parameters": EXPERTS, "rank_pattern": {"mlp.experts.down_proj": 4}, "alpha_pattern": {"mlp.experts.gate_up_proj": 16}}, 4),
    "qwen2": ("qwen2", ATTENTION, 6),
    "gemma": ("gemma", {"r": 4, "lora_alpha": 4, "target_modules": ["gate_proj", "down_proj"]}, 4),
    "gemma3": ("gemma3_text", ATTENTION, 6),
}  # fmt: skip


@pytest.mark.parametrize("case", LORAS)
def test_s1_10_s4_08_the_tuned_weights_are_those_of_peft_bit_for_bit(tmp_path, case):
    family, lora, count = LORAS[case]
    before, merged = make(family, tmp_path, lora)
    exact = not lora.get("use_rslora")  # 1 / sqrt(r) is rounded, and then where it is matters
    with (
        Model(tmp_path / "base") as base,
        Adapter(tmp_path / "adapter", base.shapes()) as adapter,
    ):
        assert len(list(adapter)) == count
        for name, weight in before.items():
            if name not in base:
                assert name == "lm_head.weight", "tied to the embeddings, and so not on the disk"
            elif name not in adapter:
                assert torch.equal(weight, merged[name])
            elif base.is_experts(name):
                for expert, wanted in enumerate(merged[name]):
                    ours = adapter[name].tuned(base.matrix(name, expert), expert)
                    assert torch.equal(ours.T, wanted), (name, expert)
                assert not torch.equal(weight, merged[name])
            else:
                ours = adapter[name].tuned(base.matrix(name))
                torch.testing.assert_close(ours, merged[name], rtol=0, atol=0 if exact else 1e-5)
                assert not torch.equal(weight, merged[name])


def test_ordinary_numbers_agree_with_peft_to_the_last_bits(tmp_path):
    """Where sums are rounded, their order shows, and no further."""
    model = model_of("gpt_oss", vocab_size=64)
    model.save_pretrained(tmp_path / "base")
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj"], target_parameters=EXPERTS, init_lora_weights=False)  # fmt: skip
    tuned = get_peft_model(model, lora)
    tuned.save_pretrained(tmp_path / "adapter")
    merged: Any = tuned.merge_and_unload().state_dict()  # pyright: ignore[reportCallIssue]
    with Model(tmp_path / "base") as base, Adapter(tmp_path / "adapter", base.shapes()) as adapter:
        for name in adapter:
            ours = adapter[name].tuned(base.matrix(name, 0), 0)
            wanted = merged[name][0].T if base.is_experts(name) else merged[name]
            torch.testing.assert_close(ours, wanted, rtol=1e-6, atol=1e-6)


def test_pieces_of_rows_are_rows_of_the_whole_and_a_transposed_view_is_the_same():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(1, 5, 70)), generator.normal(size=(1, 33, 5))
    change = Change(a.astype(np.float32), b.astype(np.float32), 0.7)
    weight = torch.from_numpy(generator.normal(size=(33, 70)).astype(np.float32))
    whole = change.tuned(weight)
    pieces = [change.tuned(weight[i : i + 10], first=i) for i in range(0, 33, 10)]
    assert torch.equal(torch.cat(pieces), whole)
    assert torch.equal(change.tuned(weight.T.contiguous().T), whole)
    reference = weight.double() + 0.7 * torch.from_numpy(b[0] @ a[0])
    torch.testing.assert_close(whole.double(), reference, rtol=1e-5, atol=1e-5)


def write_adapter(folder: Path, tensors: dict | None = None, **config: object) -> Path:
    """An adapter of rank 1 that adds 2 x 0.5 x 3 = 3 to every element of one 4 x 6 weight."""
    pair = {
        f"{PREFIX}.lora_A.weight": torch.full((1, 6), 0.5),
        f"{PREFIX}.lora_B.weight": torch.full((4, 1), 3.0),
    }
    save_file(pair if tensors is None else tensors, folder / "adapter_model.safetensors")
    described = {"r": 1, "lora_alpha": 2, "use_rslora": False} | config
    (folder / "adapter_config.json").write_text(json.dumps(described))
    return folder


def opened(folder: Path, shape: tuple[int, int, int] = (1, 4, 6)) -> Adapter:
    with Adapter(folder, {NAME: shape}) as adapter:
        adapter[NAME]
        return adapter


def test_the_change_is_a_number_that_can_be_written_down(tmp_path):
    with Adapter(write_adapter(tmp_path), {NAME: (1, 4, 6)}) as adapter:
        weight = torch.full((4, 6), 10.0, dtype=torch.bfloat16)
        tuned = adapter[NAME].tuned(weight)
    assert (tuned.dtype, tuned.unique().tolist()) == (torch.float32, [13.0])
    assert weight.unique().tolist() == [10.0], "the base is not changed in place"


@pytest.mark.parametrize("shape", [(1, 6, 4), (1, 4, 5), (1, 8, 6), (2, 4, 6)])
def test_a_change_of_another_shape_is_refused(tmp_path, shape):
    """A square transpose or a broadcast would otherwise pass unseen."""
    with pytest.raises(ModelError, match=r"q_proj\.weight is \(4, 6\).*dvc repro train"):
        opened(write_adapter(tmp_path), shape)


@pytest.mark.parametrize(
    "key",
    [
        f"{PREFIX}.lora_B.bias",
        f"{PREFIX}.lora_magnitude_vector",
        "base_model.model.model.embed_tokens.lora_embedding_A",
        "base_model.model.lm_head.weight",
        "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",  # without its B
        "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight",
        "model.layers.1.self_attn.q_proj.lora_A.weight",
    ],
)
def test_a_tensor_that_would_not_be_merged_is_refused_by_name(tmp_path, key):
    pair = load_file(write_adapter(tmp_path) / "adapter_model.safetensors")
    write_adapter(tmp_path, pair | {key: torch.zeros(1, 6)})
    with pytest.raises(ModelError) as refused:
        opened(tmp_path)
    assert key in str(refused.value) and "1 tensors" in str(refused.value)


@pytest.mark.parametrize(
    "config",
    [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"bias": "all"},
        {"lora_bias": True},
        {"fan_in_fan_out": True},
        {"peft_type": "ADALORA"},
        {"init_lora_weights": "pissa"},  # it changes the base as well
        {"layer_replication": [[0, 2]]},
        {"trainable_token_indices": [1]},
        {"lora_B_layout": "expert_slowest"},  # a marker that another library puts there
        {"a_setting_of_next_year": 1},
    ],
)
def test_a_kind_of_adapter_that_the_merge_does_not_cover_is_refused(tmp_path, config):
    with pytest.raises(ModelError, match=f"{next(iter(config))}.*plain LoRA"):
        opened(write_adapter(tmp_path, **config))


def test_the_rank_that_the_settings_say_is_that_of_the_factors(tmp_path):
    with pytest.raises(ModelError, match=r"says rank 4.*the factors have 1"):
        opened(write_adapter(tmp_path, rank_pattern={"q_proj": 4}))


def test_an_adapter_without_a_tensor_or_with_nan_is_refused(tmp_path):
    """The first would merge into a copy of the base, and pass for a tuned model."""
    with pytest.raises(ModelError, match="holds no tensor"):
        opened(write_adapter(tmp_path, {}))
    pair = load_file(write_adapter(tmp_path) / "adapter_model.safetensors")
    for side, place in (("A", (0, 3)), ("B", (2, 0))):
        spoiled = {key: tensor.clone() for key, tensor in pair.items()}
        spoiled[f"{PREFIX}.lora_{side}.weight"][place] = torch.nan
        with pytest.raises(ModelError, match=r"q_proj\.weight holds NaN"):
            opened(write_adapter(tmp_path, spoiled))


def test_patterns_of_which_the_first_cannot_be_told_are_refused(tmp_path):
    """PEFT takes the first that fits, and writes them down in another order."""
    with pytest.raises(ModelError, match=r"several patterns for .*q_proj, with \[8, 64\]"):
        opened(write_adapter(tmp_path, alpha_pattern={"q_proj": 64, "self_attn.q_proj": 8}))
    with Adapter(write_adapter(tmp_path, alpha_pattern={"q_proj": 2, "self_attn.q_proj": 2}), {NAME: (1, 4, 6)}) as same:  # fmt: skip
        assert same[NAME].scale == 2


@pytest.mark.parametrize("config", [{"r": None}, {"r": "x"}, {"alpha_pattern": [1]}, {"lora_alpha": "a"}, {"rank_pattern": {"(": 1}}])  # fmt: skip
def test_settings_that_are_none_are_refused(tmp_path, config):
    with pytest.raises(ModelError, match=r"adapter_config.*dvc repro train"):
        opened(write_adapter(tmp_path, **config))


def write_nested(folder: Path, columns: int) -> Path:
    """Two changes to one module's parameters, of a shape each."""
    holder = "base_model.model.model.layers.0.mlp.experts"
    tensors = {
        f"{holder}.{nested}lora_{side}.weight": torch.zeros(shape)
        for nested in ("", "base_layer.")
        for side, shape in (("A", (4, columns)), ("B", (8, 4)))
    }
    return write_adapter(folder, tensors, r=2, target_parameters=EXPERTS)


def test_two_factors_for_one_weight_are_refused(tmp_path):
    shapes = {"model.layers.0.mlp.experts.gate_up_proj": (2, 8, 6)}
    with pytest.raises(ModelError, match="factors for"), Adapter(write_nested(tmp_path, 6), shapes):
        pass


def test_experts_that_cannot_be_told_apart_are_refused(tmp_path):
    """Two square parameters of one module: which factors are whose stands nowhere."""
    shapes = {f"model.layers.0.{name}": (2, 8, 8) for name in EXPERTS}
    with (
        pytest.raises(ModelError, match="cannot be told"),
        Adapter(write_nested(tmp_path, 8), shapes),
    ):
        pass
