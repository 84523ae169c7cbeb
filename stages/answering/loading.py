"""A variant as transformers loads it, in the dtype that is asked for."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from stages.formats.json_files import read_json
from stages.pipeline import paths
from stages.preflight.whole import check_whole

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def load_variant(variant: str, dtype: str) -> "PreTrainedModel | PeftModel":
    """The model in `models/<variant>/`; for `adapter` the base with the adapter on it, unmerged.

    Raises:
        ModelError: weights are damaged.
    """
    if variant != paths.ADAPTER.name:
        return load_model(paths.MODELS / variant, dtype)
    from peft import PeftModel

    check_whole(paths.ADAPTER)
    return PeftModel.from_pretrained(load_model(paths.BASE, dtype), str(paths.ADAPTER)).eval()


def load_model(folder: Path, dtype: str) -> "PreTrainedModel":
    """The model in `dtype`, from safetensors alone and on the GPU where there is one. MXFP4
    weights, in either layout, are dequantised.

    Raises:
        ModelError: weights are damaged.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.quantization_config import CompressedTensorsConfig, Mxfp4Config

    check_whole(folder)
    quantised = read_json(folder / "config.json").get("quantization_config")
    options = {}
    if quantised and quantised["quant_method"] == "mxfp4":
        options["quantization_config"] = Mxfp4Config(dequantize=True)
    elif quantised and quantised["quant_method"] == "compressed-tensors":
        options["quantization_config"] = CompressedTensorsConfig(dequantize=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with warnings.catch_warnings():
        # It says that the folder's settings are taken, but for what is asked for here.
        warnings.filterwarnings("ignore", message="You passed `quantization_config`")
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            attn_implementation="eager",
            trust_remote_code=False,
            use_safetensors=True,
            **options,
        )
    # Dequantising yields BF16, whatever was asked for.
    torch.nn.Module.to(model, device, getattr(torch, dtype))
    return model.eval()
