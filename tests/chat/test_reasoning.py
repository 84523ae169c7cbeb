"""Reasoning is no part of an answer (S4-06): not in what is scored, nor in what is fed back."""

import io
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from stages import answer as answer_stage
from stages.answering import served
from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.chat.reasoning import TAGS, answer_start, may_begin
from stages.chat.rendering import IGNORED, Encoded
from stages.chat.tokenizer_template import OwnTemplate
from stages.commands import generate
from stages.pipeline.errors import ModelError
from tests.families import TEMPLATES, save_tokenizer
from tests.templates import OTHERS, SETTINGS, save_speaker, template_of

# What each family writes around its reasoning, and whether its prompt has begun with that.
FAMILIES = {
    "qwen3": ("<think>\n", "\n</think>\n\n", False),
    "qwen3_6": ("<think>\n", "\n</think>\n\n", True),
    "qwen3_5_nothink": ("<think>\n", "\n</think>\n\n", False),
    "deepseek_r1_distill": ("<think>\n", "\n</think>\n\n", True),
    "nemotron_3_nano": ("<think>\n", "</think>\n", True),
    "glm4moe": ("\n<think>", "</think>\n", False),
    "lfm2_2_5": ("<think>", "</think>", False),
    "exaone4": ("<think>\n", "\n</think>\n\n", False),
    "gemma4_v5": ("<|channel>thought\n", "\n<channel|>", False),
    "muse_glimmer": (" to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>", False),
    # Templates without tags; rows with reasoning teach these to them all the same.
    "qwen2_5": ("<think>\n", "\n</think>\n\n", False),
    "llama3_2": ("<think>\n", "\n</think>\n\n", False),
}
OTHER_TAGS = {
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<seed:think>": "</seed:think>",
    "<thought>": "</thought>",
}
ANSWER = "넷입니다 😀. 태그 <b>는 </b> 이렇게"


@pytest.fixture(params=FAMILIES)
def speaker(request, tmp_path) -> tuple[OwnTemplate, str, str, bool]:
    save_speaker(tmp_path, template_of(request.param))
    return OwnTemplate(tmp_path, SETTINGS), *FAMILIES[request.param]


def generated(own: OwnTemplate, text: str) -> list[int]:
    """As a model writes it: tags by their tokens, where they have some."""
    return own.tokenizer(text, add_special_tokens=False)["input_ids"]


def test_an_answer_is_what_follows_the_reasoning(speaker):
    own, opens, closes, opened = speaker
    begins = "" if opened else opens
    stop = own.shown(own.stop_ids[:1])
    for thought in ("둘 더하기 둘은", "", "첫째,\n\n둘째"):
        whole = generated(own, f"{begins}{thought}{closes}{ANSWER}{stop}뒤")
        assert own.answer_text(whole) == ANSWER
        assert (
            own.without_reasoning(own.shown(generated(own, f"{begins}{thought}{closes}답"))) == "답"
        )
    again = generated(own, f"{begins}하나{closes}{opens}둘{closes}{ANSWER}{stop}")
    assert own.answer_text(again) == ANSWER, "two blocks"


def test_reasoning_that_never_ends_is_no_answer(speaker):
    own, opens, _, opened = speaker
    begins = "" if opened else opens
    whole = generated(own, f"{begins}둘 더하기 둘은 넷이니까")
    assert own.answer_text(whole) == own.answer_text(whole[:1] if opened else whole) == ""


def test_an_answer_without_reasoning_is_kept(speaker):
    own, _, _, opened = speaker
    if not opened:
        assert own.answer_text(generated(own, ANSWER)) == ANSWER
    assert own.without_reasoning(ANSWER) == ANSWER


def test_a_tag_within_an_answer_is_its_text():
    assert answer_start("태그는 <think> 이다 </think>", TAGS, None) == 0
    assert answer_start("<think>a</think>태그는 </think> 이다", TAGS, None) == len(
        "<think>a</think>"
    )


