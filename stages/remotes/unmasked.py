"""Which outputs hold text that is not masked, and where they go.

`download`, `ingest` and what `make add` versions are raw text, and so is what any other stage makes
of it, until `scrub` has masked it. Such outputs have a DVC remote of their own, `personal`. In
.dvc/config it is a directory of this clone, and `make push` sends nothing there; who may share them
names a place (`make remote NAME=personal URL=...`).
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stages.params.reading import read_tree
from stages.pipeline.dvc_lock import recorded
from stages.pipeline.errors import ParamsError, PipelineError
from stages.pipeline.paths import overlap

if TYPE_CHECKING:
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import Stage

PERSONAL = "personal"
RAW = ("download", "ingest")
MASKS = "scrub"
SAMPLE = "data/raw/sample"


class RemoteError(PipelineError, RuntimeError):
    """Something between this clone and its remotes that must not be, or does not work."""


def unmasked_outputs(repo: "Repo") -> list["Output"]:
    """The outputs in DVC's cache that hold unmasked text, by what each stage reads, and by what it
    has read when it ran. Metrics are not among them: they are in Git, and hold counts."""
    import networkx as nx

    found: list[Output] = []
    raw = _raw_places(repo)
    places = list(raw)
    ran, sample = _deps_of_runs(repo), [_at(repo, SAMPLE)]
    reads = repo.index.graph  # from a stage to those that it reads
    for stage in reversed(list(nx.topological_sort(reads))):
        read = [dep.fs_path for dep in stage.deps] + ran.get(stage.addressing, [])
        deps = [dep for dep in read if not _is_within(dep, sample)]
        unmasked = _is_raw(stage) or (
            not _masks(repo, stage) and any(overlap(dep, place) for dep in deps for place in places)
        )
        for out in stage.outs:
            is_raw = _is_within(out.fs_path, raw) and not _is_within(out.fs_path, sample)
            if (unmasked or is_raw) and not _is_within(out.fs_path, [_at(repo, "metrics")]):
                places.append(out.fs_path)
                found += [out] if out.use_cache else []
    return found


def refuse_to_share(repo: "Repo") -> None:
    """Checks that all of them go to the remote `personal`, or nowhere.

    Raises:
        RemoteError: it names those that would go to another one; or both lie in one place.
    """
    refuse_one_place(repo)
    shared = [out for out in unmasked_outputs(repo) if out.can_push and out.remote != PERSONAL]
    if shared:
        raise RemoteError(
            ", ".join(sorted(map(str, shared))),
            "holds text that is not masked, and would go to the remote that all share.",
            f"Write `remote: {PERSONAL}` at it (in dvc.yaml; of a raw file `make add FILE=...` "
            "does). docs/how-to/remotes.md says how those who may see it share it.",
        )


def absent(repo: "Repo", personal: bool) -> list[str]:
    """The recorded outputs that are neither here nor in the cache: those that only some may have,
    or all others."""
    return sorted(
        str(out)
        for out in repo.index.outs
        if (out.remote == PERSONAL) == personal
        and out.use_cache
        and out.hash_info
        and not out.exists
        and out.changed_cache()
    )


def refuse_one_place(repo: "Repo") -> None:
    """
    Raises:
        RemoteError: `personal` is where another remote is, or within it, or around it.
    """
    remotes = {name: str(r.get("url", "")) for name, r in repo.config["remote"].items()}
    own = remotes.pop(PERSONAL, "")
    for name, url in sorted(remotes.items()):
        if own and url and overlap(own.rstrip("/"), url.rstrip("/")):
            raise RemoteError(
                f"the remote {PERSONAL}",
                f"lies where {name} does, so all who may read that may read unmasked text.",
                f"`make remote NAME={PERSONAL} URL=<a place of its own>`.",
            )


def _raw_places(repo: "Repo") -> list[str]:
    """Where raw text lies: data/raw, and what the sources of params.yaml name. Of the sample, only
    what was planted is personal, and that has its own entry in dvc.yaml."""
    try:
        tree = read_tree(Path(_at(repo, "params.yaml")))
    except ParamsError:  # whoever runs a stage is told
        tree = None
    sources = tree.get("sources") if isinstance(tree, dict) else None
    named = [
        str(source["path"])
        for source in (sources.values() if isinstance(sources, dict) else ())
        if isinstance(source, dict) and "path" in source
    ]
    return [_at(repo, path) for path in ["data/raw", *named] if not path.startswith(SAMPLE)]


def _deps_of_runs(repo: "Repo") -> dict[str, list[str]]:
    """What each stage of dvc.lock read when it ran, whatever dvc.yaml says since."""
    if not Path(_at(repo, "dvc.lock")).is_file():
        return {}
    return {
        name: [_at(repo, dep["path"]) for dep in entry.get("deps", [])]
        for name, entry in recorded(Path(_at(repo, "dvc.lock"))).items()
    }


def _at(repo: "Repo", path: str) -> str:
    return os.path.join(repo.root_dir, path)  # noqa: PTH118 - as DVC writes its paths


def _is_within(path: str, places: list[str]) -> bool:
    return any(Path(path).is_relative_to(place) for place in places)


def needing(repo: "Repo", away: list[str]) -> list[str]:
    """The changed stages that would read what is absent."""
    return sorted(
        stage.addressing
        for stage in repo.index.stages
        if any(str(dep) in away for dep in stage.deps)
        and (stage.changed_stage() or any(d.status() for d in stage.deps if str(d) not in away))
    )


def _name(stage: "Stage") -> str:
    """Without its item: `scrub` of `scrub@news`."""
    return (getattr(stage, "name", None) or "").partition("@")[0]


def _is_raw(stage: "Stage") -> bool:
    return _name(stage) in RAW


def _masks(repo: "Repo", stage: "Stage") -> bool:
    """The pipeline's own `scrub`, and no other that is called so."""
    own = stage.path_in_repo == "dvc.yaml" and _name(stage) == MASKS
    return own and all(
        _is_within(out.fs_path, [_at(repo, "data/scrubbed"), _at(repo, "metrics")])
        for out in stage.outs
    )
