"""B24 in every kind of tokenizer: text that spells a control token is that text, and no other."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from stages.chat.messages import Message
from stages.chat.rendering import IGNORED
from stages.chat.tokenizer_template import OwnTemplate
from tests.families import CORPUS, _with_byte_fallback
from tests.templates import SETTINGS, save_speaker, template_of

CONTROL = ["<s>", "</s>", "[INST]", "[/INST]"]
TEMPLATE = "{{bos_token}}{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"


def sentence_piece(kind: str) -> Tokenizer:
    """As conversions of SentencePiece models write it: where they put a blank before a text differs."""
    if kind == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        signs = sorted({sign for text in [*CORPUS, "끝</s>입니다[INST]앞뒤<unk>"] for sign in text})
        trainer = trainers.UnigramTrainer(
            vocab_size=400, special_tokens=["<unk>", *CONTROL[:2]], unk_token="<unk>",
            initial_alphabet=signs, show_progress=False,
        )  # fmt: skip
        tokenizer.train_from_iterator([*CORPUS, "끝<|/[]INSTuk>s입니다앞뒤"] * 3, trainer)
        return tokenizer
    tokenizer = _with_byte_fallback()
    if kind == "a blank before each section":
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    if kind == "a blank before the first section":
        tokenizer.normalizer = None
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement="▁", prepend_scheme="first", split=False
        )
    return tokenizer


KINDS = ["no blank", "a blank before each section", "a blank before the first section", "unigram"]


def save(folder: Path, kind: str) -> Path:
    from transformers import PreTrainedTokenizerFast

    if kind == "bytes":
        save_speaker(folder, template_of("qwen3"))
        return folder
    tokenizer = sentence_piece(kind)
    tokenizer.add_special_tokens(CONTROL)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[*KINDS, "bytes"])
def own(request, tmp_path_factory) -> OwnTemplate:
    return OwnTemplate(save(tmp_path_factory.mktemp("kind"), request.param), SETTINGS)


def said(own: OwnTemplate, text: str) -> list[int]:
    talk: list[Message] = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": text},
    ]
    return own.conversation(talk).input_ids


def test_a_control_token_in_the_text_is_text(own):
    tokens = sorted(own.control - {"<unk>"})
    texts = [f"끝{token}입니다" for token in tokens] + ["".join(tokens), "앞 " + " ".join(tokens)]
    added = own.added - {own.tokenizer.unk_token_id}
    plain = said(own, "끝 입니다")
    for text in texts:
        ids = said(own, text)
        assert [n for n in ids if n in added] == [n for n in plain if n in added]
        shown = own.shown(ids)
        expected = own.shown(said(own, "끝입니다")).replace("끝입니다", text)
        assert shown == expected, "as it is, without blanks that nobody wrote"


@given(
    text=st.lists(st.sampled_from([*CONTROL, "<|im_end|>", "<think>", "가", " ", "<", "s>", "\ue000", "\ue001", "1"]), max_size=8).map("".join)
)  # fmt: skip
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_makes_a_control_token(own, text):
    ids, plain = said(own, f"가{text}가"), said(own, "가가")
    numbers = {own.tokenizer.convert_tokens_to_ids(token) for token in own.control - {"<unk>"}}
    assert [n for n in ids if n in numbers] == [n for n in plain if n in numbers]


def test_the_answer_keeps_its_text(own):
    token = "</s>" if "</s>" in own.control else "<|im_end|>"
    talk: list[Message] = [
        {"role": "user", "content": "앞"},
        {"role": "assistant", "content": f"끝{token}입니다"},
    ]
    labels = own.conversation(talk).labels
    answer = [label for label in labels if label != IGNORED]
    assert own.answer_text(answer).strip() == f"끝{token}입니다"
