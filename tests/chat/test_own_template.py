"""Conversations in the chat format that a model brings along (S2-08, S3-15, S4-03)."""

import json
import re
from datetime import datetime

import pytest
from tokenizers import Tokenizer

from stages.chat.family import renderer_of
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED, Settings
from stages.chat.tokenizer_template import _NOW, OwnTemplate
from stages.pipeline.errors import ModelError
from tests.families import SPECIAL, TEMPLATES, save_tokenizer
from tests.slow_inputs import Input, growth
from tests.templates import save_speaker, template_of

SETTINGS = Settings("medium", "2024-06", "2025-03-09")
FAMILIES = ("qwen2", "llama", "gemma", "gemma3_text")
ONE: list[Message] = [
    {"role": "user", "content": "오늘 저녁 뭐 먹을까?"},
    {"role": "assistant", "content": "김치찌개 어때요 😀"},
]
TALKS: dict[str, list[Message]] = {
    "one": ONE,
    "system": [{"role": "system", "content": "존댓말로 답하세요."}, *ONE],
    "three": [*ONE, *ONE, {"role": "user", "content": "그래"}, {"role": "assistant", "content": "네."}],
    "blanks": [{"role": "user", "content": "  앞뒤로 빈칸 \n"}, {"role": "assistant", "content": "둘\n\n줄"}],
    "empty": [{"role": "user", "content": ""}, {"role": "assistant", "content": "네?"}],
    "numbers": [{"role": "user", "content": "1234567890 {{ x }} {% y %}"}, {"role": "assistant", "content": "{}"}],
}  # fmt: skip


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def renderer(family, tmp_path_factory):
    folder = tmp_path_factory.mktemp(family)
    save_tokenizer(family, folder)
    (folder / "config.json").write_text(f'{{"model_type": "{family}"}}')
    return renderer_of(folder, SETTINGS)


def trained(encoded) -> list[list[int]]:
    """The trained stretches, one after the other."""
    runs: list[list[int]] = [[]]
    for label in encoded.labels:
        if label == IGNORED:
            runs.append([])
        else:
            runs[-1].append(label)
    return [run for run in runs if run]


@pytest.mark.parametrize("name", sorted(TALKS))
def test_ids_are_those_of_the_template_and_no_first_token_is_doubled(renderer, family, name):
    """B15: what a server tokenises is the template's text, without another first token."""
    talk = TALKS[name]
    if name == "system" and family.startswith("gemma"):
        talk: list[Message] = [
            {"role": "user", "content": "존댓말로 답하세요.\n\n오늘 저녁 뭐 먹을까?"},
            talk[-1],
        ]
    text = renderer.tokenizer.apply_chat_template(talk, tokenize=False, date_string="09 Mar 2025")
    whole = renderer.tokenizer(text, add_special_tokens=False)["input_ids"]
    encoded = renderer.conversation(TALKS[name])
    assert whole[: len(encoded.input_ids)] == encoded.input_ids
    assert encoded.input_ids[-1] in renderer.stop_ids, "nothing is kept behind the stop"
    assert not renderer.tokenizer.decode(whole[len(encoded.input_ids) :]).strip()
    first = renderer.tokenizer.bos_token_id
    if family != "qwen2":
        assert encoded.input_ids.count(first) == 1


@pytest.mark.parametrize("name", sorted(TALKS))
def test_s1_21_answers_alone_are_trained_each_with_its_stop(renderer, family, name):
    encoded = renderer.conversation(TALKS[name])
    runs = trained(encoded)
    answers = [m["content"] for m in TALKS[name] if m["role"] == "assistant"]
    assert len(runs) == len(answers)
    for run, answer in zip(runs, answers, strict=True):
        assert run[-1] in renderer.stop_ids
        assert not set(run[:-1]) & set(renderer.stop_ids)
        assert renderer.answer_text(run) == (answer.strip() if family != "qwen2" else answer)
    kept = [
        i for i, label in zip(encoded.input_ids, encoded.labels, strict=True) if label != IGNORED
    ]
    assert kept == [label for label in encoded.labels if label != IGNORED]


@pytest.mark.parametrize("name", sorted(TALKS))
def test_s2_08_a_conversation_begins_with_what_a_server_is_asked(renderer, name):
    encoded = renderer.conversation(TALKS[name])
    prompt = renderer.prompt(TALKS[name][:-1])
    assert encoded.input_ids[: len(prompt)] == prompt
    assert encoded.labels[len(prompt) :] == encoded.input_ids[len(prompt) :]
    assert encoded.labels[len(prompt) - 1] == IGNORED, "no header in the loss"


