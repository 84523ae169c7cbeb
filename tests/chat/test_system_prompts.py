"""A system prompt is in every prompt and every row, before the first question."""

import pytest

from stages.chat.messages import Message
from stages.chat.tokenizer_template import OwnTemplate
from stages.pipeline.errors import ModelError
from tests.families import TEMPLATES
from tests.templates import OTHERS, SETTINGS, save_speaker, template_of

SYSTEM = "존댓말로 답하세요"
TALK: list[Message] = [
    {"role": "system", "content": SYSTEM},
    *({"role": "user", "content": "질문"}, {"role": "assistant", "content": "첫째"}),
    *({"role": "user", "content": "또"}, {"role": "assistant", "content": "둘째"}),
]
PLAIN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
# What templates do to a system prompt that has no place in them.
WITHOUT_ROOM = {
    "drops it": PLAIN.replace("{% for m in messages %}", "{% for m in messages if m.role != 'system' %}"),
    "refuses it": "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + PLAIN,
    "fails on it": "{% if messages[0].role == 'system' %}{{ messages.nothing.there }}{% endif %}" + PLAIN,
    "drops it once answered": "{% if messages[-1].role == 'user' or messages[0].role != 'system' %}" + PLAIN + "{% else %}" + PLAIN.replace("messages %}", "messages[1:] %}") + "{% endif %}",
    "drops it with a second question": "{% if messages|length < 4 %}" + PLAIN + "{% else %}" + PLAIN.replace("messages %}", "messages if m.role != 'system' %}") + "{% endif %}",
    "puts it into the last question": OTHERS["mistral_v3"],
}  # fmt: skip
NAMES = sorted(
    [f.stem for f in TEMPLATES.glob("*.jinja") if "training" not in f.stem] + list(OTHERS)
)


def holds(own: OwnTemplate, talk: list[Message]) -> None:
    texts = [own.shown(own.prompt(talk[:end])) for end in (2, 4)]
    texts.append(own.shown(own.conversation(talk[:3]).input_ids))
    texts.append(own.shown(own.conversation(talk).input_ids))
    for text in texts:
        assert text.count(SYSTEM) == 1 and text.index(SYSTEM) < text.index("질문")


@pytest.mark.parametrize("name", NAMES)
def test_of_every_family(tmp_path, name):
    save_speaker(tmp_path, template_of(name))
    try:
        own = OwnTemplate(tmp_path, SETTINGS)
        own.conversation(TALK[1:])
    except ModelError:
        pytest.skip("a template that is refused for plain rows")
    holds(own, TALK)


@pytest.mark.parametrize("does", WITHOUT_ROOM)
def test_a_template_without_room_gets_it_in_the_first_question(tmp_path, does):
    save_speaker(tmp_path, WITHOUT_ROOM[does])
    own = OwnTemplate(tmp_path, SETTINGS)
    holds(own, TALK)
    folded: Message = {"role": "user", "content": f"{SYSTEM}\n\n질문"}
    assert own.placed(TALK) == [folded, *TALK[2:]], "which a server is sent, too"
    assert own.conversation(TALK) == own.conversation([folded, *TALK[2:]])
    assert own.placed(TALK[1:]) == TALK[1:]


def test_a_template_with_room_keeps_it_there(tmp_path):
    save_speaker(tmp_path, PLAIN)
    own = OwnTemplate(tmp_path, SETTINGS)
    assert own.placed(TALK) == TALK
    assert own.shown(own.prompt(TALK[:2])).startswith(f"<|im_start|>system\n{SYSTEM}<|im_end|>")
