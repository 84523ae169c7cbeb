"""`python -m stages.commands.fingerprint` prints one line of what this machine computes: two people
with the same line, and the same packages, get the same bytes of numeric stages."""

import hashlib
from typing import TYPE_CHECKING

from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute

if TYPE_CHECKING:
    from torch import Tensor

THREADS = 2  # as params.yaml comes; another number gives another line


def fingerprint() -> str:
    """12 hex digits, of a small network before and after some steps of training, and of what is
    made of its weights.

    It passes through what the models of the pipeline are made of: random weights, an embedding,
    products large enough to be shared by threads, attention, exponentials, roots, AdamW.
    """
    import torch
    from torch.nn import functional as F

    torch.manual_seed(1)
    weights = [torch.randn(*shape).requires_grad_() for shape in ((512, 96), (3, 96, 96), (96, 9))]
    embedding, projections, last = weights
    optimizer = torch.optim.AdamW(weights, lr=1e-2, fused=True)
    ids = torch.randint(512, (8, 65))
    seen = hashlib.sha256()
    for _ in range(3):
        x = F.embedding(ids[:, :-1], embedding)
        q, k, v = (F.rms_norm(x, (96,)) @ projection for projection in projections)
        x = x + F.silu(F.scaled_dot_product_attention(q, k, v, is_causal=True)) * x.std().sqrt()
        low = x @ last @ last.T
        loss = F.cross_entropy((low @ embedding.T).flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        seen.update(loss.detach().numpy().tobytes())
    for weight in weights:
        seen.update(weight.detach().numpy().tobytes())
    for made in merged_and_exported(projections[0].detach(), last.detach()):
        seen.update(made.numpy().tobytes())
    return seen.hexdigest()[:12]


def merged_and_exported(weight: "Tensor", factor: "Tensor") -> "list[Tensor]":
    """A weight (n, n) merged, and its blocks of four bits, with a change F F^T of (n, r)."""
    import numpy as np
    import torch

    from stages.weights.tensors.held import NOTHING, Factors, as_packed
    from stages.weights.tensors.loops import export_rows, merge_rows
    from stages.weights.tensors.mxfp4 import quantize, rule_of

    rule = rule_of("even")
    assert rule is not None
    blocks, scales = quantize(weight, "even", threads=1)
    held = as_packed(blocks, scales)
    left = factor.numpy()
    factors = Factors(left, np.ascontiguousarray(left.T), np.float32(2))
    merged = np.empty(weight.shape, np.uint16)
    merge_rows(held, factors, merged, True)
    exported = np.empty_like(held.blocks), np.empty_like(held.scales)
    export_rows(held, factors, NOTHING, rule, True, *exported)
    return [torch.from_numpy(array) for array in (merged, *exported)]


if __name__ == "__main__":
    pin_numerics(Compute(threads=THREADS, numerics="portable"))
    print(fingerprint())
