"""Where the base model comes from: a hub at a commit, or a folder with a digest; never its code."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.chat.family import renderer_of
from stages.chat.rendering import Settings
from stages.pipeline.hashes import dvc_hash
from tests.hub_stand_in import Hub, serving
from tests.micro import Project
from tests.pipeline.test_rebuild import AFTER_MIX, CARDS

pytestmark = pytest.mark.pipeline

REPO = "example/tiny-gpt-oss"
OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def models(finished: Project, tmp_path: Path) -> dict[str, Path]:
    """Two commits of a model: the finished project's own base, and the same a little different."""
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(finished.folder / "models/base", old)
    (old / "pytorch_model.bin").write_bytes(b"a pickle that must never be loaded")
    (old / "modeling_tiny.py").write_text("raise SystemExit('code of a model was run')")
    shutil.copytree(old, new)
    weights = load_file(new / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"] * torch.tensor(1.5).bfloat16()
    save_file(weights, new / "model.safetensors", metadata={"format": "pt"})
    return {OLD: old, NEW: new}


def use_hub(project: Project, revision: str) -> None:
    def edit(params: dict) -> None:
        params["base"]["source"] = "hub"
        params["base"]["hub"] = {"repo": REPO, "revision": revision}

    project.edit_params(edit)


@pytest.mark.soak_long
def test_a_revision_of_the_hub(project: Project, models: dict[str, Path], tmp_path: Path) -> None:
    with serving(Hub(REPO, models)) as hub:
        environment = hub.environment | {"HF_HOME": str(tmp_path / "hub-cache")}
        use_hub(project, OLD)
        # The same files as before: what follows from them is left alone, but the page that says
        # where they came from.
        assert project.repro(**environment) == {"check", "base", "gate"} | CARDS
        assert not {"pytorch_model.bin", "modeling_tiny.py"} & set(hub.fetched)
        assert {"model.safetensors", "config.json", "tokenizer.json"} <= set(hub.fetched)

        use_hub(project, NEW)
        assert project.repro(**environment) == {"check", "base"} | AFTER_MIX
        base = project.folder / "models/base"
        assert (base / "model.safetensors").read_bytes() == (
            models[NEW] / "model.safetensors"
        ).read_bytes()

        use_hub(project, "c" * 40)
        output = project.run("dvc", "repro", check=False, **environment)
        assert f"ERROR {REPO}@{'c' * 40}: cannot be fetched from the hub" in output
    use_hub(project, "d" * 40)
    output = project.run("dvc", "repro", check=False, **environment)
    assert f"ERROR {REPO}@{'d' * 40}: cannot be fetched from the hub" in output
    assert "Traceback" not in output


def use_folder(project: Project, path: Path, digest: str) -> None:
    def edit(params: dict) -> None:
        params["base"]["source"] = "folder"
        params["base"]["folder"] = {"path": str(path), "digest": digest}

    project.edit_params(edit)


def refusal(project: Project) -> str:
    output = project.run("dvc", "repro", "base", check=False)
    assert "Traceback" not in output
    assert not (project.folder / "models/base").exists()
    return output


@pytest.mark.soak_long
def test_a_local_folder_is_pinned(project: Project, models: dict[str, Path]) -> None:
    digest = dvc_hash(project.folder / "models/base")
    use_folder(project, models[OLD], "unknown")
    assert f"has the digest {digest}, params.yaml says unknown." in refusal(project)
    use_folder(project, models[OLD], digest)
    assert project.repro() == {"check", "base", "gate"} | CARDS


def test_a_model_that_wants_its_own_code_is_refused(
    project: Project, models: dict[str, Path]
) -> None:
    config = models[NEW] / "config.json"
    described = json.loads(config.read_text()) | {"auto_map": {"AutoModel": "modeling_tiny.Tiny"}}
    config.write_text(json.dumps(described))
    use_folder(project, models[NEW], "unknown")
    assert "asks for code that comes with the model (auto_map)" in refusal(project)


def test_pickled_weights_are_refused(project: Project, models: dict[str, Path]) -> None:
    (models[NEW] / "model.safetensors").unlink()
    use_folder(project, models[NEW], "unknown")
    output = refusal(project)
    assert "has no safetensors weights (found ['modeling_tiny.py', 'pytorch_model.bin'])" in output


CONVERSATIONS = [
    [("user", "안녕하세요?"), ("assistant", "네, 안녕하세요.")],
    [("system", "짧게 답변."), ("user", "뭐 해?"), ("assistant", "쉬고 있어 ㅋㅋ")],
    [("user", "하나"), ("assistant", "둘"), ("user", "셋 {넷}"), ("assistant", "넷\n다섯")],
]


@pytest.mark.parametrize("said", CONVERSATIONS)
def test_the_tiny_model_s_own_template_gives_the_ids_of_training(finished: Project, said) -> None:
    """B10, S1-25: for who serves it without malssi; the date is the only thing that differs."""
    from transformers import AutoTokenizer

    folder = finished.folder / "models/base"
    renderer = renderer_of(folder, Settings("medium", "2024-06", "2025-01-01"))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    dated = tokenizer.chat_template.replace('strftime_now("%Y-%m-%d")', '"2025-01-01"')
    assert dated != tokenizer.chat_template
    messages: list[Any] = [{"role": role, "content": content} for role, content in said]
    options = {"chat_template": dated, "return_dict": False}
    prompt = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, **options)
    assert prompt == renderer.prompt(messages[:-1])
    messages[-1]["thinking"] = "생각"
    whole = tokenizer.apply_chat_template(messages, **options)
    assert whole == renderer.conversation(messages).input_ids
