"""Memory and time of `merge` and `export` on layers of the real shapes of gpt-oss-20b and -120b,
beside what the machine can do and what others do.

    python -m benchmarks.weights [folder]

Synthetic MXFP4 shards with all experts of some full layers, the real embeddings, and a LoRA adapter
on attention and experts are put into `folder` (25 GB are needed); the stages run on them as they
are, start and imports included, and read their inputs from the disk. Speed is GB/s of the experts
as BF16. Peak memory is the largest resident set of the stage's process. More layers must not need
more.

Two limits are measured in the same run: all that a stage reads and writes at the disk's speed, and
its compiled loops on weights in memory, one expert a thread. The bar is SHARE of the slower.

Others: torchao's `to_mx` on some of the same experts in memory, and the merge of PEFT and
transformers on a dense model that fits in memory, beside `merge` on the same model.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from benchmarks.limits import copy_speed, disk_speeds, forget_folder, loop_speeds
from benchmarks.weights_peers import to_mx_speed, write_dense
from stages.weights.quantising.layout import GPT_OSS

ROOT = Path(__file__).resolve().parents[1]
HIDDEN, VOCABULARY, RANK, BLOCK = 2880, 201_088, 8, 32
CASES = (("gpt-oss-20b", 32, 2), ("gpt-oss-20b", 32, 4), ("gpt-oss-120b", 128, 2))
STAGES = {
    "merge": (("stages.merge",), "merged-bf16"),
    "export": (("stages.export", "--format", "mxfp4"), "mxfp4"),
}
THREADS = 2  # as params.yaml has
LIMIT_GB = 2.0
SHARE = 0.7


def write_base(folder: Path, experts: int, layers: int) -> None:
    """A shard a layer, and one for the embeddings."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    weight_map, shards = {}, layers + 1

    def save(index: int, tensors: dict[str, torch.Tensor]) -> None:
        name = f"model-{index + 1:05d}-of-{shards:05d}.safetensors"
        save_file(tensors, folder / name, metadata={"format": "pt"})
        weight_map.update(dict.fromkeys(tensors, name))

    def bf16(*shape: int) -> torch.Tensor:
        return torch.from_numpy(generator.standard_normal(shape, np.float32) * 0.02).bfloat16()

    for layer in range(layers):
        name = f"model.layers.{layer}"
        tensors = {
            f"{name}.self_attn.q_proj.weight": bf16(4096, HIDDEN),
            f"{name}.self_attn.v_proj.weight": bf16(512, HIDDEN),
            f"{name}.mlp.router.weight": bf16(experts, HIDDEN),
        }
        for which, rows in (("gate_up_proj", 2 * HIDDEN), ("down_proj", HIDDEN)):
            shape = (experts, rows, HIDDEN // BLOCK)
            blocks = generator.integers(0, 256, (*shape, 16), np.uint8)
            scales = generator.integers(118, 123, shape, np.uint8)
            tensors[f"{name}.mlp.experts.{which}_blocks"] = torch.from_numpy(blocks)
            tensors[f"{name}.mlp.experts.{which}_scales"] = torch.from_numpy(scales)
            tensors[f"{name}.mlp.experts.{which}_bias"] = bf16(experts, rows)
        save(layer, tensors)
    save(layers, {"model.embed_tokens.weight": bf16(VOCABULARY, HIDDEN)})
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"model_type": "gpt_oss", "quantization_config": GPT_OSS}
    (folder / "config.json").write_text(json.dumps(config))


def write_adapter(folder: Path, experts: int, layers: int) -> None:
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for layer in range(layers):
        name = f"base_model.model.model.layers.{layer}"
        sizes = {
            "self_attn.q_proj": (1, HIDDEN, 4096),
            "mlp.experts.base_layer": (experts, HIDDEN, 2 * HIDDEN),  # gate_up_proj
            "mlp.experts": (experts, HIDDEN, HIDDEN),
        }
        for module, (count, columns, rows) in sizes.items():
            for side, shape in (("A", (RANK * count, columns)), ("B", (rows, RANK * count))):
                tensor = torch.randn(shape, generator=generator) * 0.01
                tensors[f"{name}.{module}.lora_{side}.weight"] = tensor
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"],
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))


@dataclass(frozen=True)
class Run:
    """What a process needed."""

    peak_gb: float
    wall_s: float
    cpu_s: float


def run_process(project: Path, *command: str) -> Run:
    """A module as a program in a project, whose models are read from the disk."""
    forget_folder(project / "models")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DVC_ROOT": str(project),
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "OMP_NUM_THREADS": str(THREADS),
    }
    started, used, peak = time.monotonic(), cpu_of_children(), 0.0
    with (project / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=project, env=environment, stdout=log, stderr=log
        )
        # Its own high-water mark; what the kernel says at its end counts this process as well.
        while process.poll() is None:
            peak = max(peak, high_water(process.pid))
            time.sleep(0.02)
    if process.returncode:
        sys.exit((project / "log").read_text()[-2000:])
    return Run(peak, time.monotonic() - started, cpu_of_children() - used)


