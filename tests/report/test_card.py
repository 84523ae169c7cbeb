"""The card of a variant (S4-10), and its usage snippet, which must work (S4-11)."""

import contextlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from ruamel.yaml import YAML
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.formats.json_files import read_json, write_json
from stages.weights.tensors import mxfp4
from tests.families import save_model
from tests.lone_stage import run_stage
from tests.micro import edit_yaml
from tests.taught import SETTINGS, taught
from tests.workspace import lay_out

VARIANTS = ("adapter", "merged-bf16", "mxfp4")
ASKED: list[Message] = [{"role": "user", "content": "안녕하세요. 오늘 저녁에 뭐 먹을까요?"}]
ANSWER = "김치찌개 어때요 😀"


def of(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.125, "high": value + 0.25}


def differs(value: float, beyond_noise: bool = True) -> dict[str, Any]:
    return {"difference": value, "low": -0.5, "high": 0.5, "beyond_noise": beyond_noise}


def write_metrics(folder: Path, family: str) -> None:
    """Metrics of a run in small, in the shapes that the stages write."""
    measures = {"bits_per_byte": 1.5, "rougeL_syllable": 12.0, "personal_data_share": 0.0}
    variants: dict[str, dict[str, Any]] = {
        v: {m: of(x) for m, x in measures.items()} | {"topic_accuracy": None}
        for v in ("base", *VARIANTS)
    }
    against = {m: differs(-0.25 if m == "bits_per_byte" else 3.0) for m in measures}
    against["personal_data_share"] = differs(0.0, beyond_noise=False)
    of_set = {
        "variants": variants,
        "against_base": dict.fromkeys(VARIANTS, against),
        "against_merged": {"mxfp4": against},
        "gain_kept": {"mxfp4": of(0.97)},
    }
    rules = {
        "gain": {"result": "pass", "figure": "x.y", "against": None, "value": 1.0, "at_least": 0.5, "low": None, "high": None, "why": None},
        "drift": {"result": "not_applicable", "figure": "x.z", "against": "release", "value": None, "at_most": 0.5, "low": None, "high": None, "why": "no_release"},
    }  # fmt: skip
    counts = {"rows_in": 1000, "rows_out": 1000}
    for name, content in {
        "contrast": {"draws": 1000, "level": 0.95, "sets": {"test": of_set, "klue_ynat": of_set}},
        "gate": {"verdict": "pass", "passed": True, "rules": rules},
        "encode": {
            "train": {"by_source": {"chat": {"rows_in": 689, "rows_out": 688}, "news": counts}}
        },
        "base": {"model_type": family, "quantization": None},
        "train": {"adapted_weights": 8, "trainable_parameters": 20480},
        "scrub/chat": {"masked": {"PHONE": 17, "RRN": 3}},
        "scrub/news": {"masked": {"PHONE": 4}},
        "scrub/gone": {"masked": {"PHONE": 1000}},
        **{
            f"evaluate/{variant}": {
                "record": {"transformers": "5.23.0"},
                "sets": {"test": {"rows": 160}, "klue_ynat": {"rows": 90}},
            }
            for variant in VARIANTS
        },
    }.items():
        write_json(folder / f"metrics/{name}.json", content)


def evaluated(folder: Path, family: str = "gpt_oss") -> Path:
    """A folder in which `card` can run, for a base of the family."""
    lay_out(folder, "stages/release/card.md")
    edit_yaml(
        folder / "params.yaml",
        lambda params: params["encode"].update(conversation_date=SETTINGS.conversation_date),
    )
    write_metrics(folder, family)
    return folder


def card(folder: Path, variant: str) -> str:
    assert run_stage(folder, "stages.card", "--variant", variant) == ""
    return (folder / f"metrics/cards/{variant}.md").read_text(encoding="utf-8")


def parts(text: str) -> tuple[dict[str, Any], str]:
    """The head that a hub reads, and the rest."""
    _, yaml, rest = text.split("---\n", 2)
    return YAML(typ="safe", pure=True).load(yaml), rest


