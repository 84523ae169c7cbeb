"""How much faster packed rows train than padded ones, and whether they train the same.

    python -m benchmarks.packing --plot /tmp/packing.png

The base is a tiny gpt-oss (`models/base`, or one that is made here where there is none), tuned by
LoRA on its attention. Both ways train one epoch over the same rows, with the same tokens a step and
the same learning rate: unpacked as rows in random order, each micro-batch padded to its longest;
packed as blocks of BLOCK_TOKENS in random order, as many in a micro-batch as hold the tokens of the
rows, with attention computed row by row (or, by --masks-alone, over the whole block and masked).
They take their steps in turn, so that whatever else the machine does slows both. `trained` tokens
are those that bear a label; time is that of collating, forward, backward and the optimiser.

Two sets of rows: `chats` (songys-chatbot) are nearly all of one length, since the frame of Harmony
is longer than what is said; `mixed` are as many chats as questions on passages (KorQuAD 1.0).
"""

import argparse
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from stages.chat.family import renderer_of
from stages.chat.rendering import IGNORED, Renderer, Settings
from stages.numerics.pins import pin_numerics
from stages.params.base import Tiny
from stages.params.compute import Compute
from stages.params.train import Train
from stages.params.whole import read_config
from stages.pipeline import paths
from stages.training.by_document import attend_by_document
from stages.training.packing import Block, Collator, one_row_each, pack

SHARED = Path(os.environ.get("MALSSI_SHARED", Path(__file__).resolve().parents[2] / "shared"))
BLOCK_TOKENS = 512
STEP_TOKENS = 4096
HELD_OUT = 96
BATCH_SIZES = (2, 8)  # rows in a micro-batch: of a 20-billion model on one GPU; of S2-03
BAR = 1.67  # an epoch in 60 % of the time (S2-13)
SEED = 42


@dataclass
class Way:
    """One way of training, as far as it has come."""

    name: str
    model: Any
    optimizer: Any
    schedule: Any
    collator: Collator
    steps: list[list[list[Block]]]  # by step, by micro-batch
    seconds: float = 0.0
    cpu_s: float = 0.0
    real: int = 0  # tokens that are not padding
    padded: int = 0  # all tokens
    trained: list[int] = field(default_factory=list)  # after each step
    losses: list[float] = field(default_factory=list)

    def step(self, number: int) -> None:
        import torch

        began, used = time.perf_counter(), time.process_time()
        batches = [self.collator(blocks) for blocks in self.steps[number]]
        targets = sum(int((batch["labels"] != IGNORED).sum()) for batch in batches)
        loss_sum = 0.0
        for batch in batches:
            loss = self.model(**batch, num_items_in_batch=targets, fused_lm_head=True).loss
            loss.backward()
            loss_sum += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        self.seconds += time.perf_counter() - began
        self.cpu_s += time.process_time() - used
        self.real += sum(len(b["input_ids"]) for blocks in self.steps[number] for b in blocks)
        self.padded += sum(batch["input_ids"].numel() for batch in batches)
        self.trained.append((self.trained[-1] if self.trained else 0) + targets)
        self.losses.append(loss_sum)


def base_folder(wanted: Path, tiny: Tiny, scratch: Path, chats: list[dict]) -> Path:
    if (wanted / "config.json").is_file():
        return wanted
    from stages.tiny.model import make_tiny

    print(f"{wanted} is not there: pre-training a tiny base on the chats", flush=True)
    text = scratch / "pretrain.jsonl"
    lines = [json.dumps({"messages": messages(chat)[1:]}) for chat in chats]
    text.write_text("\n".join(lines), encoding="utf-8")
    make_tiny(tiny, SEED, text, scratch / "base", progress=False)
    return scratch / "base"


def read(file: str) -> list[dict]:
    with (SHARED / "data" / file).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_passages() -> list[dict]:
    """The first question of each passage that has one, so that no passage repeats."""
    return [
        {
            "context": row["context"],
            "question": first["question"],
            "answer": first["answers"][0]["text"],
        }
        for row in read("korquad-v1-dev/korquad_dev_part.jsonl")
        for first in row["qas"][:1]
    ]


