"""What a training leaves: its adapter, its history, its metrics."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import write_json
from stages.pipeline import paths

if TYPE_CHECKING:
    from transformers import TrainerState

Entry = Mapping[str, float]  # what was logged at a step, or at an evaluation
MEASURED = ("loss", "grad_norm", "learning_rate", "eval_loss")


def metrics_of(state: "TrainerState", keep: str) -> dict[str, object]:
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


def _mean(values: Sequence[float]) -> float:
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


def write_history(path: Path, history: Sequence[Entry], logging_steps: int) -> None:
    """One line for every `logging_steps` steps (mean loss, largest gradient norm) and one for each
    evaluation; a column that was not measured at a step is left empty."""
    steps = [entry for entry in history if "loss" in entry]
    lines: dict[int, dict[str, float]] = {}
    for start in range(0, len(steps), logging_steps):
        some = steps[start : start + logging_steps]
        lines[int(some[-1]["step"])] = {
            "loss": sum(entry["loss"] for entry in some) / len(some),
            "grad_norm": max(entry["grad_norm"] for entry in some),
            "learning_rate": some[-1]["learning_rate"],
        }
    for entry in history:
        if "eval_loss" in entry:
            lines.setdefault(int(entry["step"]), {})["eval_loss"] = entry["eval_loss"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, ("step", *MEASURED), lineterminator="\n")
        writer.writeheader()
        for step in sorted(lines):
            writer.writerow({"step": step, **{k: f"{v:.6g}" for k, v in lines[step].items()}})