def from_hub(folder: Path) -> None:
    edit_yaml(folder / "params.yaml", lambda params: params["base"].update(source="hub"))


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluated(tmp_path_factory.mktemp("card") / "project")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_head_is_the_hubs(judged, variant) -> None:
    head, _ = parts(card(judged, variant))
    assert head["language"] == "ko"
    assert head["library_name"] == ("peft" if variant == "adapter" else "transformers")
    assert head["pipeline_tag"] == "text-generation"
    assert "base_model" not in head, "the tiny base is on no hub"
    results = head["model-index"][0]["results"]
    assert {result["dataset"]["name"] for result in results} == {"test split", "klue_ynat"}
    found = {m["type"]: m["value"] for m in results[0]["metrics"]}
    assert found == {"bits_per_byte": 1.5, "rougeL_syllable": 12.0, "personal_data_share": 0.0}


def test_the_body_tells_the_run(judged) -> None:
    _, body = parts(card(judged, "mxfp4"))
    assert "| chat | chat | CC0-1.0 | 2026-01-01 | 688 |" in body
    assert "PHONE 21, RRN 3." in body, "of the sources that were trained on"
    assert "1.5 (1.375 … 1.75)" in body
    assert "−0.25 (−0.5 … +0.5) |" in body
    assert "+0 (−0.5 … +0.5) 오차 범위 내 · within noise |" in body
    assert "**통과 · pass**, 2개 규칙" in body
    assert "해당 없는 규칙 · not applicable: drift." in body
    assert "0.97 (0.845 … 1.22)" in body
    assert "The tiny model demonstrates the pipeline" in body
    assert "chat, news: malssi의 내장 말뭉치" in body
    assert body.index("Test split") < body.index("klue")
    assert "160 rows" in body and "90 rows" in body
    assert "- transformers: 5.23.0\n" in body
    assert not re.search(r"\{\{|\}\}|\{%|None|\n\n\n\n", body)


def test_a_base_of_the_hub_is_named(tmp_path) -> None:
    folder = evaluated(tmp_path / "project")
    from_hub(folder)
    head, body = parts(card(folder, "merged-bf16"))
    assert head["base_model"] == "openai/gpt-oss-20b"
    assert "`6cee5e81ee83917806bbde320786a8fb61efebee`" in body
    assert "tiny" not in body


def test_texts_of_params_are_text(tmp_path) -> None:
    """A licence with signs of Markdown breaks no table, and one of YAML no head."""
    folder = evaluated(tmp_path / "project")
    odd = "a | b <script>\n[c]: #"
    edit_yaml(folder / "params.yaml", lambda params: params["sources"]["chat"].update(license=odd))
    edit_yaml(folder / "params.yaml", lambda params: params["card"].update(license="other: #1"))
    head, body = parts(card(folder, "adapter"))
    assert head["license"] == "other: #1"
    assert r"| chat | chat | a \| b \<script\> \[c\]: \# | 2026-01-01 |" in body


def test_the_same_bytes_in_another_process(tmp_path) -> None:
    made = []
    for seed in ("1", "2"):
        folder = evaluated(tmp_path / seed)
        other = {"PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"}
        assert run_stage(folder, "stages.card", "--variant", "mxfp4", **other) == ""
        made.append((folder / "metrics/cards/mxfp4.md").read_bytes())
    assert made[0] == made[1]


def test_a_missing_metric_keeps_the_old_card(tmp_path) -> None:
    folder = evaluated(tmp_path / "project")
    before = card(folder, "mxfp4")
    (folder / "metrics/scrub/news.json").unlink()
    assert "metrics/scrub/news.json" in run_stage(folder, "stages.card", "--variant", "mxfp4")
    assert (folder / "metrics/cards/mxfp4.md").read_text(encoding="utf-8") == before


