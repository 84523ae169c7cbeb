"""Outputs that appear whole or not at all.

Every output `data/x` is first made at `data/x.partial/x` and renamed when all outputs of the stage
are complete and on the disk, so that a killed stage, or a power loss, leaves nothing that looks
finished. `*.partial` is ignored by Git and DVC, a left-over one is removed by the next run, and a
lock on it keeps an orphaned run of the same stage from writing into this one's work.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stages.pipeline import own_folders
from stages.pipeline.durable import sync, sync_names
from stages.pipeline.errors import BusyError


@contextmanager
def publish(*outs: Path) -> Iterator[list[Path]]:
    """Yields one path to write per output (a file or a folder that the caller makes).

    Leaving the block normally renames them all into place; leaving it by an exception removes them.

    Raises:
        BusyError: another live process is making one of the outputs.
    """
    with ExitStack() as stack:
        partials = [stack.enter_context(_partial(out)) for out in outs]
        yield partials
        for partial in partials:
            partial.stat()  # an output that was not made: none of them is published
            sync(partial)
        for partial, out in zip(partials, outs, strict=True):
            if out.is_dir() and not out.is_symlink():
                shutil.rmtree(out)
            elif partial.is_dir():
                out.unlink(missing_ok=True)
            partial.replace(out)
            sync_names(out.parent)


@contextmanager
def _partial(out: Path) -> Iterator[Path]:
    room = out.with_name(out.name + ".partial")
    handle = own_folders.lock_folder(room)
    if handle is None:
        raise BusyError(
            str(out),
            "another process is writing it.",
            f"Wait for it to end, or stop it (`fuser {room}` names it), and run again.",
        )
    try:
        for left_over in room.iterdir():
            linked = left_over.is_symlink()
            shutil.rmtree(left_over) if left_over.is_dir() and not linked else left_over.unlink()
        yield room / out.name
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(handle)