@pytest.mark.parametrize("opens", OTHER_TAGS)
@pytest.mark.parametrize("special", [True, False])
def test_tags_that_a_tokenizer_alone_knows(tmp_path, opens, special):
    closes = OTHER_TAGS[opens]
    template = template_of("qwen2_5") + ("" if special else f"{{# {opens}{closes} #}}")
    save_speaker(tmp_path, template, None, *((opens, closes) if special else ()))
    own = OwnTemplate(tmp_path, SETTINGS)
    assert own.answer_text(generated(own, f"{opens}하나{closes}\n둘")) == "둘"
    assert own.answer_text(generated(own, f"{opens}하나")) == ""
    save_speaker(tmp_path, template_of("qwen2_5"))
    plain = OwnTemplate(tmp_path, SETTINGS)
    assert plain.answer_text(generated(plain, f"{opens}하나")) == f"{opens}하나", "of no family's"


def talk(*answers: tuple[str, str | None]) -> list[Message]:
    messages: list[Message] = []
    for number, (said, thought) in enumerate(answers):
        messages.append({"role": "user", "content": f"질문 {number}"})
        messages.append({"role": "assistant", "content": said, "thinking": thought})
    return messages


def stretches(encoded: Encoded) -> list[tuple[int, int]]:
    """Where each trained answer begins and ends."""
    marks = [label != IGNORED for label in [IGNORED, *encoded.labels, IGNORED]]
    edges = [i for i in range(len(marks) - 1) if marks[i] != marks[i + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))


NAMES = sorted(
    [f.stem for f in TEMPLATES.glob("*.jinja") if "training" not in f.stem] + list(OTHERS)
)
THOUGHTS = [(None, None, None), ("생각", "또", "더"), (None, "또", None), ("생각", None, None)]


