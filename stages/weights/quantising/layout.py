"""How an MXFP4 model lies on the disk, by family.

gpt_oss, as OpenAI publishes it: the fused experts alone, `<name>_blocks` (E, out, in/32, 16) and
`<name>_scales` (E, out, in/32); quant_method `mxfp4`.
Dense families, as compressed-tensors packs them (`mxfp4-pack-quantized`), which vLLM and
transformers load: every linear layer but the output, `<module>.weight_packed` (out, in/2) and
`<module>.weight_scale` (out, in/32). The bytes in them are those of the blocks and scales above.
"""

from dataclasses import dataclass

from stages.formats.json_files import Json
from stages.pipeline.errors import ModelError
from stages.weights.tensors.model import Model
from stages.weights.tensors.mxfp4 import BLOCK

DENSE = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")
LINEAR = tuple(
    f".{module}_proj.weight" for module in ("q", "k", "v", "o", "gate", "up", "down")
)  # fmt: skip
GPT_OSS = {
    "quant_method": "mxfp4",
    "modules_to_not_convert": [
        "model.layers.*.self_attn",
        "model.layers.*.mlp.router",
        "model.embed_tokens",
        "lm_head",
    ],
}
COMPRESSED_TENSORS = {
    "quant_method": "compressed-tensors",
    "format": "mxfp4-pack-quantized",
    "quantization_status": "compressed",
    "global_compression_ratio": None,
    "kv_cache_scheme": None,
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "format": "mxfp4-pack-quantized",
            "targets": ["Linear"],
            "input_activations": None,
            "output_activations": None,
            "weights": {
                "num_bits": 4,
                "type": "float",
                "strategy": "group",
                "group_size": BLOCK,
                "symmetric": True,
                "dynamic": False,
                "scale_dtype": "torch.uint8",
                "zp_dtype": "torch.uint8",
            },
        }
    },
}


@dataclass(frozen=True)
class Packed:
    """The two tensors that stand for a weight: their names, and the rows' shapes behind the first
    axis, or the first two of experts."""

    blocks: str
    scales: str
    shape: tuple[int, ...]  # of the blocks
    scales_shape: tuple[int, ...]


class Layout:
    """Which weights of a model are packed, and how.

    Raises:
        ModelError: the family has no layout, or a weight does not divide into blocks.
    """

    def __init__(self, model: Model):
        self._model = model
        self._dense = model.family in DENSE
        if not self._dense and model.family != "gpt_oss":
            raise ModelError(
                str(model.folder / "config.json"),
                f"model_type is {model.family!r}, and MXFP4 is written for gpt_oss and "
                f"{', '.join(DENSE)}.",
                "Serve models/merged-bf16 instead.",
            )

    @property
    def quantization_config(self) -> Json:
        return COMPRESSED_TENSORS if self._dense else GPT_OSS

    def packs(self, name: str) -> bool:
        return name.endswith(LINEAR) if self._dense else self._model.is_experts(name)

    def packed(self, name: str) -> Packed:
        shape = self._model.shape(name)
        if shape is None or shape[2] % BLOCK:
            raise ModelError(
                str(self._model.folder),
                f"{name} is {shape}, and MXFP4 needs a multiple of {BLOCK} inputs.",
                "Serve models/merged-bf16 instead.",
            )
        experts, rows, columns = shape
        if self._dense:
            module = name.removesuffix(".weight")
            blocks, scales = (rows, columns // 2), (rows, columns // BLOCK)
            return Packed(f"{module}.weight_packed", f"{module}.weight_scale", blocks, scales)
        scales = (experts, rows, columns // BLOCK)
        return Packed(f"{name}_blocks", f"{name}_scales", (*scales, BLOCK // 2), scales)
