"""Tunes the base model: encoded rows and `models/base/` in, a LoRA adapter in `models/adapter/`
out, with its history in `metrics/plots/train.csv`.

TRL's trainer and PEFT's LoRA do the work, on the ids and labels that `encode` made. What the
libraries would write beside the adapter (dates, paths, sets in hash order) is left out or sorted,
so the same inputs give the same bytes. A run that was killed resumes from its last checkpoint.
"""

import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import write_json
from stages.formats.tables import Row, read_table
from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections, Seed
from stages.params.train import LongestRow, Train
from stages.pipeline import paths
from stages.pipeline.memory import keep_freed_memory
from stages.pipeline.outputs import publish
from stages.pipeline.program import run
from stages.tracking.live import LiveRun

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import PeftModel

    from stages.training.trainer import LoraTrainer, Progress

log = logging.getLogger("train")

STATE = "trainer_state.json"


class Params(Sections):
    seed: Seed
    compute: Compute
    runtime: Runtime
    encode: LongestRow
    train: Train


def announce(params: Params, rows: list[Row], processes: int) -> None:
    """Says what is about to be done and what it will take, before the weights are loaded."""
    from stages.preflight.estimate import (
        estimate,
        memory_here,
        refuse_what_cannot_fit,
        shape_of_base,
    )
    from stages.training.launch import shards

    train = params.train
    lengths = [len(row["input_ids"]) for row in rows]
    longest = params.encode.max_length_tokens if train.packing else max(lengths)
    found = estimate(
        shape_of_base(train.lora),
        train,
        batch_tokens=longest * params.runtime.device_batch_size,
        tokens=int(sum(lengths) * train.num_train_epochs / processes),
        shards=shards(),
    )
    free = memory_here()
    log.info("%d rows, %s tokens, %s epochs, %d rows or blocks a step: %s; %.1f GB are free",
             len(rows), f"{sum(lengths):,}", train.num_train_epochs, train.global_batch_size, found,
             free / 1e9)  # fmt: skip
    refuse_what_cannot_fit(found, free)


def blocks_of(params: Params, rows: list[Row]) -> "Dataset":
    """The rows as a data set of blocks, packed where params say so."""
    from datasets import Dataset

    from stages.training.packing import one_row_each, pack

    longest = params.encode.max_length_tokens
    blocks = pack(rows, longest) if params.train.packing else one_row_each(rows)
    return Dataset.from_list([dict(block) for block in blocks])


def model_to_tune(train: Train, seed: int) -> "PeftModel":
    """The base with a new adapter on it, as params ask for it."""
    import torch
    from transformers import set_seed

    from stages.training.adapter import with_adapter
    from stages.training.base_model import load_base
    from stages.training.by_document import attend_by_document

    model = load_base(train)
    # One small product after the other suits a CPU; a GPU is given the masks alone.
    if train.packing and not torch.cuda.is_available():
        attend_by_document(model)
    set_seed(seed)  # of the adapter's first numbers
    tuned = with_adapter(model, train.lora)
    if train.qat:
        from stages.training.qat import train_as_it_ships

        train_as_it_ships(tuned)
    return tuned


def trainer_of(
    params: Params,
    tuned: "PeftModel",
    splits: dict[str, list[Row]],
    room: Path,
    starts: bool,
    progress: "Progress",
) -> "LoraTrainer":
    """TRL's trainer on the blocks of the splits, with the callbacks of this pipeline alone."""
    from transformers import AutoTokenizer, PrinterCallback

    from stages.training.arguments import arguments
    from stages.training.launch import let_fsdp_shard_on_cpu, processes
    from stages.training.packing import Collator
    from stages.training.trainer import LoraTrainer, MarkWhole

    train = params.train
    tokenizer = AutoTokenizer.from_pretrained(paths.BASE, trust_remote_code=False)
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    blocks = {name: blocks_of(params, rows) for name, rows in splits.items()}
    count = len(blocks["train"])
    given = arguments(train, params.runtime, params.seed, room, processes(), count, starts)
    let_fsdp_shard_on_cpu(given)
    trainer = LoraTrainer(
        model=tuned,
        args=given,
        data_collator=Collator(tuned.config, pad_id, train.packing, train.dtype),  # pyright: ignore[reportArgumentType] - a Batch is a dict
        train_dataset=blocks["train"],
        eval_dataset=blocks["validation"],
        processing_class=tokenizer,
        callbacks=[MarkWhole(), progress],
    )
    log.info("%d processes, %s", processes(), trainer.accelerator.distributed_type.value)
    progress.tokens_seen = lambda: trainer.tokens_seen
    trainer.remove_callback(PrinterCallback)
    return trainer


