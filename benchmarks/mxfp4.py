"""How fast and how exact MXFP4 is written, beside torchao, compressed-tensors and gguf, in one run.

    python -m benchmarks.mxfp4

The weights are EXPERTS experts of gpt-oss-20b's gate_up_proj as transformers holds them, BF16 of
(expert, in, out), Gaussian. Blocks go along `in`, so every writer has to transpose. Ours does so as
it reads; the others get (out, in) laid out for them, the time of which is not counted, and a part
of the weights: one expert, or PIECE_ROWS rows at a time, where they are faster.

Speed is GB/s of BF16, 2 bytes an element, whatever is read or written besides: of ROUNDS runs that
are taken in turn, so that whatever else the machine does slows all. `CPU` is the best by CPU time,
GB for a second of one core. Ratios are of the best. The limits are what a plain copy in memory does
on as many threads, and what the disk of the project does.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import torch

from benchmarks.limits import disk_speeds
from stages.weights.tensors.mxfp4 import BLOCK, dequantize, quantize

PROJECT = Path(__file__).resolve().parents[1]
THREADS = 2
ROUNDS = 7
EXPERTS, IN, OUT = 4, 2880, 5760
PIECE_ROWS = 64
SEED = 42
COPIED_BYTES = 2**28
BARS = {"even": 1.0, "search": 0.5}  # GB/s
RULES = ("floor", "even", "ceil6", "search")
# Of the experts of gpt-oss-20b: 24 layers, 32 experts, gate_up_proj and down_proj.
MODEL_ELEMENTS = 24 * 32 * (OUT * IN + IN * IN)


@dataclass
class Case:
    """Something to time, and what it took."""

    name: str
    elements: int
    work: Callable[[], object]
    threads: int = THREADS
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def run(self) -> None:
        torch.set_num_threads(self.threads)
        began, used = time.perf_counter(), time.process_time()
        self.work()
        self.seconds.append(time.perf_counter() - began)
        self.cpu_s.append(time.process_time() - used)

    def speed(self, seconds: float) -> float:
        return 2 * self.elements / seconds / 1e9

    @property
    def best(self) -> float:
        return self.speed(min(self.seconds))


def others(rows: torch.Tensor) -> dict[str, list[Case]]:
    """The other writers on one expert (out, in), and on its first rows a few at a time."""
    try:
        from compressed_tensors.compressors.mxfp4.base import (  # pyright: ignore[reportMissingImports]
            MXFP4PackedCompressor,
        )
        from compressed_tensors.quantization.quant_scheme import (  # pyright: ignore[reportMissingImports]
            MXFP4A16,
            QuantizationScheme,
        )
        from compressed_tensors.quantization.utils.helpers import (  # pyright: ignore[reportMissingImports]
            compute_dynamic_scales_and_zp,
        )
        from gguf import GGMLQuantizationType  # pyright: ignore[reportMissingImports]
        from gguf.quants import quantize as to_gguf  # pyright: ignore[reportMissingImports]
        from torchao.prototype.mx_formats.config import (  # pyright: ignore[reportMissingImports]
            ScaleCalculationMode,
        )
        from torchao.prototype.mx_formats.mx_tensor import (  # pyright: ignore[reportMissingImports]
            to_mx,
        )
    except ImportError as missing:
        sys.exit(
            f"benchmarks.mxfp4: {missing.name} is not installed. Install what is compared with: "
            "pip install -c <(pip freeze --exclude malssi) '.[bench]'"
        )
    arguments = MXFP4A16["weights"]
    scheme = QuantizationScheme(targets=["Linear"], weights=arguments)
    module = torch.nn.Linear(1, 1)  # is asked for and not looked at

    def torchao(weight: torch.Tensor) -> None:
        to_mx(weight, torch.float4_e2m1fn_x2, BLOCK, ScaleCalculationMode.EVEN)

    def compressed_tensors(weight: torch.Tensor) -> None:
        scale, _ = compute_dynamic_scales_and_zp(weight, arguments, module)
        MXFP4PackedCompressor.compress({"weight": weight, "weight_scale": scale}, scheme)

    def gguf(weight: torch.Tensor) -> None:
        to_gguf(weight.float().numpy(), GGMLQuantizationType.MXFP4)

    def case(name: str, write: Callable[[torch.Tensor], None], count: int, threads: int) -> Case:
        at_once = OUT if count == OUT else PIECE_ROWS
        pieces = rows[:count].split(at_once)
        size = f"{count} rows, {at_once} at once, {threads} thread{'s' * (threads > 1)}"
        work = lambda: [write(piece) for piece in pieces]  # noqa: E731
        return Case(f"{name}: {size}", count * IN, work, threads)

    return {
        "torchao": [
            case("torchao EVEN", torchao, count, threads)
            for count, threads in ((OUT, THREADS), (OUT // 2, THREADS), (OUT // 2, 1))
        ],
        "compressed-tensors": [
            case("compressed-tensors", compressed_tensors, count, threads)
            for count, threads in ((OUT, THREADS), (OUT // 4, THREADS), (OUT // 4, 1))
        ],
        "gguf": [case("gguf (floor)", gguf, OUT // 12, 1)],
    }


def student(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Student's t of 4 degrees of freedom: a normal over the root of a mean of four squares."""
    uniform = torch.rand((2, *shape), generator=generator)
    mean_square = -(uniform[0] * uniform[1]).clamp(min=1e-38).log() / 2
    return torch.randn(shape, generator=generator) / mean_square.sqrt()


