"""What is on the disk, and not only on its way there, before a name says that it is whole.

Without this, a power loss may leave a renamed file without its content.
"""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Waits until a file, or a folder with all that is in it, is on the disk; follows no link."""
    if path.is_symlink():
        return
    if path.is_dir():
        for inner in path.iterdir():
            sync(inner)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_names(folder: Path) -> None:
    """Waits until the names in a folder are on the disk: what was renamed there, or removed."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