def ran(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """What the card's own Python prints in `folder`, and the names that it leaves."""
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    said, names = io.StringIO(), {}
    monkeypatch.chdir(folder)
    with contextlib.redirect_stdout(said):
        exec(compile(block, "card", "exec"), names)
    return said.getvalue().removesuffix("\n"), names


@pytest.mark.parametrize("family", ["gpt_oss", "llama", "qwen2"])
def test_the_snippet_of_a_merged_model(family, tmp_path, monkeypatch) -> None:
    """S4-11: the model, its chat template with the date of the training, up to 256 new tokens, and of
    them the answer alone. The prompt is the one that was trained."""
    folder = evaluated(tmp_path / "project", family)
    model = taught(family, folder / "models/merged-bf16", [ASKED], [ANSWER])
    text = card(folder, "merged-bf16")
    assert "max_new_tokens=256" in text
    answer, names = ran(text, folder, monkeypatch)
    assert answer == ANSWER
    assert names["inputs"]["input_ids"][0].tolist() == renderer_of(model, SETTINGS).prompt(ASKED)


def test_the_snippet_gives_the_template_its_arguments(tmp_path, monkeypatch) -> None:
    given = {"enable_thinking": False, "level": 'a "b"', "depth": 2, "other": None}
    folder = evaluated(tmp_path / "project", "qwen2")
    edit_yaml(folder / "params.yaml", lambda p: p["encode"].update(template_arguments=given))
    model = folder / "models/merged-bf16"
    taught("qwen2", model, [ASKED], [ANSWER])
    asks = (
        "{{ '' if (enable_thinking, level, depth, other) == (false, 'a \"b\"', 2, None) else 'x' }}"
    )
    template = model / "chat_template.jinja"
    template.write_text(asks + template.read_text(encoding="utf-8"), encoding="utf-8")
    answer, names = ran(card(folder, "merged-bf16"), folder, monkeypatch)
    assert answer == ANSWER
    told = replace(SETTINGS, template_arguments=given)
    assert names["inputs"]["input_ids"][0].tolist() == renderer_of(model, told).prompt(ASKED)


def test_the_snippet_of_an_adapter(tmp_path, monkeypatch) -> None:
    folder = evaluated(tmp_path / "project", "llama")
    (folder / "models").mkdir()
    taught("llama", folder / "models/base", [ASKED], [ANSWER])
    monkeypatch.chdir(folder)
    base = AutoModelForCausalLM.from_pretrained("models/base", dtype=torch.float32)
    adapter = get_peft_model(base, LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapter.save_pretrained("models/adapter")
    answer, names = ran(card(folder, "adapter"), folder, monkeypatch)
    assert answer == ANSWER
    assert names["model"].peft_config["default"].target_modules == {"q_proj"}


def test_the_snippet_of_mxfp4(tmp_path, monkeypatch) -> None:
    """Of gpt-oss, as `export` writes it, on a machine without kernels for MXFP4."""
    folder = evaluated(tmp_path / "project")
    model = folder / "models/mxfp4"
    save_model("gpt_oss", model, hidden_size=64, intermediate_size=64, head_dim=32)
    packed = {}
    for name, tensor in load_file(model / "model.safetensors").items():
        weight = tensor.to(torch.bfloat16)
        if name.endswith(("gate_up_proj", "down_proj")):
            blocks, scales = mxfp4.quantize(weight.transpose(-1, -2).contiguous(), "even")
            packed |= {f"{name}_blocks": blocks, f"{name}_scales": scales}
        else:
            packed[name] = weight
    save_file(packed, model / "model.safetensors", metadata={"format": "pt"})
    described = read_json(model / "config.json") | {"dtype": "bfloat16"}
    described["quantization_config"] = {"quant_method": "mxfp4"}
    (model / "config.json").write_text(json.dumps(described))
    _, names = ran(card(folder, "mxfp4"), folder, monkeypatch)
    assert 0 < len(names["said"]) <= 256
    assert names["model"].dtype == torch.bfloat16
