"""ROUGE that keeps Hangul, and bits per byte against a computation by hand."""

import math
import unicodedata

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import GptOssConfig, GptOssForCausalLM

from stages.chat.rendering import IGNORED, Encoded
from stages.evaluate import by_chance
from stages.metrics.likelihood import answer_bits, bits_per_byte
from stages.metrics.manner import manner
from stages.metrics.rouge import rouge
from stages.metrics.short_answers import exact_match, f1

# (prediction, reference, ROUGE-1, -2, -L of eojeol, of syllables), computed by an implementation of
# n-grams and longest common subsequences of its own.
PAIRS = [
    ("반도체 수출이 7월에 20% 증가했다.", "7월 반도체 수출이 20% 증가했다.", (0.8, 0.5, 0.8), (0.965517, 0.814815, 0.827586)),
    ("고객이 배송 일정을 문의했고 상담원은 내일 도착한다고 답했다.", "고객은 배송 일정을 물었고 상담원은 내일 도착할 예정이라고 안내했다.", (0.470588, 0.266667, 0.470588), (0.727273, 0.528302, 0.690909)),
    ("민수와 지영은 주말에 부산 여행을 가기로 했다.", "지영이와 민수는 이번 주말 부산으로 여행을 가기로 결정했다.", (0.266667, 0.153846, 0.266667), (0.772727, 0.47619, 0.636364)),
    ("국회가 데이터 산업 육성법을 통과시켰다.", "국회가 데이터 산업 육성법을 통과시켰다.", (1, 1, 1), (1, 1, 1)),
    ("오늘은 비가 온다.", "주문이 취소되었다.", (0, 0, 0), (0.133333, 0, 0.133333)),
    ("#Person1#은 #Person2#에게 회의 자료를 내일까지 보내 달라고 요청합니다.", "#Person1#은 #Person2#에게 내일까지 회의 자료를 보내달라고 부탁합니다.", (0.736842, 0.470588, 0.631579), (0.944444, 0.828571, 0.833333)),
    ("AI 스타트업 OpenAI가 새 모델을 공개했다.", "OpenAI가 새 AI 모델을 공개했다.", (0.909091, 0.444444, 0.727273), (0.894737, 0.777778, 0.789474)),
    ("날씨가 좋다", "날씨가 좋다. 그래서 산책을 했다.", (0.571429, 0.4, 0.571429), (0.555556, 0.5, 0.555556)),
]  # fmt: skip
MORPH = [  # the same pairs, by the morphemes of kiwipiepy
    (0.952381, 0.736842, 0.761905), (0.75, 0.526316, 0.7), (0.787879, 0.387097, 0.666667),
    (1, 1, 1), (0, 0, 0), (0.9375, 0.666667, 0.8125), (0.952381, 0.736842, 0.857143),
    (0.571429, 0.5, 0.571429),
]  # fmt: skip
KINDS = ("rouge1", "rouge2", "rougeL")
NAMES = [f"{kind}_{tokens}" for tokens in ("eojeol", "syllable", "morph") for kind in (*KINDS, "rouge_sum")]  # fmt: skip


@pytest.mark.parametrize(
    ("prediction", "reference", "eojeol", "syllable", "morph"),
    [(*pair, morph) for pair, morph in zip(PAIRS, MORPH, strict=True)],
)
def test_rouge_of_known_pairs(prediction, reference, eojeol, syllable, morph):
    """S1-23, S2-12, S4-07, B21."""
    scores = rouge([prediction], [reference])
    assert list(scores) == NAMES
    expected = [value for three in (eojeol, syllable, morph) for value in (*three, sum(three))]
    for name, value in zip(NAMES, expected, strict=True):
        # The sum of three is as exact as three rounded values are.
        exact = 3.3e-4 if "sum" in name else 1.1e-4
        assert scores[name] == pytest.approx(100 * value, abs=exact), name


def test_rouge_is_the_mean_over_the_pairs():
    scores = rouge([pair[0] for pair in PAIRS], [pair[1] for pair in PAIRS])
    three = [(59.4327, 40.4443, 55.8442), (74.9198, 61.5707, 68.3319), (74.3946, 56.922, 67.1205)]
    expected = [value for means in three for value in (*means, sum(means))]
    for name, value in zip(NAMES, expected, strict=True):
        assert scores[name] == pytest.approx(value, abs=2e-4 if "sum" in name else 1e-4), name


