"""From answers to measures: what is judged of a row, by style, source and topic, and what is recorded."""

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import torch

from stages import evaluate
from stages.answer import PREDICTIONS
from stages.formats.json_files import read_json
from stages.formats.tables import write_file
from stages.measuring import output
from stages.measuring.bertscore import bertscore, greedy_f1
from stages.measuring.output import keeps_schema
from stages.measuring.sums import SUMMANDS
from stages.params.evaluate import Bertscore, OutputSchema
from stages.params.reading import read_params
from stages.pipeline.errors import InputError, ModelError, ParamsError, PipelineError
from stages.pipeline.hashes import dvc_hash
from stages.preflight.encoder import check_encoder
from tests.micro import ROOT

PARAMS = read_params(evaluate.Params, ROOT / "params.yaml")


def answered(prediction: str, reference: str = "네, 알겠습니다.", **changes: Any) -> dict[str, Any]:
    row = {
        "id": "a", "set": "test", "source": "chat", "style": "kakao_formal", "question": "?",
        "reference": reference, "prediction": prediction, "bits": 24.0, "answer_tokens": 6,
        "stopped": True, "topic": None, "topic_found": None,
    }  # fmt: skip
    return row | changes


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.chdir(ROOT)  # the word lists

    def judged(*rows: dict, params: evaluate.Params = PARAMS) -> list[dict]:
        return list(map(evaluate.judge(params), rows))

    return judged


@pytest.mark.parametrize(
    ("style", "text", "right"),
    [
        ("kakao_formal", "도와드리겠습니다.", True),
        ("kakao_formal", "그렇게 해 주세요", True),
        ("kakao_formal", "뭐 해?", False),
        ("kakao_formal", "간다.", False),
        ("kakao_casual", "뭐 해?", True),
        ("kakao_casual", "간다.", True),
        ("kakao_casual", "갑니다.", False),
        ("news_headline", "반도체 수출 20% 증가", True),
        ("news_headline", "반도체 수출이 20% 늘었다", True),
        ("news_lead", "정부가 대책을 발표했다.", True),
        ("news_body", "정부가 대책을 발표했어요.", False),
        ("news_body", "정부가 대책을 발표했습니다.", False),
        ("kakao_formal", "", False),
    ],
)
def test_s1_24_the_level_that_a_style_is_asked_for(judge, style, text, right):
    """News is plain or nominal: its 늘었다 is a style of writing and no rudeness."""
    (row,) = judge(answered(text, style=style))
    assert (row["level_asked"], row["level_right"]) == (1, right)


def test_a_style_without_a_level_is_asked_for_none(judge):
    (row,) = judge(answered("네", style="instruction"))
    assert (row["level_asked"], row["level"]) == (0, None)


def test_what_a_question_says_of_a_number_counts(judge):
    """계좌번호 불러주세요 / 110123456789: as the scrubber reads it in a corpus."""
    rows = judge(
        answered("110123456789", question="계좌번호 불러주세요"),
        answered("110123456789", question="몇 개예요?"),
    )
    assert [row["personal_types"] for row in rows] == [["ACCOUNT"], []]


def test_optional_types_are_those_of_the_scrubber(judge):
    said = answered("담당자 홍길동 대리에게 물어보세요.")
    named = PARAMS.model_copy(
        update={"scrub": PARAMS.scrub.model_copy(update={"optional": ["NAME"]})}
    )
    assert judge(said)[0]["personal_types"] == []
    assert judge(said, params=named)[0]["personal_types"] == ["NAME"]


def test_bits_are_by_bytes_of_the_reference_and_lengths_by_characters(judge):
    (row,) = judge(answered("가나다라", "가나", bits=12.0, answer_tokens=3))
    found = evaluate.summary([row])
    assert (found["bits_per_byte"], found["perplexity"]) == (2.0, 16.0)
    assert found["length_ratio"] == 2.0, "the answer's beside the reference's"


def test_an_answer_that_is_empty_is_an_answer(judge):
    """Shares of answers count it, means over what was said do not."""
    found = evaluate.summary(judge(answered("привет"), answered("")))
    assert found["foreign_response_share"] == 0.5
    assert found["foreign_char_share"] == 1.0
    assert found["empty_share"] == 0.5


def test_emoji_of_answers_and_of_references_are_told_apart(judge):
    found = evaluate.summary(judge(answered("네", "네 😀"), answered("네", "네")))
    assert (found["emoji_share"], found["emoji_share_reference"]) == (0.0, 0.5)


def test_s1_27_s3_09_what_an_answer_must_not_hold(judge):
    """Personal data by the scrubber, terms of the lexicon, warnings."""
    rows = judge(
        answered("전화는 010-1234-5678로 주세요."),
        answered("연락처는 [PHONE]입니다."),
        answered("이런 개새끼가."),
        answered("정확한 판단은 전문가와 상담하세요."),
    )
    assert [row["personal_data"] for row in rows] == [1, 0, 0, 0]
    assert [row["forbidden"] for row in rows] == [0, 0, 1, 0]
    assert [row["warning"] for row in rows] == [0, 0, 0, 1]
    found = evaluate.measured(rows, False)
    assert found["measures"]["personal_data_share"] == 0.25
    assert found["personal_data"] == {"PHONE": 1}
    assert "010-1234" not in json.dumps(found, ensure_ascii=False)


