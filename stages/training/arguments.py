"""The trainer's arguments; every default of a library that matters is named here."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from stages.params.runtime import Runtime
from stages.params.train import Train
from stages.pipeline.errors import ParamsError

if TYPE_CHECKING:
    from trl.trainer.sft_config import SFTConfig


def accumulation(train: Train, runtime: Runtime, processes: int) -> int:
    """How many batches of a device make one step.

    Raises:
        ParamsError: the global batch cannot be split like this.
    """
    at_once = runtime.device_batch_size * processes
    whole = train.global_batch_size
    if whole % at_once:
        raise ParamsError(
            "params.yaml: train.global_batch_size",
            f"is {whole}, which {processes} device(s) of runtime.device_batch_size "
            f"{runtime.device_batch_size} cannot make in whole batches.",
            f"Choose a divisor of {whole // processes} as runtime.device_batch_size.",
        )
    return whole // at_once


# One call that names every argument: it is longer than a function should be, and has no branch.
def arguments(
    train: Train,
    runtime: Runtime,
    seed: int,
    output_dir: Path,
    processes: int,
    blocks: int,
    starts: bool,
) -> "SFTConfig":
    """`blocks`: how many are trained on. `starts`: the training does not resume from a checkpoint,
    so the loss before it is measured."""
    import torch
    from trl.trainer.sft_config import SFTConfig

    # By steps also where it is each epoch: at an epoch's end the trainer would save the state first
    # and then evaluate, and a run that resumes from there would not.
    eval_steps = train.eval_steps or math.ceil(blocks / train.global_batch_size)
    # The best one is among those that were measured.
    save_steps = eval_steps if train.keep == "best" else runtime.save_steps
    return SFTConfig(
        output_dir=str(output_dir),
        seed=seed,
        data_seed=seed,
        num_train_epochs=train.num_train_epochs,
        per_device_train_batch_size=runtime.device_batch_size,
        per_device_eval_batch_size=runtime.device_batch_size,
        gradient_accumulation_steps=accumulation(train, runtime, processes),
        optim=train.optimizer,
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.lr_scheduler_type,
        warmup_steps=train.warmup_steps,  # below 1, this is the share of all steps
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        logging_steps=1,  # the history is thinned when it is written
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