def cpu_of_children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def high_water(pid: int) -> float:
    """The largest resident set of a process so far, in GB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1e6 if found else 0.0


def gigabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def cpu_model() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else "a CPU without a name"


@contextmanager
def project_in(place: str | None) -> Generator[Path, None, None]:
    project = Path(tempfile.mkdtemp(dir=place, prefix="malssi-weights-"))
    try:
        shutil.copyfile(ROOT / "params.yaml", project / "params.yaml")
        (project / ".mlflow").mkdir()
        (project / ".mlflow" / "unreachable").write_text("http://127.0.0.1:1")
        yield project
    finally:
        shutil.rmtree(project)


def run_case(project: Path, model: str, experts: int, layers: int) -> tuple[dict[str, Run], float]:
    """Peaks of both stages, and the least share of a limit that one of them reached."""
    write_base(project / "models/base", experts, layers)
    write_adapter(project / "models/adapter", experts, layers)
    size = layers * experts * 3 * HIDDEN * HIDDEN * 2 / 1e9
    runs: dict[str, Run] = {}
    shares: list[float] = []
    loops = loop_speeds(2 * HIDDEN, HIDDEN, RANK, THREADS)
    read_gb = gigabytes(project / "models/base") + gigabytes(project / "models/adapter")
    for stage, (command, out) in STAGES.items():
        written, read = disk_speeds(project)
        run = runs[stage] = run_process(project, *command)
        disk_s = read_gb / read + gigabytes(project / "models" / out) / written
        disk, speed = size / disk_s, size / run.wall_s
        share = speed / min(disk, loops[stage])
        shares.append(share)
        print(
            f"{model:12} {layers:6} {stage:>6} {run.peak_gb:7.2f} {run.wall_s:6.1f} "
            f"{run.cpu_s:6.1f} {speed:6.2f} {written:6.2f} {read:6.2f} {disk:6.2f} "
            f"{loops[stage]:6.2f} {share:6.2f} {os.getloadavg()[0]:5.1f}",
            flush=True,
        )
    torchao = to_mx_speed(project / "models/merged-bf16", THREADS)
    said = "is not installed" if torchao is None else f"{torchao:.2f} GB/s"
    print(f"{'':20}quantising in memory: malssi {loops['quantise']:.2f} GB/s, torchao {said}")
    return runs, min(shares)


def beside_peft(project: Path) -> None:
    models = project / "models"
    size = write_dense(models, RANK)
    ours = run_process(project, "stages.merge")
    folders = [str(models / name) for name in ("base", "adapter", "merged-by-peft")]
    theirs = run_process(project, "benchmarks.weights_peers", *folders)
    print(f"merging a dense model of {size:.2f} GB in BF16, written with fsync:")
    for name, run in (("malssi", ours), ("PEFT and transformers", theirs)):
        print(
            f"  {name:22} {run.wall_s:5.1f} s ({run.cpu_s:.1f} s of CPU), "
            f"{size / run.wall_s:.2f} GB/s, peak {run.peak_gb:.2f} GB"
        )


def main() -> None:
    place = sys.argv[1] if len(sys.argv) > 1 else None
    print(
        f"{cpu_model()}, {os.cpu_count()} cores, {THREADS} threads; load {os.getloadavg()[0]:.1f}"
    )
    print(f"a copy in memory: {copy_speed(THREADS):.1f} GB/s read and written together")
    print(
        "model        layers  stage peak GB      s  CPU s   GB/s  | disk: written read | limits: "
        "disk loops | share load"
    )
    peaks: dict[tuple[str, int, str], float] = {}
    shares: list[float] = []
    for model, experts, layers in CASES:
        with project_in(place) as project:
            runs, share = run_case(project, model, experts, layers)
        peaks |= {(model, layers, stage): run.peak_gb for stage, run in runs.items()}
        shares.append(share)
    with project_in(place) as project:
        beside_peft(project)
    for stage in STAGES:
        two, four = (peaks["gpt-oss-20b", layers, stage] for layers in (2, 4))
        print(f"{stage}: 4 layers need {four - two:+.2f} GB beside 2")
    worst = max(peaks.values())
    print(f"peak {worst:.2f} GB, at most {LIMIT_GB}: {verdict(worst <= LIMIT_GB)}")
    share = shares[-1]
    print(f"{share:.2f} of the limit on gpt-oss-120b, at least {SHARE}: {verdict(share >= SHARE)}")


def verdict(reached: bool) -> str:
    return "reached" if reached else "not reached"


if __name__ == "__main__":
    main()