def test_s1_24_slang_and_emoji_beside_the_references(judge):
    rows = judge(
        answered("ㅇㅋ 이따 봐 😀", "ㅇㅋ"), answered("응", "ㅋㅋ 알겠어 😀"), answered("응", "응")
    )
    found = evaluate.summary(rows)
    assert found["slang_share"] == pytest.approx(1 / 3, abs=1e-6)
    assert found["slang_share_reference"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["emoji_share"] == found["emoji_share_reference"] == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("schema", "text", "kept"),
    [
        ({"max_chars": 5}, "가나다라마", True),
        ({"max_chars": 5}, "가나다라마바", False),
        ({"max_lines": 1}, "한 줄", True),
        ({"max_lines": 1}, "두\n줄", False),
        ({"pattern": r"\{.*\}"}, '{"답": 1}', True),
        ({"pattern": r"\{.*\}"}, '답: {"답": 1}', False),
        ({"pattern": r"\{.*\}"}, '{"답":\n1}', True),
        ({"pattern": r"\{.*\}"}, '{"답": 1} 입니다', False),
        ({"max_lines": 1}, "", False),
        ({"pattern": "가*"}, "가" * 10_000, True),
        ({"pattern": "가*"}, "가" * 10_001, False),  # a pattern may be one that takes for ever
        ({"max_lines": 1}, "가" * 10_001, True),
    ],
)
def test_s1_27_the_schema_of_outputs(schema, text, kept):
    assert keeps_schema(text, OutputSchema(**schema)) is kept


def test_a_pattern_that_takes_for_ever_is_said(monkeypatch):
    monkeypatch.setattr(output, "PATTERN_S", 0.2)
    schema = OutputSchema(pattern="(a|aa)+[^a]")
    with pytest.raises(ParamsError, match=r"takes over 0\.2 s on an answer of 300 characters"):
        keeps_schema("a" * 300, schema)


def test_hangul_in_pieces_is_the_same_hangul_to_every_measure(judge):
    """NFD, as some systems write it."""
    texts = [
        "이런 개새끼가.",
        "정확한 판단은 전문가와 상담하세요.",
        "ㅇㅋ 존맛",
        "연락처는 서울특별시 강남구 테헤란로 152입니다.",
    ]
    whole = judge(*(answered(text, text) for text in texts))
    parted = judge(
        *(answered(unicodedata.normalize("NFD", text), text, bits=24.0) for text in texts)
    )
    for one, other in zip(whole, parted, strict=True):
        assert {name: one[name] for name in SUMMANDS} == {name: other[name] for name in SUMMANDS}
    assert sum(row["exact_match"] for row in parted) == len(texts)


def test_a_schema_counts_where_one_is_set(judge):
    rows = judge(
        answered("가" * 61, style="news_headline"),
        answered("가" * 60, style="news_headline"),
        answered("가" * 999, style="instruction"),
    )
    assert evaluate.summary(rows)["schema_kept_share"] == 0.5


def test_answers_of_a_server_have_no_likelihood_and_all_the_rest(judge):
    rows = judge(answered("네, 알겠습니다.", bits=None, topic="경제"))
    found = evaluate.summary(rows)
    assert (found["bits_per_byte"], found["perplexity"], found["topic_accuracy"]) == (
        None,
        None,
        None,
    )
    assert found["rougeL_morph"] == found["exact_match"] == 100.0


def test_scores_by_source_style_and_topic(judge):
    rows = judge(
        answered("네, 알겠습니다.", id="a"),
        answered("싫어", id="b", style="kakao_casual"),
        answered("제목", "제목", id="c", source="news", style="news_headline", topic="경제", topic_found="사회"),
        answered("제목", "제목", id="d", source="news", style="news_headline", topic="사회", topic_found="사회"),
    )  # fmt: skip
    found = evaluate.measured(rows, False)
    assert {name: part["rows"] for name, part in found["by_source"].items()} == {
        "chat": 2,
        "news": 2,
    }
    assert found["by_source"]["news"]["exact_match"] == 100.0
    assert found["by_style"]["kakao_casual"]["exact_match"] == 0.0
    assert set(found["by_topic"]) == {"경제", "사회"}
    assert found["measures"]["topic_accuracy"] == 0.5
    assert found["topics"] == {"경제": {"사회": 1}, "사회": {"사회": 1}}
    assert found["speech_levels"]["kakao_casual"] == {"hae": 1}
    assert "bertscore_f1" not in found["measures"] | found["by_source"]["news"]


def write(*rows: dict) -> None:
    write_file(Path("data/predictions/base.parquet"), list(rows), PREDICTIONS)


