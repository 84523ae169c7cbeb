"""What is unwise in DVC's configuration of remotes, with the command that mends it."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from stages.pipeline.errors import cut
from stages.remotes.unmasked import PERSONAL

Remotes = Mapping[str, Mapping[str, Any]]  # settings by name
LEVELS = ("repo", "local")
LOCAL = Path(".dvc/config.local")
SECRET = ("password", "secret", "access_key", "account_key", "token", "connection_string")


def configured() -> tuple[Remotes, Remotes]:
    """The remotes of .dvc/config, which all share, and the same with .dvc/config.local."""
    from dvc.config import Config

    config = Config(dvc_dir=".dvc", validate=False)  # one that is refused hides no other
    levels = (cast(dict[str, Any], config.load_one(level)) for level in LEVELS)
    committed, local = (level.get("remote", {}) for level in levels)
    return committed, {
        name: {**committed.get(name, {}), **local.get(name, {})} for name in {*committed, *local}
    }


def refused(merged: Remotes) -> dict[str, str]:
    """The remotes whose settings DVC refuses, and with one of them every command; by name, why."""
    from dvc.config import Config, ConfigError

    found = {}
    for name, settings in merged.items():
        try:
            Config.validate({"remote": {name: dict(settings)}})
        except ConfigError as error:
            why, _, at = str(error).removeprefix("config file error: ").partition(" @ ")
            key = at.rpartition("[")[2].strip("]'")
            found[name] = cut(why if key in ("", name) else f"{key}: {why}")
    return found


def advice(committed: Remotes, merged: Remotes, local: Path = LOCAL) -> Iterator[str]:
    """What to do about them. No secret is repeated."""
    yield from _of_settings(committed, merged)
    yield from _of_git(committed, merged)
    if local.is_file() and stat.S_IMODE(local.stat().st_mode) & 0o077:
        yield f"{local}: others may read its secrets. `chmod 600 {local}`"


def _of_settings(committed: Remotes, merged: Remotes) -> Iterator[str]:
    from dvc.config_schema import RelPath

    for name, settings in sorted(merged.items()):
        url = str(settings.get("url", ""))
        if name == PERSONAL and name in committed and "verify" not in settings:
            continue  # nobody shares it here
        if not settings.get("verify"):
            yield (
                f"remote {name}: a transfer that is cut leaves half a file that every check calls "
                f"clean. `dvc remote modify {name} verify true`"
            )
        if isinstance(settings.get("url"), RelPath):
            yield (
                f"remote {name}: its folder is another one for each clone. `make remote "
                f"URL=<an absolute path> NAME={name}`"
            )
        if "://" not in url and settings.get("shared") != "group":
            yield (
                f"remote {name}: other users of the group cannot write what this one makes. "
                f"`dvc remote modify {name} shared group`"
            )


def _of_git(committed: Remotes, merged: Remotes) -> Iterator[str]:
    for name, settings in sorted(committed.items()):
        if any(word in key for key in settings for word in SECRET):
            yield (
                f"remote {name}: a secret stands in .dvc/config, which is in Git. Change it at the "
                f"server, remove it there, and set the remote up anew (`make remote`)."
            )
        if "@" in str(settings.get("url", "")).partition("://")[2]:
            yield (
                f"remote {name}: its address in .dvc/config, which is in Git, holds a user, and "
                "may hold a password. `make remote` takes them from the environment."
            )
        if name != PERSONAL and "url" not in merged.get(name, {}):
            yield f"remote {name}: has no address. `make remote URL=... NAME={name}`"
    for name in sorted(set(merged) - set(committed) - {PERSONAL}):
        yield (
            f"remote {name}: only .dvc/config.local names it, so the others have no such remote. "
            f"`make remote URL=... NAME={name}`, and commit .dvc/config"
        )
