"""What the operating system refuses, as an error that says where and what to do."""

import errno
import os
import re
import tempfile
from pathlib import Path

from stages.pipeline.errors import PipelineError, cut

FULL = (errno.ENOSPC, errno.EDQUOT)
LITTLE_BYTES = 16 * 2**20  # a disk with less free is taken for the one that was full
AGAIN = "and run `dvc repro` again; no output was changed."
FREE = f"Free some (`dvc gc --workspace` removes unused cache) {AGAIN}"
# By error number: what is wrong, and what to do.
SAID = {
    errno.ENOSPC: ("no space is left on the disk.", FREE),
    errno.EDQUOT: ("the quota of this disk is used up.", FREE),
    errno.EROFS: ("is on a disk that is mounted read-only.", f"Mount it writable, {AGAIN}"),
    errno.EACCES: (
        "may not be read or written by this user.",
        f"Give the user the right (`ls -ld` shows owner and mode), {AGAIN}",
    ),
    errno.EPERM: ("may not be changed by this user.", f"Give the user the right, {AGAIN}"),
    errno.EFBIG: (
        "a file grew beyond what this disk, or `ulimit -f`, allows.",
        f"Raise the limit, or lower merge.max_shard_mb in params.yaml, {AGAIN}",
    ),
    errno.EIO: ("the disk reports an error.", f"See `dmesg`, mend or change the disk, {AGAIN}"),
    errno.ENAMETOOLONG: ("has a name that is too long for this disk.", f"Shorten it, {AGAIN}"),
    errno.EMFILE: ("too many files are open.", f"Raise `ulimit -n`, {AGAIN}"),
    errno.ENFILE: ("too many files are open on this machine.", f"Close some, {AGAIN}"),
    errno.ENOTDIR: ("is a file where a folder should be.", f"Move it away, {AGAIN}"),
    errno.EISDIR: ("is a folder where a file should be.", f"Move it away, {AGAIN}"),
    errno.EEXIST: ("is there already, as something else.", f"Move it away, {AGAIN}"),
    errno.ELOOP: ("is a link that leads nowhere.", f"Remove it, {AGAIN}"),
    errno.ENOENT: ("is not there.", "`dvc repro` makes it, `dvc pull` fetches it."),
    errno.ENOMEM: ("no memory is left.", f"Lower runtime.workers in params.yaml, {AGAIN}"),
    errno.ENOSYS: (
        "this system has no shared memory (/dev/shm) for several processes.",
        f"Set runtime.workers to 1 in params.yaml, or mount it, {AGAIN}",
    ),
}


def out_of_memory(error: Exception, stage: str) -> PipelineError | None:
    """The three-part form of what Python and torch raise where memory is short; None where `error`
    is something else."""
    from_torch = type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)
    if not isinstance(error, MemoryError) and not from_torch:
        return None
    return PipelineError(
        f"the stage {stage}",
        f"asked for more memory than there is here ({cut(str(error)) or type(error).__name__}).",
        "Lower the sizes in params.yaml that it works with (batches, lengths, rows, the tiny "
        "model), or run it on a larger machine; no output was changed.",
    )


def disk_full(error: Exception) -> PipelineError | None:
    """The three-part form of a full disk or quota; None where `error` is something else."""
    number = _number(error)
    return _said(error, number) if number in FULL else None


def refusal(error: Exception) -> PipelineError | None:
    """The three-part form of anything that the system refused; None of a fault of the program."""
    number = _number(error)
    if number in SAID:
        return _said(error, number)
    if isinstance(error, OSError):
        what = f"the system refuses it ({error.strerror or type(error).__name__})."
        return PipelineError(_where(error), what, f"Mend that, {AGAIN}")
    return None


def _number(error: Exception) -> int | None:
    """The error's number. safetensors and tokenizers raise errors of their own, which name it in
    their text; torch only tells that a file could not be written to its end."""
    if (number := getattr(error, "errno", None)) is not None:
        return number
    if named := re.search(r"\(os error (\d+)\)", str(error)):
        return int(named[1])
    if re.search(r"unexpected pos|PytorchStreamWriter failed", str(error)):
        return errno.ENOSPC
    return None


def _said(error: Exception, number: int) -> PipelineError:
    what, fix = SAID[number]
    return PipelineError(_where(error, full=number in FULL), what, fix)


def _where(error: Exception, full: bool = False) -> str:
    """The file or folder; of a full disk, where the error names none, the folders that are on a
    disk with little space."""
    named = getattr(error, "filename", None)
    if isinstance(named, str | bytes) and named:
        path = Path(os.fsdecode(named))
        in_the_way = [above for above in path.parents if os.path.isfile(above)]  # noqa: PTH113 - raises nothing
        return str(in_the_way[0] if in_the_way else path)
    places = [place for place in _places() if not full or _free_bytes(place) < LITTLE_BYTES]
    return ", ".join(map(str, places)) or "a folder of this run"


def _places() -> list[Path]:
    """Where a stage writes."""
    usual = (Path.cwd(), Path.cwd() / ".dvc/cache", Path(tempfile.gettempdir()), Path("/dev/shm"))
    return [place for place in usual if place.is_dir()]


def _free_bytes(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize
