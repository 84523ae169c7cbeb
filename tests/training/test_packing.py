"""Packed rows: every row whole and once, none seen by another, and the loss of each as alone."""

import json
import math
import random
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pipeline.errors import DataError, ModelError
from stages.training.by_document import attend_by_document
from stages.training.packing import (
    Batch,
    Block,
    Collator,
    Masks,
    additive_mask,
    attention_windows,
    one_row_each,
    pack,
)
from stages.training.prefixes import LEAST_ROWS, LEAST_TOKENS, by_prefix
from tests.families import config_of, model_of

PAD, VOCABULARY = 0, 300
# A sliding window is 16 tokens: three rows are longer. Blocks of 70 become 40 + 30 and 23 + 7 + 5.
LENGTHS = (40, 7, 23, 30, 5)
FAMILIES = ("gpt_oss", "llama", "qwen2", "gemma", "gemma3", "mistral", "qwen3")
CASES = [
    (family, attention)
    for family in FAMILIES
    for attention in ("eager", "sdpa", "eager_by_document", "sdpa_by_document")
    if family != "gpt_oss" or attention.startswith("eager")  # its sinks are not in sdpa
]


def rows_of(lengths: tuple[int, ...], trained: float = 0.6, prefix: int = 0) -> list[dict]:
    """Random tokens, a part of them labelled, always the first; or the same `prefix` tokens before
    them, which are not labelled, and then never the first."""
    rng = random.Random(0)
    frame = [VOCABULARY - 1 - place for place in range(prefix)]
    rows = []
    for number, length in enumerate(lengths):
        ids = [rng.randrange(1, VOCABULARY) for _ in range(length)]
        labels = [
            token if not place or rng.random() < trained else -100
            for place, token in enumerate(ids)
        ]
        if prefix:
            labels = [-100] * (prefix + 1) + labels[1:]
        rows.append({"id": f"row{number}", "input_ids": frame + ids, "labels": labels})
    return rows


def model_with(family: str, attention: str) -> Any:
    """Beside the four families: one with both kinds of layers by dict, one that slides in all of
    its layers by one mask, and one whose upper layers slide."""
    from transformers import AutoModelForCausalLM, Gemma3TextConfig, MistralConfig, Qwen3Config

    if attention.endswith("_by_document"):
        model = model_with(family, attention.removesuffix("_by_document"))
        attend_by_document(model)
        return model
    if family in ("gpt_oss", "llama", "qwen2", "gemma"):
        return model_of(family, VOCABULARY, attention)
    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 16,
        "pad_token_id": PAD,
    }  # fmt: skip
    if family == "gemma3":
        config: Any = Gemma3TextConfig(**sizes, layer_types=["sliding_attention", "full_attention"])
    elif family == "qwen3":
        config = Qwen3Config(**sizes, use_sliding_window=True, max_window_layers=1)
    else:
        config = MistralConfig(**sizes)
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, attn_implementation=attention).float().eval()


def masks_of(batch: Batch) -> Masks:
    masks = batch["attention_mask"]
    assert isinstance(masks, Masks)
    return masks


def documents(blocks: list[Block]) -> list[tuple[int, slice, str]]:
    """Where each row of a batch of the blocks stands: its line, its places, its id."""
    found = []
    for line, block in enumerate(blocks):
        at = block["prefix_tokens"]
        for row_id, length in zip(block["ids"], block["seq_lengths"], strict=True):
            found.append((line, slice(at, at + length), row_id))
            at += length
    return found


# Packing


