"""Operations of torch that no setting makes alike on every x86-64 CPU, replaced by ones that are.

MKL computes them on the CPU. Its square root starts from the processor's own estimate of 1/√x,
which AMD and Intel fill with other bits and which the steps after it do not round away; the inverse
functions of the circle, and tan in float64, go another way on another maker's processor.

With MKL_CBWR=COMPATIBLE all other operations that tests/numerics/operations.py lists are alike,
but products of matrices then take twice as long or longer. Those of float32 are numpy's instead,
by OpenBLAS with the kernels that all of these processors have since Haswell and Zen; since it must
know before numpy loads, `stages/__init__.py` tells it.
"""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from torch import Tensor

from stages.pipeline.errors import EngineError

Function = Callable[[Tensor], Tensor]
KERNELS = "Haswell"
SMALL = 2**20  # multiplications: they take less time than to hand them to another thread
_replaced: list[torch.library.Library] = []  # an operation stays replaced while this is held


def replace_operations() -> None:
    """Of dense real tensors on the CPU, and for as long as this process lives.

    Raises:
        EngineError: numpy has another library for its products than its packages of PyPI have.
    """
    if _replaced:
        return
    _check_kernels()
    threadpool_limits(1, user_api="blas")
    library = torch.library.Library("aten", "IMPL")
    _replaced.append(library)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Warning only once for all operators")
        for name, function in FUNCTIONS.items():
            _replace_function(library, name, f"{name}.out", f"{name}_", function)
        # It takes the square root from within, where no replacement of that reaches.
        names = "pow.Tensor_Scalar", "pow.Tensor_Scalar_out", "pow_.Scalar"
        _replace_function(library, *names, _sqrt)
        for name, product in PRODUCTS.items():
            _replace_product(library, name, product)


def _check_kernels() -> None:
    found = {of["architecture"] for of in threadpool_info() if of["internal_api"] == "openblas"}
    if found != {KERNELS}:
        raise EngineError(
            "compute.numerics: portable",
            f"numpy multiplies by {sorted(found) or 'no OpenBLAS'}, not by OpenBLAS for {KERNELS}.",
            "Make the environment by `make env`, or write `numerics: native` in params.yaml.",
        )


def _replace_function(
    library: torch.library.Library, name: str, into: str, in_place: str, function: Function
) -> None:
    before = torch.library.get_kernel(f"aten::{name}", "CPU")

    def new(keys: Any, x: Tensor, *exponent: complex) -> Tensor:
        if x.is_complex() or exponent not in ((), (0.5,)):
            return before.call_boxed(keys, x, *exponent)
        return function(x)

    def new_into(keys: Any, x: Tensor, *exponent: complex, out: Tensor) -> Tensor:
        result = new(keys, x, *exponent)
        return out.resize_(result.shape).copy_(result)

    def new_in_place(keys: Any, x: Tensor, *exponent: complex) -> Tensor:
        return x.copy_(new(keys, x, *exponent))

    for overload, of in ((name, new), (into, new_into), (in_place, new_in_place)):
        library.impl(overload, of, "CPU", with_keyset=True, allow_override=True)


def _replace_product(
    library: torch.library.Library, name: str, product: Callable[..., Tensor]
) -> None:
    """In its three forms: a new tensor, one that is given, and the sum in its own place."""

    def float32_alone(overload: str, of: Callable[..., Tensor]) -> None:
        before = torch.library.get_kernel(f"aten::{overload}", "CPU")

        def new(keys: Any, *factors: Tensor, **options: Any) -> Tensor:
            given = [*factors, options["out"]] if "out" in options else factors
            if any(tensor.dtype is not torch.float32 for tensor in given):
                return before.call_boxed(keys, *factors, **options)
            return of(*factors, **options)

        library.impl(overload, new, "CPU", with_keyset=True, allow_override=True)

    def into(*factors: Tensor, out: Tensor, **scales: complex) -> Tensor:
        made = product(*factors, **scales)
        return out.resize_(made.shape).copy_(made)

    def in_place(into: Tensor, *factors: Tensor, **scales: complex) -> Tensor:
        return into.copy_(product(into, *factors, **scales))

    float32_alone(name, product)
    float32_alone(f"{name}.out", into)
    if name in SUMS:
        float32_alone(f"{name}_", in_place)


