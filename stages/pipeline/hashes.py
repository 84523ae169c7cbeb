"""Hashes of files and directories, as DVC gives them."""

import hashlib
import json
from pathlib import Path


def dvc_hash(path: Path) -> str:
    """The hash that DVC records: md5 of a file, or of a folder's sorted listing (`.dir`)."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there, so it has no hash")
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    listing = [
        {"md5": dvc_hash(file), "relpath": file.relative_to(path).as_posix()}
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts  # .dvcignore has it, too
    ]
    listing.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest() + ".dir"
