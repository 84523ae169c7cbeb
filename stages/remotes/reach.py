"""Whether a remote answers, and lets this user in: a listing with the user's own secrets, by a
process of its own that has LIMIT_S.

As a program (`python -m stages.remotes.reach NAME`) it makes the listing and prints the outcome.
"""

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from stages.remotes.unmasked import PERSONAL, RemoteError

if TYPE_CHECKING:
    from dvc.repo import Repo

LIMIT_S = 30.0
OWN_PLACE = "personal"  # in .dvc: the address of `personal` where nobody shares it

Outcome = Literal["ok", "empty", "unreachable", "refused", "not_found", "no_package", "failed"]
OUTCOMES: dict[str, Outcome] = {outcome: outcome for outcome in get_args(Outcome)}
SAID: dict[Outcome, tuple[str, str]] = {
    "unreachable": ("does not answer.", "Check the network, the address, the port and the server."),
    "refused": (
        "refuses this user.",
        "Check the user, the password or keys, and the rights there; `make remote` sets them anew.",
    ),
    "not_found": (
        "is not there: the server answers, and has no such bucket or directory.",
        "Make it, mount it, or correct the address (`make remote`).",
    ),
    "no_package": (
        "is of a kind that needs another package.",
        "Install it: `pip install -c <(pip freeze --exclude malssi) '.[s3]'` (or ssh, webdav, gs, "
        "azure).",
    ),
    "failed": ("cannot be listed.", "`dvc pull -v` shows what the library says."),
}
NETWORK = {
    *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EHOSTUNREACH),
    *(errno.ENETUNREACH, errno.ETIMEDOUT, errno.EPIPE),
}
STATUS: dict[int, Outcome] = {401: "refused", 403: "refused", 404: "not_found"}
NAMED: tuple[tuple[str, Outcome], ...] = (  # by words in the name of an exception
    ("MissingDeps", "no_package"),
    ("PermissionDenied", "refused"),
    ("Forbidden", "refused"),
    ("Credential", "refused"),
    ("Authentication", "refused"),
    ("NoSuchBucket", "not_found"),
    ("ResourceNotFound", "not_found"),
    ("Connect", "unreachable"),
    ("Timeout", "unreachable"),
    ("gaierror", "unreachable"),
    ("HostKeyNotVerifiable", "refused"),
)


def names(repo: "Repo") -> list[str]:
    """The remotes that outputs go to: the default one and those that outputs name, but for
    `personal` where it is this clone's own place."""
    own = repo.config["remote"].get(PERSONAL, {}).get("url")
    default = repo.config["core"].get("remote")
    wanted = {default, *(out.remote for out in repo.index.outs)} - {None}
    if own is None or Path(own) == Path(repo.dvc_dir or "") / OWN_PLACE:
        wanted.discard(PERSONAL)
    return sorted(wanted)


def reach(name: str) -> Outcome:
    """What the listing of a remote comes to."""
    command = [sys.executable, "-m", "stages.remotes.reach", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return "unreachable"
    return OUTCOMES.get(done.stdout.strip().rpartition("\n")[2], "failed")


def refuse_unreachable(name: str) -> None:
    """
    Raises:
        RemoteError: the remote does not answer, refuses this user, or is not there.
    """
    if (outcome := reach(name)) in SAID:
        what, fix = SAID[outcome]
        raise RemoteError(f"the remote {name}", what, fix)


def outcome_of(error: BaseException) -> Outcome:
    """By what is raised, and first by what that came from: a connection that is refused may end as
    a file that is not found."""
    for cause in reversed(list(_chain(error))):
        response: Any = getattr(cause, "response", None)
        if isinstance(response, dict):  # botocore
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            status = getattr(cause, "status", None) or getattr(response, "status_code", None)
        if status in STATUS:
            return STATUS[status]
        name = f"{type(cause).__module__}.{type(cause).__name__}"
        for word, outcome in NAMED:
            if word in name:
                return outcome
        if isinstance(cause, PermissionError):
            return "refused"
        if isinstance(cause, FileNotFoundError | NotADirectoryError):
            return "not_found"
        if isinstance(cause, ConnectionError | TimeoutError):
            return "unreachable"
        if isinstance(cause, OSError) and cause.errno in NETWORK:
            return "unreachable"
    return "failed"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def listing(name: str) -> Outcome:
    """Lists the top of the remote, or where that is not there yet, what it would lie in."""
    from dvc.config import Config
    from dvc.fs import get_cloud_fs

    try:
        # Not by a `Repo`: that refuses all remotes if the settings of one will not do.
        config = Config(dvc_dir=".dvc", validate=False)
        kind, settings, path = cast(tuple[Any, ...], get_cloud_fs(config, name=name))
        fs, path = kind(**settings), path.rstrip("/")
        if fs.protocol in ("http", "https"):
            return _answers(fs, path)
        try:
            fs.ls(path, detail=False)
        except FileNotFoundError:
            above = path.split("/")[0] if fs.protocol in ("s3", "gs", "azure") else None
            if above is None:
                raise
            fs.ls(above, detail=False)
            return "empty"
        return "ok"
    except Exception as error:  # of any library
        return outcome_of(error)


def _answers(fs: Any, path: str) -> Outcome:
    """A server of plain HTTP lists nothing, and may refuse a directory: it is asked for a file that
    is not there."""
    try:
        fs.info(f"{path}/files/md5/00/none")
    except Exception as error:  # of any library
        outcome = outcome_of(error)
        return "ok" if outcome == "not_found" else outcome
    return "ok"


if __name__ == "__main__":
    print(listing(sys.argv[1]))
