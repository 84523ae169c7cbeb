"""Holds params.yaml against itself and against dvc.yaml, before anything is computed; writes a
constant file, on which the first stages depend.

So a misspelt key, or two sections that contradict each other, stops `dvc repro` in its first
second, and a change of params.yaml that is in order reruns this stage and the ones that it is for.
"""

import logging
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from stages.params.sources import Source
from stages.params.whole import Config, read_config
from stages.pipeline import paths
from stages.pipeline.dvc_lock import LOCK, recorded
from stages.pipeline.dvc_yaml import outs_of, stage_names
from stages.pipeline.errors import InputError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("check")


def check_raw_files(config: Config) -> None:
    """Refuses a source whose raw file is not there, was never read, and will not be made.

    Raises:
        InputError: it names the source.
    """
    made = made_by_stages(list(config.downloads))
    read = raw_files_read()
    for name, source in config.sources.items():
        path = Path(source.path)
        if path.exists() or path in read or _in_dvc(path):
            continue
        # A directory is there once a stage has made a file in it, and the other way round.
        if any(fnmatch(source.path, out) or paths.overlap(path, out) for out in made):
            continue
        raise InputError(
            source.path,
            f"the raw file of source {name!r} is not there, and no stage makes it.",
            f"Put it there, `dvc pull` it, correct sources.{name}.path in params.yaml, or name its "
            "data set under downloads.",
        )


def made_by_stages(downloads: list[str]) -> list[str]:
    """The outputs of all stages of dvc.yaml; `*` stands for the items of others than downloads."""
    items = {"download": downloads}
    return [
        out.as_posix()
        for stage in stage_names()
        for item in items.get(stage, ["*"])
        for out in outs_of(f"{stage}@{item}")
    ]


def raw_files_read() -> set[Path]:
    """What an earlier run has read, by dvc.lock: raw files that are kept elsewhere need not be here
    for `dvc repro --allow-missing`."""
    stages = recorded() if LOCK.is_file() else {}
    ingests = (entry for name, entry in stages.items() if name.startswith("ingest@"))
    return {Path(dep["path"]) for entry in ingests for dep in entry.get("deps", [])}


def _in_dvc(path: Path) -> bool:
    """A `.dvc` file of it, or of a directory that it is in, lies here: `dvc pull` brings it."""
    return any(place.with_name(f"{place.name}.dvc").is_file() for place in _with_parents(path))


def _with_parents(path: Path) -> Iterator[Path]:
    yield path
    yield from (parent for parent in path.parents if parent.name)


def described(sources: dict[str, Source]) -> str:
    training = sum(source.use == "training" for source in sources.values())
    return f"{training} sources for training, {len(sources) - training} for evaluation"


def main() -> None:
    config = read_config()
    check_raw_files(config)
    if config.evaluate.bertscore:
        from stages.preflight.encoder import check_encoder  # which loads what reads models

        check_encoder(config.evaluate.bertscore)
    with publish(paths.CHECKED) as (file,):
        file.write_text("params.yaml is in order.\n", encoding="utf-8")
    log.info("params.yaml is in order: %s", described(config.sources))


if __name__ == "__main__":
    run(main)