def messages(row: dict) -> list[Any]:
    """A chat, or a question on a passage, as a conversation."""
    if "q" in row:
        system, asked, answer = "카카오톡 대화 스타일. style=kakao_casual", row["q"], row["a"]
    else:
        system = "당신은 유능한 AI 어시스턴트입니다. 사용자의 질문에 대해 친절하게 답변해주세요."
        asked = f"[Conversation]\n{row['context']}\n\n[Question]\n{row['question']}"
        answer = row["answer"]
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": answer},
    ]


def encoded(source: Iterator[dict], renderer: Renderer, tokens: int) -> tuple[list[dict], int]:
    """Rows of so many tokens in all, and how many were too long for a block."""
    rows: list[dict] = []
    too_long = total = 0
    for number, row in enumerate(source):
        if total >= tokens and len(rows) >= HELD_OUT:
            break
        one = renderer.conversation(messages(row))
        if len(one.input_ids) > BLOCK_TOKENS:
            too_long += 1
            continue
        rows.append({"id": f"{number:06d}", "input_ids": one.input_ids, "labels": one.labels})
        total += len(one.input_ids)
    return rows, too_long


def as_many(rows: list[dict], batch_size: int) -> int:
    """How many blocks hold about the tokens of so many rows; at least one."""
    tokens = batch_size * sum(len(row["input_ids"]) for row in rows) / len(rows)
    return max(1, round(tokens / BLOCK_TOKENS))


def steps_of(blocks: list[Block], steps: int, batch_size: int) -> list[list[list[Block]]]:
    """The blocks in random order, as many in each step, `batch_size` in a micro-batch."""
    shuffled = random.Random(SEED).sample(blocks, len(blocks))
    ends = [round(len(blocks) * number / steps) for number in range(steps + 1)]
    return [
        [shuffled[at : min(at + batch_size, end)] for at in range(start, end, batch_size)]
        for start, end in pairwise(ends)
    ]


def prepared(
    base: Path, train: Train, packed: bool, by_document: bool, pad_id: int, steps: list
) -> Way:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from trl.trainer.utils import add_fused_lm_head

    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, attn_implementation="eager"
    )
    if by_document:
        attend_by_document(model)
    collator = Collator(model.config, pad_id, packed)
    add_fused_lm_head(model)  # as TRL's trainer does: no logits of a whole batch in memory
    torch.manual_seed(SEED)
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=train.lora.r,
        lora_alpha=train.lora.lora_alpha,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
    )
    tuned = get_peft_model(model, lora).train()
    weights = [weight for weight in tuned.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=train.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=train.learning_rate, total_steps=len(steps) + 1, pct_start=0.1
    )
    return Way("packed" if packed else "unpacked", tuned, optimizer, schedule, collator, steps)


def held_out_loss(model: Any, rows: list[dict], collator: Collator) -> float:
    """In nats a labelled token, of rows that are not packed."""
    import torch

    model.eval()
    total = targets = 0.0
    with torch.no_grad():
        for at in range(0, len(rows), 16):
            batch = collator(one_row_each(rows[at : at + 16]))
            count = int((batch["labels"] != IGNORED).sum())
            total += float(model(**batch, use_cache=False).loss) * count
            targets += count
    return total / targets


def compare(
    base: Path, train: Train, by_document: bool, pad_id: int, held: list[dict],
    packed_steps: list, unpacked_steps: list,
) -> tuple[list[Way], float, list[float]]:  # fmt: skip
    """Trains both ways in turn. Returns them, packed first, with the loss on held-out rows before
    and after."""
    ways = [
        prepared(base, train, True, by_document, pad_id, packed_steps),
        prepared(base, train, False, False, pad_id, unpacked_steps),
    ]
    plain = ways[1].collator
    before = held_out_loss(ways[0].model, held, plain)
    for way in ways:
        way.model.train()
    for number in range(len(packed_steps)):
        for way in ways:
            way.step(number)
    return ways, before, [held_out_loss(way.model, held, plain) for way in ways]