@pytest.mark.parametrize("thoughts", THOUGHTS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_an_earlier_answer_is_trained_as_a_server_would_generate_it(tmp_path, name, thoughts):
    """Each trained stretch is that of the rendering that ends with it, and what is not trained is
    counted."""
    save_speaker(tmp_path, template_of(name))
    messages = talk(*zip(("첫째", "둘째", "셋째"), thoughts, strict=True))
    try:
        own = OwnTemplate(tmp_path, SETTINGS)
        encoded = own.conversation(messages)
    except ModelError:
        pytest.skip("a template that is refused for such rows")
    found = stretches(encoded)
    assert len(found) == 3 - encoded.answers_masked
    for start, end in found:
        tells = [
            turns for turns in (2, 4, 6)
            if [*own._ids(messages[:turns], False), own.end_id][:end] == encoded.input_ids[:end]
            and own.prompt(messages[: turns - 1]) == encoded.input_ids[:start]
        ]  # fmt: skip
        assert tells, own.shown(encoded.input_ids[start:end])
    assert found[-1][1] == len(encoded.input_ids)


@pytest.mark.parametrize(
    ("name", "thoughts", "masked"),
    [
        ("qwen3", (None, None, None), 2),
        ("qwen3", ("생각", "또", "더"), 2),
        ("gemma4_v5", (None, None, None), 0),
        ("gemma4_v5", ("생각", None, None), 1),
        ("lfm2_2_5", ("생각", None, "더"), 1),
        ("qwen2_5", ("생각", "또", "더"), 0),
        ("llama3_2", (None, None, None), 0),
    ],
)
def test_how_many_are_masked(tmp_path, name, thoughts, masked):
    save_speaker(tmp_path, template_of(name))
    messages = talk(*zip(("첫째", "둘째", "셋째"), thoughts, strict=True))
    assert OwnTemplate(tmp_path, SETTINGS).conversation(messages).answers_masked == masked


def test_harmony_masks_an_earlier_answer_that_had_reasoning(tmp_path):
    save_tokenizer("gpt_oss", tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt_oss"}')
    harmony: Any = renderer_of(tmp_path, SETTINGS)
    plain = harmony.conversation(talk(("첫째", None), ("둘째", "더")))
    thinking = harmony.conversation(talk(("첫째", "생각"), ("둘째", "더")))
    assert plain.input_ids == thinking.input_ids
    assert (plain.answers_masked, thinking.answers_masked) == (0, 1)
    (first, second), (only,) = stretches(plain), stretches(thinking)
    assert only == second and harmony.shown(plain.input_ids[slice(*first)]).endswith("첫째")


def test_what_is_fed_back_is_what_a_server_renders(speaker, monkeypatch, capsys):
    """`make generate`: the second prompt is that of the messages without reasoning, and nobody is
    shown any."""
    own, opens, closes, opened = speaker
    stop = own.shown(own.stop_ids[:1])
    said = f"{'' if opened else opens}둘 더하기 둘{closes}넷{stop}"
    prompts = []

    class Model:
        device, generation_config = "cpu", None

        def generate(self, input_ids: torch.Tensor, streamer: Any, **_: Any) -> torch.Tensor:
            prompts.append(input_ids[0].tolist())
            streamer.put(input_ids)
            ids = generated(own, said)
            for number in ids:
                streamer.put(torch.tensor([number]))
            streamer.end()
            return torch.tensor([[*prompts[-1], *ids]])

    monkeypatch.setattr(generate, "renderer_of", lambda *_: own)
    monkeypatch.setattr(generate, "load_variant", lambda *_: Model())
    monkeypatch.setattr(generate, "pin_numerics", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["generate", "--variant", "base"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("둘에 둘?\n또?\n".encode())))
    generate.main()
    assert capsys.readouterr().out == "넷\n넷\n"
    messages = [
        {"role": "user", "content": "둘에 둘?"},
        {"role": "assistant", "content": "넷"},
        {"role": "user", "content": "또?"},
    ]
    for prompt, sent in zip(prompts, (messages[:1], messages), strict=True):
        text = own.tokenizer.apply_chat_template(
            sent, chat_template=own.template, tokenize=False, add_generation_prompt=True,
            date_string="09 Mar 2025",
        )  # fmt: skip
        assert prompt == own.tokenizer(text, add_special_tokens=False)["input_ids"]


def test_an_answer_of_a_server_that_leaves_it_in(tmp_path, monkeypatch):
    save_speaker(tmp_path, template_of("qwen3"))
    own = OwnTemplate(tmp_path, SETTINGS)
    texts = ["<think>\n둘\n</think>\n\n넷", "<think>\n둘", "넷"]
    monkeypatch.setattr(
        answer_stage, "answers", lambda *_: [served.Answer(text, True) for text in texts]
    )
    nothing: Any = type("", (), {"__getattr__": lambda self, name: self})()
    rows = answer_stage.by_server(nothing, own, [], [], nothing)
    assert [row["prediction"] for row in rows] == ["넷", "", "넷"]


def test_half_a_tag_is_held_back():
    assert [may_begin(text) for text in ("", "<", "\n<thi", "<b", "넷 <thi")] == [
        *(False, True, True, False, False)
    ]


@pytest.mark.parametrize("name", ["nemotron_3_nano", "nemotron_3_ultra", "deepseek_r1_distill"])
def test_a_prompt_that_opens_reasoning_is_refused_with_what_helps(tmp_path, name):
    save_speaker(tmp_path, template_of(name))
    plain = talk(("넷", None))
    with pytest.raises(ModelError, match=r"opens reasoning \(<think>\)") as refused:
        OwnTemplate(tmp_path, SETTINGS).conversation(plain)
    if "enable_thinking: false" in refused.value.fix:
        told = replace(SETTINGS, template_arguments={"enable_thinking": False})
        own = OwnTemplate(tmp_path, told)
        ids = own.conversation(plain).input_ids
        assert own.answer_text(ids[len(own.prompt(plain[:1])) :]) == "넷"
    else:
        assert "encode.chat_template" in refused.value.fix
    assert ("template_arguments" in refused.value.fix) == name.startswith("nemotron")
