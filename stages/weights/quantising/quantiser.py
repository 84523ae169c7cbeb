"""The rule of params.yaml as a function that quantises one weight."""

import logging
import threading
from collections.abc import Callable, Sequence

import torch

from stages.params.export import Mxfp4
from stages.pipeline.errors import ModelError
from stages.weights.export_plan import Packed, Quantiser
from stages.weights.quantising.activations import Activations
from stages.weights.quantising.feedback import quantize_with_feedback
from stages.weights.tensors.lora import Adapter
from stages.weights.tensors.model import Model
from stages.weights.tensors.mxfp4 import quantize

log = logging.getLogger("export")


def quantiser_of(
    params: Mxfp4,
    base: Model,
    adapter: Adapter,
    merged: Model,
    training_ids: Callable[[], Sequence[list[int]]],
) -> Quantiser:
    """`training_ids`: reads the rows that the rule `calibrated` takes its inputs from.

    Raises:
        ModelError: the rule is not for this model.
    """
    if params.rule != "calibrated":
        return lambda name, expert, weight, before: quantize(weight, params.rule, before, threads=1)
    if merged.family != "gpt_oss":
        raise ModelError(
            "params.yaml: export.mxfp4.rule",
            f"is calibrated, which is for the experts of gpt_oss, and the base is {merged.family}.",
            "Set it to search.",
        )
    torch.set_num_threads(1)  # pieces are worked on side by side; no sum may depend on how many
    rows = training_ids()
    chosen = rows[:: max(1, len(rows) // params.calibration_rows)][: params.calibration_rows]
    recorded: list[Activations] = []
    one_at_a_time = threading.Lock()

    def calibrated(
        name: str, expert: int, weight: torch.Tensor, before: torch.Tensor | None
    ) -> Packed:
        with one_at_a_time:
            if not recorded:  # not before a weight needs it, nor after a kill if none is left
                tokens = f"{sum(map(len, chosen)):,}"
                log.info("calibrating on %d rows, %s tokens", len(chosen), tokens)
                recorded.append(Activations(merged.folder, chosen))
        inputs = recorded[0].of(name, expert, base, adapter)
        return quantize_with_feedback(weight, inputs, before)

    return calibrated
