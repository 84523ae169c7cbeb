"""Tunes the base model: encoded rows and `models/base/` in, a LoRA adapter in `models/adapter/`
out, with its curves in `metrics/plots/train.csv`.

TRL's trainer and PEFT's LoRA do the work, on the ids and labels that `encode` made. What the
libraries would write beside the adapter (dates, paths, sets in hash order) is left out or sorted,
so the same inputs give the same bytes.
"""

import csv
import json
import logging
import math
import tempfile
from pathlib import Path
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import Config, load_config
from stages.pipeline.errors import ModelError
from stages.pipeline.publish import publish
from stages.pipeline.run import pin_numerics, run, write_json
from stages.pipeline.tables import read_table
from stages.pipeline.tracking import project

log = logging.getLogger("train")

CURVE = ("step", "loss", "grad_norm", "learning_rate", "eval_loss")


def load_base(dtype: str) -> Any:
    """The base model in `dtype`; MXFP4 weights are dequantised, since they cannot be trained."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.quantization_config import Mxfp4Config

    stored = AutoConfig.from_pretrained(paths.BASE, trust_remote_code=False)
    quantised = getattr(stored, "quantization_config", None) is not None
    return AutoModelForCausalLM.from_pretrained(
        paths.BASE,
        dtype=getattr(torch, dtype),
        attn_implementation="eager",
        trust_remote_code=False,
        use_safetensors=True,
        **({"quantization_config": Mxfp4Config(dequantize=True)} if quantised else {}),
    )


def encoded(split: str) -> Any:
    from datasets import Dataset

    rows = [
        {"input_ids": row["input_ids"], "labels": row["labels"]}
        for row in read_table(paths.ENCODED / split)
    ]
    return Dataset.from_list(rows)


def check_targets(model: Any, targets: list[str]) -> None:
    """Refuses a target that names no linear layer, before PEFT would train without it."""
    import torch

    linear = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    }
    if unknown := sorted(set(targets) - linear):
        raise ModelError(
            "params.yaml: train.lora.target_modules",
            f"{unknown} name no linear layer of the base model.",
            f"Use some of {sorted(linear)}.",
        )


def fit(config: Config, work: Path) -> tuple[Any, list[dict], dict]:
    """The tuned model, the trainer's log and the metrics."""
    import torch
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    train = config.train
    model = load_base(train.dtype)
    check_targets(model, train.lora.target_modules)
    rows, held_out = encoded("train"), encoded("validation")
    batch = train.per_device_train_batch_size * train.gradient_accumulation_steps
    steps = math.ceil(len(rows) * train.num_train_epochs / batch)
    log.info("%d rows / %d a step x %s epochs = about %d steps", len(rows), batch,
             train.num_train_epochs, steps)  # fmt: skip
    arguments = SFTConfig(
        output_dir=str(work),
        seed=config.seed,
        data_seed=config.seed,
        num_train_epochs=train.num_train_epochs,
        per_device_train_batch_size=train.per_device_train_batch_size,
        per_device_eval_batch_size=train.per_device_train_batch_size,
        gradient_accumulation_steps=train.gradient_accumulation_steps,
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.lr_scheduler_type,
        warmup_steps=train.warmup_ratio,  # below 1, this is the share of all steps
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        logging_steps=train.logging_steps,
        eval_strategy="epoch",
        save_strategy="no",
        report_to="none",
        bf16=False,  # the model is loaded in train.dtype; no autocast on top
        use_cpu=not torch.cuda.is_available(),
        # The older name of the next, on by default: False would be taken for the user's word.
        gradient_checkpointing=None,  # pyright: ignore[reportArgumentType]
        activation_checkpointing=False,
        router_aux_loss_coef=0.0,  # the router is frozen: nothing to balance
        max_length=None,  # encode has refused what is too long
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        disable_tqdm=not config.runtime.progress,
        dataloader_pin_memory=False,
    )
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=held_out,
        processing_class=AutoTokenizer.from_pretrained(paths.BASE, trust_remote_code=False),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            r=train.lora.r,
            lora_alpha=train.lora.lora_alpha,
            lora_dropout=train.lora.lora_dropout,
            target_modules=list(train.lora.target_modules),
            use_rslora=train.lora.use_rslora,
            bias="none",
        ),
    )
    before = trainer.evaluate()["eval_loss"]
    result = trainer.train()
    history = trainer.state.log_history
    evaluations = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    tuned: Any = trainer.model
    trainable = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    return (
        tuned,
        history,
        {
            "steps": trainer.state.global_step,
            "train_loss_nats": round(result.training_loss, 6),
            "validation_loss_nats_before": round(before, 6),
            "validation_loss_nats": round(evaluations[-1], 6),
            "trainable_parameters": trainable,
            "total_parameters": sum(p.numel() for p in tuned.parameters()),
        },
    )


def save_adapter(model: Any, work: Path, folder: Path) -> None:
    """The adapter's two files, with the lists that PEFT makes from sets put in order."""
    model.save_pretrained(work)
    described = json.loads((work / "adapter_config.json").read_text(encoding="utf-8"))
    for key in ("target_modules", "modules_to_save", "exclude_modules", "target_parameters"):
        if isinstance(described.get(key), list):
            described[key].sort()
    described["base_model_name_or_path"] = paths.BASE.as_posix()
    folder.mkdir()
    write_json(folder / "adapter_config.json", described)
    (work / "adapter_model.safetensors").rename(folder / "adapter_model.safetensors")


def write_curve(path: Path, history: list[dict]) -> None:
    """One line a logged step; a column that the step did not measure is left empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines: dict[int, dict] = {}
    for entry in history:
        if "loss" in entry or "eval_loss" in entry:
            lines.setdefault(entry["step"], {"step": entry["step"]}).update(
                {key: f"{entry[key]:.6g}" for key in CURVE[1:] if key in entry}
            )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CURVE, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines[step] for step in sorted(lines))


def main() -> None:
    config = load_config()
    pin_numerics(config.compute.threads)
    curve = paths.PLOTS / "train.csv"
    outs = [paths.ADAPTER, curve, paths.METRICS / "train.json"]
    with publish(*outs) as (adapter, curve_file, metrics_file):
        with tempfile.TemporaryDirectory(dir=adapter.parent) as work:  # same disk: renames work
            model, history, metrics = fit(config, Path(work))
            save_adapter(model, Path(work), adapter)
        write_curve(curve_file, history)
        write_json(metrics_file, metrics)
    log.info("%s", metrics)
    project(config.runtime, "train", metrics, outs, curve)


if __name__ == "__main__":
    run(main)
