"""`encode.template_arguments`: given to the template everywhere, refused where it has no use."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.chat.arguments import asked_for
from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.pipeline.errors import ModelError, ParamsError
from stages.preflight.model import check_template
from tests.families import TEMPLATES, save_tokenizer
from tests.micro import edit_yaml
from tests.templates import SETTINGS, save_speaker, template_of

TALK: list[Message] = [
    {"role": "system", "content": "존댓말로 답하세요."},
    {"role": "user", "content": "저녁은?"},
    {"role": "assistant", "content": "김치찌개"},
]
# By template, an argument that it has and a value that is not its default.
USED = {
    "qwen3": {"enable_thinking": False},
    "qwen3_6": {"enable_thinking": False},
    "nemotron_3_nano": {"enable_thinking": False},
    "gemma4_v5": {"enable_thinking": True},
    "exaone4": {"enable_thinking": True, "skip_think": True},
}


def spoken(folder: Path, **arguments: Any) -> Any:
    return renderer_of(folder, replace(SETTINGS, template_arguments=arguments))


@pytest.mark.parametrize("name", USED)
def test_prompts_and_rows_are_rendered_with_the_arguments(tmp_path, name):
    save_speaker(tmp_path, template_of(name))
    own, plain = spoken(tmp_path, **USED[name]), spoken(tmp_path)
    for messages, asks in ((TALK[:-1], True), (TALK, False)):
        text = own.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=asks, **USED[name]
        )
        ids = own.tokenizer(text, add_special_tokens=False)["input_ids"]
        made = own.prompt(messages) if asks else own.conversation(messages).input_ids
        assert made == ids[: len(made)]
    assert own.prompt(TALK[:-1]) != plain.prompt(TALK[:-1])


@pytest.mark.parametrize("name", [*USED, "qwen2_5", "llama3_2"])
def test_an_argument_that_the_template_does_not_mention_is_refused(tmp_path, name):
    save_speaker(tmp_path, template_of(name))
    said = r"does not mention \['enable_thinkng'\] of encode\.template_arguments.*params\.yaml"
    with pytest.raises(ModelError, match=said) as refused:
        spoken(tmp_path, enable_thinkng=False)
    assert ("it has enable_thinking" in str(refused.value)) == (name in USED)


def test_the_format_of_gpt_oss_takes_none(tmp_path):
    save_tokenizer("gpt_oss", tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt_oss"}')
    with pytest.raises(
        ModelError, match=r"does not mention \['enable_thinking'\].*encode\.harmony"
    ):
        spoken(tmp_path, enable_thinking=False)
    assert spoken(tmp_path).prompt(TALK[:-1])


def test_a_model_is_refused_when_it_is_taken(tmp_path):
    """In `base`, minutes before `encode`."""
    save_speaker(tmp_path, template_of("qwen3"))
    check_template(tmp_path, 1000, replace(SETTINGS, template_arguments={"enable_thinking": False}))
    with pytest.raises(ModelError, match="does not mention"):
        check_template(tmp_path, 1000, replace(SETTINGS, template_arguments={"think": False}))


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.jinja")), ids=lambda file: file.stem)
def test_every_template_can_be_asked(file):
    """What stands in a comment alone is not asked for."""
    template = file.read_text(encoding="utf-8")
    names = asked_for(template)
    assert names is not None and "messages" in names
    code = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    for name in ("enable_thinking", "preserve_thinking", "reasoning_effort"):
        assert bool(re.search(rf"\b{name}\b", code)) == (name in names)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"messages": "x"}, "'messages' is given by the pipeline itself"),
        ({"date_string": "2025"}, "'date_string' is given by the pipeline itself"),
        ({"enable thinking": True}, "template_arguments.enable thinking"),
        ({"enable_thinking": [True]}, "template_arguments.enable_thinking"),
        ({"enable_thinking": {"a": 1}}, "template_arguments.enable_thinking"),
    ],
)
def test_values_are_scalars_and_names_are_free(workspace, given, said):
    from stages.params.whole import read_config

    edit_yaml(Path("params.yaml"), lambda p: p["encode"].update(template_arguments=given))
    with pytest.raises(ParamsError, match=re.escape(said)):
        read_config()


@pytest.mark.parametrize("value", [True, 3, 0.5, "low", None])
def test_every_scalar_arrives_as_it_is(workspace, tmp_path, value):
    from stages.chat.family import settings_of
    from stages.params.whole import read_config

    edit_yaml(Path("params.yaml"), lambda p: p["encode"]["template_arguments"].update(given=value))
    edit_yaml(Path("params.yaml"), lambda p: p["base"].update(source="hub"))
    settings = settings_of(read_config().encode)
    template = (
        "{% for m in messages %}{{ m.content }}</s>{% endfor %}{{ given is none }}{{ given }}"
    )
    save_speaker(tmp_path / "model", template, "</s>")
    own = renderer_of(tmp_path / "model", settings)
    assert own.shown(own.prompt(TALK[1:2])) == f"저녁은?</s>{value is None}{value}"
