"""The steps of a training that has not ended, shown in the tracker by a process of their own.

The training writes each step to a pipe and never waits for the tracker: what a slow or dead server
has not taken is dropped, and the curves of the finished run hold it anyway. The process leaves the
id of its run in `.mlflow/live/<stage>`, where the command that sends the finished numbers
(`stages.commands.track`) finds it. A training that was killed and resumes has the same `identity`,
and so the same run.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from stages.pipeline import own_folders
from stages.tracking.store import attempt, bound_memory, connected, legal, patience_s, tracking_uri

EVERY_S = 5.0  # steps are sent together
RUN_ID = re.compile("[0-9a-f]{32}")
NICE = 10  # it takes no core from the training


def live_file(stage: str) -> Path:
    """In the working directory and not with the store: each of several experiments has its own."""
    return Path(".mlflow") / "live" / stage


def run_shown_live(stage: str) -> str | None:
    """The id of the run that shows the steps of a stage, if one does."""
    file = live_file(stage)
    with suppress(OSError):
        run_id = "" if file.is_symlink() else file.read_text(encoding="latin-1")
        return run_id if RUN_ID.fullmatch(run_id) else None
    return None


def last_s() -> float:
    """What the steps that are left may take when the training has ended."""
    return patience_s(tracking_uri()) / 2


class LiveRun:
    """Shows steps while it is entered. `wanted`: runtime.tracking."""

    def __init__(self, wanted: bool, stage: str, identity: str):
        self.wanted, self.stage, self.identity = wanted, stage, identity
        self.sender: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "LiveRun":
        if self.wanted:
            # What a killed run left would be taken for this one's.
            with suppress(OSError):
                live_file(self.stage).unlink(missing_ok=True)
            command = [sys.executable, "-m", "stages.tracking.live", self.stage, self.identity]
            self.sender = subprocess.Popen(
                command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True
            )
            assert self.sender.stdin
            os.set_blocking(self.sender.stdin.fileno(), False)
        return self

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Shows numbers of one step, as `step.<name>`, if the tracker is asked for and answers."""
        if self.sender and self.sender.stdin:
            line = json.dumps([step, int(time.time() * 1000), dict(values)]) + "\n"
            with suppress(BlockingIOError, BrokenPipeError):  # full: a short line is left out whole
                os.write(self.sender.stdin.fileno(), line.encode())

    def __exit__(self, *_: object) -> None:
        if self.sender and self.sender.stdin:
            self.sender.stdin.close()
            try:
                self.sender.wait(timeout=last_s() + 1)
            except subprocess.TimeoutExpired:
                self.sender.kill()
                self.sender.wait()


class Point(NamedTuple):
    step: int
    at_ms: int
    values: dict[str, float]


class Shown:
    """The run in the tracker that the steps go to."""

    def __init__(self, stage: str, identity: str):
        self.stage, self.identity = stage, identity
        self.run_id: str | None = None

    def add(self, uri: str, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        client, experiment = connected(uri)
        if self.run_id is None:
            mark = {"malssi.identity": self.identity, "dvc.stage": self.stage}
            going = client.search_runs(
                [experiment],
                filter_string=f"tags.`malssi.identity` = '{self.identity}' "
                "and attributes.status = 'RUNNING'",
            )
            made = going[0] if going else client.create_run(experiment, None, mark, self.stage)
            self.run_id = made.info.run_id
            own_folders.write_anew(live_file(self.stage), self.run_id)
        metrics = [
            Metric(f"step.{legal(name)}", value, point.at_ms, point.step)
            for point in points
            for name, value in point.values.items()
        ]
        client.log_batch(self.run_id, metrics=metrics)


def main() -> None:
    """Sends the steps that come in on stdin until it ends, which it also does with the training."""
    stage, identity = sys.argv[1:]
    os.nice(NICE)
    shown, waiting, ended = Shown(stage, identity), deque[Point](), threading.Event()

    def send() -> None:
        while waiting or not ended.is_set():
            ended.wait(EVERY_S)
            if points := [waiting.popleft() for _ in range(len(waiting))]:
                attempt(stage, lambda uri: shown.add(uri, points))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    for line in sys.stdin:
        waiting.append(Point(*json.loads(line)))
    ended.set()
    sender.join(last_s())
    sys.stderr.flush()
    os._exit(0)  # whatever a server still keeps waiting


if __name__ == "__main__":
    bound_memory()
    main()
