"""The section `export`: the formats that a model is served in."""

from typing import Literal

from stages.params.section import Count, Section, Share


class Mxfp4(Section):
    rule: Literal["even", "floor", "ceil6", "search", "calibrated"]
    calibration_rows: Count
    source: Literal["adapter", "merged"]
    min_delta_kept: Share


class Export(Section):
    mxfp4: Mxfp4
    gguf: list[Literal["bf16", "f16"]]
