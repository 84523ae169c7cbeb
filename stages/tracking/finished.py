"""The numbers of stages that have run, sent to the tracker: of one, of those noted, of all.

MLflow takes longer to load than many stages take. Under `make repro` each stage is noted in a file,
and one process sends what is noted when the run has ended.
"""

from contextlib import suppress
from pathlib import Path

from stages.pipeline.dvc_lock import recorded
from stages.pipeline.dvc_yaml import outs_of, stage_names
from stages.tracking.live import live_file, run_shown_live
from stages.tracking.notes import COMMAND, NOTES
from stages.tracking.projection import send
from stages.tracking.store import attempt, unreachable


def send_stage(stage: str) -> None:
    outs = outs_of(stage)
    attempt(stage, lambda uri: send(uri, stage, outs, run_shown_live(stage)))
    with suppress(OSError):
        live_file(stage).unlink(missing_ok=True)


def send_noted() -> None:
    """In the order in which they ran."""
    known = set(stage_names())
    with suppress(OSError):  # .mlflow may be no folder; then nothing was noted
        for file in sorted(NOTES.iterdir(), key=lambda file: file.lstat().st_mtime_ns):
            if file.name.partition("@")[0] in known:
                send_stage(file.name)
            file.unlink(missing_ok=True)


def send_missing() -> None:
    """Of all stages in dvc.lock what the tracker lacks."""
    ran = recorded()
    with suppress(OSError):  # .mlflow may be no folder; then each stage below says so
        unreachable().unlink(missing_ok=True)
    for stage, entry in ran.items():
        outs = [Path(out["path"]) for out in entry["outs"]]
        if COMMAND not in str(entry["cmd"]) or not any(map(Path.exists, outs)):
            continue
        attempt(stage, lambda uri, s=stage, o=outs: send(uri, s, o, only_missing=True))