@given(
    st.lists(st.integers(1, 64), max_size=120),
    st.integers(64, 100),
    st.sampled_from([0, 7, 40]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_s2_09_every_row_is_packed_once_and_whole_and_order_changes_nothing(
    lengths: list[int], block_tokens: int, prefix: int, rng: random.Random
) -> None:
    rows = rows_of(tuple(lengths), prefix=prefix)
    block_tokens += prefix
    blocks = pack(rows, block_tokens)
    seen: dict[str, tuple] = {}
    for block in blocks:
        assert 0 < len(block["input_ids"]) == len(block["labels"]) <= block_tokens
        at = block["prefix_tokens"]
        assert at == (prefix if prefix >= LEAST_TOKENS else 0) or len(rows) == 1
        for row_id, length in zip(block["ids"], block["seq_lengths"], strict=True):
            assert row_id not in seen
            seen[row_id] = tuple(
                block[key][: block["prefix_tokens"]] + block[key][at : at + length]
                for key in ("input_ids", "labels")
            )
            at += length
        assert at == len(block["input_ids"])
    assert seen == {row["id"]: (row["input_ids"], row["labels"]) for row in rows}
    # No two blocks could have been one, which alone keeps them under twice the lower bound.
    fullest = sorted(sum(block["seq_lengths"]) for block in blocks)
    room = block_tokens - blocks[0]["prefix_tokens"] if blocks else 0
    assert len(fullest) < 2 or fullest[0] + fullest[1] > room
    rng.shuffle(rows)
    assert pack(rows, block_tokens) == blocks


def test_s2_09_a_row_that_is_used_twice_is_packed_twice() -> None:
    row = rows_of((9,))[0]
    assert pack([row, row], 20)[0]["ids"] == ["row0", "row0"]


@pytest.mark.parametrize("length", [0, 65])
def test_s2_09_a_row_that_fits_no_block_is_refused_by_name(length: int) -> None:
    with pytest.raises(DataError, match=f"row row1: it has {length} tokens, .* 1 to 64"):
        pack(rows_of((10, length)), 64)


@pytest.mark.parametrize("block_tokens", [256, 512, 1024, 2048])
def test_s2_09_real_lengths_need_few_more_blocks_than_their_tokens(
    shared: Path, block_tokens: int
) -> None:
    with (shared / "data/songys-chatbot/chatbot.jsonl").open(encoding="utf-8") as lines:
        chats = [json.loads(line) for line in lines][:4000]
    rng = random.Random(0)
    # A chat in Harmony is some 70 tokens of frame and its text; a fifth are as long as articles.
    lengths = [70 + len(chat["q"] + chat["a"]) for chat in chats]
    lengths += [min(block_tokens, int(rng.lognormvariate(5, 0.6)) + 20) for _ in range(1000)]
    rows = [{"id": str(n), "input_ids": [1] * length, "labels": [1] * length} for n, length in enumerate(lengths)]  # fmt: skip
    blocks = pack(rows, block_tokens)
    assert len(blocks) <= 1.25 * math.ceil(sum(lengths) / block_tokens)


# Batches


def test_s2_09_a_packed_batch_token_by_token() -> None:
    rows = [
        {"id": "a", "input_ids": [11, 12, 13], "labels": [11, 12, 13]},
        {"id": "b", "input_ids": [21, 22], "labels": [-100, 22]},
        {"id": "c", "input_ids": [31, 32, 33, 34], "labels": [31, 32, 33, 34]},
    ]
    config = config_of("gpt_oss", VOCABULARY, sliding_window=2)
    config._attn_implementation = "eager"
    batch = Collator(config, PAD, packed=True)(pack(rows, 5))
    assert batch["input_ids"].tolist() == [[31, 32, 33, 34, 0], [11, 12, 13, 21, 22]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 0], [0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[-100, 32, 33, 34, -100], [-100, 12, 13, -100, 22]]
    seen = {kind: (mask == 0).int()[:, 0].tolist() for kind, mask in masks_of(batch).items() if kind != "tokens"}  # fmt: skip
    assert seen["full_attention"][1] == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 1],
    ]
    assert seen["sliding_attention"][0] == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],  # padding sees itself
    ]
    assert batch["attention_mask"].sum() == 9


def test_s2_13_what_rows_begin_with_is_in_a_block_once() -> None:
    frame = list(range(100, 100 + LEAST_TOKENS))
    rows = [
        {"id": name, "input_ids": [*frame, *ids], "labels": [-100] * (LEAST_TOKENS + 1) + ids[1:]}
        for name, ids in (("a", [11, 12, 13]), ("b", [21, 22]))
    ]
    config = config_of("gpt_oss", VOCABULARY, sliding_window=3)
    config._attn_implementation = "eager"
    blocks = pack(rows, LEAST_TOKENS + 6)
    assert blocks[0]["prefix_tokens"] == LEAST_TOKENS
    batch = Collator(config, PAD, packed=True)([*blocks, *one_row_each(rows[:1])])
    assert batch["input_ids"][0].tolist() == [*frame, 11, 12, 13, 21, 22]
    end = LEAST_TOKENS
    assert batch["position_ids"][0, end:].tolist() == [end, end + 1, end + 2, end, end + 1]
    assert batch["labels"][0, end:].tolist() == [-100, 12, 13, -100, 22]
    seen = (masks_of(batch)["sliding_attention"] == 0).int()[0, 0, end:, end - 2 :]
    assert seen.tolist() == [
        [1, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 0, 1, 0],  # b follows the frame, and not a
        [0, 1, 0, 0, 0, 1, 1],
    ]


