"""The section `runtime`: how a run is done on this machine. Nothing in it changes what is made, so
no stage declares it, and this file is a dependency of none."""

from typing import Annotated, Literal

from pydantic import Field

from stages.params.section import Batch, Count, FilePath, Section


class Runtime(Section):
    tracking: bool
    progress: bool
    engine: Literal["local", "ray"]
    workers: Annotated[int, Field(ge=1, le=1024)]
    device_batch_size: Batch
    save_steps: Count
    launch: FilePath | None
    server_answer_s: Annotated[float, Field(gt=0.0, le=86_400.0)]
    server_total_s: Annotated[float, Field(gt=0.0, le=2_592_000.0)]
