"""numba's compiler for the loops over weights, with types that a type checker sees.

Compiled loops run beside each other in threads (`nogil`), and are compiled once for all runs
(`cache`, in `__pycache__`). numba looks at the file of a loop to see whether its code is stale, and
not at this one: who changes the options here deletes `stages/weights/**/__pycache__`.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    dispatcher: object = njit(cache=True, nogil=True)(loop)
    return cast(Loop, dispatcher)
