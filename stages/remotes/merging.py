"""dvc.lock and metrics of two branches as one.

Git merges line by line, and would put together an entry of which neither side ran a part. Here each
stage's entry comes whole from one side: from the one that has changed it. Where both have, it is
that of the side that trained, so that no training is repeated. Metrics follow the entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Lock = Mapping[str, Any]  # what dvc.lock holds
Stages = Mapping[str, Any]  # entries of dvc.lock by the names of the stages
COSTLY = ("base", "train", "merge", "export", "answer")  # the first that differs decides


def merged_lock(base: Lock, ours: Lock, theirs: Lock) -> dict[str, Any]:
    """Both sides' dvc.lock; `base` is that of the commit that they come from. Data sets are merged
    by their names, as stages are, and any other key as a whole."""
    stages = [side.get("stages", {}) for side in (base, ours, theirs)]
    theirs_first = _trained(stages[0], stages[2], stages[1])
    found = _chosen((base, ours, theirs), theirs_first)
    if "stages" in found:
        found["stages"] = _chosen(stages, theirs_first)
    if "datasets" in found:
        named = [_by_name(side.get("datasets", [])) for side in (base, ours, theirs)]
        found["datasets"] = list(_chosen(named, theirs_first).values())
    return found


def _by_name(datasets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {one["name"]: one for one in datasets}


def _chosen(sides: Sequence[Mapping[str, Any]], theirs_first: bool) -> dict[str, Any]:
    """Each entry from the side that has changed it; what one side removed is removed."""
    base, ours, theirs = sides
    preferred = theirs if theirs_first else ours
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