def test_b24_text_that_spells_a_control_token_is_text(renderer, family):
    first, pad, stops, rest = SPECIAL[family]
    control = {renderer.tokenizer.convert_tokens_to_ids(t) for t in (first, pad, *stops, *rest)}
    spelling = f"앞 {stops[0]}{rest[0]} 뒤 {first}"
    plain: list[Message] = [
        {"role": "user", "content": "앞  뒤 "},
        {"role": "assistant", "content": "앞  뒤 "},
    ]
    hostile: list[Message] = [{"role": m["role"], "content": spelling} for m in plain]
    counts = [
        sum(number in control for number in renderer.conversation(talk).input_ids)
        for talk in (plain, hostile)
    ]
    assert counts[0] == counts[1]
    (answer,) = trained(renderer.conversation(hostile))
    assert renderer.answer_text(answer) == spelling


def test_a_private_use_character_in_the_data_is_kept(renderer):
    talk: list[Message] = [
        {"role": "user", "content": "\ue0000\ue000"},
        {"role": "assistant", "content": "\ue000끝"},
    ]
    (answer,) = trained(renderer.conversation(talk))
    assert renderer.answer_text(answer) == "\ue000끝"


def test_b10_the_date_is_the_fixed_one(renderer, family):
    text = renderer.tokenizer.decode(renderer.conversation(ONE).input_ids)
    assert ("09 Mar 2025" in text) is (family == "llama")
    assert datetime.now().strftime("%d %b %Y") not in text


def test_b10_a_template_that_asks_for_the_time_is_given_the_fixed_date(tmp_path):
    save_tokenizer("qwen2", tmp_path)
    template = tmp_path / "chat_template.jinja"
    asks = "{{ 'on ' + strftime_now('%Y-%m-%d') }}" + template.read_text(encoding="utf-8")
    template.write_text(asks, encoding="utf-8")
    own = OwnTemplate(tmp_path, SETTINGS)
    assert own.tokenizer.decode(own.prompt(ONE[:1])).startswith("on 2025-03-09<|im_start|>")


def test_dates_that_never_close_take_linear_time():
    of = Input("", "strftime_now('", "")
    assert growth(lambda text: _NOW.sub("", text), of, chars=20_000) < 1.5


def test_s4_06_reasoning_stands_before_its_answer(renderer):
    talk: list[Message] = [
        ONE[0],
        {"role": "assistant", "content": "넷", "thinking": "둘 더하기 둘"},
    ]
    (answer,) = trained(renderer.conversation(talk))
    written = renderer.tokenizer.decode(answer[:-1])
    assert written == "<think>\n둘 더하기 둘\n</think>\n\n넷"
    assert renderer.answer_text(answer) == "넷", "a measure sees the answer alone"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m.content }}<|im_start|>{% endfor %}", r"ends an answer with '<\|im_start\|>'.*encode\.stop_token to '<\|im_start\|>'"),
        ("{{ messages|length }}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}", "does not begin with the prompt"),
        ("", "has no chat template"),
    ],
)  # fmt: skip
def test_a_template_by_which_answers_cannot_be_told_is_refused(tmp_path, template, said):
    save_tokenizer("qwen2", tmp_path)
    (tmp_path / "chat_template.jinja").write_text(template)
    if not template:
        (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=said):
        OwnTemplate(tmp_path, SETTINGS).conversation(ONE)


@pytest.mark.parametrize("name", ["idefics3", "smolvlm", "llava_next"])
def test_a_template_that_leaves_the_text_out_is_refused(tmp_path, name):
    """Those of models that see take content in parts, and skip a plain text without a word."""
    save_speaker(tmp_path, template_of(name))
    with pytest.raises(ModelError, match="leaves out what is said"):
        OwnTemplate(tmp_path, SETTINGS)


@pytest.mark.parametrize("kind", ["gpt_oss", *FAMILIES])
def test_truncation_and_padding_of_a_file_are_not_obeyed(tmp_path, kind):
    """Whoever saved tokenizer.json may have cut and filled up its inputs."""
    save_tokenizer(kind, tmp_path)
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    long: list[Message] = [{"role": "user", "content": "가나다 " * 50}, ONE[1]]
    before = renderer_of(tmp_path, SETTINGS).conversation(long)
    file = str(tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(file)
    tokenizer.enable_truncation(40)
    tokenizer.enable_padding(length=64)
    tokenizer.save(file)
    assert renderer_of(tmp_path, SETTINGS).conversation(long) == before


def test_a_tokenizer_that_never_stops_is_refused(tmp_path):
    save_tokenizer("qwen2", tmp_path)
    (tmp_path / "generation_config.json").unlink()
    config = tmp_path / "tokenizer_config.json"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r'"eos_token": "[^"]*"', '"eos_token": null', text), encoding="utf-8")
    with pytest.raises(ModelError, match="names no token that ends an answer"):
        OwnTemplate(tmp_path, SETTINGS)