def _sqrt(x: Tensor) -> Tensor:
    if x.dtype not in (torch.float32, torch.float64):
        return _sqrt(x.float()).to(_floating(x))
    root = torch.empty_like(x)
    with np.errstate(invalid="ignore"):
        np.sqrt(_array(x), out=_array(root))  # the processor's own, which is exact
    return root


def _array(x: Tensor) -> np.ndarray:
    """The same memory. `Tensor.numpy` would keep it from being freed, as FSDP does with weights."""
    return np.from_dlpack(x.detach())


def _by_float64(function: Function) -> Function:
    return lambda x: function(x.double()).to(_floating(x))


def _floating(x: Tensor) -> torch.dtype:
    return x.dtype if x.is_floating_point() else torch.get_default_dtype()


def _cosine_of(sine: Tensor) -> Tensor:
    return _sqrt((1 - sine) * (1 + sine))


def _product(left: Tensor, right: Tensor) -> Tensor:
    """(..., m, n) of (..., m, k) and (..., k, n), in as many parts as torch has threads; OpenBLAS's
    own threads take up to twenty times as long for some shapes."""
    product = torch.empty(*left.shape[:-1], right.shape[-1])
    factors, out = (_readable(left), _readable(right)), _array(product)
    if left.dim() == 3 and len(left) == 1:
        factors, out = (factors[0][0], factors[1][0]), out[0]
    parts = torch.get_num_threads() if product.numel() * left.shape[-1] > SMALL else 1
    if parts == 1:
        np.matmul(*factors, out=out)
    else:
        own, *others = _in_parts(*factors, out, parts)
        given = [_pool(parts - 1).submit(_part_of_product, *other) for other in others]
        _part_of_product(*own)
        for part in given:
            part.result()
    return product


def _in_parts(
    left: np.ndarray, right: np.ndarray, out: np.ndarray, parts: int
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """By matrices, or by the rows or columns of one product."""
    lefts, rights = [left] * parts, [right] * parts
    by_rows = out.ndim == 3 or out.shape[0] >= out.shape[1]
    axis = 0 if by_rows else 1
    if by_rows:
        lefts = np.array_split(left, parts)
    if out.ndim == 3 or not by_rows:
        rights = np.array_split(right, parts, axis)
    return list(zip(lefts, rights, np.array_split(out, parts, axis), strict=True))


def _part_of_product(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    np.matmul(left, right, out=out)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def _readable(matrix: Tensor) -> np.ndarray:
    """numpy takes plain loops for a matrix of which neither rows nor columns are dense."""
    dense = 1 in matrix.stride()[-2:]
    return _array(matrix if dense else matrix.contiguous())


def _sum_and_product(
    x: Tensor, left: Tensor, right: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    product = _product(left, right)
    if alpha != 1:
        product *= alpha
    return product.add_(x, alpha=beta) if beta != 0 else product


FUNCTIONS: dict[str, Function] = {
    "sqrt": _sqrt,
    "tan": _by_float64(lambda x: x.sin() / x.cos()),
    "atan": _by_float64(lambda x: torch.atan2(x, torch.ones_like(x))),
    "asin": _by_float64(lambda x: torch.atan2(x, _cosine_of(x))),
    "acos": _by_float64(lambda x: torch.atan2(_cosine_of(x), x)),
}
PRODUCTS: dict[str, Callable[..., Tensor]] = {
    "mm": _product,
    "bmm": _product,
    "addmm": _sum_and_product,
    "baddbmm": _sum_and_product,
}
SUMS = ("addmm", "baddbmm")
