"""Harmony token by token: what is trained is what OpenAI's own renderer says, with the vocabulary of
gpt-oss, of which every clone has a part (tests/vocabulary/cut.py)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from stages.chat.family import renderer_of
from stages.chat.harmony import CONTROL_TOKENS, Harmony, system_text
from stages.chat.messages import Message
from stages.chat.rendering import IGNORED
from stages.pipeline.errors import InputError, ModelError
from tests.o200k import o200k
from tests.vocabulary.cut import CUT
from tests.vocabulary.talks import (
    ATTACK,
    EFFORTS,
    SETTINGS,
    SHORT,
    TALKS,
    as_openai,
    openais_renderer,
    recorded,
    rendered,
    rendered_by,
    talk,
    with_thinking,
)

VOCABULARIES = ["cut", "whole"]


@pytest.fixture(scope="module")
def whole(shared) -> Path:
    """The vocabulary of gpt-oss as OpenAI publishes it."""
    file = shared / "tokenizers" / "o200k_base.tiktoken"
    if not file.is_file():
        pytest.skip(f"the vocabulary of gpt-oss is not here: {file}")
    return file


@pytest.fixture(scope="module", params=VOCABULARIES)
def harmony(request) -> Harmony:
    """With the part of the vocabulary that every clone has, and with the whole of it."""
    file = CUT if request.param == "cut" else request.getfixturevalue("whole")
    return Harmony(o200k(file), SETTINGS)


@pytest.fixture(scope="module")
def whole_harmony(whole) -> Harmony:
    return Harmony(o200k(whole), SETTINGS)


@pytest.fixture(scope="module")
def oracle(whole) -> Any:
    """OpenAI's renderer, which takes the whole vocabulary only."""
    pytest.importorskip("openai_harmony")
    return openais_renderer(whole)


def test_the_cut_vocabulary_is_closed_under_merging():
    """256 bytes, and every other token is a merge of two that are kept."""
    tokens = {base64.b64decode(line.split()[0]) for line in CUT.read_bytes().splitlines()}
    assert sum(len(token) == 1 for token in tokens) == 256
    long = [token for token in tokens if len(token) > 1]
    assert len(long) > 3000
    for token in long:
        assert any(token[:i] in tokens and token[i:] in tokens for i in range(1, len(token)))
    assert CUT.stat().st_size < 100_000


def test_what_is_recorded_is_what_openai_renders(oracle):
    """So the cut vocabulary is held against OpenAI's renderer as well, which does not take it."""
    found = rendered_by(oracle)
    assert {name: [*map(recorded, ids)] for name, ids in found.items()} == rendered()


@pytest.mark.parametrize("name", TALKS)
def test_a_training_conversation_is_what_openai_renders(harmony, name):
    """S1-22, S1-25, B2, B13, B24."""
    assert recorded(harmony.conversation(TALKS[name]).input_ids) == rendered()[name][0]


@pytest.mark.parametrize("name", TALKS)
def test_a_prompt_is_what_openai_renders_for_completion(harmony, name):
    """S1-25: the prompt of the evaluation is the prompt of a server."""
    prompts = [harmony.prompt(messages) for messages in (TALKS[name][:-1], TALKS[name][:1])]
    assert [*map(recorded, prompts)] == rendered()[name][1:]


@settings(max_examples=80, deadline=None)
@given(
    texts=st.lists(st.text(max_size=30), min_size=2, max_size=12).filter(lambda t: len(t) % 2 == 0),
    system=st.none() | st.text(max_size=30),
)
def test_any_conversation_is_what_openai_renders(texts, system, whole_harmony, oracle):
    messages = talk(*texts, system=system)
    encoded = whole_harmony.conversation(messages)
    assert encoded.input_ids == oracle.render_conversation_for_training(as_openai(messages))
    assert len(encoded.labels) == len(encoded.input_ids)
    pairs = zip(encoded.labels, encoded.input_ids, strict=True)
    assert all(label in (IGNORED, number) for label, number in pairs)


@pytest.mark.parametrize("effort", EFFORTS)
def test_the_system_message_says_the_params_and_never_today(harmony, effort):
    """B10: another day must not give other labels."""
    other = Harmony(harmony.tokenizer, EFFORTS[effort])
    assert other.conversation(SHORT).input_ids == rendered()[effort][0]
    assert "Current date: 1999-01-02" in system_text(EFFORTS[effort])


def trained(harmony: Harmony, messages: list[Message]) -> str:
    """The trained parts, as text with control tokens, apart from one another by `|`."""
    labels = harmony.conversation(messages).labels
    parts, run = [], []
    for label in [*labels, IGNORED]:
        if label != IGNORED:
            run.append(label)
        elif run:
            parts.append(harmony.tokenizer.decode(run, skip_special_tokens=False))
            run = []
    return " | ".join(parts)