@pytest.mark.parametrize("text", ["안녕하세요", "ㅋㅋ ㅇㅋ", "비가 온다.", "가\u3000나"])
def test_b21_equal_hangul_scores_all_and_unlike_hangul_nothing(text):
    """B21: rouge_score as it comes gives 0 to the one and 100 to texts that share only `20`."""
    equal, unlike = rouge([text], [text]), rouge(["漢字 !"], [text])
    assert equal["rouge1_eojeol"] == equal["rougeL_syllable"] == 100.0
    assert set(unlike.values()) == {0.0}
    assert rouge(["20 가나"], ["20 다라"])["rouge1_eojeol"] == 50.0


def test_case_punctuation_and_spacing():
    scores = rouge(["GPU를, 샀다!"], ["gpu를 샀 다"])
    assert scores["rouge1_syllable"] == 100.0
    assert scores["rouge1_eojeol"] == 40.0


def test_an_empty_answer_scores_nothing():
    assert set(rouge([""], ["정답"]).values()) == {0.0}
    assert set(rouge(["."], [" "]).values()) == {0.0}


def test_predictions_and_references_are_as_many():
    with pytest.raises(ValueError):
        rouge(["a", "b"], ["a"])


@given(one=st.text(), other=st.text())
def test_rouge_is_symmetric_and_within_its_bounds(one, other):
    scores = rouge([one], [other])
    assert all(0 <= score <= (300 if "sum" in name else 100) for name, score in scores.items())
    assert scores == pytest.approx(rouge([other], [one]))


@pytest.mark.parametrize(
    ("prediction", "reference", "equal", "overlap"),
    [
        ("서울특별시", "서울", 0, 0.571429), ("《기생충》", "기생충", 1, 1),
        ("2019년 5월", "2019년 5월 21일", 0, 0.823529), ("(주)카카오", "카카오", 0, 0.857143),
        ("봉준호 감독", "봉준호", 0, 0.75), ("이순신", "이순신이", 0, 0.857143),
        ("강남구, 서초구", "강남구 서초구", 1, 1), ("약 3천 명", "약 3천명", 0, 1),
        ("BTS", "bts", 1, 1), ("“방탄소년단”", "방탄소년단", 0, 0.833333), ("파리", "런던", 0, 0),
        ("", "서울", 0, 0),
    ],
)  # fmt: skip
def test_s1_23_korquad_s_exact_match_and_f1(prediction, reference, equal, overlap):
    """What KorQuAD 1.0's official script gives."""
    assert exact_match(prediction, reference) == equal
    assert f1(prediction, reference) == pytest.approx(overlap, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "characters", "strict"),
    [
        ("오늘 会议에서 결정했다.", 0.2, 0.2),
        ("여행 kế hoạch 를 세웠다", 0.153846, 0.538462),  # Vietnamese: most of it is ASCII
        ("OpenAI가 새 모델을 공개했다.", 0, 0.4),
        ("그는 привет 라고 말했다", 0.461538, 0.461538),
        ("비가 온다. 123 ㅋㅋ", 0, 0),
        ("123", 0, 0),
    ],
)
def test_s2_11_foreign_letters_at_three_levels(text, characters, strict):
    found = manner([text, "한글"], ["a", "a"])
    assert found["foreign_char_share"] == pytest.approx(characters / 2, abs=1e-6)
    assert found["foreign_strict_share"] == pytest.approx(strict / 2, abs=1e-6)
    assert found["foreign_response_share"] == (0.5 if characters else 0)


def test_how_answers_are_written():
    """Empty ones count as such, and in no mean over what was said."""
    texts = ["안녕하세요.", "", "<b>네", '"3일 뒤"', "가나다라마바사아" * 3]
    found = manner(texts, ["kakao_formal", "kakao_formal", "kakao_casual", "news_body", "x"])
    assert found["empty_share"] == 0.2
    assert found["starts_with_hangul_share"] == 0.4, "neither a tag nor a number"
    # Of its 17 pieces of 8 characters, 8 are new.
    assert found["repetition_share"] == pytest.approx((9 / 17) / 4, abs=1e-6)
    assert found["speech_level_accuracy"] == pytest.approx(2 / 3, abs=1e-6), "all but the empty one"
    assert manner(["네"], ["news_body"])["speech_level_accuracy"] is None


