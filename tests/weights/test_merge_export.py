"""`merge` and `export` as they are run, on a tiny random gpt-oss and an adapter made by PEFT: first
over a BF16 base, then over a base that is MXFP4 already."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GptOssConfig, GptOssForCausalLM
from transformers.utils.quantization_config import Mxfp4Config

from stages import export, merge
from stages.encode import IDS
from stages.formats.json_files import read_json
from stages.formats.tables import write_table
from stages.pipeline.errors import ModelError, ParamsError
from stages.weights.tensors.checkpoint import Checkpoint
from stages.weights.tensors.mxfp4 import dequantize, quantize
from tests.lone_stage import run_stage
from tests.micro import ROOT, edit_yaml
from tests.workspace import lay_out

EXPERTS = [f"model.layers.{i}.mlp.experts.{n}_proj" for i in (0, 1) for n in ("down", "gate_up")]
TOKENIZER = {
    "tokenizer.json": "{}",
    "tokenizer_config.json": '{"a": 1}',
    "chat_template.jinja": "t",
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    folder = lay_out(tmp_path_factory.mktemp("bf16-base"))
    torch.manual_seed(0)
    config = GptOssConfig(
        vocab_size=96,
        hidden_size=64,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        num_local_experts=2,
        num_experts_per_tok=1,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
    )
    model = GptOssForCausalLM._from_config(config, dtype=torch.bfloat16)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)  # biases, sinks and norms are told apart as well
    model.save_pretrained(folder / "models/base")
    for name, text in TOKENIZER.items():
        (folder / "models/base" / name).write_text(text)
    lora = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False
    )
    get_peft_model(model, lora).save_pretrained(folder / "models/adapter")  # pyright: ignore[reportArgumentType] - a PreTrainedModel
    assert run_stage(folder, "stages.merge") == ""
    assert run_stage(folder, "stages.export", "--format", "mxfp4") == ""
    return folder


def load(folder: Path, **options: Any) -> Any:
    """The model, after transformers has found every tensor and no stranger."""
    loader: Any = AutoModelForCausalLM
    model, found = loader.from_pretrained(
        folder, output_loading_info=True, use_safetensors=True, **options
    )
    assert not found["missing_keys"] and not found["unexpected_keys"]
    assert not found["mismatched_keys"]
    return model


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    with Checkpoint(folder) as checkpoint:
        return {name: checkpoint[name] for name in checkpoint}


def test_the_merged_model_loads_and_is_peft_s_merge_rounded_once(tiny):
    """S1-10, S3-14, S4-08."""
    ours = load(tiny / "models/merged-bf16", dtype=torch.bfloat16).state_dict()
    base = load(tiny / "models/base", dtype=torch.float32)
    theirs = PeftModel.from_pretrained(base, tiny / "models/adapter")
    merged = theirs.merge_and_unload().state_dict()  # pyright: ignore[reportCallIssue] - of LoraModel
    stored = tensors(tiny / "models/base")
    assert ours.keys() == merged.keys()
    for name, tensor in merged.items():
        assert torch.equal(ours[name], tensor.to(torch.bfloat16)), name
    changed = {name for name in stored if not torch.equal(ours[name], stored[name])}
    assert len(changed) == read_json(tiny / "metrics/merge.json")["merged_weights"] == 4
    assert all("q_proj.weight" in name or "v_proj.weight" in name for name in changed)


def test_what_stands_beside_the_weights_goes_along(tiny):
    """S1-10: tokenizer and config match across the variants."""
    for variant in ("merged-bf16", "mxfp4"):
        for name, text in TOKENIZER.items():
            assert (tiny / "models" / variant / name).read_text() == text
    base = read_json(tiny / "models/base/config.json")
    merged = read_json(tiny / "models/merged-bf16/config.json")
    exported = read_json(tiny / "models/mxfp4/config.json")
    assert merged == base | {"dtype": "bfloat16"}
    assert exported.pop("quantization_config")["quant_method"] == "mxfp4"
    assert exported == merged


def test_the_export_holds_the_layout_of_gpt_oss(tiny):
    """Experts as (E, out, in) blocks and scales, all else the merged BF16 tensors, byte for byte."""
    merged, exported = tensors(tiny / "models/merged-bf16"), tensors(tiny / "models/mxfp4")
    packed = {f"{name}_{part}" for name in EXPERTS for part in ("blocks", "scales")}
    assert exported.keys() == merged.keys() - set(EXPERTS) | packed
    for name in merged.keys() - set(EXPERTS):
        assert torch.equal(exported[name], merged[name]), name
    gate_up = exported["model.layers.0.mlp.experts.gate_up_proj_blocks"]
    assert gate_up.shape == (2, 2 * 32, 64 // 32, 16)
    for name in EXPERTS:
        blocks, scales = quantize(merged[name].transpose(-1, -2), "even")
        assert torch.equal(exported[f"{name}_blocks"], blocks)
        assert torch.equal(exported[f"{name}_scales"], scales)


def test_the_export_loads_in_transformers_bit_for_bit(tiny):
    exported = tensors(tiny / "models/mxfp4")
    model = load(tiny / "models/mxfp4", quantization_config=Mxfp4Config(dequantize=True))
    loaded = model.state_dict()
    for name in EXPERTS:
        numbers = dequantize(exported[f"{name}_blocks"], exported[f"{name}_scales"])
        assert torch.equal(loaded[name], numbers.transpose(-1, -2).to(torch.bfloat16)), name
    assert torch.isfinite(model(input_ids=torch.tensor([[1, 2, 3]])).logits).all()


def test_the_metrics_measure_what_quantising_lost(tiny):
    metrics = read_json(tiny / "metrics/export/mxfp4.json")
    merged, exported = tensors(tiny / "models/merged-bf16"), tensors(tiny / "models/mxfp4")
    errors = []
    for name in EXPERTS:
        weight = merged[name].double().transpose(-1, -2)
        lost = dequantize(exported[f"{name}_blocks"], exported[f"{name}_scales"]) - weight
        errors.append(float(lost.square().sum() / weight.square().sum()))
    assert metrics["relative_mse_mean"] == pytest.approx(sum(errors) / 4, rel=1e-4)
    assert metrics["relative_mse_max"] == pytest.approx(max(errors), rel=1e-4)
    assert 0.001 < max(errors) < 0.05
    assert (metrics["quantised_tensors"], metrics["passed_through_tensors"]) == (4, 0)
    assert metrics["weight_bytes"] == sum(tensor.nbytes for tensor in exported.values())


def test_a_base_that_is_mxfp4_already_is_passed_through_byte_for_byte(tiny, tmp_path):
    """S1-09, S1-10: the experts of openai/gpt-oss-20b are not quantised a second time."""
    folder = lay_out(tmp_path)
    shutil.copytree(tiny / "models/mxfp4", folder / "models/base")
    shutil.copytree(tiny / "models/adapter", folder / "models/adapter")
    assert run_stage(folder, "stages.merge") == ""
    assert run_stage(folder, "stages.export", "--format", "mxfp4") == ""
    base, exported = tensors(folder / "models/base"), tensors(folder / "models/mxfp4")
    assert exported.keys() == base.keys()
    for name in EXPERTS:
        for part in ("blocks", "scales"):
            assert torch.equal(exported[f"{name}_{part}"], base[f"{name}_{part}"])
    metrics = read_json(folder / "metrics/export/mxfp4.json")
    assert (metrics["quantised_tensors"], metrics["passed_through_tensors"]) == (0, 4)
    merged = load(folder / "models/merged-bf16", dtype=torch.bfloat16).state_dict()
    for name in EXPERTS:
        numbers = dequantize(base[f"{name}_blocks"], base[f"{name}_scales"])
        assert torch.equal(merged[name], numbers.transpose(-1, -2).to(torch.bfloat16))
    assert "quantization_config" not in read_json(folder / "models/merged-bf16/config.json")


def numbers_of(folder: Path, name: str) -> np.ndarray:
    """An expert weight (E, out, in) in float64, however the folder holds it; read by safetensors."""
    held: dict[str, torch.Tensor] = {}
    for file in folder.glob("*.safetensors"):
        held |= load_file(file)
    if name in held:
        return held[name].double().numpy().transpose(0, 2, 1)
    codes = held[f"{name}_blocks"].numpy()
    codes = np.stack([codes & 15, codes >> 4], -1).reshape(*codes.shape[:-1], 32)
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    signed = np.where(codes < 8, 1.0, -1.0) * values[codes & 7]
    powers = 2.0 ** (held[f"{name}_scales"].numpy().astype(float) - 127)
    return (signed * powers[..., None]).reshape(*codes.shape[:2], -1)


@pytest.mark.parametrize("source", ["adapter", "merged"])
def test_the_figures_of_known_weights(tmp_path, monkeypatch, source):
    """Experts of ones, which MXFP4 holds, and an adapter that adds 51/128 to each weight: of
    1.3984375 MXFP4 makes 1.5, which is 0.1015625 too much, where 0.3984375 was tuned."""
    folder = lay_out(tmp_path)
    monkeypatch.chdir(folder)
    for stage in (merge, export):
        monkeypatch.setattr(stage, "pin_numerics", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["export", "--format", "mxfp4"])
    edit_yaml(
        Path("params.yaml"), lambda p: p["export"]["mxfp4"].update(rule="even", source=source)
    )
    config = GptOssConfig(
        vocab_size=8, hidden_size=64, intermediate_size=32, num_hidden_layers=1, head_dim=32,
        num_attention_heads=2, num_key_value_heads=1, num_local_experts=2, num_experts_per_tok=1,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
    )  # fmt: skip
    model = GptOssForCausalLM._from_config(config, dtype=torch.bfloat16)
    names = [f"model.layers.0.mlp.experts.{part}" for part in ("gate_up_proj", "down_proj")]
    for name in names:
        model.get_parameter(name).data.fill_(1.0)
    model.save_pretrained("models/base")
    lora = LoraConfig(r=1, lora_alpha=1, target_modules=[], target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])  # fmt: skip
    tuned = get_peft_model(model.float(), lora)  # pyright: ignore[reportArgumentType] - a PreTrainedModel
    for name, factor in tuned.named_parameters():
        if "lora_" in name:
            factor.data.fill_(51 / 128 if "lora_A" in name else 1.0)
    tuned.save_pretrained("models/adapter")
    merge.main()
    export.main()

    merged, exported = tensors(Path("models/merged-bf16")), tensors(Path("models/mxfp4"))
    for name in names:
        assert merged[name].unique().tolist() == [1.3984375]
        assert exported[f"{name}_blocks"].unique().tolist() == [0x77], "6, in steps of a quarter"
        assert exported[f"{name}_scales"].unique().tolist() == [125]
    lines = list(csv.DictReader(Path("metrics/plots/mxfp4.csv").read_text().splitlines()))
    assert [line["weight"] for line in lines] == sorted(names)
    for line in lines:
        assert float(line["relative_mse"]) == pytest.approx(0.00527449, rel=1e-4)
        assert float(line["error_to_delta"]) == pytest.approx(0.0649750, rel=1e-4)
        assert float(line["delta_kept"]) == pytest.approx(1.254902, rel=1e-4)
    metrics = read_json(Path("metrics/export/mxfp4.json"))
    assert metrics["relative_mse_mean"] == metrics["relative_mse_max"]
    assert metrics["relative_mse_mean"] == pytest.approx(0.00527449, rel=1e-4)
    assert metrics["delta_kept_min"] == pytest.approx(1.254902, rel=1e-4)
    assert metrics["tuned_quantised_tensors"] == 2
    changes = read_json(Path("metrics/merge.json"))
    assert changes["relative_change_mean"] == pytest.approx(0.3984375, rel=1e-4)


@pytest.mark.parametrize("packed_base", [False, True])
@pytest.mark.parametrize(
    ("rule", "source"), [("even", "adapter"), ("search", "merged"), ("calibrated", "adapter")]
)
def test_experts_are_merged_exported_and_measured(tiny, tmp_path, monkeypatch, packed_base, rule, source):  # fmt: skip
    """S1-09, S1-10: an adapter on experts over a BF16 and over an MXFP4 base; expert 1 of layer 0 is
    one that the training never reached. Every figure is computed again in numpy."""
    folder = lay_out(tmp_path)
    monkeypatch.chdir(folder)
    for stage in (merge, export):
        monkeypatch.setattr(stage, "pin_numerics", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["export", "--format", "mxfp4"])
    shutil.copytree(tiny / "models" / ("mxfp4" if packed_base else "base"), "models/base")
    edit_yaml(Path("params.yaml"), lambda p: p["export"]["mxfp4"].update(rule=rule, source=source))
    if rule == "calibrated":
        generator = np.random.default_rng(0)
        rows = [{"id": str(i), "input_ids": generator.integers(0, 96, 30).tolist(), "labels": [1] * 30} for i in range(20)]  # fmt: skip
        write_table(Path("data/encoded/train"), rows, IDS)
    loader: Any = AutoModelForCausalLM
    options = {"quantization_config": Mxfp4Config(dequantize=True)} if packed_base else {}
    model = loader.from_pretrained("models/base", dtype=torch.bfloat16, **options).float()
    targets = ["mlp.experts.gate_up_proj", "layers.0.mlp.experts.down_proj"]
    lora = LoraConfig(r=2, lora_alpha=2, target_modules=["q_proj"], target_parameters=targets, init_lora_weights=False)  # fmt: skip
    tuned = get_peft_model(model, lora)
    for name, factor in tuned.named_parameters():
        if "experts" in name and "lora_B" in name:
            factor.data *= 0.2
            if "layers.0" in name:
                factor.data.view(len(factor), 2, 2)[:, :, 1] = 0  # the expert is the fastest index
    tuned.save_pretrained("models/adapter")
    wanted: Any = tuned.merge_and_unload().state_dict()
    merge.main()
    export.main()

    merged = tensors(Path("models/merged-bf16"))
    assert merged.keys() == wanted.keys()
    for name, weight in wanted.items():
        torch.testing.assert_close(merged[name].float(), weight, rtol=2**-8, atol=1e-6)
        assert (merged[name] != weight.to(torch.bfloat16)).float().mean() < 1e-3, name
    described = list(csv.DictReader(Path("metrics/plots/mxfp4.csv").read_text().splitlines()))
    lines = {line["weight"]: line for line in described}
    base, exported = tensors(Path("models/base")), tensors(Path("models/mxfp4"))
    metrics = read_json(Path("metrics/export/mxfp4.json"))
    tuned_names = [name for name in EXPERTS if "layers.1.mlp.experts.down" not in name]
    assert lines.keys() == (set(tuned_names) if packed_base else set(EXPERTS))
    assert metrics["passed_through_tensors"] == packed_base
    assert metrics["tuned_quantised_tensors"] == 3
    other: list[float] = []  # shares of weights that are not those of the plain search
    for name in EXPERTS:
        w, q = (numbers_of(Path("models") / variant, name) for variant in ("base", "mxfp4"))
        if name not in tuned_names:
            if packed_base:
                for part in ("blocks", "scales"):
                    assert torch.equal(exported[f"{name}_{part}"], base[f"{name}_{part}"])
            continue
        t = wanted[name].double().numpy().transpose(0, 2, 1)
        if source == "merged":
            t = merged[name].double().numpy().transpose(0, 2, 1)
        line = {
            key: float(value) for key, value in lines[name].items() if value and key != "weight"
        }
        error, delta = ((q - t) ** 2).sum(), ((t - w) ** 2).sum()
        assert line["relative_mse"] == pytest.approx(error / (t**2).sum(), rel=1e-3)
        assert line["error_to_delta"] == pytest.approx(error / delta, rel=1e-3)
        if rule != "calibrated" or packed_base:
            q0 = w
            if not packed_base:
                plain = quantize(torch.from_numpy(w).float(), rule)
                q0 = dequantize(*plain).double().numpy()
            kept = ((q - q0) * (t - w)).sum() / delta
            assert line["delta_kept"] == pytest.approx(kept, rel=1e-3, abs=1e-5)
        if rule != "calibrated":
            blocks, scales = quantize(torch.from_numpy(t).float(), rule, base.get(f"{name}_scales"))
            found = (exported[f"{name}_blocks"], exported[f"{name}_scales"])
            assert (dequantize(*found) != dequantize(blocks, scales)).float().mean() < 2e-3
        else:
            plain = dequantize(*quantize(torch.from_numpy(t).float(), "search", base.get(f"{name}_scales")))  # fmt: skip
            other.append((plain.numpy() != q).mean())
        if packed_base:
            moved = (q != w).reshape(*q.shape[:2], -1, 32).any(-1)
            assert line["blocks_changed"] == pytest.approx(moved.mean(), abs=1e-6)
            rescaled = exported[f"{name}_scales"] != base[f"{name}_scales"]
            assert line["scales_changed"] == pytest.approx(float(rescaled.float().mean()), abs=1e-6)
            if "layers.0" in name:
                for part in ("blocks", "scales"):
                    ours, theirs = exported[f"{name}_{part}"][1], base[f"{name}_{part}"][1]
                    assert torch.equal(ours, theirs), "an expert that was not reached is as it was"

    # Rounding the last bits of float32 otherwise moves less than a fifth of that.
    assert rule != "calibrated" or max(other) > 0.004, other


def test_numbers_that_are_none_and_halves_of_mxfp4_are_refused(copied):
    file = copied / "models/base/model.safetensors"
    whole = load_file(file)
    norm = "model.norm.weight"
    save_file(whole | {norm: torch.full_like(whole[norm], torch.inf)}, file)
    with pytest.raises(ModelError, match=r"model\.norm\.weight would hold NaN or infinity"):
        merge.main()
    save_file(whole | {norm: torch.full((64,), 3.4e38)}, file)
    with pytest.raises(ModelError, match=r"model\.norm\.weight would hold NaN or infinity"):
        merge.main()
    name = EXPERTS[0]
    blocks, scales = quantize(whole[name].transpose(-1, -2).contiguous(), "even")
    rest = {key: tensor for key, tensor in whole.items() if key != name}
    for held, said in (
        ({f"{name}_blocks": blocks}, "without its other half"),
        ({f"{name}_blocks": blocks, f"{name}_scales": scales[:, :-1].contiguous()}, "no shape"),
        ({f"{name}_blocks": blocks, f"{name}_scales": torch.full_like(scales, 255)}, "scale that is NaN"),
    ):  # fmt: skip
        save_file(rest | held, file)
        with pytest.raises(ModelError, match=said):
            merge.main()


def test_merged_weights_of_another_base_are_refused(copied, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["export", "--format", "mxfp4"])
    file = copied / "models/merged-bf16/model.safetensors"
    held = load_file(file)
    held.pop("model.norm.weight")
    save_file(held, file)
    with pytest.raises(ModelError, match=r"they differ in model\.norm\.weight.*dvc repro merge"):
        export.main()


def test_a_killed_merge_and_export_end_with_the_same_bytes(tmp_path, monkeypatch):
    """S1-10: SIGKILL once the first file is finished; the run after it makes the rest. What is not
    killed runs in this process, in which torch is loaded already."""
    for stage in (merge, export):
        monkeypatch.setattr(stage, "pin_numerics", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["export", "--format", "mxfp4"])
    torch.manual_seed(1)
    config = GptOssConfig(
        vocab_size=2000, hidden_size=128, intermediate_size=128, num_hidden_layers=16, head_dim=32,
        num_attention_heads=4, num_key_value_heads=2, num_local_experts=8, num_experts_per_tok=1,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
    )  # fmt: skip
    folders = [tmp_path / "whole", tmp_path / "killed"]
    model = GptOssForCausalLM._from_config(config, dtype=torch.bfloat16)
    lora = LoraConfig(r=4, target_modules=["q_proj"], target_parameters=["mlp.experts.gate_up_proj"], init_lora_weights=False)  # fmt: skip
    for folder in folders:
        folder.mkdir()
        lay_out(folder)
        edit_yaml(folder / "params.yaml", lambda params: params["merge"].update(max_shard_mb=1))
        model.save_pretrained(folder / "models/base")
    tuned = get_peft_model(model, lora)  # pyright: ignore[reportArgumentType] - a PreTrainedModel
    for folder in folders:
        tuned.save_pretrained(str(folder / "models/adapter"))
    whole, killed = folders
    for stage, main, variant in (
        ("merge", merge.main, "merged-bf16"),
        ("export", export.main, "mxfp4"),
    ):
        command = [f"stages.{stage}", *(["--format", "mxfp4"] if stage == "export" else [])]
        monkeypatch.chdir(whole)
        main()
        started = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=killed,
            env=os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(killed)},
            stderr=subprocess.DEVNULL,
        )
        rooms = killed / ".checkpoints" / stage
        while not list(rooms.glob("*/model-00001-of-*.safetensors")) and started.poll() is None:
            time.sleep(0.001)
        started.kill()
        assert started.wait() == -9, "it was quicker than the kill"
        assert not (killed / "models" / variant).exists()
        (finished,) = rooms.glob("*/model-00001-of-*.safetensors")
        made = finished.stat().st_mtime_ns
        monkeypatch.chdir(killed)
        main()
        for file in sorted((whole / "models" / variant).iterdir()):
            again = killed / "models" / variant / file.name
            assert again.read_bytes() == file.read_bytes(), file.name
            if file.name == finished.name:
                assert again.stat().st_mtime_ns == made, "it was not made a second time"
        metrics = f"metrics/{'merge' if stage == 'merge' else 'export/mxfp4'}.json"
        assert (killed / metrics).read_bytes() == (whole / metrics).read_bytes()
        assert not rooms.is_dir() or not list(rooms.iterdir())


@pytest.fixture
def copied(tiny, tmp_path, monkeypatch) -> Path:
    """A copy to spoil. Refusals run in this process, in which torch is loaded already."""
    folder = lay_out(tmp_path)
    shutil.copytree(tiny / "models", folder / "models", ignore=shutil.ignore_patterns("mxfp4"))
    monkeypatch.chdir(folder)
    for stage in (merge, export):
        monkeypatch.setattr(stage, "pin_numerics", lambda _: None)
    return folder


def test_an_adapter_of_another_model_is_refused_and_the_old_result_stays(copied):
    weights = copied / "models/adapter/adapter_model.safetensors"
    moved = {key.replace("layers.1", "layers.7"): t for key, t in load_file(weights).items()}
    save_file(moved, weights)
    before = (copied / "models/merged-bf16/model.safetensors").read_bytes()
    with pytest.raises(
        ModelError, match=r"has factors for model\.layers\.7.*nothing fits.*dvc repro train"
    ):
        merge.main()
    assert (copied / "models/merged-bf16/model.safetensors").read_bytes() == before
    assert not list((copied / "models").glob("*.partial"))


def test_another_family_and_another_format_are_refused(copied, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["export", "--format", "gguf"])
    with pytest.raises(ParamsError, match=r"'gguf' is not an export format.*mxfp4"):
        export.main()
    config = copied / "models/merged-bf16/config.json"
    config.write_text(json.dumps(read_json(config) | {"model_type": "mamba"}))
    monkeypatch.setattr(sys, "argv", ["export", "--format", "mxfp4"])
    with pytest.raises(ModelError, match=r"model_type is 'mamba'.*merged-bf16 instead"):
        export.main()
