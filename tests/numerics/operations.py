"""Operations of models and trainers, each as a hash of what it gives on this processor.

Run as a program it prints them as JSON, with the numerics of the pipeline and two threads.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial

from stages.numerics.pins import pin_numerics
from stages.params.compute import Compute

if __name__ == "__main__":
    pin_numerics(Compute.model_validate({"threads": 2, "numerics": sys.argv[1]}))

import numpy as np
import torch
import torch.nn.functional as F

Operation = Callable[[], torch.Tensor | np.ndarray]
# All that MKL computes for torch, or could.
OF_X = ("exp", "exp2", "expm1", "sin", "cos", "tan", "tanh", "sinh", "cosh", "erf", "erfc", "atan")
OF_POSITIVE = ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "lgamma", "digamma")
OF_SINES = ("asin", "acos", "atanh", "erfinv")
ACTIVATIONS = ("silu", "gelu", "mish", "softplus", "elu", "logsigmoid", "sigmoid", "softmax")
# (m, k, n): one row, odd edges, shapes of a LoRA, of a head, and one that threads share.
SHAPES = ((1, 64, 64), (7, 33, 65), (17, 64, 128), (300, 192, 8), (300, 8, 192), (128, 96, 1024))


def operations() -> Iterator[tuple[str, Operation]]:
    rng = np.random.default_rng(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))

    x = normal(103, 37)
    inputs = {OF_X: x, OF_POSITIVE: x.abs() + 0.01, OF_SINES: x.clamp(-3, 3) / 3.1}
    for names, given in inputs.items():
        for name in names:
            for dtype in (torch.float32, torch.float64, torch.bfloat16):
                yield f"{name} {dtype}", partial(getattr(torch, name), given.to(dtype))
    for name in ACTIVATIONS:
        for dtype in (torch.float32, torch.bfloat16):
            more = {"dim": -1} if name == "softmax" else {}
            yield f"{name} {dtype}", lambda n=name, d=dtype, m=more: getattr(F, n)(x.to(d), **m)
    for exponent in (0.5, -0.5, 1.7, 2, 3):
        yield f"x ** {exponent}", lambda e=exponent: x.abs() ** e
    yield "rotary frequencies", lambda: 1 / 10_000 ** (torch.arange(0, 64, 2).float() / 64)
    yield "log_softmax", lambda: x.log_softmax(-1)
    yield "logsumexp", lambda: x.logsumexp(-1)
    for name in ("sum", "mean", "std", "var", "norm"):
        yield name, lambda n=name: getattr(x, n)()
        yield f"{name} of columns", lambda n=name: getattr(x, n)(dim=0)
    yield "cumsum", lambda: x.cumsum(0)
    yield "layer_norm", lambda: F.layer_norm(x, (37,))
    yield "rms_norm", lambda: F.rms_norm(x, (37,))
    for m, k, n in SHAPES:
        left, right = normal(m, k), normal(n, k)
        for dtype in (torch.float32, torch.float64, torch.bfloat16):
            a, b = left.to(dtype), right.to(dtype)
            yield f"{m} x {k} x {n} {dtype}", lambda a=a, b=b: a @ b.T
            yield f"linear {m} x {k} x {n} {dtype}", lambda a=a, b=b: F.linear(a, b, b[:, 0])
    yield "matrix by vector", lambda: normal(300, 200) @ normal(200)
    yield "dot", lambda: torch.dot(normal(1000), normal(1000))
    yield "bmm", lambda: torch.bmm(normal(24, 31, 17), normal(24, 17, 133))
    for name, a, b in (
        ("addmm", normal(31, 17), normal(17, 133)),
        ("baddbmm", normal(1, 301, 64), normal(1, 64, 130)),
    ):
        of = getattr(torch, name)
        yield (
            f"{name} in place",
            lambda of=of, a=a, b=b: getattr(
                torch.ones(*a.shape[:-1], b.shape[-1]), of.__name__ + "_"
            )(a, b),
        )
    yield "einsum", lambda: torch.einsum("bij,bkj->bik", normal(3, 5, 64), normal(3, 7, 64))
    q, k, v = (normal(2, 4, 50, 16) for _ in range(3))
    for dtype in (torch.float32, torch.bfloat16):
        yield (
            f"attention {dtype}",
            lambda d=dtype: F.scaled_dot_product_attention(
                q.to(d), k.to(d), v.to(d), is_causal=True
            ),
        )
        yield (
            f"attention of one token {dtype}",
            lambda d=dtype: F.scaled_dot_product_attention(q[:, :, :1].to(d), k.to(d), v.to(d)),
        )
    yield "conv1d", lambda: F.conv1d(normal(2, 16, 100), normal(16, 1, 4), groups=16, padding=3)
    target = torch.from_numpy(rng.integers(0, 1000, 200))
    yield "cross_entropy", lambda: F.cross_entropy(normal(200, 1000), target)
    yield "gradient of an embedding", lambda: embedding_gradient(normal(1000, 32), target)
    yield "clipped gradients", lambda: clipped(normal(300, 20), normal(7, 9))
    for fused in (True, False):
        yield f"AdamW, fused={fused}", lambda f=fused: stepped(normal(300, 20), f)
    yield "randn", lambda: torch.randn(1001, generator=torch.Generator().manual_seed(3))
    yield "cholesky", lambda: torch.linalg.cholesky(positive(normal(60, 60)))
    yield "solve", lambda: torch.linalg.solve(positive(normal(40, 40)), normal(40, 3))
    yield "singular values", lambda: torch.linalg.svdvals(normal(50, 40))
    a = x.numpy()
    yield "numpy: product", lambda: a.T @ a
    yield "numpy: sum, mean", lambda: np.stack([a.sum(0), a.mean(0)])
    yield "numpy: percentile", lambda: np.percentile(a.astype(float), [2.5, 97.5])


def embedding_gradient(weight: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    weight.requires_grad_()
    (F.embedding(ids, weight) ** 2).sum().backward()
    assert weight.grad is not None
    return weight.grad


def clipped(*gradients: torch.Tensor) -> torch.Tensor:
    weights = [torch.zeros_like(gradient).requires_grad_() for gradient in gradients]
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    return torch.cat([gradient.flatten() for gradient in gradients])


def stepped(weight: torch.Tensor, fused: bool) -> torch.Tensor:
    weight.requires_grad_()
    optimizer = torch.optim.AdamW([weight], lr=1e-2, fused=fused)
    for _ in range(3):
        optimizer.zero_grad()
        (weight.sin() * weight).sum().backward()
        optimizer.step()
    return weight.detach()


def positive(matrix: torch.Tensor) -> torch.Tensor:
    return matrix @ matrix.T + 50 * torch.eye(len(matrix))


def hashed(value: torch.Tensor | np.ndarray) -> str:
    if isinstance(value, torch.Tensor):
        value = value.detach().double().numpy()  # of every smaller type without a loss
    return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:12]


if __name__ == "__main__":
    json.dump({name: hashed(operation()) for name, operation in operations()}, sys.stdout)
