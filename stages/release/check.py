"""May what lies here be released? (`make release-check`)

A verdict is of the code, params and data that made it. So first everything is compared with
`dvc.lock`, stage by stage up to the gate: the code and params of a stage are those of the tree, its
metrics are the ones that it wrote, and what it read is what another stage made. Data and models
need not be here for that, since their hashes are in the lock. Two links cannot be followed there,
for the lock has one hash for a whole folder: to a file in an output, and to a folder of outputs;
only folders of metrics are hashed from the disk.
"""

import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.formats.json_files import Json, read_json
from stages.params.reading import read_tree
from stages.pipeline import paths
from stages.pipeline.dvc_lock import Stages, recorded
from stages.pipeline.errors import DataError, InputError, PipelineError
from stages.pipeline.hashes import dvc_hash
from stages.pipeline.paths import overlap

log = logging.getLogger("release")

GATE = paths.METRICS / "gate.json"
AGAIN = "Run `make repro`, look at the verdict, and check again."


class ReleaseError(PipelineError, RuntimeError):
    """Something that must not be released."""


def judged(*also: str) -> None:
    """Checks that what lies here is what the gate has judged; with `also`, that what other stages
    made is of the same.

    Raises:
        ReleaseError: something has changed since, or never ran.
        InputError, DataError: dvc.lock is not there, or cannot be read.
    """
    params, ran = read_tree(), lock()
    for name in _chain(["gate", *also], _declared(params), ran):
        entry = ran[name]
        for dep in entry.get("deps", []):
            _check_input(name, dep, ran)
        for key, value in entry.get("params", {}).get("params.yaml", {}).items():
            if _at(params, key) != value:
                raise _stale(f"params.yaml: {key}", f"is not what {name} ran with.")
        for out in entry.get("outs", []):
            file = Path(out["path"])
            if file.is_relative_to(paths.METRICS) and file != paths.REPORT:
                same_as_recorded(file, ran)


def same_as_recorded(path: Path, ran: Stages) -> None:
    """Checks that an output on the disk is the one that its stage recorded.

    Raises:
        ReleaseError: it is not there, is another one, or no stage makes it.
    """
    made = {out["path"]: (name, out["md5"]) for name, entry in ran.items() for out in _outs(entry)}
    if path.as_posix() not in made:
        raise _stale(path.as_posix(), "is made by no stage of dvc.lock.")
    name, md5 = made[path.as_posix()]
    if not path.exists():
        raise InputError(path.as_posix(), "is not there.", "Run `dvc pull`, or `make repro`.")
    if dvc_hash(path) != md5:
        raise _stale(path.as_posix(), f"is not what {name} made.")


def lock() -> Stages:
    """The stages of dvc.lock that dvc.yaml still has."""
    declared = _declared(read_tree())
    return {name: entry for name, entry in recorded().items() if name in declared}


def verdict() -> Json:
    """The content of the gate's file."""
    return read_json(GATE)


def lines(gate: Json) -> Iterator[str]:
    """The verdict and each rule, to be read by people."""
    yield f"verdict: {gate['verdict']}"
    for name, rule in sorted(gate["rules"].items()):
        figure = rule["figure"] + (f" against {rule['against']}" if rule["against"] else "")
        if rule["result"] == "not_applicable":
            found = f"not applicable: {rule['why'].replace('_', ' ')}"
        else:
            interval = "" if rule["low"] is None else f" ({rule['low']:g} to {rule['high']:g})"
            bound = (
                f"at least {rule['at_least']:g}"
                if "at_least" in rule
                else f"at most {rule['at_most']:g}"
            )
            found = f"{rule['value']:g}{interval}, {bound}"
        yield f"  {rule['result'].replace('not_applicable', '-'):4}  {name}: {figure}: {found}"


def _stale(where: str, what: str) -> ReleaseError:
    return ReleaseError(where, f"{what} So the verdict is not of what lies here.", AGAIN)


def _check_input(stage: str, dep: Json, ran: Stages) -> None:
    """What a stage read is what is there: code and metrics on the disk, else in the lock."""
    path, md5 = Path(dep["path"]), dep["md5"]
    if path == paths.PARAMS:
        return  # its values are compared one by one
    made = [(name, out) for name, entry in ran.items() for out in _outs(entry)]
    for name, out in made:
        if out["path"] == dep["path"]:
            if out["md5"] != md5:
                raise _stale(dep["path"], f"is made by {name}, and {stage} read another one.")
            return
    within_another = any(path.is_relative_to(out["path"]) for _, out in made)
    holds_others = any(Path(out["path"]).is_relative_to(path) for _, out in made)
    if within_another or (holds_others and not path.is_relative_to(paths.METRICS)):
        return
    if not path.exists() and not path.is_relative_to("stages"):
        return  # raw data that was not pulled: no stage makes it, so nothing can be said
    hashed = path.is_file() or holds_others or path.is_relative_to("stages")
    if not path.exists() or (hashed and dvc_hash(path) != md5):
        raise _stale(dep["path"], f"is not what {stage} read.")


def _chain(ends: list[str], declared: set[str], ran: Stages) -> list[str]:
    """The stages that lead to `ends`, the first ones first."""
    found: list[str] = []

    def visit(name: str) -> None:
        if name in found:
            return
        for dep in ran[name].get("deps", []):
            for other, entry in ran.items():
                if other != name and any(overlap(dep["path"], out["path"]) for out in _outs(entry)):
                    visit(other)
        found.append(name)

    for name in ends:
        if name not in declared or name not in ran:
            raise ReleaseError(name, "has not run, so nothing is judged.", AGAIN)
        visit(name)
    return found


def _outs(entry: Json) -> list[Json]:
    return entry.get("outs", [])


def _declared(params: Json) -> set[str]:
    """The names of the stages, as DVC makes them of dvc.yaml: `stage`, or `stage@item`."""
    names: set[str] = set()
    for name, stage in _dvc_yaml().items():
        if "foreach" in stage:
            items = stage["foreach"]
            items = _at(params, items[2:-1]) if isinstance(items, str) else items
            names |= {f"{name}@{item}" for item in items or []}
        elif "matrix" in stage:
            names |= {f"{name}@{'-'.join(map(str, i))}" for i in product(*stage["matrix"].values())}
        else:
            names.add(name)
    return names


def _dvc_yaml() -> dict[str, Json]:
    try:
        return YAML(typ="safe", pure=True).load(Path("dvc.yaml"))["stages"]
    except (OSError, YAMLError, TypeError, KeyError):
        raise DataError("dvc.yaml", "cannot be read.", "Run `git checkout dvc.yaml`.") from None


def _at(tree: object, dotted: str) -> Any:
    """The value of a key such as `train.lora.r`; of a missing one what equals no value."""
    for part in dotted.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return ("missing", dotted)
        tree = tree[part]
    return tree
