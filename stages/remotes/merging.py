"""dvc.lock and metrics of two branches as one.

Git merges line by line, and would put together an entry of which neither side ran a part. Here each
stage's entry comes whole from one side: from the one that has changed it. Where both have, it is
that of the side that trained, so that no training is repeated. Metrics follow the entries.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Stages = Mapping[str, Any]  # entries of dvc.lock by the names of the stages
COSTLY = ("base", "train", "merge", "export", "answer")  # the first that differs decides


def merged(base: Stages, ours: Stages, theirs: Stages) -> dict[str, Any]:
    """The entries of both sides; `base` are those of the commit that they come from. What one side
    removed is removed."""
    preferred = theirs if _trained(base, theirs, ours) else ours
    found = {}
    for name in sorted({*ours, *theirs}):
        if ours.get(name) == base.get(name):
            side = theirs
        elif theirs.get(name) == base.get(name):
            side = ours
        else:
            side = preferred if name in preferred else ours if name in ours else theirs
        if name in side:
            found[name] = side[name]
    return found


def _trained(base: Stages, side: Stages, other: Stages) -> bool:
    """Whether this side made the costly outputs anew, and the other one did not."""
    for stage in COSTLY:
        changed = [_outs(entries, stage) != _outs(base, stage) for entries in (side, other)]
        if changed[0] != changed[1]:
            return changed[0]
    return False


def _outs(entries: Stages, stage: str) -> list[Any]:
    return [entry.get("outs") for name, entry in entries.items() if name.partition("@")[0] == stage]


def results(entries: Stages, ours: Stages) -> Iterator[tuple[str, bool]]:
    """The path of each output, and whether it is that of our side."""
    own = {(out["path"], out["md5"]) for entry in ours.values() for out in entry.get("outs", [])}
    for entry in entries.values():
        for out in entry.get("outs", []):
            yield out["path"], (out["path"], out["md5"]) in own
