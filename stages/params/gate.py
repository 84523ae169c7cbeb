"""The section `gate`: the rules of the verdict."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.params.section import Name, Section


class Rule(Section):
    """A bound on a figure: `<file under metrics/>.<key>`, or a measure of a variant on the test
    split, as `evaluate/merged-bf16.rougeL_syllable`. `against` bounds the difference from what the
    base, the merged model or the last release has. A `certain` rule holds only where the whole
    interval does."""

    figure: Annotated[str, Field(pattern=r"^[a-z0-9_/-]+(\.[^.]+)+$")]
    against: Literal["base", "merged-bf16", "release"] | None = None
    at_least: float | None = None
    at_most: float | None = None
    certain: bool = False

    @model_validator(mode="after")
    def _one_bound(self) -> "Rule":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        if self.against in ("base", "merged-bf16") and not self.figure.startswith("evaluate/"):
            raise ValueError(
                f"against {self.against} bounds measures of variants (evaluate/…), "
                f"and the figure is {self.figure}"
            )
        if self.figure.startswith("drift.") and (self.against or self.certain):
            raise ValueError("drift is from the release already, and has no interval")
        if self.certain and self.against == "release":
            raise ValueError("a difference from the release has no interval to be certain by")
        return self


class Gate(Section):
    release: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None
    rules: Annotated[dict[Name, Rule], Field(min_length=1)]