def test_s3_12_speech_levels_that_a_style_asks_for():
    texts = ["도와드리겠습니다.", "그렇게 해 주세요", "뭐 해?", "간다."]
    assert manner(texts, ["kakao_formal"] * 4)["speech_level_accuracy"] == 0.5
    assert manner(texts, ["kakao_casual"] * 4)["speech_level_accuracy"] == 0.5
    assert manner(texts[:2], ["chat_formal"] * 2)["speech_level_accuracy"] == 1.0


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = GptOssConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        num_local_experts=2,
        num_experts_per_tok=1,
        sliding_window=4,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
    )
    made = GptOssForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float32)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.eval()


def row(ids: list[int], trained: list[int]) -> Encoded:
    return Encoded(ids, [n if i in trained else IGNORED for i, n in enumerate(ids)])


ROWS = [
    row([1, 2, 3, 4, 5], [3, 4]),
    row([7, 6, 5], [2]),
    row([9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 11, 12], [2, 3, 9, 10, 11]),  # two answers
    row([3, 3, 3, 3], []),
]


def by_hand(model, encoded: Encoded) -> float:
    """Minus the base-2 logarithm of the probability of each labelled token after those before it."""
    bits = 0.0
    for place, label in enumerate(encoded.labels):
        if label != IGNORED:
            with torch.no_grad():
                logits = model(torch.tensor([encoded.input_ids[:place]])).logits[0, -1].double()
            scores = logits.tolist()
            total = math.fsum(math.exp(score) for score in scores)
            bits -= math.log2(math.exp(scores[label]) / total)
    return bits


def test_bits_are_those_computed_by_hand(model):
    for encoded in ROWS:
        (bits,) = answer_bits(model, [encoded], pad_id=0)
        assert bits == pytest.approx(by_hand(model, encoded), abs=1e-4)
    assert answer_bits(model, [ROWS[3]], pad_id=0) == [0.0]


@pytest.mark.parametrize("pad_id", [0, 5])
def test_padding_changes_no_bit(model, pad_id):
    """B18: also where the token that fills up is one that the rows hold."""
    together = answer_bits(model, ROWS, pad_id)
    alone = [answer_bits(model, [encoded], pad_id)[0] for encoded in ROWS]
    assert together == pytest.approx(alone, abs=1e-4)


def test_bits_per_byte_weighs_answers_by_their_length():
    assert bits_per_byte([12.0], ["가나"]) == 2.0  # a syllable is three bytes
    assert bits_per_byte([6.0, 3.0], ["가", "abcdef"]) == 1.0


def test_hangul_in_pieces_is_the_same_hangul():
    text = "오늘은 비가 온다"
    apart = unicodedata.normalize("NFD", text)
    assert rouge([apart], [text])["rougeL_syllable"] == 100.0
    assert rouge([apart], [apart])["rougeL_eojeol"] == 100.0


def test_chance_compares_with_another_row_of_the_same_style():
    rows = [
        {"id": str(i), "source": "chat", "style": style, "prediction": said, "reference": wanted}
        for i, (style, said, wanted) in enumerate(
            [
                ("a", "가나", "가나"),
                ("a", "다라", "다라"),
                ("b", "마바", "마바"),
                ("b", "마바", "마바"),
            ]
        )
    ]
    assert by_chance(rows) == 50.0
    assert by_chance(rows[1:]) == 100.0  # the row that is alone in its style is left out
    assert by_chance(rows[1:3]) is None


def test_chance_is_the_mean_over_other_rows():
    texts = ["가나", "가다", "라마"]
    rows = [
        {"id": str(i), "source": "chat", "style": "a", "prediction": text, "reference": text}
        for i, text in enumerate(texts)
    ]
    assert by_chance(rows) == pytest.approx(100 * 2 * 0.5 / 6, abs=1e-3)
