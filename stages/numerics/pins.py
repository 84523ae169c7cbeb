"""What decides the last bits of a float, fixed before torch loads."""

import os
import platform
import sys

from stages.params.compute import Compute

# What every x86-64 processor since Haswell and Zen computes alike. MKL has kernels of its own for
# each maker's processors, also among those for AVX2; COMPATIBLE is the one set without them.
# What numba compiles for one of them is there for all (no features but those that its name has).
PORTABLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "",
}
NATIVE = {"MKL_CBWR": "AUTO"}  # the best of this processor, but the same from run to run


def pin_numerics(compute: Compute, launched: bool = False) -> None:
    """Fixes what decides the last bits of a float; call it before torch loads.

    Thread counts change the order of sums, and the instruction set changes their width, so both are
    set for every library that has a setting for it. The hash seed needs no pin: no stage iterates
    over a set. Nor does numpy, but for its products: no stage uses what else it computes otherwise
    on other processors (exp, log and powers of float64). `launched`: accelerate started this
    process, so its plugins are wanted.
    """
    if "torch" in sys.modules:
        raise RuntimeError("pin_numerics must run before torch is imported")
    # Threads that wait must not burn the core that another process needs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Accelerate would take its precision and its plugins from here, past params.yaml.
    for variable in [name for name in os.environ if name.startswith("ACCELERATE_")]:
        if not launched:
            del os.environ[variable]
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(compute.threads)
    # A library that finds fewer cores would take fewer threads, and another order of sums.
    os.environ |= {"OMP_DYNAMIC": "FALSE", "MKL_DYNAMIC": "FALSE"}
    portable = compute.numerics == "portable" and platform.machine() in ("x86_64", "AMD64")
    for variable in PORTABLE:
        os.environ.pop(variable, None)
    os.environ |= PORTABLE if portable else NATIVE
    os.environ |= {
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    import torch

    if portable:
        from stages.numerics.portable import replace_operations

        replace_operations()
    torch.set_num_threads(compute.threads)
    # As `use_deterministic_algorithms`, but for a setting of a compiler that no stage calls, the
    # import of which takes as long as torch itself.
    torch.set_deterministic_debug_mode("warn")
    # Filling fresh memory guards against code that reads what nobody wrote; it costs a fifth of the
    # time, and a run that did so would fail the tests that compare bytes.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue] - set through a module class that it cannot see