def test_exactly_the_answer_is_trained_from_its_channel_to_its_stop(harmony):
    """S1-21, S2-08, B1, B13: no header, no prompt, nothing after the answer."""
    assert trained(harmony, TALKS["system"]) == (
        "<|channel|>final<|message|>ㅎㅇㅎㅇ ㅋㅋ<|return|>"
    )
    assert trained(harmony, talk("질문", "")) == "<|channel|>final<|message|><|return|>"


def test_s4_06_reasoning_is_trained_on_the_analysis_channel(harmony):
    assert trained(harmony, with_thinking("?", "4")) == (
        "<|channel|>analysis<|message|>둘에 둘. <|end|><|end|><|start|>assistant"
        "<|channel|>final<|message|>4<|return|>"
    )


def test_earlier_answers_are_trained_without_their_end(harmony):
    """A server appends that `<|end|>`; a model that learnt it would stop by it."""
    assert trained(harmony, talk("하나", "1", "둘", "2")) == (
        "<|channel|>final<|message|>1 | <|channel|>final<|message|>2<|return|>"
    )


def test_the_prompt_and_what_is_trained_last_make_the_conversation(harmony):
    for messages in TALKS.values():
        prompt, whole = harmony.prompt(messages[:-1]), harmony.conversation(messages)
        assert whole.input_ids[: len(prompt)] == prompt
        assert whole.labels[len(prompt) :] == whole.input_ids[len(prompt) :]


def test_b24_text_never_becomes_a_control_token(harmony):
    """B24: two messages hold two `<|start|>` besides the system's, whatever their text says."""
    ids = harmony.conversation(TALKS["B24 user"]).input_ids
    assert [ids.count(harmony.ids[t]) for t in ("<|start|>", "<|end|>", "<|return|>")] == [3, 2, 1]
    assert harmony.tokenizer.decode(ids).count(ATTACK) == 1


@pytest.mark.parametrize("messages", [[], talk("질문"), talk("하나", "1", "둘")])
def test_a_conversation_without_a_last_answer_is_refused(harmony, messages):
    """B11."""
    with pytest.raises(ValueError, match="ends on an answer"):
        harmony.conversation(messages)


@pytest.mark.parametrize(
    ("generated", "answer"),
    [
        ("<|channel|>final<|message|>네, 안녕하세요!<|return|>", "네, 안녕하세요!"),
        ("<|channel|>final<|message|>잘린 답", "잘린 답"),
        ("<|channel|>final<|message|><|return|>", ""),
        ("<|channel|>final<|message|>하나<|end|><|start|>user<|message|>둘<|return|>", "하나"),
        ("<|channel|>analysis<|message|>생각<|end|><|start|>assistant<|channel|>final<|message|>답<|return|>", "답"),
        ("<|channel|>final<|message|>첫째<|end|><|channel|>final<|message|>둘째<|return|>", "첫째"),
        ("채널 없는 답<|return|>", "채널 없는 답"),
        ("final 이라는 낱말<|return|>", "final 이라는 낱말"),
        ("<|return|>", ""),
        ("", ""),
        ("<|channel|>analysis<|message|>생각만 하다 끝", ""),
        ("<|channel|>analysis<|message|>생각<|end|><|start|>assistant<|channel|>commentary<|message|>딴말<|return|>", ""),
    ],
)  # fmt: skip
def test_the_answer_is_the_text_of_the_final_channel(harmony, generated, answer):
    """B13, B23: neither thoughts nor headers count as the answer."""
    tokenizer = harmony.tokenizer
    tokenizer.encode_special_tokens = False
    ids = tokenizer.encode(generated, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    assert harmony.answer_text(ids) == answer


def small(*control: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["<|start|>assistant<|end|>"] * 9, trainer)
    tokenizer.add_special_tokens(list(control))
    return tokenizer


@pytest.mark.parametrize("missing", CONTROL_TOKENS)
def test_a_tokenizer_without_a_control_token_is_refused(missing):
    """B1, B2: the seed went on with None and with plain text."""
    rest = [token for token in CONTROL_TOKENS if token != missing]
    with pytest.raises(ModelError) as refused:
        Harmony(small(*rest), SETTINGS)
    assert missing in str(refused.value)


def test_the_folder_of_a_model_says_what_it_speaks(tmp_path):
    with pytest.raises(InputError, match=r"config\.json: is not there"):
        renderer_of(tmp_path, SETTINGS)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(InputError, match=r"tokenizer\.json: is not there"):
        renderer_of(tmp_path, SETTINGS)
    small(*CONTROL_TOKENS).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ModelError, match="has no chat template"):
        renderer_of(tmp_path, SETTINGS)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt_oss"}))
    loaded = renderer_of(tmp_path, SETTINGS)
    assert isinstance(loaded, Harmony)
    ids = loaded.conversation(
        TALKS["B24 user"]
    ).input_ids  # B24 after a round trip through the file
    assert ids.count(loaded.ids["<|start|>"]) == 3