def draw(path: Path, curves: dict[str, list[Way]]) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(curves), figsize=(5.2 * len(curves), 3.4), layout="constrained", squeeze=False
    )
    for axes, (title, ways) in zip(panels[0], curves.items(), strict=True):
        for way, colour in zip(ways, ("#2f6f4f", "#b0562b"), strict=True):
            axes.plot(way.trained, way.losses, color=colour, label=way.name)
        axes.set(title=title, xlabel="trained tokens", ylabel="loss (nats a token)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packing")
    parser.add_argument("--steps", type=int, default=16, help="optimiser steps of each run")
    parser.add_argument("--plot", type=Path, help="where the picture goes (PNG or SVG)")
    parser.add_argument("--base", type=Path, default=paths.BASE, help="a model folder")
    parser.add_argument(
        "--masks-alone", action="store_true", help="packed without attend_by_document"
    )
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    config = read_config()
    pin_numerics(Compute(threads=asked.threads, numerics="portable"))
    if not (SHARED / "data/songys-chatbot").is_dir():
        sys.exit(f"the real data is not in {SHARED}; set MALSSI_SHARED")
    plot = asked.plot or Path(tempfile.mkdtemp()) / "packing.png"
    rng = random.Random(SEED)
    chats, passages = read("songys-chatbot/chatbot.jsonl"), read_passages()
    rng.shuffle(chats)
    rng.shuffle(passages)
    print(f"{os.cpu_count()} cores, {asked.threads} used, load {os.getloadavg()[0]:.1f}; "
          f"{STEP_TOKENS} tokens a step, blocks of {BLOCK_TOKENS}", flush=True)  # fmt: skip
    curves: dict[str, list[Way]] = {}
    ratios: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        base = base_folder(asked.base, config.base.tiny, Path(scratch), chats)
        renderer = renderer_of(base, Settings("medium", "2024-06", "2025-01-01"))
        sets = {
            "chats": iter(chats),
            "mixed": chain.from_iterable(zip(chats, passages, strict=False)),
        }
        for of, source in sets.items():
            held, _ = encoded(source, renderer, 0)
            rows, too_long = encoded(source, renderer, asked.steps * STEP_TOKENS)
            print_rows(of, rows, too_long)
            for batch_size in BATCH_SIZES:
                ways, before, after = compare(
                    base, config.train, not asked.masks_alone, renderer.pad_id, held,
                    steps_of(pack(rows, BLOCK_TOKENS), asked.steps, as_many(rows, batch_size)),
                    steps_of(one_row_each(rows), asked.steps, batch_size),
                )  # fmt: skip
                curves[of] = ways  # of the last batch size
                case = f"{of}, {batch_size} rows"
                ratios[case] = print_case(case, ways, before, after)
    draw(plot, curves)
    print(f"\nfaster when packed (the bar is {BAR}):")
    for case, (ratio, by_cpu) in ratios.items():
        reached = "reached" if ratio >= BAR else "not reached"
        print(f"  {case:<20} {ratio:.2f} by the clock ({reached}), {by_cpu:.2f} by CPU time")
    print(f"loss curves: {plot}")


def print_rows(name: str, rows: list[dict], too_long: int) -> None:
    lengths = sorted(len(row["input_ids"]) for row in rows)
    blocks = pack(rows, BLOCK_TOKENS)
    bound = math.ceil(sum(lengths) / BLOCK_TOKENS)
    print(f"\n{name}: {len(rows)} rows of {lengths[0]} to {lengths[-1]} tokens, median "
          f"{lengths[len(lengths) // 2]} ({too_long} too long); {len(blocks)} blocks, "
          f"{len(rows) / len(blocks):.2f} rows in each, {len(blocks) / bound:.3f} of the lower "
          "bound", flush=True)  # fmt: skip


def print_case(
    case: str, ways: list[Way], before: float, after: list[float]
) -> tuple[float, float]:
    """One line a way; the ratio of trained tokens per second, of the clock and of the CPU."""
    for way, loss in zip(ways, after, strict=True):
        print(f"{case} {way.name:>9}: {way.trained[-1] / way.seconds:7.1f} trained tokens/s "
              f"({way.real / way.seconds:6.0f} in all), {len(way.steps)} steps in "
              f"{way.seconds:.1f} s ({way.cpu_s:.1f} of CPU), "
              f"padding {1 - way.real / way.padded:.1%}, "
              f"held-out loss {before:.3f} -> {loss:.3f}",
              flush=True)  # fmt: skip
    packed, unpacked = (way.trained[-1] / way.seconds for way in ways)
    by_cpu = ways[0].trained[-1] / ways[0].cpu_s / (ways[1].trained[-1] / ways[1].cpu_s)
    return packed / unpacked, by_cpu


if __name__ == "__main__":
    main()