def relative_error(weight: torch.Tensor, rule: str) -> float:
    miss = weight.double() - dequantize(*quantize(weight, rule)).double()
    return float(miss.square().sum() / weight.double().square().sum())


def print_errors() -> None:
    weights = {
        "Gaussian": torch.randn(512, IN, generator=torch.Generator().manual_seed(0)) * 0.02,
        "Student-t4": student((512, IN), torch.Generator().manual_seed(0)),
    }
    print(f"\nsquared error of 512 x {IN} weights, of the sum of their squares")
    print(f"{'':12}" + "".join(f"{rule:>10}" for rule in RULES))
    for name, weight in weights.items():
        print(f"{name:12}" + "".join(f"{relative_error(weight, rule):10.6f}" for rule in RULES))


def print_speeds(title: str, cases: list[Case], of: Case) -> None:
    print(f"\n{title:<55}{'min':>7}{'median':>7}{'max':>7}{'CPU':>7}{'ratio':>7}")
    for case in cases:
        times = (max(case.seconds), statistics.median(case.seconds), min(case.seconds))
        speeds = [case.speed(seconds) for seconds in (*times, min(case.cpu_s))]
        line = f"  {case.name:<53}" + "".join(f"{speed:7.3f}" for speed in speeds)
        print(f"{line}{of.best / case.best:7.1f}")


def main() -> None:
    torch.set_num_threads(THREADS)
    generator = torch.Generator().manual_seed(SEED)
    weight = torch.randn(EXPERTS, IN, OUT, generator=generator).mul_(0.02).to(torch.bfloat16)
    rows = weight.transpose(1, 2).contiguous()
    packed = quantize(rows, "even")
    source, target = torch.ones(COPIED_BYTES // 4), torch.zeros(COPIED_BYTES // 4)
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    size = f"({EXPERTS}, {IN}, {OUT})"
    ours = {
        rule: Case(
            f"malssi {rule}: {size}, transposing",
            weight.numel(),
            lambda rule=rule: quantize(weight.transpose(1, 2), rule),
        )
        for rule in BARS
    }
    lying = [
        Case(
            f"malssi {rule}: ({EXPERTS}, {OUT}, {IN})",
            weight.numel(),
            lambda rule=rule: quantize(rows, rule),
        )
        for rule in BARS
    ]
    compared = others(rows[0])
    one = packed[0][:1], packed[1][:1]
    read = Case(
        f"malssi: {EXPERTS} experts to float32", weight.numel(), lambda: dequantize(*packed)
    )
    theirs = Case(
        "transformers: one expert to BF16", OUT * IN, lambda: convert_moe_packed_tensors(*one)
    )
    # 2 bytes read for 2 written are an element.
    copy = Case("copy", COPIED_BYTES // 2, lambda: target.copy_(source))
    written = [*ours.values(), *lying, *chain.from_iterable(compared.values())]
    cases = [*written, read, theirs, copy]
    print(
        f"{os.cpu_count()} cores, {THREADS} threads, load {os.getloadavg()[0]:.1f}; "
        f"GB/s of BF16, {ROUNDS} rounds",
        flush=True,
    )
    for number in range(ROUNDS + 1):
        for case in cases:
            case.run()
            if number == 0:  # compiled, and all pages touched
                case.seconds.clear()
                case.cpu_s.clear()
    even = ours["even"]
    print_speeds("written (ratio: of malssi even, transposing)", written, even)
    for name, each in compared.items():
        fastest = max(case.best for case in each)
        print(f"malssi even is {even.best / fastest:.0f} times as fast as {name} at its best")
    print_speeds("read (ratio: of malssi)", [read, theirs], read)
    memory, (write_gb, read_gb) = 2 * copy.best, disk_speeds(PROJECT)
    moved = even.best * (2 + 17 / BLOCK) / 2
    print(
        f"\nlimits: a copy in memory {memory:.1f} GB/s, read and written together; malssi even "
        f"moves {moved:.1f}\n"
        f"        the disk {write_gb:.2f} GB/s written, {read_gb:.2f} GB/s read"
    )
    gigabytes = MODEL_ELEMENTS * 2 / 1e9
    out_gb = MODEL_ELEMENTS * 17 / BLOCK / 1e9
    times = ", ".join(f"{rule} {gigabytes / case.best:.0f} s" for rule, case in ours.items())
    print(
        f"the experts of gpt-oss-20b, {gigabytes:.1f} GB of BF16 to {out_gb:.1f}: {times}; "
        f"writing them {out_gb / write_gb:.0f} s"
    )
    print_errors()
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")
    for rule, bar in BARS.items():
        reached = "reached" if ours[rule].best >= bar else "not reached"
        by_cpu = ours[rule].speed(min(ours[rule].cpu_s))
        print(
            f"{rule} at {ours[rule].best:.2f} GB/s on {THREADS} threads: the bar of {bar} GB/s is "
            f"{reached} ({by_cpu:.2f} for a second of one core)"
        )


if __name__ == "__main__":
    main()
