"""Fetches one data set of the hub at a pinned commit: `data/raw/hub/<name>.parquet`, a raw file
like any other.

Rows are kept as the hub has them, in its order. What `datasets` caches on the way goes with the
stage: nothing is read from or left in a cache of this machine.
"""

import os
from contextlib import chdir
from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.formats.json_files import write_json
from stages.formats.tables import write_stream
from stages.params.downloads import Download
from stages.params.reading import read_params
from stages.params.section import Name, Sections
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ParamsError
from stages.pipeline.os_errors import disk_full
from stages.pipeline.outputs import publish
from stages.pipeline.program import item, run


class Params(Sections):
    downloads: dict[Name, Download]


def hub_rows(asked: Download, cache: Path) -> Any:
    """The data set of the hub, as `datasets` reads it.

    Raises:
        InputError: the hub does not answer, or has no such data set, commit or split; or the data
            set needs code of its own, which is never run.
    """
    for variable in ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_XET_CACHE"):
        os.environ[variable] = str(cache.resolve() / variable.lower())
    import datasets

    datasets.disable_progress_bars()
    nowhere = cache / "empty"
    nowhere.mkdir(parents=True)
    try:
        with chdir(nowhere):  # a folder of the repo's name would be taken for the data set
            return datasets.load_dataset(
                asked.repo, asked.config, split=asked.split, revision=asked.revision
            )
    except Exception as error:  # `datasets` raises many kinds, its own and those of its readers
        if disk_full(error):
            raise
        raise InputError(
            f"{asked.repo}@{asked.revision}",
            f"cannot be read from the hub ({type(error).__name__}).",
            "Check repo, revision, config and split under downloads in params.yaml, the network, "
            "and HF_TOKEN for a gated data set.",
        ) from None


def main() -> None:
    name = item("name")
    downloads = read_params(Params).downloads
    if name not in downloads:
        raise ParamsError(
            "--name",
            f"params.yaml has no download {name!r}.",
            f"Use one of {sorted(downloads)}.",
        )
    outs = [paths.HUB / f"{name}.parquet", paths.METRICS / "download" / f"{name}.json"]
    with publish(*outs) as (file, metrics_file):
        rows = hub_rows(downloads[name], file.parent / "cache")
        schema: pa.Schema = rows.features.arrow_schema
        batches = rows.with_format("arrow").iter(batch_size=1_000)
        write_stream(file, batches, schema)
        metrics = {"rows": len(rows), "columns": len(schema.names)}
        write_json(metrics_file, metrics)


if __name__ == "__main__":
    run(main)