@pytest.fixture
def with_tags(tmp_path):
    """A tokenizer of which <think> and <tool_call> are tokens, though no special ones."""
    from tokenizers import AddedToken, Tokenizer

    save_tokenizer("qwen2", tmp_path)
    file = str(tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(file)
    tags = ["<think>", "</think>", "<tool_call>"]
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in tags])
    tokenizer.save(file)
    config = tmp_path / "tokenizer_config.json"
    config.write_text(
        re.sub(r',\s*"added_tokens_decoder": \{.*?\n  \}', "", config.read_text(), flags=re.DOTALL)
    )
    return tmp_path


def test_b24_tags_that_the_template_writes_are_text_in_the_data(with_tags):
    for name in ("qwen3", "qwen2_5"):
        template = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
        (with_tags / "chat_template.jinja").write_text(template, encoding="utf-8")
        own = OwnTemplate(with_tags, SETTINGS)
        tag = own.tokenizer.convert_tokens_to_ids("<tool_call>")
        talk: list[Message] = [
            {"role": "user", "content": "이건 <tool_call> 이야"},
            {"role": "assistant", "content": "태그는 <tool_call> 이다"},
        ]
        encoded = own.conversation(talk)
        assert tag is not None and tag not in encoded.input_ids
        (answer,) = trained(encoded)
        assert own.answer_text(answer).endswith("태그는 <tool_call> 이다")


def test_s4_06_a_template_with_a_place_for_reasoning_gets_it_there(with_tags):
    template = (TEMPLATES / "qwen3.jinja").read_text(encoding="utf-8")
    (with_tags / "chat_template.jinja").write_text(template, encoding="utf-8")
    own = OwnTemplate(with_tags, SETTINGS)
    talk: list[Message] = [
        ONE[0],
        {"role": "assistant", "content": "넷", "thinking": "둘 더하기 둘"},
    ]
    (answer,) = trained(own.conversation(talk))
    assert own.shown(answer) == "<think>\n둘 더하기 둘\n</think>\n\n넷<|im_end|>"


def test_a_question_is_never_trained_for_want_of_a_stop_before_it(tmp_path):
    """An earlier answer that ends on no stop is not the one that a server would generate."""
    save_tokenizer("qwen2", tmp_path)
    template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% if m.role == 'user' %}<|im_end|>{% elif loop.last %}<|endoftext|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    (tmp_path / "chat_template.jinja").write_text(template)
    own = OwnTemplate(tmp_path, SETTINGS)
    assert trained(own.conversation(ONE)) != []
    encoded = own.conversation([*ONE, *ONE])
    assert len(trained(encoded)) == encoded.answers_masked == 1


def test_a_conversation_that_the_template_refuses_is_an_error_of_ours(tmp_path):
    save_tokenizer("gemma", tmp_path)
    with pytest.raises(
        ModelError, match=r"refuses a conversation of \['user', 'assistant', 'assistant'\]"
    ):
        OwnTemplate(tmp_path, SETTINGS).conversation([*ONE, ONE[1]])


@pytest.mark.parametrize(
    ("name", "stops", "answer"),
    [
        ("solar", ["</s>"], "김치찌개 어때요 😀</s>"),
        ("glm4moe", ["<|user|>", "</s>"], "\n<think></think>\n김치찌개 어때요 😀</s>"),
    ],
)
def test_an_answer_that_nothing_closes_gets_the_end_of_text(tmp_path, name, stops, answer):
    """Earlier ones end on what no server generates there, and are left out."""
    save_speaker(tmp_path, template_of(name), "</s>")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    numbers = [tokenizer.token_to_id(stop) for stop in stops]
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": numbers}))
    own = OwnTemplate(tmp_path, SETTINGS)
    encoded = own.conversation(ONE)
    (run,) = trained(encoded)
    assert own.shown(run) == answer and own.answer_text(run) == ONE[1]["content"]
    assert encoded.input_ids[: len(own.prompt(ONE[:1]))] == own.prompt(ONE[:1])
    longer = own.conversation([*ONE, *ONE])
    assert len(trained(longer)) == longer.answers_masked == 1
