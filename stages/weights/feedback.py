"""MXFP4 with error feedback: what rounding one weight loses, the weights after it make good.

The method is GPTQ (arXiv 2210.17323), along the input dimension, on blocks with a scale each, as in
MR-GPTQ (arXiv 2509.23202) but without rotations, which the published layout has no place for. With
H = X^T X of the inputs X that the weight is multiplied with, columns are rounded in their order;
the error of column j, divided by U[j, j], is taken from the columns after it in proportion to
U[j, j+1:], where U is the upper Cholesky factor of H^-1. A block's scale is searched when its turn
comes, on the weights as they are then.
"""

import torch

from stages.weights.mxfp4 import BLOCK, nearest, quantize

DAMPING = 0.01  # of the mean of H's diagonal, added to it, as in GPTQ


def quantize_with_feedback(
    weight: torch.Tensor, inputs: torch.Tensor, scales_before: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(blocks, scales) of weight (out, in) for inputs (tokens, in), both float32.

    Without inputs nothing is known of what counts, and each block has the least error of its own.
    """
    if not len(inputs):
        return quantize(weight, "search", scales_before, threads=1)
    held = weight.float().contiguous().clone()
    if not torch.isfinite(held).all():
        raise ValueError("a weight is NaN or infinite")
    curvature = inputs.T @ inputs
    diagonal = curvature.diagonal()
    mean = diagonal.mean()
    if not mean > 0:
        return quantize(weight, "search", scales_before, threads=1)
    diagonal += DAMPING * mean
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(curvature))
    upper = torch.linalg.cholesky(inverse, upper=True)
    scales = torch.empty((len(held), held.shape[1] // BLOCK), dtype=torch.uint8)
    for index in range(scales.shape[1]):
        here = slice(index * BLOCK, (index + 1) * BLOCK)
        block, factor = held[:, here], upper[here, here]
        before = None if scales_before is None else scales_before[:, index : index + 1]
        _, scales[:, index : index + 1] = quantize(block, "search", before, threads=1)
        step = torch.ldexp(torch.ones(len(held)), scales[:, index].int() - 127)
        errors = torch.empty_like(block)
        for column in range(BLOCK):
            value = block[:, column].clone()
            block[:, column] = nearest(value / step) * step
            errors[:, column] = (value - block[:, column]) / factor[column, column]
            block[:, column + 1 :] -= torch.outer(errors[:, column], factor[column, column + 1 :])
        held[:, here.stop :] -= errors @ upper[here, here.stop :]
    # All of it can be held exactly now, under these scales.
    return quantize(held, "search", scales, threads=1)
