"""Tiny models of the families that presets name, each with a tokenizer of its own kind and the
family's real chat template, as TRL ships it."""

import json
from pathlib import Path
from typing import Any

import trl
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
# The special tokens of each family: first, padding, what stops a server, and the rest.
SPECIAL = {
    "gpt_oss": ("<|startoftext|>", "<|endoftext|>", ["<|return|>", "<|endoftext|>", "<|call|>"], ["<|constrain|>", "<|channel|>", "<|start|>", "<|end|>", "<|message|>"]),
    "qwen2": ("<|endoftext|>", "<|endoftext|>", ["<|im_end|>", "<|endoftext|>"], ["<|im_start|>"]),
    "llama": ("<|begin_of_text|>", "<|finetune_right_pad_id|>", ["<|eot_id|>", "<|end_of_text|>"], ["<|start_header_id|>", "<|end_header_id|>"]),
    "gemma": ("<bos>", "<pad>", ["<end_of_turn>", "<eos>"], ["<start_of_turn>"]),
    "gemma3_text": ("<bos>", "<pad>", ["<end_of_turn>", "<eos>"], ["<start_of_turn>"]),
}  # fmt: skip
TEMPLATE = {
    "gpt_oss": "gptoss",
    "qwen2": "qwen2_5",
    "llama": "llama3_2",
    "gemma": "gemma",
    "gemma3_text": "gemma3",
}
CORPUS = [
    "오늘 저녁에 뭐 먹을까 김치찌개 어때 좋아요 그럼 여섯 시에 만나요",
    "You are a helpful assistant. Knowledge Date Today user assistant system model final",
    "반도체 수출이 7월에 20% 늘었다. 정부는 내일 대책을 발표한다.",
] * 20


def save_tokenizer(family: str, folder: Path) -> None:
    """tokenizer.json, tokenizer_config.json, chat_template.jinja and generation_config.json."""
    from transformers import PreTrainedTokenizerFast

    first, pad, stops, rest = SPECIAL[family]
    if family.startswith("gemma"):
        tokenizer = _with_byte_fallback()
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        trainer = trainers.BpeTrainer(
            vocab_size=500, initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(list(dict.fromkeys([first, pad, *stops, *rest])))
    if family in (
        "llama",
        "gemma",
        "gemma3_text",
    ):  # called plainly, these put their first token before any text
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{first} $A", special_tokens=[(first, tokenizer.token_to_id(first))]
        )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=first, eos_token=stops[-1 if family.startswith("gemma") else 0], pad_token=pad
    )  # fmt: skip
    wrapped.chat_template = (TEMPLATES / f"{TEMPLATE[family]}.jinja").read_text(encoding="utf-8")
    wrapped.save_pretrained(folder)
    numbers = [tokenizer.token_to_id(token) for token in stops]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": numbers}))


def _with_byte_fallback() -> Tokenizer:
    """A BPE as SentencePiece writes it: ▁ for blanks, and bytes for letters that it never saw."""
    learned = Tokenizer(models.BPE())
    learned.normalizer = normalizers.Replace(" ", "▁")
    learned.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, show_progress=False))
    trained = json.loads(learned.to_str())["model"]
    known = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *trained["vocab"]]
    merges = [tuple(pair) for pair in trained["merges"]]
    numbers = {token: number for number, token in enumerate(known)}
    tokenizer = Tokenizer(models.BPE(numbers, merges, byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def config_of(family: str, vocab_size: int, **sizes: Any) -> Any:
    """A configuration of a few thousand weights; `sizes` over it."""
    from transformers import (
        Gemma3TextConfig,
        GemmaConfig,
        GptOssConfig,
        LlamaConfig,
        Qwen2Config,
    )

    common: dict[str, Any] = {
        "vocab_size": vocab_size,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
    } | sizes
    if family == "gpt_oss":
        special: dict[str, Any] = {
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 16,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        }
        return GptOssConfig(**(special | common))
    if family == "gemma3_text":
        windows: dict[str, Any] = {"sliding_window": 16, "sliding_window_pattern": 2}
        return Gemma3TextConfig(**(windows | common))
    return {"llama": LlamaConfig, "qwen2": Qwen2Config, "gemma": GemmaConfig}[family](**common)


def model_of(family: str, vocab_size: int = 300, attention: str = "eager", **sizes: Any) -> Any:
    """A model with random weights (seeded), in float32 and eval mode."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = config_of(family, vocab_size, **sizes)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    return model.float().eval()


def save_model(family: str, folder: Path, **sizes: Any) -> None:
    """A whole model folder: tokenizer, config and safetensors weights."""
    folder.mkdir(parents=True)
    save_tokenizer(family, folder)
    stops = (folder / "generation_config.json").read_bytes()
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    model_of(family, vocabulary, **sizes).save_pretrained(folder)
    (folder / "generation_config.json").write_bytes(stops)
