"""Are the personal values that were planted in the sample masked in what the others receive?"""

from collections import Counter
from pathlib import Path

from stages.formats.tables import read_table, row_texts
from stages.params.sample import Sample
from stages.params.section import Name, Sections, Seed
from stages.params.sources import Source
from stages.pipeline import paths
from stages.remotes.unmasked import RemoteError
from stages.sample import source_rows


class Params(Sections):
    seed: Seed
    sample: Sample
    sources: dict[Name, Source]


def refuse_planted(params: Params) -> None:
    """Looks for the planted values in the masked rows of the sources that the sample made, as far
    as they are here.

    Raises:
        RemoteError: some are left; it names source and types, and no value.
    """
    for name, source in params.sources.items():
        path, folder = Path(source.path), paths.SCRUBBED / name
        if path.parent != paths.SAMPLE or not folder.is_dir():
            continue
        count = getattr(params.sample, f"{path.stem}_rows")
        rows = source_rows(params.seed, path.stem, count, params.sample.personal_share)
        said = "\n".join(text for row in read_table(folder) for text in row_texts(row))
        left = Counter(v.type for row in rows for v in row.planted if v.value in said)
        if left:
            types = ", ".join(f"{type_} ({number})" for type_, number in sorted(left.items()))
            raise RemoteError(
                str(folder),
                f"holds personal values that were planted in the sample: {types}.",
                "Nothing was sent. Run `dvc repro`; if they stay, the scrubber misses their form.",
            )
