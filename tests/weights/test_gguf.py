"""`gguf` as it is run, on tiny random gpt-oss models, read back with the reader of gguf-py."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader, dequantize
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors

from stages import export_gguf
from stages.formats.json_files import read_json
from stages.pipeline.errors import ModelError, ParamsError
from stages.weights.gguf import layout as gguf_layout
from stages.weights.gguf import tokenizer as gguf_tokenizer
from stages.weights.tensors import mxfp4
from tests.families import CORPUS, SPECIAL, save_model
from tests.lone_stage import run_stage
from tests.o200k import o200k
from tests.vocabulary.cut import CUT
from tests.workspace import lay_out

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "num_local_experts": 4,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 150_000.0,
    "factor": 32.0,
    "beta_fast": 32.0,
    "beta_slow": 1.0,
    "truncate": False,
    "original_max_position_embeddings": 64,
}
EXPERTS = ("gate_up_proj", "down_proj")


def make_source(folder: Path, **sizes: Any) -> None:
    """`models/mxfp4` as `export` leaves it: random weights, none of them zero or one."""
    save_model("gpt_oss", folder, **(SIZES | sizes))
    generator = torch.Generator().manual_seed(1)
    packed: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        weight = torch.randn(tensor.shape, generator=generator).mul(0.5).to(torch.bfloat16)
        if name.endswith(EXPERTS):
            weight = weight.transpose(-1, -2).contiguous()
            blocks, scales = mxfp4.quantize(weight, "even")
            packed |= {f"{name}_blocks": blocks, f"{name}_scales": scales}
        else:
            packed[name] = weight
    packed["lm_head.weight"][0, 0] = 3.3e-6  # more digits than F16 has for it
    save_file(packed, folder / "model.safetensors", metadata={"format": "pt"})
    edit(folder, dtype="bfloat16", quantization_config={"quant_method": "mxfp4"})


def edit(folder: Path, **values: Any) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps(read_json(config) | values))


def exported(folder: Path, **sizes: Any) -> Path:
    """A folder in which `gguf` can run."""
    lay_out(folder)
    make_source(folder / "models/mxfp4", **sizes)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = exported(tmp_path_factory.mktemp("gguf"))
    for kind in ("bf16", "f16"):
        assert run_stage(folder, "stages.export_gguf", "--type", kind) == ""
    return folder


@pytest.fixture
def copied(made, tmp_path, monkeypatch) -> Path:
    """A copy to spoil. Its stage runs in this process, in which torch is loaded already."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setattr(export_gguf, "pin_numerics", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["gguf", "--type", "f16"])
    return tmp_path


def read(folder: Path, kind: str) -> GGUFReader:
    return GGUFReader(folder / f"models/gguf-{kind}/model.gguf")


def metadata(reader: GGUFReader) -> dict[str, Any]:
    return {name: field.contents() for name, field in reader.fields.items()}


