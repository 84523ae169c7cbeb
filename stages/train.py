"""Tunes the base model: encoded rows and `models/base/` in, a LoRA adapter in `models/adapter/`
out, with its curves in `metrics/plots/train.csv`.

TRL's trainer and PEFT's LoRA do the work, on the ids and labels that `encode` made. What the
libraries would write beside the adapter (dates, paths, sets in hash order) is left out or sorted,
so the same inputs give the same bytes. A run that was killed goes on from its last checkpoint.
"""

import csv
import json
import logging
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

from stages.pipeline import paths
from stages.pipeline.config import Config, load_config
from stages.pipeline.errors import ParamsError
from stages.pipeline.publish import publish
from stages.pipeline.run import pin_numerics, run, write_json
from stages.pipeline.tables import Row, read_table
from stages.pipeline.tracking import LiveRun, project

log = logging.getLogger("train")

STATE = "trainer_state.json"
CURVE = ("step", "loss", "grad_norm", "learning_rate", "eval_loss")


def accumulation(config: Config, processes: int) -> int:
    """How many batches of a device make one step.

    Raises:
        ParamsError: the global batch cannot be split so.
    """
    at_once = config.runtime.device_batch_size * processes
    whole = config.train.global_batch_size
    if whole % at_once:
        raise ParamsError(
            "params.yaml: train.global_batch_size",
            f"is {whole}, which {processes} device(s) of runtime.device_batch_size "
            f"{config.runtime.device_batch_size} cannot make in whole batches.",
            f"Choose a divisor of {whole // processes} as runtime.device_batch_size.",
        )
    return whole // at_once


def arguments(config: Config, room: Path, processes: int, blocks: int, starts: bool) -> Any:
    """The trainer's arguments; every default of a library that matters is named here. `blocks`: how
    many are trained on. `starts`: it does not go on from a checkpoint, so the loss before training
    is measured."""
    import torch
    from trl.trainer.sft_config import SFTConfig

    train = config.train
    # By steps also where it is each epoch: at an epoch's end the trainer would save the state first
    # and then evaluate, and a run that goes on from there would not.
    eval_steps = train.eval_steps or math.ceil(blocks / train.global_batch_size)
    # The best one is among those that were measured.
    save_steps = eval_steps if train.keep == "best" else config.runtime.save_steps
    return SFTConfig(
        output_dir=str(room),
        seed=config.seed,
        data_seed=config.seed,
        num_train_epochs=train.num_train_epochs,
        per_device_train_batch_size=config.runtime.device_batch_size,
        per_device_eval_batch_size=config.runtime.device_batch_size,
        gradient_accumulation_steps=accumulation(config, processes),
        optim=train.optimizer,
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.lr_scheduler_type,
        warmup_steps=train.warmup_steps,  # below 1, this is the share of all steps
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        logging_steps=1,  # the curve is thinned when it is written
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=eval_steps,
        eval_on_start=starts,
        save_strategy="steps",
        save_steps=save_steps,
        save_total_limit=2,
        load_best_model_at_end=train.keep == "best",
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        report_to="none",
        bf16=False,  # the model is loaded in train.dtype; no autocast on top
        use_cpu=not torch.cuda.is_available(),
        # The older name of the next, on by default: False would be taken for the user's word.
        gradient_checkpointing=None,  # pyright: ignore[reportArgumentType]
        activation_checkpointing=train.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        router_aux_loss_coef=0.0,  # the router is frozen: nothing to balance
        max_length=None,  # encode has refused what is too long
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        disable_tqdm=True,
        log_level="error",
        log_level_replica="error",
        ddp_find_unused_parameters=False,  # every factor of the adapter is used in every step
        dataloader_pin_memory=False,
    )