def test_s2_13_rows_are_grouped_by_what_they_begin_with() -> None:
    """Two system prompts after one frame, and a few rows with one of their own."""
    rng = random.Random(0)
    frame = [1] * 20
    rows = []
    for number in range(2 * LEAST_ROWS + 3):
        system = [2 + number % 2] * 30 if number < 2 * LEAST_ROWS else [9] * 30
        ids = [*frame, *system, *(rng.randrange(10, 99) for _ in range(9))]
        rows.append({"id": str(number), "input_ids": ids, "labels": [-100] * 55 + ids[55:]})
    groups = by_prefix(rows)
    assert sorted((prefix, len(group)) for prefix, group in groups) == [
        (20, 3),
        (50, LEAST_ROWS),
        (50, LEAST_ROWS),
    ]
    few = by_prefix(rows[: LEAST_ROWS // 2])
    assert [(prefix, len(group)) for prefix, group in few] == [(20, LEAST_ROWS // 2)]


def test_s2_13_a_trained_token_is_never_in_a_prefix_nor_right_behind_it() -> None:
    ids = [5] * 40
    rows = [{"id": str(n), "input_ids": [*ids, n], "labels": [-100] * 25 + [*ids, n][25:]} for n in range(9)]  # fmt: skip
    assert [prefix for prefix, _ in by_prefix(rows)] == [24]


def test_s2_10_an_unpacked_batch_has_the_ordinary_mask() -> None:
    rows = rows_of((3, 2))
    batch = Collator(config_of("gpt_oss", VOCABULARY), PAD, packed=False)(one_row_each(rows))
    mask = batch["attention_mask"]
    assert isinstance(mask, torch.Tensor)
    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["input_ids"].tolist() == [rows[0]["input_ids"], [*rows[1]["input_ids"], PAD]]
    with pytest.raises(ValueError, match="row0"):
        Collator(config_of("llama", VOCABULARY), PAD, packed=False)(pack(rows, 8))


def test_rows_of_a_batch_are_named_by_their_tokens() -> None:
    blocks = pack([*rows_of(LENGTHS), {"id": "ends in pads", "input_ids": [5, PAD, PAD], "labels": [5, 0, 0]}], 40)  # fmt: skip
    config = config_of("llama", VOCABULARY)
    config._attn_implementation = "sdpa"
    collator = Collator(config, PAD, packed=True)
    batch = collator([blocks[2], blocks[0]])
    assert collator.rows_of(batch["input_ids"], blocks) == [*blocks[2]["ids"], *blocks[0]["ids"]]
    assert "ends in pads" in collator.rows_of(collator(blocks)["input_ids"], blocks)


@pytest.mark.parametrize(
    ("name", "layer_types"),
    [("Qwen3NextConfig", "linear_attention"), ("Llama4TextConfig", "chunked_attention")],
)
def test_s2_13_a_model_whose_layers_no_mask_closes_is_refused(name: str, layer_types: str) -> None:
    import transformers

    config = getattr(transformers, name)()
    config._attn_implementation = "eager"
    with pytest.raises(ModelError, match=layer_types):
        attention_windows(config)


def test_s2_13_an_attention_that_takes_no_4d_mask_is_refused() -> None:
    config = config_of("gpt_oss", VOCABULARY)
    config._attn_implementation = "flash_attention_2"
    with pytest.raises(ModelError, match="flash_attention_2"):
        Collator(config, PAD, packed=True)


# Isolation


@pytest.mark.parametrize("prefix", [0, 20])
@pytest.mark.parametrize(("family", "attention"), CASES)
def test_s2_13_packed_rows_have_the_logits_and_the_loss_that_they_have_alone(
    family: str, attention: str, prefix: int
) -> None:
    model, plain = model_with(family, attention), model_with(family, attention.split("_by_")[0])
    rows = rows_of(LENGTHS, prefix=prefix)
    blocks = pack(rows, 75 + prefix)  # the shorter block of the batch is padded
    assert {block["prefix_tokens"] for block in blocks} == {prefix}
    assert [block["seq_lengths"] for block in blocks] == [[40, 30, 5], [23, 7]]
    batch = Collator(model.config, PAD, packed=True)(blocks)
    by_id = {row["id"]: row for row in rows}
    with torch.no_grad():
        packed = model(**batch)
        assert packed.logits.isfinite().all()
        loss_sum = targets = 0.0
        for line, places, row_id in documents(blocks):
            ids, labels = (torch.tensor([by_id[row_id][key]]) for key in ("input_ids", "labels"))
            alone = plain(ids, labels=labels)
            torch.testing.assert_close(
                packed.logits[line, places], alone.logits[0, prefix:], rtol=0, atol=1e-5
            )
            count = int((labels[0, 1:] != -100).sum())
            loss_sum, targets = loss_sum + float(alone.loss) * count, targets + count
    assert targets == int((batch["labels"] != -100).sum())
    assert float(packed.loss) == pytest.approx(loss_sum / targets, abs=1e-6)


@pytest.mark.parametrize("prefix", [0, 20])
@pytest.mark.parametrize(("family", "attention"), CASES)
def test_s2_13_a_changed_row_changes_no_other(family: str, attention: str, prefix: int) -> None:
    model = model_with(family, attention)
    blocks = pack(rows_of(LENGTHS, prefix=prefix), 75 + prefix)
    collator = Collator(model.config, PAD, packed=True)
    batch = collator(blocks)
    with torch.no_grad():
        before = model(**batch).logits
        for line, places, _ in documents(blocks):
            changed = batch["input_ids"].clone()
            changed[line, places] = (changed[line, places] + 7) % VOCABULARY
            after = model(**{**batch, "input_ids": changed}).logits
            assert (after[line, places] != before[line, places]).any()
            other = torch.ones_like(changed, dtype=torch.bool)
            other[line, places] = False
            assert torch.equal(after[other], before[other])


@pytest.mark.parametrize("prefix", [0, 20])
@pytest.mark.parametrize(
    ("family", "attention"), [case for case in CASES if case[1].endswith("_by_document")]
)
def test_s2_13_attention_by_document_is_told_the_documents(
    family: str, attention: str, prefix: int
) -> None:
    """Under a mask that closes nothing between rows, rows are apart by the computation alone."""
    model = model_with(family, attention)
    rows = rows_of(LENGTHS, prefix=prefix)
    batch = Collator(model.config, PAD, packed=True)(pack(rows, 75 + prefix))
    positions = batch["position_ids"]
    one = torch.zeros_like(positions)
    windows = attention_windows(model.config)
    masks = {
        kind: additive_mask(one, positions, window, "float32") for kind, window in windows.items()
    }
    open_between = masks.get("", masks)
    with torch.no_grad():
        closed = model(**batch).logits
        assert torch.equal(model(**{**batch, "attention_mask": open_between}).logits, closed)


@pytest.mark.parametrize("attention", ["eager_by_document", "sdpa_by_document"])
def test_s2_13_attention_by_document_still_generates(attention: str) -> None:
    """Left-padded prompts and a cache, as in evaluation."""
    prompts = torch.tensor([[PAD, PAD, 5, 6, 7], [11, 12, 13, 14, 15]])
    answers = [
        model_with("llama", name).generate(
            prompts, attention_mask=(prompts != PAD).long(), max_new_tokens=8, do_sample=False
        )
        for name in (attention, "eager")
    ]
    assert torch.equal(answers[0], answers[1])


@pytest.mark.parametrize(("family", "attention"), [("gpt_oss", "eager"), ("llama", "eager"), ("llama", "sdpa")])  # fmt: skip
def test_s2_13_packed_rows_stay_apart_in_bfloat16(family: str, attention: str) -> None:
    model = model_with(family, attention).to(torch.bfloat16)
    blocks = pack(rows_of(LENGTHS), 75)
    batch = Collator(model.config, PAD, packed=True, dtype="bfloat16")(blocks)
    changed = {**batch, "input_ids": batch["input_ids"].clone()}
    changed["input_ids"][0, :40] = 9
    with torch.no_grad():
        before, after = model(**batch).logits, model(**changed).logits
    assert before.isfinite().all()
    assert torch.equal(before[0, 40:], after[0, 40:])


@pytest.mark.parametrize("prefix", [0, 20])
@pytest.mark.parametrize("attention", ["eager", "eager_by_document"])
def test_s2_13_gradients_of_packed_rows_are_those_of_a_batch_of_rows(
    attention: str, prefix: int
) -> None:
    rows = rows_of(LENGTHS, prefix=prefix)
    gradients = []
    for packed in (True, False):
        model = model_with("gpt_oss", attention if packed else "eager")
        blocks = pack(rows, 75 + prefix) if packed else one_row_each(rows)
        model(**Collator(model.config, PAD, packed)(blocks)).loss.backward()
        gradients.append({name: each.grad for name, each in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("family", "use_cache", "leaks"),
    [("gpt_oss", False, True), ("gpt_oss", True, True), ("llama", False, False), ("llama", True, True)],
)  # fmt: skip
def test_s2_13_what_transformers_does_with_positions_alone(
    family: str, use_cache: bool, leaks: bool
) -> None:
    """If this fails because gpt-oss no longer leaks, transformers has been mended, and packing.py
    may leave the masks to it where no cache is made."""
    model = model_with(family, "eager")
    batch = Collator(model.config, PAD, packed=True)(pack(rows_of(LENGTHS), 75))
    with torch.no_grad():
        masked = model(**batch).logits[0]
        plain = model(batch["input_ids"], position_ids=batch["position_ids"], use_cache=use_cache)
    difference = float((plain.logits[0] - masked).abs().max())
    assert difference > 0.01 if leaks else difference < 1e-5


# In the trainer


@pytest.mark.parametrize(
    ("family", "attention"),
    [("gpt_oss", "eager"), ("gpt_oss", "eager_by_document"), ("llama", "sdpa_by_document")],
)
def test_s2_09_trl_trains_on_packed_blocks_as_on_rows(
    family: str, attention: str, tmp_path: Path
) -> None:
    """The first step over all rows has the loss and the gradient of an unpacked one, whatever they
    are accumulated from."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from tests.families import save_tokenizer

    save_tokenizer(family, tmp_path / "tokenizer")
    rows = rows_of(LENGTHS)
    logs = []
    for packed in (True, False):
        model = model_with(family, attention if packed else "eager")
        blocks = pack(rows, 75) if packed else one_row_each(rows)
        dataset = Dataset.from_list([dict(block) for block in blocks])
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(tmp_path / "work"), max_steps=2, logging_steps=1, seed=1, learning_rate=1e-3,
                per_device_train_batch_size=1, per_device_eval_batch_size=8, gradient_accumulation_steps=len(blocks),
                bf16=False, use_cpu=True, report_to="none", save_strategy="no", max_length=None,
                dataset_kwargs={"skip_prepare_dataset": True}, remove_unused_columns=False,
                router_aux_loss_coef=0.0, disable_tqdm=True, dataloader_pin_memory=False,
            ),
            train_dataset=dataset,
            eval_dataset=dataset,
            data_collator=cast(Any, Collator(model.config, PAD, packed)),
            processing_class=AutoTokenizer.from_pretrained(tmp_path / "tokenizer"),
            peft_config=LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj", "v_proj"]),
        )  # fmt: skip
        before = trainer.evaluate()["eval_loss"]
        trainer.train()
        assert trainer.state.log_history[0]["loss"] == pytest.approx(before, rel=1e-4)
        logs.append(trainer.state.log_history)
    for step in (0, 1):
        for key in ("loss", "grad_norm"):
            assert logs[0][step][key] == pytest.approx(logs[1][step][key], rel=1e-4)
    if family == "gpt_oss":  # one mask for all layers is a tensor, of which TRL counts nothing
        assert logs[0][1]["num_tokens"] == 2 * sum(LENGTHS) == logs[1][1]["num_tokens"]