def expected(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of the source in float32 under the file's names, written out one by one."""
    stored = load_file(folder / "models/mxfp4/model.safetensors")
    names = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    found: dict[str, torch.Tensor] = {}
    for number in (0, 1):
        ours, theirs = f"model.layers.{number}", f"blk.{number}"
        names[f"{ours}.input_layernorm.weight"] = f"{theirs}.attn_norm.weight"
        names[f"{ours}.post_attention_layernorm.weight"] = f"{theirs}.post_attention_norm.weight"
        names[f"{ours}.self_attn.sinks"] = f"{theirs}.attn_sinks.weight"
        for part in ("weight", "bias"):
            names[f"{ours}.mlp.router.{part}"] = f"{theirs}.ffn_gate_inp.{part}"
            for letter, name in (("q", "q"), ("k", "k"), ("v", "v"), ("o", "output")):
                names[f"{ours}.self_attn.{letter}_proj.{part}"] = f"{theirs}.attn_{name}.{part}"
        experts = f"{ours}.mlp.experts"
        both, down = (
            mxfp4.dequantize(stored.pop(f"{experts}.{n}_blocks"), stored.pop(f"{experts}.{n}_scales"))
            for n in EXPERTS
        )  # fmt: skip
        bias = stored.pop(f"{experts}.gate_up_proj_bias").float()
        found[f"{theirs}.ffn_gate_exps.weight"] = both[:, 0::2]
        found[f"{theirs}.ffn_up_exps.weight"] = both[:, 1::2]
        found[f"{theirs}.ffn_gate_exps.bias"] = bias[:, 0::2]
        found[f"{theirs}.ffn_up_exps.bias"] = bias[:, 1::2]
        found[f"{theirs}.ffn_down_exps.weight"] = down
        names[f"{experts}.down_proj_bias"] = f"{theirs}.ffn_down_exps.bias"
    assert names.keys() == stored.keys()
    return found | {names[name]: tensor.float() for name, tensor in stored.items()}


@pytest.mark.parametrize("kind", ["bf16", "f16"])
def test_every_weight_is_the_same_number(made, kind):
    wanted, rounded = expected(made), 0
    reader = read(made, kind)
    assert {tensor.name for tensor in reader.tensors} == wanted.keys()
    for tensor in reader.tensors:
        weight = wanted[tensor.name]
        assert tuple(reversed(tensor.shape.tolist())) == tuple(weight.shape), tensor.name
        ours = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).view_as(weight)
        if tensor.tensor_type == GGMLQuantizationType.F16:
            rounded += int((ours != weight).sum())
            weight = weight.half().float()
        assert torch.equal(ours, weight), tensor.name
    assert read_json(made / f"metrics/gguf/{kind}.json") == {
        "tensors": 3 + 2 * 19,
        "mxfp4_tensors": 6,
        "file_bytes": (made / f"models/gguf-{kind}/model.gguf").stat().st_size,
        "rounded_values": rounded,
    }
    assert (rounded > 0) == (kind == "f16")


def test_types_are_those_that_llama_cpp_computes_with(made):
    for kind in ("bf16", "f16"):
        for tensor in read(made, kind).tensors:
            name = tensor.name.split(".", 2)[-1] if "blk" in tensor.name else tensor.name
            if name.endswith("exps.weight"):
                assert tensor.tensor_type == GGMLQuantizationType.MXFP4
            elif name.endswith("bias") or "norm" in name or "sinks" in name or "gate_inp" in name:
                assert tensor.tensor_type == GGMLQuantizationType.F32, name
            else:
                assert tensor.tensor_type == gguf_layout.WIDE[kind], name


def test_all_codes_and_all_scales_survive():
    """Both readings of a block are equal, and no nibble is lost: not even that of -0."""
    codes = torch.arange(32, dtype=torch.uint8).remainder(16).repeat(255, 1)
    scales = torch.arange(255, dtype=torch.uint8).unsqueeze(-1)
    blocks = (codes[:, 0::2] | (codes[:, 1::2] << 4)).unsqueeze(-2)
    packed = gguf_layout.repack(blocks, scales)
    assert packed.shape == (255, 17) and torch.equal(packed[:, :1], scales)
    with np.errstate(over="ignore"):  # 6 x 2^127 is infinite in both
        theirs = dequantize(packed.numpy(), GGMLQuantizationType.MXFP4)
    assert np.array_equal(theirs, mxfp4.dequantize(blocks, scales).numpy())
    assert torch.equal(torch.cat([packed[:, 1:] & 15, packed[:, 1:] >> 4], -1), codes)


