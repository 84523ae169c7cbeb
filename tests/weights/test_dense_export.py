"""`merge`, `export` and `compare` on dense families: their MXFP4 is packed as compressed-tensors
packs it."""

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from stages import compare, export, merge
from stages.answering.loading import load_model
from stages.encode import IDS
from stages.formats.json_files import read_json, write_json
from stages.formats.tables import write_table
from stages.pipeline.errors import ModelError
from stages.weights.tensors.checkpoint import Checkpoint
from stages.weights.tensors.mxfp4 import dequantize
from tests.families import save_model
from tests.micro import edit_yaml

FAMILIES = ("llama", "qwen2", "gemma", "gemma3_text")


@pytest.fixture
def exported(workspace, monkeypatch):
    """A function that makes a project around a tiny base and an adapter, and runs merge and
    export."""
    for stage in (merge, export, compare):
        monkeypatch.setattr(stage, "pin_numerics", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["stage", "--format", "mxfp4"])

    def made(family: str, rule: str = "even", source: str = "adapter", **sizes: Any) -> Path:
        save_model(family, Path("models/base"), **sizes)
        loader: Any = AutoModelForCausalLM
        model = loader.from_pretrained("models/base", dtype=torch.bfloat16)
        model.save_pretrained("models/base")
        lora = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], init_lora_weights=False)  # fmt: skip
        get_peft_model(model.float(), lora).save_pretrained("models/adapter")

        def edit(params: dict[str, Any]) -> None:
            params["export"]["mxfp4"].update(rule=rule, source=source)
            params["runtime"].update(progress=False)

        edit_yaml(Path("params.yaml"), edit)
        merge.main()
        export.main()
        return Path("models")

    return made


