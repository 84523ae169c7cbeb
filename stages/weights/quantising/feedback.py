"""MXFP4 with error feedback: what rounding one weight loses, other weights make good.

With inputs X that the weight is multiplied with and H = X^T X, the squared error of what comes out
is D H D^T for each row D of (rounded - weight). Three steps make it small:

1. GPTQ (arXiv 2210.17323) along the input dimension, on blocks with a scale each, as MR-GPTQ does
   (arXiv 2509.23202), without its rotations, which the published layout has no place for. Columns
   are rounded in their order; the error of column j, divided by U[j, j], is taken from the columns
   after it in proportion to U[j, j+1:], where U is the upper Cholesky factor of H^-1. A block's
   scale is searched when its turn comes, on the weights as they are then.
2. Coordinate descent (as in QuantEase, arXiv 2309.01885): column by column, each weight goes to the
   element that is best with all others as they are. GPTQ looks ahead only; this mends what it left.
3. A row that is still further off than its plain search keeps that one.
"""

# torch, numpy and transformers leave the types of some of their functions open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

import torch

from stages.weights.tensors.mxfp4 import BLOCK, dequantize, nearest, quantize

DAMPING = 0.01  # of the mean of H's diagonal, added to it, as in GPTQ
SWEEPS = 3


def quantize_with_feedback(
    weight: torch.Tensor, inputs: torch.Tensor, scales_before: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(blocks, scales) of weight (out, in) for inputs (tokens, in), both float32.

    Without inputs nothing is known of what counts, and each block has the least error of its own.
    """
    weight = weight.float().contiguous()
    blocks, scales = quantize(weight, "search", scales_before, threads=1)
    curvature = inputs.T @ inputs
    mean = curvature.diagonal().mean()
    if not torch.isfinite(curvature).all():
        raise ValueError("what it is multiplied with is NaN or infinite")
    if not len(inputs) or not mean > 0:
        return blocks, scales
    damped = curvature + torch.eye(len(curvature)) * (DAMPING * mean)
    plain = dequantize(blocks, scales, threads=1)
    rounded, found = _rounded_ahead(weight, damped, scales_before)
    _descend(weight, rounded, damped, found)
    better = _costs(rounded - weight, curvature) < _costs(plain - weight, curvature)
    rounded[~better], found[~better] = plain[~better], scales[~better]
    # All of it can be held exactly now, under these scales.
    return quantize(rounded, "search", found, threads=1)


def _costs(miss: torch.Tensor, curvature: torch.Tensor) -> torch.Tensor:
    return (miss @ curvature * miss).sum(-1)


def _steps(scales: torch.Tensor) -> torch.Tensor:
    return torch.ldexp(torch.ones(scales.shape), scales.int() - 127)


def _rounded_ahead(
    weight: torch.Tensor, curvature: torch.Tensor, scales_before: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """GPTQ: what each weight is rounded to, and the scales of the blocks."""
    held = weight.clone()
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(curvature))
    upper = torch.linalg.cholesky(inverse, upper=True)
    scales = torch.empty((len(held), held.shape[1] // BLOCK), dtype=torch.uint8)
    for index in range(scales.shape[1]):
        here = slice(index * BLOCK, (index + 1) * BLOCK)
        block, factor = held[:, here], upper[here, here]
        before = None if scales_before is None else scales_before[:, index : index + 1]
        _, scales[:, index : index + 1] = quantize(block, "search", before, threads=1)
        step = _steps(scales[:, index])
        errors = torch.empty_like(block)
        for column in range(BLOCK):
            value = block[:, column].clone()
            block[:, column] = nearest(value / step) * step
            errors[:, column] = (value - block[:, column]) / factor[column, column]
            block[:, column + 1 :] -= torch.outer(errors[:, column], factor[column, column + 1 :])
        held[:, here.stop :] -= errors @ upper[here, here.stop :]
    return held, scales


def _descend(
    weight: torch.Tensor, rounded: torch.Tensor, curvature: torch.Tensor, scales: torch.Tensor
) -> None:
    """Changes `rounded` in place; each change makes D H D^T less."""
    pull = (weight - rounded) @ curvature
    diagonal = curvature.diagonal()
    for _ in range(SWEEPS):
        for index in range(scales.shape[1]):
            here = slice(index * BLOCK, (index + 1) * BLOCK)
            block, inner = rounded[:, here], curvature[here, here]
            step, local, before = _steps(scales[:, index]), pull[:, here].clone(), block.clone()
            for column in range(BLOCK):
                best = block[:, column] + local[:, column] / diagonal[here][column]
                change = nearest(best / step) * step - block[:, column]
                block[:, column] += change
                local -= torch.outer(change, inner[column])
            pull -= (block - before) @ curvature[here]