def test_the_metadata_describe_the_model(made):
    found = metadata(read(made, "bf16"))
    rows = read_json(made / "models/mxfp4/config.json")["vocab_size"]
    wanted = {
        "general.architecture": "gpt-oss",
        "gpt-oss.context_length": 512,
        "gpt-oss.embedding_length": 64,
        "gpt-oss.block_count": 2,
        "gpt-oss.feed_forward_length": 96,
        "gpt-oss.expert_feed_forward_length": 96,
        "gpt-oss.expert_count": 4,
        "gpt-oss.expert_used_count": 2,
        "gpt-oss.attention.head_count": 4,
        "gpt-oss.attention.head_count_kv": 2,
        "gpt-oss.attention.key_length": 32,
        "gpt-oss.attention.value_length": 32,
        "gpt-oss.attention.sliding_window": 16,
        "gpt-oss.rope.dimension_count": 32,
        "gpt-oss.rope.freq_base": 10_000.0,
        "gpt-oss.vocab_size": rows,
    }
    assert {key: found[key] for key in wanted} == wanted
    assert found["gpt-oss.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)
    assert not [key for key in found if "scaling" in key or "date" in key]


def test_yarn_as_the_hub_writes_it(copied):
    """gpt-oss-20b's config.json has rope_scaling and rope_theta, of before transformers 5."""
    rope = {key: value for key, value in YARN.items() if key != "rope_theta"}
    edit(copied / "models/mxfp4", rope_parameters=None, rope_scaling=rope, rope_theta=150_000)
    export_gguf.main()
    found = metadata(read(copied, "f16"))
    wanted = {
        "gpt-oss.rope.freq_base": 150_000.0,
        "gpt-oss.rope.scaling.type": "yarn",
        "gpt-oss.rope.scaling.factor": 32.0,
        "gpt-oss.rope.scaling.original_context_length": 64,
        "gpt-oss.rope.scaling.yarn_beta_fast": 32.0,
        "gpt-oss.rope.scaling.yarn_beta_slow": 1.0,
    }
    assert {key: found[key] for key in wanted} == wanted


def test_the_tokenizer_keeps_its_ids(made):
    found = metadata(read(made, "bf16"))
    tokenizer = Tokenizer.from_file(str(made / "models/mxfp4/tokenizer.json"))
    described = json.loads(tokenizer.to_str())
    tokens = found["tokenizer.ggml.tokens"]
    assert tokens == [tokenizer.id_to_token(number) for number in range(len(tokens))]
    assert found["tokenizer.ggml.merges"] == [" ".join(m) for m in described["model"]["merges"]]
    special = {token["id"] for token in described["added_tokens"]}
    kinds = found["tokenizer.ggml.token_type"]
    assert [number for number, kind in enumerate(kinds) if kind == 3] == sorted(special)
    assert set(kinds) == {1, 3}
    assert (found["tokenizer.ggml.model"], found["tokenizer.ggml.pre"]) == ("gpt2", "gpt-2")
    first, pad, stops, _ = SPECIAL["gpt_oss"]
    for key, token in {"bos": first, "eos": stops[0], "eot": stops[0], "padding": pad}.items():
        assert tokens[found[f"tokenizer.ggml.{key}_token_id"]] == token
    assert found["tokenizer.ggml.add_bos_token"] is False
    template = (made / "models/mxfp4/chat_template.jinja").read_text(encoding="utf-8")
    assert found["tokenizer.chat_template"] == template


def test_rows_of_the_embedding_without_a_token_are_unused(copied):
    rows = read_json(copied / "models/mxfp4/config.json")["vocab_size"]
    weights = copied / "models/mxfp4/model.safetensors"
    tensors = load_file(weights)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        tensors[name] = torch.cat([tensors[name], tensors[name][:3]])
    save_file(tensors, weights)
    edit(copied / "models/mxfp4", vocab_size=rows + 3)
    export_gguf.main()
    found = metadata(read(copied, "f16"))
    assert found["tokenizer.ggml.tokens"][rows:] == [f"[PAD{rows + i}]" for i in range(3)]
    assert found["tokenizer.ggml.token_type"][rows:] == [5, 5, 5]


@pytest.mark.parametrize("part", ["cut", "whole"])
def test_the_pre_tokenizer_of_o200k_is_known_and_its_tokens_are_what_its_merges_lead_to(
    request, part
):
    """ignore_merges, which llama.cpp does not know for gpt-4o, changes nothing."""
    vocabulary = CUT
    if part == "whole":
        vocabulary = request.getfixturevalue("shared") / "tokenizers/o200k_base.tiktoken"
    if not vocabulary.is_file():
        pytest.skip(f"the vocabulary of gpt-oss is not here: {vocabulary}")
    tokenizer = o200k(vocabulary)
    described = json.loads(tokenizer.to_str())
    for behaviour in ({}, {"behavior": "Removed", "invert": True}):
        described["pre_tokenizer"]["pretokenizers"][0] |= behaviour
        for ignored in (False, True):
            described["model"]["ignore_merges"] = ignored
            assert gguf_tokenizer.pre_tokenizer(described, Path("tokenizer.json")) == "gpt-4o"
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]+"), "isolated")
    special = {token["content"] for token in described["added_tokens"]}
    words = [word for word in described["model"]["vocab"] if word not in special]
    cut = [
        w
        for w, found in zip(words, tokenizer.encode_batch(words), strict=True)
        if len(found.ids) != 1
    ]
    assert cut == []


