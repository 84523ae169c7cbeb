"""Provides the model that is tuned: `models/base/` with tokenizer, config and weights.

By params it is the built-in tiny gpt-oss, pre-trained here on `data/raw/sample/pretrain.jsonl`, a
model of the hub at a pinned revision, or a local folder. Weights are taken as safetensors only, and
no code that comes with a model is ever run.
"""

import json
import logging
import shutil
from pathlib import Path

from stages.chat.harmony import CONTROL_TOKENS, Harmony, Settings, system_text
from stages.pipeline import paths
from stages.pipeline.config import Base, Folder, Tiny, load_config
from stages.pipeline.errors import InputError, ModelError
from stages.pipeline.publish import publish
from stages.pipeline.run import pin_numerics, run, write_json
from stages.pipeline.tracking import dvc_hash, project

log = logging.getLogger("base")

# Pre-training has a system message of its own, so that `encode` stays free to say another.
SETTINGS = Settings("medium", "2024-06", "2025-01-01")
PATTERNS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja"]
FORBIDDEN = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.py")


def build_tokenizer(documents: list[dict], vocab_size: int, folder: Path) -> Harmony:
    """Trains a byte-level BPE tokenizer with the Harmony control tokens and saves it.

    The control tokens take the last ids, as they do in o200k_harmony.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(CONTROL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    spoken = [system_text(SETTINGS), "system developer user assistant final # Instructions"]
    lines = [line for document in documents for line in document_texts(document)]
    # Repeated, so that the words of every conversation become single tokens.
    tokenizer.train_from_iterator(spoken * 50 + lines, trainer)
    tokenizer.add_special_tokens(list(CONTROL_TOKENS))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|startoftext|>",
        eos_token="<|return|>",
        pad_token="<|endoftext|>",
    )
    wrapped.save_pretrained(folder)
    return Harmony(Tokenizer.from_file(str(folder / "tokenizer.json")), SETTINGS)


def document_texts(document: dict) -> list[str]:
    if "text" in document:
        return [document["text"]]
    return [message["content"] for message in document["messages"]]


def token_blocks(documents: list[dict], harmony: Harmony, block_tokens: int) -> list[list[int]]:
    """All documents one after the other, cut into blocks: texts end with `<|endoftext|>`,
    conversations are in Harmony."""
    stream: list[int] = []
    for document in documents:
        if "text" in document:
            stream += [*harmony.text(document["text"]), harmony.pad_id]
        else:
            stream += harmony.conversation(document["messages"]).input_ids
    full = len(stream) // block_tokens
    if not full:
        raise InputError(
            str(paths.PRETRAIN),
            f"holds {len(stream)} tokens, fewer than one block of {block_tokens}.",
            "Raise sample.pretrain_documents in params.yaml.",
        )
    return [stream[i * block_tokens : (i + 1) * block_tokens] for i in range(full)]


def pretrain(
    tiny: Tiny,
    seed: int,
    vocabulary: int,
    blocks: list[list[int]],
    harmony: Harmony,
    progress: bool,
):
    """A GptOssForCausalLM trained from scratch in float32 (AdamW, one cycle), and its losses."""
    import torch
    from tqdm import tqdm
    from transformers import GenerationConfig, GptOssConfig, GptOssForCausalLM

    torch.manual_seed(seed)
    config = GptOssConfig(
        vocab_size=vocabulary,
        hidden_size=tiny.hidden_size,
        intermediate_size=tiny.intermediate_size,
        num_hidden_layers=tiny.num_hidden_layers,
        num_attention_heads=tiny.num_attention_heads,
        num_key_value_heads=tiny.num_key_value_heads,
        head_dim=tiny.head_dim,
        num_local_experts=tiny.num_local_experts,
        num_experts_per_tok=tiny.num_experts_per_tok,
        sliding_window=tiny.sliding_window,
        max_position_embeddings=tiny.max_position_embeddings,
        # The default, YaRN, stretches a short context to a long one; this model has a short one.
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        pad_token_id=harmony.pad_id,
        bos_token_id=harmony.ids["<|startoftext|>"],
        eos_token_id=harmony.stop_ids,
    )
    model = GptOssForCausalLM._from_config(config, attn_implementation="eager")
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=tiny.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=tiny.learning_rate, total_steps=tiny.steps, pct_start=0.1
    )
    data = torch.tensor(blocks)
    generator = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    steps = tqdm(
        range(tiny.steps), desc="pre-training", unit="step", mininterval=5, disable=not progress
    )
    for step in steps:
        chosen = torch.randint(len(data), (tiny.batch_size,), generator=generator)
        loss = model(input_ids=data[chosen], labels=data[chosen]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 20 == 0:
            log.info("step %d of %d: loss %.3f nats", step + 1, tiny.steps, losses[-1])
    return model, losses


def make_tiny(tiny: Tiny, seed: int, folder: Path, progress: bool) -> dict:
    import torch

    with paths.PRETRAIN.open(encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    folder.mkdir()
    harmony = build_tokenizer(documents, tiny.vocab_size, folder)
    vocabulary = harmony.tokenizer.get_vocab_size()
    blocks = token_blocks(documents, harmony, tiny.block_tokens)
    log.info("%d documents, vocabulary %d, %d blocks of %d tokens", len(documents), vocabulary,
             len(blocks), tiny.block_tokens)  # fmt: skip
    model, losses = pretrain(tiny, seed, vocabulary, blocks, harmony, progress)
    # gpt-oss ships BF16 outside its experts; so does this one, in which nothing is quantised.
    # The weights alone are cast: casting the model would also cast its rotary frequencies.
    model.config.dtype = torch.bfloat16
    weights = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    model.save_pretrained(folder, state_dict=weights)
    tail = losses[-min(20, len(losses)) :]
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "vocab_size": vocabulary,
        "pretraining_tokens_seen": tiny.steps * tiny.batch_size * tiny.block_tokens,
        "pretraining_blocks": len(blocks),
        "loss_nats_first": round(losses[0], 6),
        "loss_nats_last20_mean": round(sum(tail) / len(tail), 6),
    }


def fetch_hub(base: Base, folder: Path) -> dict:
    """Downloads a model of the hub at one commit.

    Raises:
        InputError: the hub does not answer, or has no such model or revision.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot = snapshot_download(
            base.hub.repo, revision=base.hub.revision, allow_patterns=PATTERNS
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"{base.hub.repo}@{base.hub.revision}",
            f"cannot be fetched from the hub ({type(error).__name__}).",
            "Check base.hub in params.yaml, the network, and HF_TOKEN for a gated model.",
        ) from None
    return take_folder(Path(snapshot), folder)


