"""Hashes of files and directories, as DVC gives them."""

import hashlib
import json
from fnmatch import fnmatch
from pathlib import Path

# As .dvcignore has them: what tools and editors leave beside the files that count.
IGNORED = (
    *("__pycache__", "*.pyc", "*.partial", ".ipynb_checkpoints", ".DS_Store", ".gitignore"),
    *(".*.sw?", "*~", ".#*", "#*#", "*.orig", "*.rej"),
)


def _is_ignored(file: Path) -> bool:
    return any(fnmatch(part, pattern) for part in file.parts for pattern in IGNORED)


def counted_files(folder: Path) -> list[Path]:
    """The files below a folder that count for its hash, in the order of their paths."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not _is_ignored(file.relative_to(folder))
    )


def dvc_hash(path: Path) -> str:
    """The hash that DVC records: md5 of a file, or of a folder's sorted listing (`.dir`)."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there, so it has no hash")
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    listing = [
        {"md5": dvc_hash(file), "relpath": file.relative_to(path).as_posix()}
        for file in counted_files(path)
    ]
    listing.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode()).hexdigest() + ".dir"