def packed_matrices(folder: Path) -> dict[str, torch.Tensor]:
    """What the packed layers of an export hold, by the name of the weight."""
    with Checkpoint(folder) as held:
        found = {}
        for name in held:
            if name.endswith(".weight_packed"):
                blocks = held[name].unflatten(-1, (-1, 16))
                scales = held[name.replace("_packed", "_scale")]
                found[name.removesuffix("_packed")] = dequantize(blocks, scales)
        return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_export_loads_whole_and_holds_what_was_quantised(exported, family):
    """S1-10: nothing missing, nothing left over, each linear layer the numbers that we packed."""
    models = exported(family)
    loader: Any = AutoModelForCausalLM
    from transformers.utils.quantization_config import CompressedTensorsConfig

    _, found = loader.from_pretrained(
        models / "mxfp4",
        output_loading_info=True,
        quantization_config=CompressedTensorsConfig(dequantize=True),
    )
    assert not any(found[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    loaded = load_model(models / "mxfp4", "float32").state_dict()
    numbers = packed_matrices(models / "mxfp4")
    with Checkpoint(models / "merged-bf16") as merged:
        linear = {name for name in merged if name.endswith("_proj.weight")}
        assert numbers.keys() == linear and len(linear) == 14
        for name in merged:
            wanted = numbers.get(name, merged[name]).to(torch.bfloat16).float()
            assert torch.equal(loaded[name], wanted), name
    metrics = read_json(Path("metrics/export/mxfp4.json"))
    assert metrics["quantised_tensors"] == 14 and metrics["tuned_quantised_tensors"] == 4
    assert 0.005 < metrics["relative_mse_mean"] < 0.02
    assert 0.5 < metrics["delta_kept_min"] <= metrics["delta_kept_mean"] < 1.5


def test_the_bytes_are_those_of_compressed_tensors(exported):
    """Its own compressor, with its own scales, on the merged weights."""
    pytest.importorskip("compressed_tensors")
    from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
    from compressed_tensors.config import CompressionFormat
    from compressed_tensors.quantization import QuantizationConfig, QuantizationScheme
    from compressed_tensors.quantization.quant_scheme import MXFP4A16
    from compressed_tensors.quantization.utils import calculate_qparams

    models = exported("llama", source="merged")
    weights: Any = MXFP4A16["weights"]
    scheme = QuantizationScheme(targets=["Linear"], weights=weights)
    with Checkpoint(models / "merged-bf16") as merged, Checkpoint(models / "mxfp4") as ours:
        checked = 0
        for name in merged:
            if not name.endswith("_proj.weight"):
                continue
            weight = merged[name].float()
            grouped = weight.unflatten(-1, (-1, 32))
            scale, _ = calculate_qparams(grouped.amin(-1), grouped.amax(-1), weights)
            state = {"weight": weight, "weight_scale": scale}
            theirs: Any = MXFP4PackedCompressor.compress(state, scheme)
            module = name.removesuffix(".weight")
            assert torch.equal(ours[f"{module}.weight_packed"], theirs["weight_packed"]), name
            assert torch.equal(ours[f"{module}.weight_scale"], theirs["weight_scale"]), name
            checked += 1
    assert checked == 14
    described = read_json(models / "mxfp4/config.json")["quantization_config"]
    read: Any = QuantizationConfig.model_validate(described)
    assert read.format == CompressionFormat.mxfp4_pack_quantized.value
    assert read.config_groups["group_0"].weights == weights


def test_what_cannot_be_packed_is_refused_by_name(exported):
    with pytest.raises(ModelError, match=r"down_proj\.weight is \(1, 32, 48\).*multiple of 32"):
        exported("llama", intermediate_size=48)


def test_calibration_and_other_families_are_refused(exported):
    with pytest.raises(ModelError, match=r"calibrated, which is for the experts.*search"):
        exported("llama", rule="calibrated")
    config = Path("models/merged-bf16/config.json")
    write_json(config, read_json(config) | {"model_type": "mamba"})
    with pytest.raises(ModelError, match=r"model_type is 'mamba'.*merged-bf16 instead"):
        export.main()


def test_a_weight_that_is_no_number_is_refused_by_name(exported):
    exported("llama")
    before = Path("models/mxfp4/model.safetensors").read_bytes()
    file = Path("models/base/model.safetensors")
    held = load_file(file)
    held["model.layers.1.mlp.up_proj.weight"][3, 5] = torch.nan
    save_file(held, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"layers\.1\.mlp\.up_proj\.weight: a weight is NaN"):
        export.main()
    assert Path("models/mxfp4/model.safetensors").read_bytes() == before


def test_what_lost_its_tuning_is_warned_of_and_counted(exported, caplog):
    """`min_delta_kept` is between the least and the most that any weight keeps."""
    exported("llama")
    text = Path("metrics/plots/mxfp4.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(text.splitlines()))
    kept = sorted(float(line["delta_kept"]) for line in lines if line["delta_kept"])
    assert len(lines) == 14 and len(kept) == 4
    bound = (kept[0] + kept[1]) / 2
    caplog.clear()
    edit_yaml(Path("params.yaml"), lambda p: p["export"]["mxfp4"].update(min_delta_kept=bound))
    export.main()
    assert read_json(Path("metrics/export/mxfp4.json"))["tensors_under_min_delta_kept"] == 1
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    least = next(line["weight"] for line in lines if float(line["delta_kept"] or 9) == kept[0])
    assert "in 1 of 4 weights" in warning and least in warning


def test_the_two_models_are_compared_token_by_token(exported, caplog):
    models = exported("llama")
    file = models / "mxfp4/model.safetensors"
    held = load_file(file)
    held["model.norm.weight"] *= 10  # far enough from the merged one for KL to have a direction
    save_file(held, file, metadata={"format": "pt"})
    rows = [
        {"id": str(n), "input_ids": [5 + n, 6, 7, 8, 9], "labels": [-100, -100, 7, 8, 9]}
        for n in range(3)
    ]  # fmt: skip
    write_table(Path("data/encoded/validation"), rows, IDS)
    compare.main()
    found = read_json(Path("metrics/compare/mxfp4.json"))
    loads = [load_model(models / name, "float32") for name in ("merged-bf16", "mxfp4")]
    right, given = (
        torch.cat([model(torch.tensor([row["input_ids"]])).logits[0, 1:4].log_softmax(-1) for row in rows]).detach()
        for model in loads
    )  # fmt: skip
    kl = torch.nn.functional.kl_div(given, right, log_target=True, reduction="none").sum(-1)
    back = torch.nn.functional.kl_div(right, given, log_target=True, reduction="none").sum(-1)
    assert abs(float(kl.mean() - back.mean())) > 1e-5, "or the next line could not tell them apart"
    assert (found["rows"], found["tokens"]) == (3, 9)
    assert found["kl_nats"] == pytest.approx(float(kl.mean()), abs=2e-6) and found["kl_nats"] > 1e-5
    agree = (right.argmax(-1) == given.argmax(-1)).float().mean()
    assert found["top1_agreement"] == pytest.approx(float(agree), abs=1e-6)
    labels = torch.tensor([7, 8, 9] * 3)
    assert found["top1_agreement"] < 1
    for bound, times in ((found["top1_agreement"], 0), (1.0, 1)):
        caplog.clear()
        edit_yaml(Path("params.yaml"), lambda p, b=bound: p["compare"].update(min_top1_agreement=b))
        compare.main()
        assert sum(record.levelname == "WARNING" for record in caplog.records) == times
    assert found["loss_nats_exported"] == pytest.approx(float(torch.nn.functional.nll_loss(given, labels)), abs=2e-6)  # fmt: skip