def respell(folder: Path, change) -> None:
    file = str(folder / "models/mxfp4/tokenizer.json")
    tokenizer = Tokenizer.from_file(file)
    change(tokenizer)
    tokenizer.save(file)


def test_a_first_token_that_the_tokenizer_puts_before_a_text_is_put_there_too(copied):
    first = SPECIAL["gpt_oss"][0]

    def put_first(tokenizer: Tokenizer) -> None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first} $A", special_tokens=[(first, tokenizer.token_to_id(first))]
        )

    respell(copied, put_first)
    export_gguf.main()
    assert metadata(read(copied, "f16"))["tokenizer.ggml.add_bos_token"] is True


@pytest.mark.parametrize(
    "change",
    [
        lambda t: setattr(t, "pre_tokenizer", pre_tokenizers.ByteLevel(add_prefix_space=True)),
        lambda t: setattr(t, "pre_tokenizer", pre_tokenizers.Whitespace()),
        lambda t: setattr(t, "normalizer", normalizers.NFC()),
        lambda t: setattr(
            t,
            "pre_tokenizer",
            pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Split(Regex(r"\p{N}{1,3}|\s+"), "isolated"),
                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
                ]
            ),
        ),
    ],
    ids=["prefix", "whitespace", "normalizer", "regex"],
)
def test_a_tokenizer_that_llama_cpp_does_not_have_is_refused(copied, change):
    respell(copied, change)
    with pytest.raises(ModelError, match=r"pre-tokenizer .*no known counterpart in llama\.cpp"):
        export_gguf.main()


def test_the_same_bytes_twice(copied):
    before = (copied / "models/gguf-f16/model.gguf").read_bytes()
    shutil.rmtree(copied / "models/gguf-f16")
    export_gguf.main()
    assert (copied / "models/gguf-f16/model.gguf").read_bytes() == before


