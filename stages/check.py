"""Holds params.yaml against itself and against dvc.yaml, before anything is computed; writes a
constant file, on which the first stages depend.

So a misspelt key, or two sections that contradict each other, stops `dvc repro` in its first
second, and a change of params.yaml that is in order reruns this stage and the ones that it is for.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from stages.params.sources import Source
from stages.params.whole import Config, read_config
from stages.pipeline import paths
from stages.pipeline.dvc_yaml import outs_of
from stages.pipeline.errors import InputError, ParamsError
from stages.pipeline.outputs import publish
from stages.pipeline.program import run

log = logging.getLogger("check")


def check_raw_files(config: Config) -> None:
    """Refuses a source whose raw file is not there and will not be.

    Raises:
        ParamsError, InputError: it names the source.
    """
    made = set(outs_of("sample"))
    for name in config.downloads:
        made |= set(outs_of(f"download@{name}"))
    for name, source in config.sources.items():
        path = Path(source.path)
        if path in made or path.exists() or _in_dvc(path):
            continue
        if any(path.is_relative_to(folder) for folder in (paths.SAMPLE, paths.HUB)):
            raise ParamsError(
                f"params.yaml: sources.{name}.path",
                f"is {source.path}, which neither `sample` nor a download makes.",
                f"Write one of {sorted(map(str, made))}, or add it under downloads.",
            )
        raise InputError(
            source.path,
            f"the raw file of source {name!r} is not there.",
            f"Put it there, `dvc pull` it, or correct sources.{name}.path in params.yaml.",
        )


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
    with publish(paths.CHECKED) as (file,):
        file.write_text("params.yaml and dvc.yaml fit each other.\n", encoding="utf-8")
    log.info("params.yaml is in order: %s", described(config.sources))


if __name__ == "__main__":
    run(main)
