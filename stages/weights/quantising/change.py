"""What became of a weight, in sums of squares that add up over its pieces.

W is the base's weight, W + D the tuned one, Q what is exported for it, Q0 what would be exported
for W. Of the change D the export keeps <Q - Q0, D> / <D, D>: 1 is all of it, 0 nothing, as if it
had not been tuned. |Q - (W + D)|^2 / |D|^2 is the error beside the change: over 1, the export is
further from the tuned weight than the base is.
"""

import numpy as np
import torch

from stages.weights.tensors.compiled import compiled


def losses(
    weight: torch.Tensor, tuned: torch.Tensor, exported: torch.Tensor, untuned: torch.Tensor
) -> dict[str, float]:
    """Of a piece: |Q - (W + D)|^2, |W + D|^2, |D|^2 and <Q - Q0, D>."""
    found = _losses(*_even([weight, tuned, exported, untuned]))
    return dict(zip(("error", "tuned", "delta", "kept"), found, strict=True))


def _even(matrices: list[torch.Tensor]) -> list[np.ndarray]:
    """As float32 arrays that lie alike, in the order of the first, so that sums have one order."""
    first = matrices[0]
    if first.dim() == 2 and first.stride(0) == 1 and first.stride(1) != 1:
        matrices = [matrix.T for matrix in matrices]
    return [matrix.float().contiguous().view(-1).numpy() for matrix in matrices]


@compiled
def _losses(
    weight: np.ndarray, tuned: np.ndarray, exported: np.ndarray, untuned: np.ndarray
) -> tuple[float, float, float, float]:
    error = of_tuned = of_delta = kept = 0.0
    for i in range(len(weight)):
        w, t, q, q0 = float(weight[i]), float(tuned[i]), float(exported[i]), float(untuned[i])
        error += (q - t) * (q - t)
        of_tuned += t * t
        of_delta += (t - w) * (t - w)
        kept += (q - q0) * (t - w)
    return error, of_tuned, of_delta, kept
