"""A model is given a chat template and a stop token by params, in `base` (S3-15)."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from stages import base
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED
from stages.chat.tokenizer_template import OwnTemplate
from stages.params.chat_format import OwnFormat
from stages.params.whole import read_config
from stages.pipeline import paths
from stages.pipeline.errors import InputError, ModelError, ParamsError
from stages.pipeline.hashes import dvc_hash
from stages.preflight.model import SETTINGS, proof
from stages.taking.format import Format, given_format
from tests.families import save_model
from tests.micro import ROOT, edit_yaml

TALK: list[Message] = [
    {"role": "user", "content": "저녁은?"},
    {"role": "assistant", "content": "김치찌개"},
]


@pytest.fixture
def place(workspace, monkeypatch) -> Path:
    """A project, in which a model is tried in this process."""

    def here(folder: Path, called: str, settings: Any) -> None:
        for _ in proof(folder, settings):
            pass

    monkeypatch.setattr(base, "try_out", here)
    monkeypatch.setattr(base, "pin_numerics", lambda compute: None)  # which comes before torch
    shutil.copytree(ROOT / "data/templates", "data/templates", dirs_exist_ok=True)
    return Path("source")


def pretrained(folder: Path, family: str, template: bool) -> None:
    """As they are published: the end of text alone stops them."""
    save_model(family, folder)
    config = folder / "tokenizer_config.json"
    end = {"qwen2": "<|endoftext|>", "llama": "<|end_of_text|>", "gemma": "<eos>"}[family]
    config.write_text(json.dumps(json.loads(config.read_text()) | {"eos_token": end}))
    (folder / "generation_config.json").unlink()
    described = json.loads((folder / "config.json").read_text())
    described.pop("eos_token_id", None)
    (folder / "config.json").write_text(json.dumps(described))
    if not template:
        (folder / "chat_template.jinja").unlink()


def taken(place: Path, **told: object) -> OwnTemplate:
    """`base` runs on the folder with these values of `encode`."""

    def edit(params: dict) -> None:
        params["encode"].update(told)
        params["base"].update(source="folder")
        params["base"]["folder"].update(path=str(place), digest=dvc_hash(place))

    edit_yaml(Path("params.yaml"), edit)
    base.main()
    return OwnTemplate(paths.BASE, SETTINGS)


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["base"])


def answer(own: OwnTemplate) -> str:
    return own.shown([label for label in own.conversation(TALK).labels if label != IGNORED])


def test_a_stop_token_opens_a_pretrained_qwen(place):
    pretrained(place, "qwen2", template=True)
    before = dvc_hash(place)
    with pytest.raises(ModelError, match=r"encode\.stop_token to '<\|im_end\|>' in params\.yaml"):
        taken(place)
    own = taken(place, stop_token="<|im_end|>")
    assert answer(own) == "김치찌개<|im_end|>"
    assert own.shown(own.stop_ids) == "<|im_end|><|endoftext|>", "as the tuned one of the family"
    assert dvc_hash(place) == before, "the user's own folder is as it was"
    named = own.stop_ids[1]
    for before, after in ((7, [7]), ([7, named], [7, named]), ([own.stop_ids[0]], [])):
        (place / "generation_config.json").write_text(json.dumps({"eos_token_id": before}))
        assert taken(place, stop_token="<|im_end|>").stop_ids == [own.stop_ids[0], *after]


@pytest.mark.parametrize(
    ("family", "prompt", "said"),
    [
        ("qwen2", "<|im_start|>user\n저녁은?<|im_end|>\n<|im_start|>assistant\n", "김치찌개<|im_end|>"),
        ("llama", "<|begin_of_text|><|im_start|>user\n저녁은?<|end_of_text|>\n<|im_start|>assistant\n", "김치찌개<|end_of_text|>"),
        ("gemma", "<bos><|im_start|>user\n저녁은?<eos>\n<|im_start|>assistant\n", "김치찌개<eos>"),
    ],
)  # fmt: skip
def test_chatml_for_a_model_without_a_template(place, family, prompt, said):
    """Of a model that has no <|im_end|> its own end of text ends a message."""
    pretrained(place, family, template=False)
    with pytest.raises(ModelError, match=r"has no chat template.*encode\.chat_template.*chatml"):
        taken(place)
    own = taken(place, chat_template="chatml")
    assert (own.shown(own.prompt(TALK[:1])), answer(own)) == (prompt, said)
    assert (
        own.answer_text(own.conversation(TALK).input_ids[len(own.prompt(TALK[:1])) :]) == "김치찌개"
    )
    assert own.takes_system


def test_a_template_of_ones_own(place):
    pretrained(place, "qwen2", template=True)
    file = Path("data/templates/own.jinja")
    file.write_text("{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}")  # fmt: skip
    own = taken(place, chat_template=str(file))
    assert own.shown(own.prompt(TALK[:1])) == "[user]저녁은?<|endoftext|>[assistant]"
    assert answer(own) == "김치찌개<|endoftext|>"


@pytest.mark.parametrize("family", ["qwen2", "gpt_oss"])
def test_what_cannot_be_given(place, family):
    save_model(family, place)
    said = (
        "speaks Harmony" if family == "gpt_oss" else r"no token '<\|ende\|>', which encode\.stop_"
    )
    with pytest.raises(ModelError, match=said):
        taken(place, stop_token="<|ende|>")
    assert not paths.BASE.exists()


def test_a_template_that_is_not_there(place):
    with pytest.raises(InputError, match=r"data/templates/no\.jinja: cannot be read"):
        given_format(OwnFormat(chat_template="data/templates/no.jinja", stop_token=None))
    assert given_format(OwnFormat(chat_template=None, stop_token=None)) == Format()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"chat_template": "own"}, "is neither chatml nor a file data/templates/"),
        ({"chat_template": "data/templates/../own.jinja"}, "is neither chatml nor a file"),
        ({"chat_template": "/etc/own.jinja"}, "is neither chatml nor a file"),
        ({"chat_template": "chatml"}, "tiny, a gpt-oss, which speaks Harmony"),
        ({"stop_token": "<|im_end|>"}, "tiny, a gpt-oss, which speaks Harmony"),
        ({"template_arguments": {"enable_thinking": True}}, "a gpt-oss, which speaks Harmony"),
    ],
)
def test_values_that_no_model_could_use(workspace, told, said):
    edit_yaml(Path("params.yaml"), lambda params: params["encode"].update(told))
    with pytest.raises(ParamsError, match=said):
        read_config()
