"""The kernels of OpenBLAS, chosen before numpy asks the processor for its kind."""

import os
import platform

X86_64 = ("x86_64", "AMD64")
KERNELS = "Haswell"  # of OpenBLAS: those that all of these processors have since Haswell and Zen


def choose_kernels() -> None:
    """Call it before numpy loads."""
    if platform.machine() in X86_64:
        os.environ["OPENBLAS_CORETYPE"] = KERNELS