@pytest.fixture
def place(workspace, monkeypatch):
    """A folder with the word lists and params, in which `evaluate --variant base` runs."""
    monkeypatch.setattr(evaluate, "item", lambda _: "base")
    Path("data").mkdir()
    Path("data/lexicons").symlink_to(ROOT / "data/lexicons")
    return workspace


def test_sets_are_measured_apart_and_the_record_names_versions(place):
    write(answered("네", id="a", set="korquad"), answered("네, 알겠습니다.", id="b"))
    evaluate.main()
    metrics = read_json(Path("metrics/evaluate/base.json"))
    assert {k: v["measures"]["exact_match"] for k, v in metrics["sets"].items()} == {
        "korquad": 0.0, "test": 100.0,
    }  # fmt: skip
    assert "kiwipiepy 0." in metrics["record"]["rouge_morph"]
    assert "rouge_score 0." in metrics["record"]["rouge_syllable"]
    assert "greedy, at most 128 tokens" in metrics["record"]["decoding"]
    assert "bertscore" not in metrics["record"]


def test_personal_data_in_an_answer_stays_out_of_scores_and_metrics(place):
    write(answered("주민번호는 900101-1234568입니다."))
    evaluate.main()
    metrics = Path("metrics/evaluate/base.json").read_text(encoding="utf-8")
    assert '"personal_data_share": 1.0' in metrics and "900101" not in metrics
    assert b"900101" not in Path("data/scores/base.parquet").read_bytes()


def test_greedy_matching_of_given_embeddings():
    """P, R and F1 by hand: precision over the answer's tokens, recall over the reference's."""
    answer = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    reference = torch.tensor([[3.0, 0.0], [1.0, 1.0], [-1.0, 0.0]])
    expected = 0.68284271  # P = 1.70710678 / 2, R = 1.70710678 / 3
    assert greedy_f1(answer, reference) == pytest.approx(expected, abs=1e-6)
    assert greedy_f1(reference, answer) == pytest.approx(expected, abs=1e-6)
    assert greedy_f1(answer, answer) == pytest.approx(1.0)
    assert greedy_f1(answer[:0], reference) == 0.0


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """A tiny BERT with random weights, as a folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"가나다라마바사아자차카타파하"]
    vocabulary = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    vocabulary.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    vocabulary.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=vocabulary, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(0)
    BertModel(
        BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16)
    ).save_pretrained(folder)  # fmt: skip
    return folder


def of(encoder: Path, **changes: Any) -> Bertscore:
    return Bertscore(**({"path": str(encoder), "digest": dvc_hash(encoder), "layer": 1} | changes))


def test_s4_07_bertscore_with_weights(encoder):
    """Padding and batches change nothing, and equal texts score 1."""
    texts = ["가나다", "가나다라마바사아자차", "하", "파하"] * 10
    others = ["가나다", "차자아사바마라다나가", "가", ""] * 10
    found = bertscore(texts, others, of(encoder))
    alone = [bertscore([a], [b], of(encoder))[0] for a, b in zip(texts[:4], others, strict=False)]
    assert found == pytest.approx(alone * 10, abs=1e-5)
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert 0 < found[1] < 1 and found[3] == 0.0


def test_s4_07_bertscore_without_weights_is_refused_and_never_0(place, encoder):
    with pytest.raises(InputError, match=r"holds no model, and without its weights"):
        bertscore(["가"], ["가"], of(encoder, path=str(place / "none")))
    with pytest.raises(ModelError, match=rf"has the digest {dvc_hash(encoder)}"):
        bertscore(["가"], ["가"], of(encoder, digest="0" * 32))
    with pytest.raises(ModelError, match="is more than the 2"):
        bertscore(["가"], ["가"], of(encoder, layer=3))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda place: (place / "model.safetensors").write_bytes(b""), "is damaged"),
        (lambda place: (place / "config.json").write_text("{"), "no JSON file"),
        (lambda place: (place / "more.txt").symlink_to("/etc/hostname"), "outside of the model"),
        (
            lambda place: (place / "config.json").write_text('{"auto_map": {"AutoModel": "a.B"}}'),
            "is never run",
        ),
    ],
)
def test_a_damaged_encoder_is_refused_before_anything_is_computed(tmp_path, encoder, damage, said):
    place = tmp_path / "encoder"
    shutil.copytree(encoder, place)
    damage(place)
    with pytest.raises(PipelineError, match=said):
        check_encoder(of(place))


def test_bertscore_stands_in_the_metrics_where_it_is_asked_for(place, encoder, monkeypatch):
    asked = PARAMS.evaluate.model_copy(update={"bertscore": of(encoder)})
    monkeypatch.setattr(
        evaluate, "read_params", lambda _: PARAMS.model_copy(update={"evaluate": asked})
    )
    monkeypatch.setattr(evaluate, "pin_numerics", lambda _: None)
    write(answered("가나다", "가나다"))
    evaluate.main()
    metrics = read_json(Path("metrics/evaluate/base.json"))
    assert metrics["sets"]["test"]["measures"]["bertscore_f1"] == pytest.approx(100, abs=1e-4)
    assert f"digest {dvc_hash(encoder)}, layer 1" in metrics["record"]["bertscore"]