def announce(config: Config, rows: list[Row], processes: int) -> None:
    """Says what is about to be done and what it will take, before the weights are loaded."""
    from stages.training.estimate import (
        estimate,
        memory_here,
        refuse_what_cannot_fit,
        shape_of_base,
    )
    from stages.training.launch import shards

    train = config.train
    lengths = [len(row["input_ids"]) for row in rows]
    longest = config.encode.max_length_tokens if train.packing else max(lengths)
    found = estimate(
        shape_of_base(train.lora),
        train,
        batch_tokens=longest * config.runtime.device_batch_size,
        tokens=int(sum(lengths) * train.num_train_epochs / processes),
        shards=shards(),
    )
    free = memory_here()
    log.info("%d rows, %s tokens, %s epochs, %d rows or blocks a step: %s; %.1f GB are free",
             len(rows), f"{sum(lengths):,}", train.num_train_epochs, train.global_batch_size, found,
             free / 1e9)  # fmt: skip
    refuse_what_cannot_fit(found, free)


def blocks_of(config: Config, rows: list[Row]) -> Any:
    """The rows as a data set of blocks, packed where params say so."""
    from datasets import Dataset

    from stages.training.packing import one_row_each, pack

    packing, longest = config.train.packing, config.encode.max_length_tokens
    blocks = pack(rows, longest) if packing else one_row_each(rows)
    return Dataset.from_list([dict(block) for block in blocks])


def fit(config: Config, room: Path, curve: Path, adapter: Path, live: LiveRun) -> dict[str, Any]:
    """Trains, writes what PEFT and the trainer make of it to `adapter`, and gives the metrics. The
    curve grows meanwhile, in its file and in the tracker. Of several processes only the first one
    writes."""
    import torch
    from accelerate import PartialState
    from transformers import AutoTokenizer, PrinterCallback, TrainerState, set_seed

    from stages.training.adapter import trainable, with_adapter
    from stages.training.base_model import load_base
    from stages.training.by_document import attend_by_document
    from stages.training.checkpoints import clear_broken, last_whole
    from stages.training.launch import let_fsdp_part_on_cpu, processes
    from stages.training.packing import Collator
    from stages.training.trainer import EarlyStop, LoraTrainer, MarkWhole, Progress

    train = config.train
    splits = {name: list(read_table(paths.ENCODED / name)) for name in ("train", "validation")}
    announce(config, splits["train"], processes())
    tokenizer = AutoTokenizer.from_pretrained(paths.BASE, trust_remote_code=False)
    model = load_base(train)
    # One small product after the other suits a CPU; a GPU is given the masks alone.
    if train.packing and not torch.cuda.is_available():
        attend_by_document(model)
    set_seed(config.seed)  # of the adapter's first numbers
    tuned = with_adapter(model, train.lora)
    if train.qat:
        from stages.training.qat import train_as_it_ships

        train_as_it_ships(tuned)
    counts = trainable(tuned)  # before the processes part it among themselves
    with PartialState().main_process_first():
        clear_broken(room)
        checkpoint = last_whole(room)
    if checkpoint:
        log.info("going on from %s", checkpoint)
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    blocks = {name: blocks_of(config, rows) for name, rows in splits.items()}

    def show(history: list[dict[str, Any]]) -> None:
        write_curve(curve, history, train.logging_steps)
        last = history[-1]
        live.log(last["step"], {name: last[name] for name in CURVE[1:] if name in last})

    progress = Progress(not config.runtime.progress, show)
    given = arguments(config, room, processes(), len(blocks["train"]), starts=checkpoint is None)
    let_fsdp_part_on_cpu(given)
    trainer = LoraTrainer(
        model=tuned,
        args=given,
        data_collator=Collator(tuned.config, pad_id, train.packing, train.dtype),
        train_dataset=blocks["train"],
        eval_dataset=blocks["validation"],
        processing_class=tokenizer,
        callbacks=[MarkWhole(), progress],
    )
    log.info("%d processes, %s", processes(), trainer.accelerator.distributed_type.value)
    progress.tokens_seen = lambda: trainer.tokens_seen
    trainer.remove_callback(PrinterCallback)
    stop = EarlyStop(train.early_stopping_patience)
    trainer.add_callback(stop)
    reached = TrainerState.load_from_json(str(checkpoint / STATE)) if checkpoint else None
    if reached and stop.is_due(reached.log_history):
        trainer.load_best_of(reached)  # it had stopped, and was killed before it could say so
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_model(str(adapter))
    return described(trainer.state, train.keep) | counts


