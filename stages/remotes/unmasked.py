"""Which outputs hold text that is not masked, and where they go.

`download`, `ingest` and what `make add` versions are raw text, and so is what any other stage makes
of it, until `scrub` has masked it. Such outputs have a DVC remote of their own, `personal`. In
.dvc/config it is this clone's own cache, so they go nowhere; who may share them names a place
(`make remote NAME=personal URL=...`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stages.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from dvc.output import Output
    from dvc.repo import Repo
    from dvc.stage import Stage

PERSONAL = "personal"
RAW = ("download", "ingest")
MASKS = "scrub"


class RemoteError(PipelineError, RuntimeError):
    """Something between this clone and its remotes that must not be, or does not work."""


def unmasked_outputs(repo: "Repo") -> list["Output"]:
    """The outputs in DVC's cache that hold unmasked text, by what each stage reads. Metrics are
    not among them: they are in Git, and hold counts."""
    import networkx as nx

    found: list[Output] = []
    reads = repo.index.graph  # from a stage to those that it reads
    for stage in reversed(list(nx.topological_sort(reads))):
        unmasked = _is_raw(stage) or (
            _name(stage) != MASKS
            and any(_overlap(dep.fs_path, out.fs_path) for dep in stage.deps for out in found)
        )
        found += [out for out in stage.outs if unmasked and out.use_cache]
    return found


def refuse_to_share(repo: "Repo") -> None:
    """Checks that all of them go to the remote `personal`, or nowhere.

    Raises:
        RemoteError: it names those that would go to another one.
    """
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


def _overlap(one: str, other: str) -> bool:
    """The same file or folder, or one within the other."""
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)


def _name(stage: "Stage") -> str:
    """Without its item: `scrub` of `scrub@news`."""
    return (getattr(stage, "name", None) or "").partition("@")[0]


def _is_raw(stage: "Stage") -> bool:
    return _name(stage) in RAW or (stage.is_data_source and stage.path_in_repo.startswith("data/"))
