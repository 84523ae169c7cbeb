"""The run of a stage that has not ended, shown in the tracker step by step.

The stage leaves the id of its run in `.mlflow/live/<stage>`, where the command that sends the
finished numbers (`stages.commands.track`) finds it. A stage that was killed and resumes has the
same `identity`, and so the same run.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from stages.tracking.store import attempt, connected, legal


def live_file(stage: str) -> Path:
    """In the working directory and not with the store: each of several experiments has its own."""
    return Path(".mlflow") / "live" / stage


class LiveRun:
    """`wanted`: runtime.tracking."""

    def __init__(self, wanted: bool, stage: str, identity: str):
        self.wanted, self.stage, self.identity = wanted, stage, identity
        self.run_id: str | None = None
        if wanted:  # what a killed run left would be taken for this one's
            live_file(stage).unlink(missing_ok=True)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Shows numbers of one step, as `step.<name>`, if the tracker is asked for and answers."""
        if self.wanted:
            attempt(self.stage, lambda uri: self._log(uri, step, values))

    def _log(self, uri: str, step: int, values: Mapping[str, float]) -> None:
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
            live_file(self.stage).parent.mkdir(parents=True, exist_ok=True)
            live_file(self.stage).write_text(self.run_id)
        now_ms = int(time.time() * 1000)
        points = [Metric(f"step.{legal(name)}", v, now_ms, step) for name, v in values.items()]
        client.log_batch(self.run_id, metrics=points)