def take_folder(source: Path, folder: Path) -> dict:
    """Copies the files of a model that this pipeline uses: safetensors, JSON and the chat template.

    Raises:
        InputError: the folder is not there.
        ModelError: it has no safetensors weights, no tokenizer, or asks for code of its own.
    """
    if not source.is_dir():
        raise InputError(str(source), "is no folder.", "Correct base.folder.path in params.yaml.")
    config = source / "config.json"
    if not config.is_file() or not (source / "tokenizer.json").is_file():
        raise ModelError(
            str(source),
            "lacks config.json or tokenizer.json.",
            "Export the model with save_pretrained, the tokenizer included.",
        )
    if "auto_map" in json.loads(config.read_text(encoding="utf-8")):
        raise ModelError(
            str(config),
            "asks for code that comes with the model (auto_map), which is never run.",
            "Use a model that transformers supports itself.",
        )
    if not list(source.glob("*.safetensors")):
        others = sorted(file.name for pattern in FORBIDDEN for file in source.glob(pattern))
        raise ModelError(
            str(source),
            f"has no safetensors weights (found {others}).",
            "Convert it with save_pretrained(..., safe_serialization=True).",
        )
    folder.mkdir()
    files = sorted({file for pattern in PATTERNS for file in source.glob(pattern)})
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}


def check_digest(asked: Folder, folder: Path) -> None:
    """Refuses a local folder that is not the one that params.yaml pins."""
    found = dvc_hash(folder)
    if found != asked.digest:
        raise ModelError(
            asked.path,
            f"has the digest {found}, params.yaml says {asked.digest}.",
            "If this is the model you mean, write its digest to base.folder.digest.",
        )


def main() -> None:
    config = load_config()
    pin_numerics(config.compute.threads)
    outs = [paths.BASE, paths.METRICS / "base.json"]
    with publish(*outs) as (folder, metrics_file):
        if config.base.source == "tiny":
            metrics = make_tiny(config.base.tiny, config.seed, folder, config.runtime.progress)
        elif config.base.source == "hub":
            metrics = fetch_hub(config.base, folder)
        else:
            metrics = take_folder(Path(config.base.folder.path), folder)
            check_digest(config.base.folder, folder)
        write_json(metrics_file, metrics)
    log.info("models/base: %s", metrics)
    project(config.runtime, "base", metrics, outs)


if __name__ == "__main__":
    run(main)
