"""Adapters as changes to named weights, and checkpoints as folders of safetensors."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GptOssConfig, GptOssForCausalLM

from stages.pipeline.errors import InputError, ModelError
from stages.weights.checkpoint import INDEX, WEIGHTS, Checkpoint, write_checkpoint
from stages.weights.lora import load_adapter

PREFIX = "base_model.model.model.layers.0.self_attn.q_proj"
NAME = "model.layers.0.self_attn.q_proj.weight"


def tiny() -> GptOssForCausalLM:
    torch.manual_seed(0)
    config = GptOssConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        num_local_experts=2,
        num_experts_per_tok=1,
    )
    return GptOssForCausalLM._from_config(config, dtype=torch.float32)


@pytest.mark.parametrize(("use_rslora", "scale"), [(False, 16 / 8), (True, 16 / 8**0.5)])
def test_the_tuned_weights_are_those_of_peft(tmp_path, use_rslora, scale):
    """S1-10: merge_and_unload in float32, every weight of the model."""
    model = tiny()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    lora = LoraConfig(
        r=8,
        lora_alpha=16,
        lora_dropout=0.05,
        target_modules=["q_proj", "v_proj", "o_proj"],
        use_rslora=use_rslora,
        init_lora_weights=False,
    )
    tuned = get_peft_model(model, lora)  # pyright: ignore[reportArgumentType] - a PreTrainedModel
    tuned.save_pretrained(tmp_path)
    merged = tuned.merge_and_unload().state_dict()
    adapter = load_adapter(tmp_path)
    assert adapter.scale == pytest.approx(scale, rel=1e-12)
    assert len(adapter.factors) == 3
    for name, weight in before.items():
        ours = adapter.tuned(name, weight) if name in adapter.factors else weight
        torch.testing.assert_close(ours, merged[name], rtol=0, atol=1e-6)
        assert torch.equal(ours, weight) == (name not in adapter.factors)


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


def test_the_change_is_a_number_that_can_be_written_down(tmp_path):
    adapter = load_adapter(write_adapter(tmp_path))
    weight = torch.full((4, 6), 10.0, dtype=torch.bfloat16)
    tuned = adapter.tuned(NAME, weight)
    assert (tuned.dtype, tuned.unique().tolist()) == (torch.float32, [13.0])
    assert weight.unique().tolist() == [10.0], "the base is not changed in place"


@pytest.mark.parametrize("shape", [(6, 4), (4, 5), (8, 6), (4, 6, 1), (24,)])
def test_a_change_of_another_shape_is_refused(tmp_path, shape):
    """A square transpose or a broadcast would otherwise pass unseen."""
    adapter = load_adapter(write_adapter(tmp_path))
    with pytest.raises(ModelError, match=r"q_proj\.weight is \(4, 6\).*dvc repro train"):
        adapter.tuned(NAME, torch.zeros(shape))


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
        load_adapter(tmp_path)
    assert key in str(refused.value) and "1 tensors" in str(refused.value)


@pytest.mark.parametrize(
    "config",
    [
        {"use_dora": True},
        {"target_parameters": ["mlp.experts.down_proj"]},
        {"rank_pattern": {"q_proj": 4}},
        {"alpha_pattern": {"q_proj": 4}},
        {"modules_to_save": ["lm_head"]},
    ],
)
def test_a_kind_of_adapter_that_the_merge_does_not_cover_is_refused(tmp_path, config):
    with pytest.raises(ModelError, match=f"{next(iter(config))}.*plain LoRA"):
        load_adapter(write_adapter(tmp_path, **config))


def test_an_adapter_without_a_tensor_is_refused(tmp_path):
    """It would merge into a copy of the base, and pass for a tuned model."""
    with pytest.raises(ModelError):
        load_adapter(write_adapter(tmp_path, {}))


TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.arange(8, dtype=torch.uint8),
    "c": torch.arange(12.0).reshape(3, 4).t(),  # not contiguous
    "d": torch.ones(2, 2, dtype=torch.bfloat16),
}
BYTES = {"a": 24, "b": 8, "c": 48, "d": 8}


@pytest.mark.parametrize(
    ("limit", "shards"),
    [
        (1000, [["a", "b", "c", "d"]]),
        (88, [["a", "b", "c", "d"]]),
        (87, [["a", "b", "c"], ["d"]]),
        (32, [["a", "b"], ["c"], ["d"]]),
        (1, [["a"], ["b"], ["c"], ["d"]]),  # a tensor over the limit gets a shard of its own
    ],
)
def test_shards_fill_up_to_the_limit_and_read_back_the_same(tmp_path, limit, shards):
    assert write_checkpoint(tmp_path, iter(TENSORS.items()), limit) == 88
    names = sorted(file.name for file in tmp_path.glob("*.safetensors"))
    if len(shards) == 1:
        assert [file.name for file in tmp_path.iterdir()] == [WEIGHTS]
    else:
        count = len(shards)
        assert names == [f"model-{i + 1:05d}-of-{count:05d}.safetensors" for i in range(count)]
        index = json.loads((tmp_path / INDEX).read_text())
        assert index["metadata"] == {"total_size": 88}
        assert index["weight_map"] == {
            tensor: name for name, held in zip(names, shards, strict=True) for tensor in held
        }
        assert not list(tmp_path.glob("*.part"))
    with Checkpoint(tmp_path) as checkpoint:
        assert list(checkpoint) == sorted(TENSORS)
        assert "a" in checkpoint and "z" not in checkpoint
        for name, tensor in TENSORS.items():
            assert torch.equal(checkpoint[name], tensor)
            assert checkpoint[name].dtype == tensor.dtype


@pytest.mark.parametrize("limit", [1000, 32])
def test_the_same_tensors_are_the_same_bytes(tmp_path, limit):
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        write_checkpoint(tmp_path / run, ((n, t.clone()) for n, t in TENSORS.items()), limit)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == sorted(file.name for file in (tmp_path / "two").iterdir())
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    header = next((tmp_path / "one").glob("*.safetensors")).read_bytes()
    length = int.from_bytes(header[:8], "little")
    assert json.loads(header[8 : 8 + length])["__metadata__"] == {"format": "pt"}


def test_a_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"no safetensors weights.*dvc pull"):
        Checkpoint(tmp_path)


def test_a_shard_that_the_index_names_and_the_disk_lacks_is_refused(tmp_path):
    write_checkpoint(tmp_path, iter(TENSORS.items()), 32)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(InputError, match="model-00002-of-00003"), Checkpoint(tmp_path):
        pass