def described(state: Any, keep: str) -> dict[str, Any]:
    """The metrics of a training, from what was logged at each step and evaluation."""
    steps = [entry for entry in state.log_history if "loss" in entry]
    evaluations = {e["step"]: e["eval_loss"] for e in state.log_history if "eval_loss" in e}
    kept = max(evaluations)
    if keep == "best":
        kept = min((step for step in evaluations if step), key=lambda step: evaluations[step])
    by_epoch: dict[str, list[float]] = {}
    for entry in steps:
        by_epoch.setdefault(str(math.ceil(entry["epoch"] - 1e-9)), []).append(entry["loss"])
    return {
        "steps": state.global_step,
        "train_loss_nats": _mean([entry["loss"] for entry in steps]),
        "train_loss_nats_by_epoch": {epoch: _mean(losses) for epoch, losses in by_epoch.items()},
        "grad_norm_max": round(max(entry["grad_norm"] for entry in steps), 6),
        "grad_norm_mean": _mean([entry["grad_norm"] for entry in steps]),
        "validation_loss_nats_before": round(evaluations[0], 6),
        "validation_loss_nats": round(evaluations[kept], 6),
        "kept_step": kept,
    }


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 6)


def take_adapter(made: Path, folder: Path) -> None:
    """The adapter's two files, with the lists that PEFT makes from sets put in order."""
    described = json.loads((made / "adapter_config.json").read_text(encoding="utf-8"))
    for key in ("target_modules", "modules_to_save", "exclude_modules", "target_parameters"):
        if isinstance(described.get(key), list):
            described[key].sort()
    described["base_model_name_or_path"] = paths.BASE.as_posix()
    folder.mkdir()
    write_json(folder / "adapter_config.json", described)
    (made / "adapter_model.safetensors").rename(folder / "adapter_model.safetensors")


def write_curve(path: Path, history: list[dict], logging_steps: int) -> None:
    """One line for so many steps (mean loss, largest gradient norm) and one for each evaluation; a
    column that was not measured at a step is left empty."""
    steps = [entry for entry in history if "loss" in entry]
    lines: dict[int, dict] = {}
    for start in range(0, len(steps), logging_steps):
        some = steps[start : start + logging_steps]
        lines[some[-1]["step"]] = {
            "loss": sum(entry["loss"] for entry in some) / len(some),
            "grad_norm": max(entry["grad_norm"] for entry in some),
            "learning_rate": some[-1]["learning_rate"],
        }
    for entry in history:
        if "eval_loss" in entry:
            lines.setdefault(entry["step"], {})["eval_loss"] = entry["eval_loss"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, CURVE, lineterminator="\n")
        writer.writeheader()
        for step in sorted(lines):
            writer.writerow({"step": step, **{k: f"{v:.6g}" for k, v in lines[step].items()}})


def main() -> None:
    config = load_config()
    from stages.training.launch import launched, processes, rank, relaunch

    if config.runtime.launch and not launched():
        relaunch(Path(config.runtime.launch))
    pin_numerics(config.compute.threads, launched())
    from stages.training.checkpoints import identity, room_of

    room = room_of(identity(config, processes()), speaks=rank() == 0)
    live = LiveRun(config.runtime, "train", room.name)
    if rank():
        log.setLevel(logging.ERROR)  # the first process speaks for all
        with tempfile.TemporaryDirectory() as nowhere:
            fit(config, room, Path(nowhere) / "curve.csv", Path(nowhere) / "adapter", live)
        return
    curve = paths.PLOTS / "train.csv"
    outs = [paths.ADAPTER, curve, paths.METRICS / "train.json"]
    with publish(*outs) as (adapter, curve_file, metrics_file):
        with tempfile.TemporaryDirectory(dir=adapter.parent) as made:  # same disk: renames work
            metrics = fit(config, room, curve_file, Path(made), live)
            take_adapter(Path(made), adapter)
        write_json(metrics_file, metrics)
    shutil.rmtree(room)  # it is finished
    log.info("%s", metrics)
    project(config.runtime, "train", metrics, outs, curve, live=live)


if __name__ == "__main__":
    run(main)
