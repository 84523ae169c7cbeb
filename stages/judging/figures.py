"""Figures by name, as rules of the gate have them, now or at a commit:

  train.grad_norm_max                    a key of a file under metrics/
  evaluate/merged-bf16.rougeL_syllable   a measure of a variant on the test split
  evaluate/merged-bf16.korquad.f1_char   the same on an evaluation source
  evaluate/mxfp4.by_style.news_body.rougeL_morph   of a part, without an interval
  contrast.sets.test.gain_kept.mxfp4     a figure with its interval
  ingest.quarantined_share               of all sources that were curated
  scrub.masked_share                     likewise

(`drift.…` is what `drift.py` has.)
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from stages.formats.json_files import Json, read_json
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ParamsError

# Whose files may be bounded: what the gate depends on.
STAGES = ("ingest", "scrub", "curate", "mix", "base", "encode", "train", "merge", "export",
          "compare", "evaluate", "contrast")  # fmt: skip


class Metrics:
    """What lies in metrics/, now or at a commit. Files are read when they are asked for."""

    def __init__(self, commit: str | None = None):
        self.commit = commit
        self.files: dict[str, Json | None] = {}

    def file(self, name: str) -> Json | None:
        """The content of `metrics/<name>.json`; None where there is none."""
        if name not in self.files:
            self.files[name] = self._read(name)
        return self.files[name]

    def _read(self, name: str) -> Json | None:
        if name in ("ingest", "scrub"):
            return self._totals(name)
        path = paths.METRICS / f"{name}.json"
        if self.commit is None:
            return read_json(path) if path.is_file() else None
        shown = ["git", "show", f"{self.commit}:./{path.as_posix()}"]
        answer = subprocess.run(shown, capture_output=True, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def _totals(self, stage: str) -> Json | None:
        """Sums over the sources that were curated; what a source left that is gone counts not."""
        curated = self.file("curate") or {"rows_in_by_source": {}}
        counts = [self.file(f"{stage}/{name}") for name in curated["rows_in_by_source"]]
        known = [of for of in counts if of is not None]
        if not known or len(known) < len(counts):
            return None
        if stage == "ingest":
            rows = sum(of["rows_in"] for of in known)
            quarantined = sum(of["rows_quarantined"] for of in known)
            return {"rows_in": rows, "quarantined_share": round(quarantined / rows, 6)}
        masked: dict[str, int] = {}
        for of in known:
            for kind, count in of["masked"].items():
                masked[kind] = masked.get(kind, 0) + count
        rows, with_mask = (sum(of[key] for of in known) for key in ("rows", "rows_masked"))
        return {"masked_share": round(with_mask / rows, 6), "masked": masked}


def check_commit(commit: str) -> None:
    """Refuses a release that this clone does not know, or that has no verdict.

    Raises:
        InputError
    """
    known = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    if subprocess.run(known, capture_output=True, check=False).returncode:
        raise InputError(
            f"gate.release {commit}",
            "is not a commit of this repository.",
            "Fetch it (`git fetch --unshallow`), or name another in params.yaml.",
        )
    if Metrics(commit).file("gate") is None:
        raise InputError(
            f"gate.release {commit}",
            "has no metrics/gate.json, so nothing was released there.",
            "Name the commit that holds dvc.lock and metrics/ of the release.",
        )


def figure(name: str, metrics: Metrics) -> Json | None:
    """`{"value": number}`, with `low` and `high` where it has an interval; None where it does not
    apply.

    Raises:
        ParamsError: there is no such figure.
    """
    file, *keys = name.split(".")
    content: Any = metrics.file(file) if file.partition("/")[0] in STAGES else None
    if content is None:
        raise ParamsError(
            f"params.yaml: figure {name}",
            f"there is no metrics/{file}.json that the gate reads.",
            f"Write <file>.<key>, with a file of {', '.join(STAGES)}.",
        )
    of_set = "test"
    if file.startswith("evaluate/"):
        if len(keys) > 1 and keys[0] in content["sets"]:
            of_set = keys.pop(0)
        keys = ["sets", of_set, *(["measures"] if len(keys) == 1 else []), *keys]
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            known = sorted(content) if isinstance(content, Mapping) else "no more keys"
            raise ParamsError(
                f"params.yaml: figure {name}",
                f"has no {key!r} in metrics/{file}.json, which has {known} there.",
                "Write one of these.",
            )
        content = content[key]
    if keys[-2:-1] == ["measures"] and content is not None:
        return {"value": content} | _interval(file, of_set, keys[-1], metrics)
    if isinstance(content, Mapping) and "value" in content:
        return dict(content)
    if content is not None and (isinstance(content, bool) or not isinstance(content, int | float)):
        raise ParamsError(
            f"params.yaml: figure {name}",
            f"is a {type(content).__name__} and not a number.",
            "Name one of its keys, or another figure.",
        )
    return None if content is None else {"value": content}


def _interval(file: str, of_set: str, measure: str, metrics: Metrics) -> Json:
    variant = file.removeprefix("evaluate/")
    contrast = metrics.file("contrast") or {"sets": {}}
    found = contrast["sets"].get(of_set, {"variants": {variant: {}}})["variants"][variant]
    ends = found.get(measure) or {}
    return {end: ends[end] for end in ("low", "high") if end in ends}
