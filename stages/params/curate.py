"""The section `curate`: which rows are worth training on."""

from typing import Annotated

from pydantic import Field, model_validator

from stages.params.section import Count, Section, Share

# A MinHash of 128 values tells nothing below.
Jaccard = Annotated[float, Field(ge=0.01, le=1.0)]


class Curate(Section):
    min_chars: Count
    max_chars: Count
    min_hangul_share: Share
    max_foreign_share: Share
    near_duplicate_jaccard: Jaccard
    same_split_jaccard: Jaccard
    contamination_chars: Annotated[int, Field(ge=10, le=1000)]

    @model_validator(mode="after")
    def _ordered(self) -> "Curate":
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars {self.min_chars} is over max_chars {self.max_chars}")
        if self.same_split_jaccard > self.near_duplicate_jaccard:
            raise ValueError(
                f"same_split_jaccard {self.same_split_jaccard} is over near_duplicate_jaccard "
                f"{self.near_duplicate_jaccard}"
            )
        return self
