"""The built-in tiny gpt-oss: a tokenizer and a real GptOssForCausalLM of a few million parameters,
trained in minutes on a plain JSONL file.

Documents are {"text"} or {"messages": [{role, content}]}, one a line. The model learns Korean and
the shape of a Harmony conversation from them, and stands in for a hub model where none is at hand.
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from stages.chat.harmony import CONTROL_TOKENS, Harmony, system_text
from stages.chat.rendering import Settings
from stages.params.base import Tiny
from stages.pipeline.errors import InputError
from stages.tiny.harmony_template import CHAT_TEMPLATE, RESPONSE_TEMPLATE

if TYPE_CHECKING:
    from transformers import GptOssForCausalLM

log = logging.getLogger("base")

# Pre-training has a system message of its own, so that `encode` stays free to say another.
SETTINGS = Settings("medium", "2024-06", "2025-01-01")


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
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.response_template = RESPONSE_TEMPLATE
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
            "the pre-training text",
            f"holds {len(stream)} tokens, fewer than one block of {block_tokens}.",
            "Raise sample.pretrain_documents in params.yaml.",
        )
    return [stream[i * block_tokens : (i + 1) * block_tokens] for i in range(full)]


def untrained(tiny: Tiny, vocabulary: int, harmony: Harmony) -> "GptOssForCausalLM":
    """A model of the asked shape, with random weights in float32."""
    from transformers import GenerationConfig, GptOssConfig, GptOssForCausalLM

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
    return model


def pretrain(
    model: "GptOssForCausalLM", tiny: Tiny, seed: int, blocks: list[list[int]], progress: bool
) -> list[float]:
    """Trains the model in place (AdamW, one cycle) and returns the loss of each step in nats."""
    import torch
    from tqdm import tqdm

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=tiny.learning_rate, weight_decay=0.01, fused=True
    )
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
        logits = model(input_ids=data[chosen, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), data[chosen, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 20 == 0:
            log.info("step %d of %d: loss %.3f nats", step + 1, tiny.steps, losses[-1])
    return losses


def make_tiny(
    tiny: Tiny, seed: int, pretraining_text: Path, folder: Path, progress: bool
) -> dict[str, object]:
    """Makes `folder` with tokenizer, config and BF16 weights, and returns the metrics."""
    import torch

    with pretraining_text.open(encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    folder.mkdir()
    harmony = build_tokenizer(documents, tiny.vocab_size, folder)
    vocabulary = harmony.tokenizer.get_vocab_size()
    blocks = token_blocks(documents, harmony, tiny.block_tokens)
    log.info("%d documents, vocabulary %d, %d blocks of %d tokens", len(documents), vocabulary,
             len(blocks), tiny.block_tokens)  # fmt: skip
    torch.manual_seed(seed)
    model = untrained(tiny, vocabulary, harmony)
    losses = pretrain(model, tiny, seed, blocks, progress)
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
