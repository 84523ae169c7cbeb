"""Memory and time of `merge` and `export` on layers of the real shapes of gpt-oss-20b and -120b.

    python -m benchmarks.weights [folder]

Synthetic MXFP4 shards with all experts of some full layers, the real embeddings, and a LoRA adapter
on attention and experts are put into `folder` (25 GB are needed); the stages run on them as they
are. Peak memory is the largest resident set of the stage's process. More layers must not need more.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from stages.weights.quantising.layout import GPT_OSS

ROOT = Path(__file__).resolve().parents[1]
HIDDEN, VOCABULARY, RANK, BLOCK = 2880, 201_088, 8, 32
CASES = (("gpt-oss-20b", 32, 2), ("gpt-oss-20b", 32, 4), ("gpt-oss-120b", 128, 2))
LIMIT_GB = 2.0


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


def run_stage(project: Path, *command: str) -> tuple[float, float]:
    """(peak resident GB, seconds) of a stage."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DVC_ROOT": str(project),
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    }
    started, peak = time.monotonic(), 0.0
    with (project / "log").open("w") as log:
        stage = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=project, env=environment, stderr=log
        )
        # Its own high-water mark; what the kernel says at its end counts this process as well.
        while stage.poll() is None:
            peak = max(peak, high_water(stage.pid))
            time.sleep(0.02)
    if stage.returncode:
        sys.exit((project / "log").read_text()[-2000:])
    return peak, time.monotonic() - started


def high_water(pid: int) -> float:
    """The largest resident set of a process so far, in GB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1e6 if found else 0.0


def main() -> None:
    place = sys.argv[1] if len(sys.argv) > 1 else None
    print("model          layers  stage  peak GB     s  GB/s (experts as BF16)")
    peaks = {}
    for model, experts, layers in CASES:
        project = Path(tempfile.mkdtemp(dir=place, prefix="malssi-weights-"))
        try:
            shutil.copyfile(ROOT / "params.yaml", project / "params.yaml")
            (project / ".mlflow").mkdir()
            (project / ".mlflow" / "unreachable").write_text("http://127.0.0.1:1")
            write_base(project / "models/base", experts, layers)
            write_adapter(project / "models/adapter", experts, layers)
            size = layers * experts * 3 * HIDDEN * HIDDEN * 2 / 1e9
            for stage, command in (
                ("merge", ("stages.merge",)),
                ("export", ("stages.export", "--format", "mxfp4")),
            ):
                peak, seconds = run_stage(project, *command)
                peaks[model, layers, stage] = peak
                figures = f"{peak:8.2f} {seconds:5.0f} {size / seconds:23.2f}"
                print(f"{model:14} {layers:6} {stage:>6} {figures}", flush=True)
        finally:
            shutil.rmtree(project)
    worst = max(peaks.values())
    for stage in ("merge", "export"):
        two, four = (peaks["gpt-oss-20b", layers, stage] for layers in (2, 4))
        print(f"{stage}: 4 layers need {four - two:+.2f} GB beside 2")
    verdict = "reached" if worst <= LIMIT_GB else "not reached"
    print(f"peak {worst:.2f} GB, at most {LIMIT_GB}: {verdict}")


if __name__ == "__main__":
    main()
