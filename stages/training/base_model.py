"""The base model as it is tuned: in the asked numbers, with the fastest attention it can do."""

import logging
from typing import Any

from stages.params.train import Train
from stages.pipeline import paths
from stages.pipeline.errors import ModelError

log = logging.getLogger("train")


def load_base(train: Train) -> Any:
    """The model of `models/base`, frozen. MXFP4 weights are dequantised, since they cannot be
    trained; with `quantization: nf4` linear layers are held in 4 bits (double quantisation) and
    computed with in `dtype`.

    Raises:
        ModelError: the model cannot do the attention that is asked for.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig
    from transformers.utils.quantization_config import Mxfp4Config

    dtype = getattr(torch, train.dtype)
    stored = AutoConfig.from_pretrained(paths.BASE, trust_remote_code=False)
    options: dict[str, Any] = {}
    if train.quantization == "nf4":
        if getattr(stored, "quantization_config", None) is not None:
            raise ModelError(
                str(paths.BASE),
                "is quantised already, and nf4 is made from 16-bit weights.",
                "Set train.quantization to none in params.yaml, or take a BF16 base.",
            )
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    elif getattr(stored, "quantization_config", None) is not None:
        options["quantization_config"] = Mxfp4Config(dequantize=True)
    for attention in attentions(train):
        try:
            model = AutoModelForCausalLM.from_pretrained(
                paths.BASE,
                dtype=dtype,
                attn_implementation=attention,
                trust_remote_code=False,
                use_safetensors=True,
                **options,
            )
        except (ImportError, ValueError) as error:
            if attention == train.attention:
                raise ModelError(
                    "params.yaml: train.attention",
                    f"{attention} is not to be had for this model here ({type(error).__name__}).",
                    "Set it to auto.",
                ) from None
            continue
        log.info("attention: %s", attention)
        model.requires_grad_(False)
        if train.quantization == "nf4":
            _keep_trainable(model)
            log.info("nf4: %s", covered(model))
        return model
    raise ModelError(
        str(paths.BASE), "can do none of the known attentions.", "Use another base model."
    )


def _keep_trainable(model: Any) -> None:
    """On some CPUs bitsandbytes reorders its weights at the first evaluation, for good, into a form
    through which no gradient passes."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def attentions(train: Train) -> list[str]:
    """What is tried, in this order. FlashAttention is for GPUs, and takes no mask that keeps packed
    rows apart."""
    import torch

    if train.attention != "auto":
        return [train.attention]
    flash = torch.cuda.is_available() and not train.packing
    return [*(["flash_attention_2"] if flash else []), "sdpa", "eager"]


def covered(model: Any) -> str:
    """What of the model 4-bit quantisation holds, and what it leaves as it is: fused experts are
    plain parameters, of which bitsandbytes knows nothing."""
    packed = rest = experts = 0
    for name, parameter in model.named_parameters():
        if type(parameter).__name__ == "Params4bit":
            packed += 2 * parameter.numel()  # two weights a byte
        elif ".experts." in name:
            experts += parameter.numel()
        else:
            rest += parameter.numel()
    said = f"{packed:,} weights in 4 bits, {rest:,} (embeddings, norms, output) as they were"
    return f"{said}; {experts:,} of fused experts NOT covered" if experts else said
