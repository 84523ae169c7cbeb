"""TRL's trainer on rows that are encoded already: its losses are checked at every step, and what it
measures is the same however the rows are cut into batches.
"""

import logging
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedModel, TrainerCallback
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Args
from trl.trainer.sft_trainer import SFTTrainer

from stages.answering.positions import before_labels, only_positions
from stages.chat.rendering import IGNORED
from stages.pipeline.errors import TrainingError
from stages.training.checkpoints import last_whole, mark_whole
from stages.training.packing import Collator
from stages.training.results import Entry

if TYPE_CHECKING:
    from torch.utils.data import Dataset

log = logging.getLogger("train")

Model = PreTrainedModel | torch.nn.Module  # as it is, or wrapped by DDP or FSDP
Batch = dict[str, torch.Tensor]


class LoraTrainer(SFTTrainer):
    """The loss is the mean over the trained tokens of a whole step, or of a whole split.

    Raises:
        TrainingError: a loss or a gradient is not finite; raised before the step changes the
            adapter, so that the last checkpoint is a good one.
    """

    data_collator: Collator
    tokens_seen = 0  # trained ones, by this process since it began

    @cached_property
    def step_ids(self) -> list[torch.Tensor]:
        """Of each batch of the step: (rows, tokens)."""
        return []

    def compute_loss(
        self,
        model: Model,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        total, tokens = (of_rows.sum() for of_rows in self._row_losses(model, inputs))
        if num_items_in_batch is None:
            return total / tokens.clamp(min=1)
        # DDP takes the mean of the processes' gradients, of which each has its share of the tokens.
        return total / num_items_in_batch * self.accelerator.num_processes

    def _row_losses(self, model: Model, inputs: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows,): the sum of a row's trained tokens' losses, in nats, and how many they are."""
        labels_BL = inputs["labels"]
        trained_BL = before_labels(labels_BL)
        rest = {name: value for name, value in inputs.items() if name != "labels"}
        tuned: Any = self.accelerator.unwrap_model(model)
        with only_positions(tuned, trained_BL):
            outputs = model(
                **rest,
                shift_labels=labels_BL[:, 1:][trained_BL[:, :-1]].unsqueeze(0),
                use_cache=False,
                fused_lm_head=True,
            )
        losses = torch.zeros(len(labels_BL), device=labels_BL.device)
        rows = trained_BL.nonzero()[:, 0]
        return losses.index_add(0, rows, -outputs.log_probs[0]), trained_BL.sum(-1)

    def training_step(
        self,
        model: Model,
        inputs: Batch,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        self.step_ids.append(inputs["input_ids"])
        self.tokens_seen += int((inputs["labels"] != IGNORED).sum())
        loss = super().training_step(model, inputs, num_items_in_batch)
        self._refuse(loss, "loss")
        return loss

    def _get_grad_norm(self, model: Model, grad_norm: float | None = None) -> float:
        found: Any = super()._get_grad_norm(model, grad_norm=grad_norm)
        norm = float(found)
        self._refuse(norm, "gradient norm")
        self.step_ids.clear()
        return norm

    def _refuse(self, value: float | torch.Tensor, what: str) -> None:
        if math.isfinite(value):
            return
        step = self.state.global_step + 1
        blocks: Any = self.train_dataset
        rows = [row for ids in self.step_ids for row in self.data_collator.rows_of(ids, blocks)]
        good = last_whole(Path(str(self.args.output_dir)))
        kept = f"The last good checkpoint is {good}. " if good else ""
        raise TrainingError(
            f"step {step} of {self.state.max_steps}",
            f"the {what} is {float(value)}, on the rows {rows} of data/encoded/train.",
            f"{kept}Lower train.learning_rate in params.yaml, or see what is in these rows.",
        )

    def evaluate(  # pyright: ignore[reportIncompatibleMethodOverride] - TRL takes dicts of them, too
        self,
        eval_dataset: "str | Dataset[Batch] | None" = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """The loss over all trained tokens of the validation rows, in nats a token; the trainer's
        own would be a mean of the batches' means."""
        model: Any = self.model_wrapped
        was_training = model.training
        model.eval()
        nats = tokens = 0.0
        with torch.no_grad():  # FSDP cannot gather weights in inference mode
            for batch in self.get_eval_dataloader(eval_dataset):
                of_rows = torch.stack(self._row_losses(model, self._prepare_inputs(batch)), 1)
                # Drops the rows that fill up the last batch of several processes.
                gathered: Any = self.accelerator.gather_for_metrics(of_rows)
                sums = gathered.double().sum(0)
                nats, tokens = nats + float(sums[0]), tokens + float(sums[1])
        model.train(was_training)
        metrics = {f"{metric_key_prefix}_loss": nats / tokens}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _get_num_items_in_batch(
        self, batch_samples: list[Batch], device: torch.device
    ) -> torch.Tensor | int | None:
        """Counts the trained tokens of a step. Several processes fill the last batch of an epoch up
        with rows that were trained on already: their labels are taken out first."""
        state: Any = self.accelerator.gradient_state
        if batch_samples and state.end_of_dataloader and state.remainder > 0:
            labels = batch_samples[-1]["labels"]
            real = state.remainder - self.accelerator.process_index * len(labels)
            labels[max(real, 0) :] = IGNORED
        return super()._get_num_items_in_batch(batch_samples, device)

    def load_best_of(self, state: State) -> None:
        """The adapter that a run of that state would have kept."""
        self.state = state
        self._load_best_model()

    def create_model_card(self, *args: object, **kwargs: object) -> None:
        """None in a checkpoint: only the shipped model has one."""


class MarkWhole(TrainerCallback):
    """Says of each checkpoint that it is written to its end."""

    def on_save(self, args: Args, state: State, control: Control, **rest: object) -> None:
        if torch.distributed.is_initialized():
            torch.distributed.barrier()  # each process writes its own state
        if state.is_world_process_zero:
            mark_whole(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")


class EarlyStop(TrainerCallback):
    """Ends a training once so many evaluations in a row were no better than the best one. It looks
    at what was logged alone, so a run that resumes from a checkpoint ends where it would have."""

    def __init__(self, patience: int | None):
        self.patience = patience

    def is_due(self, history: Sequence[Entry]) -> bool:
        losses = [e["eval_loss"] for e in history if "eval_loss" in e and e["step"]]
        if self.patience is None or not losses:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= self.patience

    def on_evaluate(self, args: Args, state: State, control: Control, **rest: object) -> None:
        if self.is_due(state.log_history):
            control.should_training_stop = True


class Progress(TrainerCallback):
    """A bar with the steps, the trained tokens a second and the time that is left; and what was
    measured so far goes to `write` after each step."""

    def __init__(self, hidden: bool, write: Callable[[Sequence[Entry]], None]):
        self.hidden, self.write = hidden, write
        self.tokens_seen: Callable[[], int] = lambda: 0

    def on_train_begin(self, args: Args, state: State, control: Control, **rest: object) -> None:
        from tqdm import tqdm

        if args.get_warmup_steps(state.max_steps) >= state.max_steps:
            log.warning("all of the %d steps are warm-up: next to nothing will be learnt. Lower "
                        "train.warmup_steps, or train on more rows.", state.max_steps)  # fmt: skip
        self.bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            desc="training",
            unit="step",
            mininterval=5,
            disable=self.hidden or not state.is_world_process_zero,
        )

    def on_step_end(self, args: Args, state: State, control: Control, **rest: object) -> None:
        self.bar.update(1)
        elapsed_s = self.bar.format_dict["elapsed"]
        if elapsed_s:
            self.bar.set_postfix_str(
                f"{self.tokens_seen() / elapsed_s:,.0f} tokens/s", refresh=False
            )

    def on_log(self, args: Args, state: State, control: Control, **rest: object) -> None:
        if state.is_world_process_zero:
            self.write(state.log_history)

    def on_train_end(self, args: Args, state: State, control: Control, **rest: object) -> None:
        self.bar.close()
