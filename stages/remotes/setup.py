"""Sets a remote up for good.

Into .dvc/config, for Git: the address, and `verify`, without which DVC trusts a file that was cut
on its way. Into .dvc/config.local, which is nobody else's: secrets, and the address once more, so
that commits from before the remote still compare. The remote `personal` is in the latter alone.
"""

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from stages.pipeline.durable import sync, sync_names
from stages.remotes.unmasked import PERSONAL, RemoteError

Settings = dict[str, str | bool | int]

# By the scheme of an address: the package that talks to it, the extra that brings it, and what
# keeps a server that says nothing from being waited for.
KINDS: dict[str, tuple[str | None, str, Settings]] = {
    "": (None, "", {"shared": "group"}),
    "s3": ("dvc_s3", "s3", {"connect_timeout": 10, "read_timeout": 60}),
    "gs": ("dvc_gs", "gs", {}),
    "azure": ("dvc_azure", "azure", {}),
    "ssh": ("dvc_ssh", "ssh", {}),
    "webdav": ("dvc_webdav", "webdav", {"timeout": 60}),
    "webdavs": ("dvc_webdav", "webdav", {"timeout": 60}),
    "http": ("dvc_http", "", {"connect_timeout": 10, "read_timeout": 60}),
    "https": ("dvc_http", "", {"connect_timeout": 10, "read_timeout": 60}),
}
# From the environment, so that no secret stands in a history of commands: what each becomes.
USER, PASSWORD, KEYFILE = "REMOTE_USER", "REMOTE_PASSWORD", "REMOTE_KEYFILE"
SECRETS: dict[str, dict[str, str]] = {
    "s3": {USER: "access_key_id", PASSWORD: "secret_access_key"},
    "gs": {KEYFILE: "credentialpath"},
    "azure": {USER: "account_name", PASSWORD: "account_key"},
    "ssh": {USER: "user", PASSWORD: "password", KEYFILE: "keyfile"},
    "webdav": {USER: "user", PASSWORD: "password"},
    "webdavs": {USER: "user", PASSWORD: "password"},
    "http": {USER: "user", PASSWORD: "password"},
    "https": {USER: "user", PASSWORD: "password"},
}
WITH_AUTH = ("http", "https")


def set_up(name: str, url: str, endpoint: str, environment: Mapping[str, str]) -> list[Path]:
    """Writes the remote into DVC's configuration and makes its folder, if it is one. Returns what
    is to be committed.

    Raises:
        RemoteError: the name, the address or what talks to it will not do.
    """
    scheme, address = _address(url)
    package, extra, settings = KINDS[scheme]
    if package and find_spec(package) is None:
        raise RemoteError(
            f"{scheme}://",
            f"needs the package {package.replace('_', '-')}, which is not installed.",
            f"Install it: `pip install -c <(pip freeze --exclude malssi) '.[{extra}]'`.",
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise RemoteError(
            "NAME", "is not a name of a remote.", "Use letters, digits, - and _, a letter first."
        )
    if not scheme:
        _make_shared(Path(address))
    given: Settings = {
        option: environment[variable]
        for variable, option in SECRETS.get(scheme, {}).items()
        if environment.get(variable)
    }
    _refuse_secrets("ENDPOINT", endpoint)
    _refuse_unwritable(given)
    if given and scheme in WITH_AUTH:
        given["auth"] = "basic"
    shown: Settings = {"url": address, "verify": True, **settings}
    if endpoint:
        shown["endpointurl"] = endpoint
    if name == PERSONAL:
        _write("local", name, shown | given)
        return []
    _write("repo", name, shown, default=True)  # if there is none yet
    _write("local", name, {"url": address, **given})
    return [Path(".dvc/config")]


def _address(url: str) -> tuple[str, str]:
    """The scheme and the address; of a folder its absolute path.

    Raises:
        RemoteError: it holds a password, which is not repeated, or is of an unknown kind.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        if not url:
            raise RemoteError("URL", "is empty.", "Write URL=s3://bucket/path, ssh://..., /folder.")
        if re.search(r":/|@", url):  # an address that lacks a slash
            _refuse_secrets("URL", "@")
        return "", os.path.abspath(Path(url).expanduser())  # noqa: PTH100 - keeps links
    if scheme not in KINDS or not scheme:
        raise RemoteError(
            f"{scheme}://" if re.fullmatch(r"\w{1,12}", scheme) else "URL",
            "is no kind of remote that is known here.",
            f"Use one of {', '.join(f'{kind}://' for kind in KINDS if kind)} or a folder.",
        )
    _refuse_secrets("URL", rest.partition("@")[2] if scheme == "ssh" else rest)
    if scheme == "ssh" and ":" in rest.partition("@")[0].partition("/")[0] and "@" in rest:
        _refuse_secrets("URL", "@")
    return scheme, url


def _refuse_secrets(what: str, address: str) -> None:
    """
    Raises:
        RemoteError: the address may hold a user, a password or a token. It is not repeated.
    """
    if re.search("[@?#]", address):
        raise RemoteError(
            what,
            "may hold a password, and would stand in .dvc/config, which is in Git.",
            f"Write it without; user and password are taken from {USER} and {PASSWORD} of the "
            "environment, and stay in .dvc/config.local.",
        )


def _refuse_unwritable(secrets: Settings) -> None:
    """
    Raises:
        RemoteError: DVC's configuration cannot hold one of them. It is not repeated.
    """
    for option, value in secrets.items():
        if re.search("%\\(|\"\"\"|'''|[\\0\\r\\n]", str(value)):
            raise RemoteError(
                option.replace("_", " "),
                "holds what DVC's configuration cannot: %(, three quotes, or a line end.",
                "Set another one at the server.",
            )


def _make_shared(folder: Path) -> None:
    """Makes the folder of a remote, for all of its group and nobody else. One that is there keeps
    its rights."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o2770)  # what is made in it is the group's, too


def _write(level: str, name: str, settings: Settings, default: bool = False) -> None:
    from dvc.config import Config

    file = Path(".dvc/config.local" if level == "local" else ".dvc/config")
    before = os.umask(0o077)
    if level != "local":
        os.umask(before)
    elif file.is_file():
        file.chmod(0o600)
    try:
        # What is there already may be what is to be mended; what is written is validated.
        with Config(dvc_dir=".dvc", validate=False).edit(level) as edited:
            conf = cast(dict[str, Any], edited)
            conf.setdefault("remote", {}).setdefault(name, {}).update(settings)
            if default:
                conf.setdefault("core", {}).setdefault("remote", name)
    finally:
        os.umask(before)
    sync(file)
    sync_names(file.parent)
