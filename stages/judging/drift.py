"""How far a run is from the last release: its metrics, and what its data are made of (S1-26)."""

from collections.abc import Mapping, Sequence
from typing import Any

from stages.formats.json_files import Json
from stages.judging.figures import Metrics
from stages.pipeline.variants import SIDE_BY_SIDE

# What a share is of: the file under metrics/, the keys down to numbers by name.
DISTRIBUTIONS = {
    "share_by_source": ("mix", "train", "share_by_source"),
    "share_by_style": ("mix", "train", "share_by_style"),
    "rows_by_tokens": ("encode", "train", "rows_by_tokens"),
    "masked_by_type": ("scrub", "masked"),
}
FIGURES = {
    "rows_trained": ("mix", "train", "rows"),
    "trained_tokens": ("encode", "train", "trained_tokens"),
    "quarantined_share": ("ingest", "quarantined_share"),
    "masked_share": ("scrub", "masked_share"),
    "validation_loss_nats": ("train", "validation_loss_nats"),
    "grad_norm_max": ("train", "grad_norm_max"),
}


def drift(now: Metrics, release: Metrics) -> Json:
    """The figures of both with their difference, and the distance of each distribution. What either
    does not have is left out."""
    places = dict(FIGURES)
    for variant in SIDE_BY_SIDE:
        sets = at(now.file(f"evaluate/{variant}"), ("sets", "test", "measures")) or {}
        for measure in sets:
            keys = (f"evaluate/{variant}", "sets", "test", "measures", measure)
            places[f"{variant}.{measure}"] = keys
    figures = {}
    for name, (file, *keys) in places.items():
        here, there = at(now.file(file), keys), at(release.file(file), keys)
        if here is not None and there is not None:
            difference = round(here - there, 6)
            figures[name] = {"release": there, "now": here, "difference": difference}
    distances = {}
    for name, (file, *keys) in DISTRIBUTIONS.items():
        here, there = at(now.file(file), keys), at(release.file(file), keys)
        if here and there:
            distances[name] = round(distance(here, there), 6)
    return {"figures": figures, "distances": distances}


def at(content: Json | None, keys: Sequence[str]) -> Any:
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            return None
        content = content[key]
    return content


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Half the sum of what the shares differ by, 0 for the same and 1 for nothing in common (total
    variation); `one` and `other` are counts or shares by name."""
    totals = sum(one.values()), sum(other.values())
    names = sorted({*one, *other})
    return 0.5 * sum(abs(one.get(n, 0) / totals[0] - other.get(n, 0) / totals[1]) for n in names)
