"""Where things lie, relative to the project root, which is the working directory of every stage."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
CHECKED = Path("data/params-checked.txt")
SAMPLE = Path("data/raw/sample")
PRETRAIN = SAMPLE / "pretrain.jsonl"
HUB = Path("data/raw/hub")
SLANG = Path("data/lexicons/slang.txt")
EMOJI = Path("data/lexicons/emoji.txt")
WARNINGS = Path("data/lexicons/warnings.txt")
FORBIDDEN = Path("data/lexicons/forbidden.txt")
LATIN = Path("data/lexicons/latin.txt")
INGESTED = Path("data/ingested")
QUARANTINE = Path("data/quarantine")
SCRUBBED = Path("data/scrubbed")
CURATED = Path("data/curated")
DROPPED = Path("data/dropped.parquet")
EVALUATION = Path("data/evaluation")
SPLITS = Path("data/splits")
ENCODED = Path("data/encoded")
PREDICTIONS = Path("data/predictions")
SCORES = Path("data/scores")
BASE = Path("models/base")
TOKENIZER = BASE / "tokenizer.json"
ADAPTER = Path("models/adapter")
MERGED = Path("models/merged-bf16")
MODELS = Path("models")
METRICS = Path("metrics")
PLOTS = METRICS / "plots"
REPORT = METRICS / "report.html"
HEADLINE = METRICS / "headline.json"


def left_by(source: str) -> str:
    """The folders and files that a source leaves behind when it is taken out of params.yaml."""
    metrics = [METRICS / stage / f"{source}.json" for stage in ("ingest", "scrub")]
    tables = [INGESTED / source, SCRUBBED / source, QUARANTINE / f"{source}.parquet"]
    return " ".join(path.as_posix() for path in tables + metrics)


def project_root() -> Path:
    """The workspace that owns the tracker's store and the checkpoints.

    In `dvc exp run --temp` a stage works in a throw-away copy, and only DVC_ROOT still names the
    workspace that outlives it.
    """
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def overlap(one: str | Path, other: str | Path) -> bool:
    """The same file or folder, or one within the other."""
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)
