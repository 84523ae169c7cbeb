"""gpt-oss as a GGUF file, the way that llama.cpp reads it.

A GGUF file (version 3, little endian) is a header, metadata (key, type, value), one entry a tensor
(name, axes from the innermost out, type, offset), and the tensors, each at a multiple of 32 bytes.

`TOP` and `LAYER` below list the tensors. Norms, biases, sinks and the router are F32, which is what
llama.cpp computes them in. The experts are MXFP4. All else is wide: BF16, which loses nothing, or
F16, which rounds what is smaller than 2^-17. Row 2i of gate_up_proj belongs to the gate, row 2i + 1
to up. Rotary halves lie alike in both, so that no row moves.

An MXFP4 block of 32 weights is 17 bytes: the scale's byte, unchanged, then 16 bytes of which the
j-th holds element j in its low nibble and element j + 16 in its high one (gpt-oss holds 2j and
2j + 1). ggml doubles the values and halves the scale, so that every weight is the same number, but
for code 8, which gpt-oss reads as -0 and ggml as 0. All codes are kept.

What the file cannot say, because llama.cpp has it built in, must be as llama.cpp has it: layers
that slide and see all in turn, the clamp and the slope of SwiGLU, the betas of YaRN. It also rounds
the bounds of YaRN's ramp to whole dimensions, which gpt-oss asks not to (`truncate: false`).

Sources: llama.cpp's src/models/openai-moe.cpp and ggml/src/ggml-quants.c.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gguf import (
    GGML_QUANT_VERSION,
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    RopeScalingType,
)
from transformers import GptOssConfig

from stages.formats.json_files import read_json
from stages.pipeline.errors import ModelError
from stages.weights.tensors.checkpoint import Checkpoint

ARCHITECTURE = "gpt-oss"
BLOCK, BLOCK_BYTES = 32, 17
WIDE = {"bf16": GGMLQuantizationType.BF16, "f16": GGMLQuantizationType.F16}
F32, MXFP4 = GGMLQuantizationType.F32, GGMLQuantizationType.MXFP4
NUMPY = {F32: np.float32, WIDE["f16"]: np.float16, WIDE["bf16"]: np.int16}  # bits of BF16
ALL, EVEN, ODD = (0, 1), (0, 2), (1, 2)  # rows of the second axis: first, step
# In the file, its type (None: wide), its axes, in the checkpoint, and which rows of that. Axes:
# Vocabulary, Hidden, Query, Key and value, Sinks, Experts, Inner size of an expert.
TOP = (
    ("token_embd.weight", None, "VH", "model.embed_tokens.weight", ALL),
    ("output_norm.weight", F32, "H", "model.norm.weight", ALL),
    ("output.weight", None, "VH", "lm_head.weight", ALL),
)
LAYER = (  # behind blk.N. and model.layers.N.
    ("attn_norm.weight", F32, "H", "input_layernorm.weight", ALL),
    ("attn_q.weight", None, "QH", "self_attn.q_proj.weight", ALL),
    ("attn_q.bias", F32, "Q", "self_attn.q_proj.bias", ALL),
    ("attn_k.weight", None, "KH", "self_attn.k_proj.weight", ALL),
    ("attn_k.bias", F32, "K", "self_attn.k_proj.bias", ALL),
    ("attn_v.weight", None, "KH", "self_attn.v_proj.weight", ALL),
    ("attn_v.bias", F32, "K", "self_attn.v_proj.bias", ALL),
    ("attn_output.weight", None, "HQ", "self_attn.o_proj.weight", ALL),
    ("attn_output.bias", F32, "H", "self_attn.o_proj.bias", ALL),
    ("attn_sinks.weight", F32, "S", "self_attn.sinks", ALL),
    ("post_attention_norm.weight", F32, "H", "post_attention_layernorm.weight", ALL),
    ("ffn_gate_inp.weight", F32, "EH", "mlp.router.weight", ALL),
    ("ffn_gate_inp.bias", F32, "E", "mlp.router.bias", ALL),
    ("ffn_gate_exps.weight", MXFP4, "EIH", "mlp.experts.gate_up_proj", EVEN),
    ("ffn_gate_exps.bias", F32, "EI", "mlp.experts.gate_up_proj_bias", EVEN),
    ("ffn_up_exps.weight", MXFP4, "EIH", "mlp.experts.gate_up_proj", ODD),
    ("ffn_up_exps.bias", F32, "EI", "mlp.experts.gate_up_proj_bias", ODD),
    ("ffn_down_exps.weight", MXFP4, "EHI", "mlp.experts.down_proj", ALL),
    ("ffn_down_exps.bias", F32, "EH", "mlp.experts.down_proj_bias", ALL),
)
# What llama.cpp has built in for this architecture.
BUILT_IN = {"swiglu_alpha": 1.702, "swiglu_limit": 7.0, "attention_bias": True}
YARN = {"beta_fast": 32.0, "beta_slow": 1.0}
YARN_KEYS = {"rope_type", "rope_theta", "factor", "original_max_position_embeddings", "truncate"}


@dataclass(frozen=True)
class Entry:
    """One tensor of the file."""

    name: str
    type: GGMLQuantizationType
    shape: tuple[int, ...]  # in numbers, outermost axis first
    sources: tuple[str, ...]  # in the checkpoint: one, or blocks and scales
    rows: tuple[int, int]

    @property
    def nbytes(self) -> int:
        numbers = int(np.prod(self.shape))
        if self.type == MXFP4:
            return numbers // BLOCK * BLOCK_BYTES
        return numbers * np.dtype(NUMPY[self.type]).itemsize


def read_config(folder: Path) -> GptOssConfig:
    """The model's configuration.

    Raises:
        ModelError: it is of another family, or asks for what llama.cpp does not do.
    """
    where = str(folder / "config.json")
    family = read_json(folder / "config.json").get("model_type")
    if family != "gpt_oss":
        raise ModelError(
            where,
            f"model_type is {family!r}, and this layout is that of gpt_oss.",
            "Empty export.gguf in params.yaml, and convert models/merged-bf16 with llama.cpp's "
            "convert_hf_to_gguf.py.",
        )
    config = GptOssConfig.from_pretrained(folder)
    rope = config.rope_parameters or {}
    in_turn = ["sliding_attention", "full_attention"] * config.num_hidden_layers
    asked = {key: getattr(config, key) for key in BUILT_IN}
    built_in: dict[str, object] = dict(BUILT_IN)
    if rope.get("rope_type") == "yarn":
        asked |= {key: rope.get(key) or YARN[key] for key in YARN}
        built_in |= YARN
        asked |= {key: rope[key] for key in rope.keys() - YARN_KEYS - YARN.keys()}
    else:
        asked["rope_type"], built_in["rope_type"] = rope.get("rope_type"), "default"
    if config.layer_types != in_turn[: config.num_hidden_layers] or not config.sliding_window:
        raise ModelError(
            where,
            "its layers are not sliding and full attention in turn, which llama.cpp has built in.",
            "Serve models/mxfp4 instead.",
        )
    for key, value in asked.items():
        if value != built_in.get(key):
            raise ModelError(
                where,
                f"{key} is {value!r}, and llama.cpp has {built_in.get(key)!r} built in.",
                "Serve models/mxfp4 instead.",
            )
    return config


def layout(config: GptOssConfig, kind: str) -> list[Entry]:
    """Every tensor of the file, in its order; `kind` is bf16 or f16."""
    sizes = {
        "V": config.vocab_size,
        "H": config.hidden_size,
        "Q": config.num_attention_heads * config.head_dim,
        "K": config.num_key_value_heads * config.head_dim,
        "S": config.num_attention_heads,
        "E": config.num_local_experts,
        "I": config.intermediate_size,
    }
    listed = [("", "", row) for row in TOP]
    for number in range(config.num_hidden_layers):
        listed += [(f"blk.{number}.", f"model.layers.{number}.", row) for row in LAYER]
    entries: list[Entry] = []
    for theirs, ours, (name, type, axes, source, rows) in listed:
        parts = ("_blocks", "_scales") if type == MXFP4 else ("",)
        sources = tuple(f"{ours}{source}{part}" for part in parts)
        shape = tuple(sizes[axis] for axis in axes)
        typed = WIDE[kind] if type is None else type  # F32 is 0, and so false
        entries.append(Entry(theirs + name, typed, shape, sources, rows))
    return entries


def check_names(entries: Iterable[Entry], checkpoint: Checkpoint) -> None:
    """Refuses a checkpoint that has a tensor more or less than the layout.

    Raises:
        ModelError: it names the tensor.
    """
    where = str(checkpoint.folder)
    fix = "Run `dvc repro` to make it again from a gpt-oss base."
    wanted = {source for entry in entries for source in entry.sources}
    for name in checkpoint:
        if name not in wanted:
            raise ModelError(where, f"holds {name}, which has no place in the GGUF layout.", fix)
    for name in sorted(wanted):
        if name not in checkpoint:
            raise ModelError(where, f"lacks {name}.", fix)


def encode(entry: Entry, checkpoint: Checkpoint) -> tuple[np.ndarray, int]:
    """A tensor as it lies in the file, and how many of its numbers the file's type rounded.

    It goes slice by slice along the first axis: no more than it and its source is in memory.

    Raises:
        ModelError: it is of another type or shape than the layout says, or too large for F16.
    """
    first, step = entry.rows
    parts = [checkpoint[name] for name in entry.sources]
    parts = [part if step == 1 else part[:, first::step] for part in parts]
    stored = torch.uint8 if entry.type == MXFP4 else torch.bfloat16
    shapes = [entry.shape]
    if entry.type == MXFP4:
        blocks = (*entry.shape[:-1], entry.shape[-1] // BLOCK)
        shapes = [(*blocks, BLOCK // 2), blocks]
    for name, part, shape in zip(entry.sources, parts, shapes, strict=True):
        if part.dtype != stored or tuple(part.shape) != shape:
            raise _wrong(
                checkpoint, name, f"is {part.dtype} {tuple(part.shape)} where its config.json "
                f"asks for {stored} {shape}",
            )  # fmt: skip
    if entry.type == MXFP4:
        file = np.empty((*entry.shape[:-1], entry.nbytes // int(np.prod(entry.shape[:-1]))), "u1")
        for number, (blocks, scales) in enumerate(zip(*parts, strict=True)):
            if (scales == 255).any():
                raise _wrong(checkpoint, entry.sources[1], "holds a scale that is NaN")
            file[number] = repack(blocks, scales).numpy()
        return file, 0
    weight = parts[0]
    if entry.type == WIDE["bf16"]:
        return weight.contiguous().view(torch.int16).numpy(), 0
    file, rounded = np.empty(entry.shape, NUMPY[entry.type]), 0
    flat = torch.from_numpy(file)
    for target, source in zip(flat.split(256), weight.split(256), strict=True):
        target.copy_(source)
        rounded += int((target.float() != source.float()).sum())
        if entry.type == WIDE["f16"] and not torch.isfinite(target).all():
            raise _wrong(checkpoint, entry.sources[0], "holds a number that F16 cannot: write bf16")
    return file, rounded


def repack(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """ggml's blocks (..., n/32 * 17) of gpt-oss's blocks (..., n/32, 16) and scales (..., n/32)."""
    first, second = blocks[..., : BLOCK // 4], blocks[..., BLOCK // 4 :]
    packed = torch.empty(*scales.shape, BLOCK_BYTES, dtype=torch.uint8)
    packed[..., 0] = scales
    packed[..., 1::2] = (first & 0x0F) | (second << 4)  # elements 2j and 2j + 16
    packed[..., 2::2] = (first >> 4) | (second & 0xF0)  # elements 2j + 1 and 2j + 17
    return packed.flatten(-2)


def add_metadata(writer: GGUFWriter, config: GptOssConfig) -> None:
    writer.add_type("model")
    writer.add_file_type(LlamaFileType.MOSTLY_MXFP4_MOE)
    writer.add_quantization_version(GGML_QUANT_VERSION)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_expert_feed_forward_length(config.intermediate_size)
    writer.add_expert_count(config.num_local_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_sliding_window(config.sliding_window or 0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    rope = config.rope_parameters or {}
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_beta_fast(YARN["beta_fast"])
        writer.add_rope_scaling_yarn_beta_slow(YARN["beta_slow"])


def add_tensors(writer: GGUFWriter, entries: Iterable[Entry]) -> None:
    for entry in entries:
        # Next to raw_dtype, the dtype says but one thing: uint8 would be a shape in bytes.
        dtype = np.dtype(np.float32)
        writer.add_tensor_info(entry.name, entry.shape, dtype, entry.nbytes, entry.type)


def _wrong(checkpoint: Checkpoint, name: str, what: str) -> ModelError:
    return ModelError(
        f"{checkpoint.folder} {name}", f"{what}.", "Run `dvc repro` to make it again."
    )
