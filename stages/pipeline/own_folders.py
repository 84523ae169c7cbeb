"""Files and folders of a run that are no outputs: none is a link, which would lead out of the
project, and one process at a time works in each folder."""

import fcntl
import os
from pathlib import Path


def make(folder: Path) -> None:
    """Makes the folder. What has its name and is none (a link, a file) goes."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)


def write_anew(file: Path, text: str) -> None:
    """Writes a small file of our own. A link that has its name is replaced, not written through."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with file.open("x", encoding="utf-8") as made:
        made.write(text)


def lock_folder(folder: Path) -> int | None:
    """As `lock_file`, of a folder, which is made."""
    return _lock(folder, os.O_RDONLY | os.O_DIRECTORY)


def lock_file(file: Path) -> int | None:
    """A handle that holds the lock of a file, which is made; None where another process has it.
    Closing the handle frees it."""
    return _lock(file, os.O_RDWR | os.O_CREAT)


def _lock(path: Path, flags: int) -> int | None:
    """Who waits with a handle while the owner removes the file would lock a file without a name:
    the next one to come would make it anew, and work beside it. Then it is opened again."""
    while True:
        if flags & os.O_DIRECTORY:
            make(path)
        elif path.is_symlink():
            path.unlink()
        try:
            handle = os.open(path, flags | os.O_NOFOLLOW, 0o666)
        except FileNotFoundError:
            if path.parent.is_dir():
                continue  # the owner has just removed it
            raise
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        if _is_named(path, os.fstat(handle)):
            return handle
        os.close(handle)


def _is_named(path: Path, opened: os.stat_result) -> bool:
    try:
        named = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, opened)
