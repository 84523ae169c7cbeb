"""`python -m stages.commands.doctor` prints what this machine and environment are (S1-11), and
warns of what would stop a run."""

import platform
import re
import shutil
import socket
import subprocess
import sys
import urllib.parse
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from stages.pipeline import paths
from stages.remotes.advice import advice, configured, refused
from stages.remotes.dvc import asked
from stages.remotes.reach import SAID, reach
from stages.remotes.unmasked import PERSONAL
from stages.tracking.store import tracking_uri, without_secrets

PACKAGES = (
    "dvc", "torch", "transformers", "peft", "trl", "datasets", "accelerate", "bitsandbytes",
    "mlflow", "pyarrow", "rouge_score", "safetensors", "tokenizers", "huggingface_hub",
)  # fmt: skip
LOCKS = ("requirements.lock", "requirements-torch.lock")
GIB = 2**30
FINGERPRINT_S = 120  # it takes three


def packages() -> dict[str, str]:
    """Installed versions, with those of the locks where they differ."""
    there = [Path(name) for name in LOCKS if Path(name).is_file()]
    locks = "".join(lock.read_text(encoding="utf-8", errors="replace") for lock in there)
    locked = dict(re.findall(r"^([\w.-]+)==([^\s\\;]+)", locks, re.MULTILINE))
    found = {}
    for name in PACKAGES:
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "missing"
        wanted = locked.get(name, installed)
        same = installed.partition("+")[0] == wanted
        found[name] = installed if same else f"{installed}  (the lock says {wanted})"
    return found


def accelerators() -> list[str]:
    try:
        import torch
    except (ImportError, OSError) as error:  # not installed, or not for this machine
        return [f"torch cannot be loaded ({type(error).__name__})"]
    return [
        f"{torch.cuda.get_device_name(i)}, CUDA {torch.version.cuda}, "
        f"{torch.cuda.get_device_properties(i).total_memory / GIB:.0f} GiB"
        for i in range(torch.cuda.device_count())
    ]


def numerics() -> str:
    """What this machine computes, in a process of its own: the numerics are fixed before torch."""
    command = [sys.executable, "-m", "stages.commands.fingerprint"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=FINGERPRINT_S
        )
    except subprocess.SubprocessError as error:
        return f"cannot be told ({type(error).__name__})"
    return f"{done.stdout.strip()}; whoever has the same gets the same bytes of numeric stages"


def cache_link() -> str:
    """How DVC puts files of its cache into the workspace, tried in the order of its settings."""
    types = asked("config", "cache.type") or "reflink,copy (default)"
    lines = asked("doctor").splitlines()
    able = next((line for line in lines if line.startswith("Cache types")), "Cache types: unknown")
    return f"{types}; this disk offers {able.partition(':')[2].strip() or 'copy'}"


def reachable(address: str) -> str:
    """Whether the place that an URI names answers: a folder, a file's folder, or a TCP port."""
    try:
        uri = urllib.parse.urlsplit(address)
        if uri.scheme in ("", "file", "sqlite"):
            place = Path(uri.path.removeprefix("/") if uri.scheme == "sqlite" else uri.path)
            place = place.parent if uri.scheme == "sqlite" else place
            return "reachable" if place.exists() else f"{place} does not exist (yet)"
        port = uri.port or (80 if uri.scheme == "http" else 443)
        with socket.create_connection((uri.hostname or uri.netloc, port), timeout=3):
            return "reachable"
    except (OSError, ValueError) as error:
        return f"NOT reachable ({type(error).__name__})"


def remotes() -> tuple[dict[str, str], list[str]]:
    """How each remote answers, and what is unwise in its settings."""
    try:
        committed, merged = configured()
    except Exception as error:  # DVC refuses its own configuration in many ways
        return {"remote": f".dvc/config cannot be read ({type(error).__name__})"}, []
    lines, bad = {}, refused(merged)
    for name, settings in sorted(merged.items()):
        if name in bad:
            lines[f"remote {name}"] = (
                f"has settings that DVC refuses, and with them every command: {bad[name]}. Correct "
                "them in .dvc/config or .dvc/config.local."
            )
        elif name == PERSONAL and settings == committed.get(name):
            lines[f"remote {name}"] = "nowhere but here; `make remote NAME=personal URL=...`"
        else:
            outcome = reach(name)
            said = SAID[outcome][0] if outcome in SAID else "answers"
            lines[f"remote {name}"] = f"{without_secrets(str(settings.get('url')))} {said}"
    if not set(merged) - {PERSONAL}:
        lines["remote"] = "none that all share; `make remote URL=...` sets one up"
    return lines, list(advice(committed, merged))


def main() -> None:
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(".")
    lines = {
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "cpu": f"{psutil.cpu_count(logical=False)} cores, {psutil.cpu_count()} threads",
        "memory": f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB available",
        "disk": f"{disk.free / GIB:.1f} of {disk.total / GIB:.1f} GiB free at {Path.cwd()}",
        "numerics": numerics(),
        "gpu": "; ".join(accelerators()) or "none",
        **packages(),
        "dvc cache": cache_link(),
    }
    remote_lines, warnings = remotes()
    lines |= remote_lines
    uri = tracking_uri()
    lines["tracker"] = f"{without_secrets(uri)}: {reachable(uri)}"
    for name, value in lines.items():
        print(f"{name:16} {value}")
    for warning in warnings:
        print(f"WARNING {warning}")
    outputs = [p for p in (*paths.MODELS.glob("*"), Path("data")) if p.is_dir()]
    largest = max((_size(path) for path in outputs), default=0)
    if disk.free < 2 * largest:
        print(
            f"WARNING {Path.cwd()}: the largest output has {largest / GIB:.1f} GiB, and less than "
            "twice that is free. Free some with `dvc gc --workspace`, or link instead of copying: "
            "`dvc config --local cache.type reflink,hardlink,symlink`."
        )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
