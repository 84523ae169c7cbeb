"""Provides the model that is tuned: `models/base/`, with its tokenizer, config and weights.

By params it is the built-in tiny gpt-oss, pre-trained here on `data/raw/sample/pretrain.jsonl`, a
model of the hub at a pinned revision, or a local folder. Weights are taken as safetensors only, and
no code that comes with a model is ever run. A chat template and a stop token that params name are
written into its folder.
"""

import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.chat.rendering import Settings
from stages.formats.json_files import read_json, write_json
from stages.numerics.pins import pin_numerics
from stages.params.base import Base, Folder
from stages.params.chat_format import OwnFormat
from stages.params.compute import Compute
from stages.params.reading import read_params
from stages.params.runtime import Runtime
from stages.params.section import Sections, Seed
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ModelError, cut, shown
from stages.pipeline.hashes import dvc_hash
from stages.pipeline.memory import keep_freed_memory
from stages.pipeline.os_errors import disk_full
from stages.pipeline.outputs import publish
from stages.pipeline.program import run
from stages.preflight.files import check_files
from stages.preflight.model import refusing
from stages.preflight.trial import try_out
from stages.taking.format import Format, give, given_format
from stages.tiny.model import make_tiny

log = logging.getLogger("base")


class Params(Sections):
    seed: Seed
    compute: Compute
    runtime: Runtime
    base: Base
    encode: OwnFormat


PATTERNS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja"]
FORBIDDEN = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.py")


def fetch_hub(base: Base, folder: Path, settings: Settings, given: Format) -> dict[str, object]:
    """Downloads a model of the hub at one commit.

    Raises:
        InputError: the hub does not answer, or has no such model or revision.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        snapshot = snapshot_download(
            base.hub.repo,
            revision=base.hub.revision,
            allow_patterns=PATTERNS,
            ignore_patterns=["*/*"],
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        if disk_full(error):
            raise
        raise InputError(
            f"{base.hub.repo}@{base.hub.revision}",
            f"cannot be fetched from the hub ({type(error).__name__}).",
            "Check base.hub in params.yaml, the network, and HF_TOKEN for a gated model.",
        ) from None
    return take_folder(Path(snapshot), folder, settings, given)


def take_folder(source: Path, folder: Path, settings: Settings, given: Format) -> dict[str, object]:
    """Copies the files of a model that this pipeline uses: safetensors, JSON and the chat template.
    `settings` are those by which later stages speak to it, `given` what it is given for that.

    Raises:
        InputError: the folder is not there.
        ModelError: it has no safetensors weights or no tokenizer, or what is in it is of no use to
            a later stage.
    """
    if not source.is_dir():
        raise InputError(
            str(source), "is not a directory.", "Correct base.folder.path in params.yaml."
        )
    config = source / "config.json"
    if not config.is_file() or not (source / "tokenizer.json").is_file():
        raise ModelError(
            str(source),
            "lacks config.json or tokenizer.json.",
            "Export the model with save_pretrained, the tokenizer included.",
        )
    if not list(source.glob("*.safetensors")):
        others = sorted(file.name for pattern in FORBIDDEN for file in source.glob(pattern))
        raise ModelError(
            str(source),
            f"has no safetensors weights (found {shown(others)}).",
            "Convert it with save_pretrained(..., safe_serialization=True).",
        )
    files = sorted({file for pattern in PATTERNS for file in source.glob(pattern)})
    check_files(source, files)
    with TemporaryDirectory() as room:  # with these files and no others
        for file in files:
            (Path(room) / file.name).symlink_to(file.resolve())
        with refusing(source, "cannot be given a chat template or stop token"):
            give(Path(room), given)
        try_out(Path(room), called=str(source), settings=settings)
    folder.mkdir()
    for file in files:
        shutil.copyfile(file, folder / file.name)
    return {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}


def check_digest(asked: Folder, folder: Path) -> None:
    """Refuses a local folder that is not the one that params.yaml pins."""
    found = dvc_hash(folder)
    if found != asked.digest:
        raise ModelError(
            asked.path,
            f"has the digest {found}, params.yaml says {cut(asked.digest)}.",
            "If this is the model you mean, write its digest to base.folder.digest.",
        )


def _settings() -> Settings:
    from stages.preflight.speech import told_settings  # which loads what speaks to models

    return told_settings()


def main() -> None:
    params = read_params(Params)
    base = params.base
    pin_numerics(params.compute)
    keep_freed_memory()
    outs = [paths.BASE, paths.METRICS / "base.json"]
    given = given_format(params.encode)
    with publish(*outs) as (folder, metrics_file):
        if base.source == "tiny":
            metrics = make_tiny(
                base.tiny, params.seed, paths.PRETRAIN, folder, params.runtime.progress
            )
        elif base.source == "hub":
            metrics = fetch_hub(base, folder, _settings(), given)
        else:
            metrics = take_folder(Path(base.folder.path), folder, _settings(), given)
            check_digest(base.folder, folder)
        if base.source != "tiny":
            give(folder, given)
        described = read_json(folder / "config.json")
        metrics["model_type"] = described["model_type"]
        metrics["quantization"] = (described.get("quantization_config") or {}).get("quant_method")
        write_json(metrics_file, metrics)
    log.info("models/base: %s", metrics)


if __name__ == "__main__":
    run(main)
