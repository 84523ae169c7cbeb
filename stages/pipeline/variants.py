"""The variants of the model that are answered, measured and compared: the one table of them."""

from pathlib import Path
from typing import Literal, get_args

from stages.pipeline import paths

VariantName = Literal["base", "adapter", "merged-bf16", "mxfp4"]
VARIANTS: tuple[VariantName, ...] = get_args(VariantName)
TUNED: tuple[VariantName, ...] = ("adapter", "merged-bf16", "mxfp4")  # what may be published
EXPORTS: tuple[VariantName, ...] = ("mxfp4",)  # made from merged-bf16, and compared with it
# Shown side by side: the adapter answers as the merged model does.
SIDE_BY_SIDE: tuple[VariantName, ...] = ("base", "merged-bf16", "mxfp4")


def tokenizer_folder(variant: VariantName) -> Path:
    """The folder with the variant's config and tokenizer; an adapter has those of its base."""
    return paths.BASE if variant == "adapter" else paths.MODELS / variant
