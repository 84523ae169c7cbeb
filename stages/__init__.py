"""The stages of the pipeline, and what they are made of."""

import os
import platform

# Before numpy loads, which whatever is imported next may do: OpenBLAS would choose its kernels by
# the processor. `stages/numerics/portable.py` says why these, and refuses others.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ["OPENBLAS_CORETYPE"] = "Haswell"