def test_one_tensor_at_a_time_is_in_memory(copied, monkeypatch):
    """Every tensor is written before the next is read."""
    steps: list[str] = []
    encode, write = gguf_layout.encode, gguf_layout.GGUFWriter.write_tensor_data
    monkeypatch.setattr(gguf_layout, "encode", lambda *a: (steps.append("read"), encode(*a))[1])
    monkeypatch.setattr(
        gguf_layout.GGUFWriter,
        "write_tensor_data",
        lambda *a: (steps.append("write"), write(*a))[1],
    )
    export_gguf.main()
    assert steps == ["read", "write"] * (len(steps) // 2) and len(steps) == 2 * (3 + 2 * 19)


def spoil(folder: Path, change) -> None:
    weights = folder / "models/mxfp4/model.safetensors"
    tensors = load_file(weights)
    change(tensors)
    save_file(tensors, weights)


def overflow(tensors: dict[str, torch.Tensor]) -> None:
    tensors["lm_head.weight"][3, 5] = 70_000.0


def no_number(tensors: dict[str, torch.Tensor]) -> None:
    tensors["model.layers.1.mlp.experts.down_proj_scales"][0, 0, 0] = 255


REFUSED = {
    "stranger": (
        lambda t: t.update({"model.layers.0.self_attn.q_norm.weight": torch.ones(3)}),
        r"holds model\.layers\.0\.self_attn\.q_norm\.weight, which has no place",
    ),
    "missing": (
        lambda t: t.pop("model.layers.1.self_attn.sinks"),
        r"lacks model\.layers\.1\.self_attn\.sinks",
    ),
    "shape": (
        lambda t: t.update({"model.norm.weight": torch.ones(3).bfloat16()}),
        r"model\.norm\.weight: is torch\.bfloat16 \(3,\) where .* \(64,\)",
    ),
    "type": (
        lambda t: t.update({"model.norm.weight": torch.ones(64)}),
        r"model\.norm\.weight: is torch\.float32",
    ),
    "overflow": (overflow, r"lm_head\.weight: holds a number that F16 cannot"),
    "no number": (no_number, r"1\.mlp\.experts\.down_proj_scales: holds a scale that is NaN"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_other_weights_are_refused_by_name_and_nothing_is_left_half_written(
    copied, change, message
):
    before = (copied / "models/gguf-f16/model.gguf").read_bytes()
    spoil(copied, change)
    with pytest.raises(ModelError, match=message):
        export_gguf.main()
    assert (copied / "models/gguf-f16/model.gguf").read_bytes() == before
    assert not list(copied.rglob("*.partial"))


def test_what_f16_cannot_hold_bf16_can(copied, monkeypatch):
    spoil(copied, overflow)
    monkeypatch.setattr(sys, "argv", ["gguf", "--type", "bf16"])
    export_gguf.main()
    assert read_json(copied / "metrics/gguf/bf16.json")["rounded_values"] == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "llama"}, r"model_type is 'llama'.*convert_hf_to_gguf"),
        ({"swiglu_limit": 6.0}, r"swiglu_limit is 6\.0, and llama\.cpp has 7\.0"),
        ({"layer_types": ["full_attention"] * 2}, r"sliding and full attention in turn"),
        ({"rope_parameters": YARN | {"beta_fast": 16.0}}, r"beta_fast is 16\.0"),
        ({"rope_parameters": YARN | {"attention_factor": 2.0}}, r"attention_factor is 2\.0"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, r"rope_type is 'linear'"),
        ({"vocab_size": 20}, r"has the id \d+, and the embedding 20 rows"),
    ],
)  # fmt: skip
def test_what_llama_cpp_would_compute_otherwise_is_refused(copied, values, message):
    edit(copied / "models/mxfp4", **values)
    with pytest.raises(ModelError, match=message):
        export_gguf.main()


def test_another_type_is_refused(copied, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gguf", "--type", "q4_0"])
    with pytest.raises(ParamsError, match=r"'q4_0' is not a type.*bf16 or f16"):
        export_gguf.main()


def test_the_corpus_is_cut_as_the_tokens_in_the_file_say(made):
    """A tokenizer made of nothing but what the file holds gives the same ids."""
    from tokenizers import models

    found = metadata(read(made, "bf16"))
    tokens = {token: number for number, token in enumerate(found["tokenizer.ggml.tokens"])}
    merges = [tuple(merge.split(" ")) for merge in found["tokenizer.ggml.merges"]]
    again = Tokenizer(models.BPE(tokens, merges))
    again.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    ours = Tokenizer.from_file(str(made / "models/mxfp4/tokenizer.json"))
    for text in CORPUS[:3]:
        assert again.encode(text).ids == ours.encode(text).ids
