"""Whether the files of a model folder may be copied: plain files of the folder's own, and small
enough to be read where they are read whole."""

import os
from collections.abc import Sequence
from pathlib import Path

from stages.pipeline.errors import ModelError, cut, shown

AGAIN = "Download it again, or export it again with save_pretrained."
# The largest vocabulary of a known model takes 35 MB, the longest index 15 MB.
MOST_BYTES = {"tokenizer.json": 256_000_000, "model.safetensors.index.json": 64_000_000}
MOST_BYTES_ELSE = 16_000_000
ADAPTER = "adapter_config.json"


def check_files(source: Path, files: Sequence[Path]) -> None:
    """Refuses what is no model folder, or would bring in what lies elsewhere.

    A link may lead to a file of the folder. In the hub's cache all files are links, to
    `blobs/` of the same model, beside `snapshots/<commit>/`.

    Raises:
        ModelError: a file is a link out of the folder, no file, or too large to be read.
    """
    home = source.resolve()
    cached = home.parent.name == "snapshots" and home.parents[1].name.startswith("models--")
    root = home.parents[1] if cached else home
    for file in files:
        target = Path(os.path.realpath(file))  # `resolve` fails on links that go round in circles
        where = f"{source}/{cut(file.name)}"
        if not target.is_relative_to(root):
            raise ModelError(
                where,
                f"is a link to {shown(str(target))}, outside of the model's folder, which is "
                "never followed.",
                "Put a copy of the file in its place, if it belongs to the model.",
            )
        if not target.is_file():
            raise ModelError(where, "is no file.", AGAIN)
        if not file.name.isprintable():
            raise ModelError(where, "has a name that is no text.", "Rename it, or take it away.")
        most = MOST_BYTES.get(file.name, MOST_BYTES_ELSE)
        if file.suffix != ".safetensors" and (size := target.stat().st_size) > most:
            raise ModelError(where, f"has {size:,} bytes, and {most:,} are the most.", AGAIN)
    if any(file.name == ADAPTER for file in files):
        raise ModelError(
            f"{source}/{ADAPTER}",
            "makes it an adapter on a model, and not a model.",
            "Merge it into its model (merge_and_unload of PEFT) and save that.",
        )
