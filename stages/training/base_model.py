"""The base model as it is tuned: in the asked dtype, with the fastest attention that it can do."""

import logging
from typing import TYPE_CHECKING

from stages.params.train import Train
from stages.pipeline import paths
from stages.pipeline.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.utils.quantization_config import QuantizationConfigMixin
from stages.preflight.whole import check_whole

log = logging.getLogger("train")


def load_base(train: Train) -> "PreTrainedModel":
    """The model of `models/base`, frozen, with the first attention of `attentions` that it can do.

    Raises:
        ModelError: the model cannot do the attention that is asked for, or weights are damaged.
    """
    import torch
    from transformers import AutoModelForCausalLM

    check_whole(paths.BASE)
    quantization = quantization_of(train)
    options = {} if quantization is None else {"quantization_config": quantization}
    for attention in attentions(train):
        try:
            model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                paths.BASE,
                dtype=getattr(torch, train.dtype),
                attn_implementation=attention,
                trust_remote_code=False,
                use_safetensors=True,
                **options,
            )
        except (ImportError, ValueError) as error:
            if attention == train.attention:
                raise ModelError(
                    "params.yaml: train.attention",
                    f"{attention} is not available for this model here ({type(error).__name__}).",
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


def quantization_of(train: Train) -> "QuantizationConfigMixin | None":
    """How the weights are held: MXFP4 ones are dequantised, since they cannot be trained; with
    `quantization: nf4` linear layers are in 4 bits (double quantisation) and computed with in
    `dtype`.

    Raises:
        ModelError: nf4 is asked for, and the base is quantised already.
    """
    import torch
    from transformers import AutoConfig, BitsAndBytesConfig
    from transformers.utils.quantization_config import Mxfp4Config

    stored = AutoConfig.from_pretrained(paths.BASE, trust_remote_code=False)
    quantised = getattr(stored, "quantization_config", None) is not None
    if train.quantization != "nf4":
        return Mxfp4Config(dequantize=True) if quantised else None
    if quantised:
        raise ModelError(
            str(paths.BASE),
            "is quantised already, and nf4 is made from 16-bit weights.",
            "Set train.quantization to none in params.yaml, or take a BF16 base.",
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, train.dtype),
    )


def _keep_trainable(model: "PreTrainedModel") -> None:
    """On some CPUs bitsandbytes reorders its weights at the first evaluation, for good, into a form
    through which no gradient passes."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010 - torch types no flag


def attentions(train: Train) -> list[str]:
    """What is tried, in this order. FlashAttention is for GPUs, and takes no mask that keeps packed
    rows apart."""
    import torch

    if train.attention != "auto":
        return [train.attention]
    flash = torch.cuda.is_available() and not train.packing
    return [*(["flash_attention_2"] if flash else []), "sdpa", "eager"]


def covered(model: "PreTrainedModel") -> str:
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