def fit(
    params: Params, room: Path, history: Path, adapter: Path, live: LiveRun
) -> dict[str, object]:
    """Trains, writes what PEFT and the trainer make of it to `adapter`, and returns the metrics.
    The history grows meanwhile, in its file and in the tracker. Of several processes only the first
    one writes."""
    from accelerate import PartialState
    from transformers import TrainerState

    from stages.training.adapter import trainable
    from stages.training.checkpoints import clear_broken, last_whole
    from stages.training.launch import processes
    from stages.training.results import MEASURED, Entry, metrics_of, write_history
    from stages.training.trainer import EarlyStop, Progress

    train = params.train
    splits = {name: list(read_table(paths.ENCODED / name)) for name in ("train", "validation")}
    announce(params, splits["train"], processes())
    tuned = model_to_tune(train, params.seed)
    counts = trainable(tuned)  # before the processes shard it among themselves
    with PartialState().main_process_first():
        clear_broken(room)
        checkpoint = last_whole(room)
    if checkpoint:
        log.info("resuming from %s", checkpoint)

    def show(entries: Sequence[Entry]) -> None:
        write_history(history, entries, train.logging_steps)
        last = entries[-1]
        live.log(int(last["step"]), {name: last[name] for name in MEASURED if name in last})

    progress = Progress(not params.runtime.progress, show)
    trainer = trainer_of(params, tuned, splits, room, checkpoint is None, progress)
    stop = EarlyStop(train.early_stopping_patience)
    trainer.add_callback(stop)
    reached = TrainerState.load_from_json(str(checkpoint / STATE)) if checkpoint else None
    if reached and stop.is_due(reached.log_history):
        trainer.load_best_of(reached)  # it had stopped, and was killed before it could say so
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.save_model(str(adapter))
    return metrics_of(trainer.state, train.keep) | counts


def main() -> None:
    params = read_params(Params)
    from stages.training.launch import launched, processes, rank, relaunch

    if params.runtime.launch and not launched():
        relaunch(Path(params.runtime.launch))
    pin_numerics(params.compute, launched())
    keep_freed_memory()
    from stages.training.checkpoints import identity, room_of
    from stages.training.results import take_adapter

    decides = params.model_dump(exclude={"runtime"})
    room = room_of(identity(decides, params.runtime, processes()), speaks=rank() == 0)
    live = LiveRun(params.runtime.tracking and rank() == 0, "train", room.name)
    if rank():
        log.setLevel(logging.ERROR)  # the first process speaks for all
        with tempfile.TemporaryDirectory() as nowhere:
            fit(params, room, Path(nowhere) / "history.csv", Path(nowhere) / "adapter", live)
        return
    outs = [paths.ADAPTER, paths.PLOTS / "train.csv", paths.METRICS / "train.json"]
    with live, publish(*outs) as (adapter, history, metrics_file):
        with tempfile.TemporaryDirectory(dir=adapter.parent) as made:  # same disk: renames work
            metrics = fit(params, room, history, Path(made), live)
            take_adapter(Path(made), adapter)
        write_json(metrics_file, metrics)
    shutil.rmtree(room)  # it is finished
    log.info("%s", metrics)


if __name__ == "__main__":
    run(main)
