"""Each metric on cases with a known value, and on cases that a wrong implementation fails."""

import math
import unicodedata

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import _lcs_table
from transformers import GptOssConfig, GptOssForCausalLM

from stages.answering.likelihood import answer_bits
from stages.chat.rendering import IGNORED, Encoded
from stages.evaluate import by_chance
from stages.measuring.manner import manner
from stages.measuring.rouge import _PIECE, longest_common, rouge
from stages.measuring.short_answers import exact_match, f1
from stages.measuring.sums import SUMMANDS, measures
from tests.slow_inputs import Input, growth

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
TOKENS = ("eojeol", "syllable", "morph")
NAMES = [f"{kind}_{tokens}" for tokens in TOKENS for kind in KINDS]
ORDINARY = frozenset({"it", "phone"})


@pytest.mark.parametrize(
    ("prediction", "reference", "eojeol", "syllable", "morph"),
    [(*pair, morph) for pair, morph in zip(PAIRS, MORPH, strict=True)],
)
def test_rouge_of_known_pairs(prediction, reference, eojeol, syllable, morph):
    """S1-23, S2-12, S4-07, B21: to six digits."""
    scores = rouge(prediction, reference)
    assert list(scores) == NAMES
    for name, value in zip(NAMES, (*eojeol, *syllable, *morph), strict=True):
        assert scores[name] == pytest.approx(value, abs=5.1e-7), name


def scored(**columns: list[float]) -> dict[str, float | None]:
    """The measures of rows that have these summands, and 0 under all others."""
    count = len(next(iter(columns.values())))
    rows = [
        {"topic": None, "topic_found": None}
        | dict.fromkeys(SUMMANDS, 0.0)
        | {"rows": 1.0}
        | {name: float(values[i]) for name, values in columns.items()}
        for i in range(count)
    ]
    return measures(rows)


def test_rouge_of_a_set_is_the_mean_over_its_pairs_of_100():
    """S2-12: the sum of the three beside them."""
    scores = [rouge(pair[0], pair[1]) for pair in PAIRS]
    found = scored(**{name: [of[name] for of in scores] for name in NAMES})
    three = [(59.4327, 40.4443, 55.8442), (74.9198, 61.5707, 68.3319), (74.3946, 56.922, 67.1205)]
    for tokens, means in zip(TOKENS, three, strict=True):
        values = [found[f"{kind}_{tokens}"] for kind in KINDS]
        assert values == pytest.approx(means, abs=5.1e-5)
        assert found[f"rouge_sum_{tokens}"] == pytest.approx(sum(means), abs=1.6e-4)


@pytest.mark.parametrize("text", ["안녕하세요", "ㅋㅋ ㅇㅋ", "비가 온다.", "가\u3000나"])
def test_b21_equal_hangul_scores_all_and_unlike_hangul_nothing(text):
    """B21: rouge_score as it comes gives 0 to the one and 1 to texts that share only `20`."""
    equal, unlike = rouge(text, text), rouge("漢字 !", text)
    assert equal["rouge1_eojeol"] == equal["rougeL_syllable"] == 1.0
    assert set(unlike.values()) == {0.0}
    assert rouge("20 가나", "20 다라")["rouge1_eojeol"] == 0.5


def test_b21_sentences_that_say_the_opposite_and_share_a_number_are_far_apart():
    scores = rouge("올해 수출이 20% 늘었다.", "지난 분기 고용은 20% 줄어들었습니다.")
    assert max(scores[name] for name in NAMES if "rouge1" in name or "rougeL" in name) < 0.45


def test_case_punctuation_and_spacing():
    scores = rouge("GPU를, 샀다!", "gpu를 샀 다")
    assert scores["rouge1_syllable"] == 1.0
    assert scores["rouge1_eojeol"] == 0.4


def test_an_empty_answer_scores_nothing():
    assert set(rouge("", "정답").values()) == {0.0}
    assert set(rouge(".", " ").values()) == {0.0}


@given(one=st.text(), other=st.text())
def test_rouge_is_symmetric_and_within_its_bounds(one, other):
    scores = rouge(one, other)
    assert all(0 <= score <= 1 for score in scores.values())
    assert scores == pytest.approx(rouge(other, one))


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
    found = manner(text, ORDINARY)
    assert found["foreign_char"] == pytest.approx(characters, abs=1e-6)
    assert found["foreign_strict"] == pytest.approx(strict, abs=1e-6)
    assert found["foreign_response"] == (1 if characters else 0)


def test_words_that_are_ordinary_in_korean_are_no_foreign_ones():
    """Whole words alone, in any case."""
    assert manner("IT 기업에 it 인재", ORDINARY)["foreign_strict"] == 0
    assert manner("[PHONE]로 연락", ORDINARY)["foreign_strict"] == 0
    assert manner("ITEM이", ORDINARY)["foreign_strict"] == pytest.approx(4 / 5)
    assert manner("IT", ORDINARY)["foreign_strict"] == 0


def test_how_answers_are_written():
    texts = ["안녕하세요.", "", "<b>네", '"3일 뒤"', "가나다라마바사아" * 3]
    found = [manner(text, ORDINARY) for text in texts]
    assert [of["starts_with_hangul"] for of in found] == [1, 0, 0, 0, 1], "no tag, no number"
    # Of its 17 pieces of 8 characters, 8 are new.
    assert [of["repetition"] for of in found] == [0, 0, 0, 0, pytest.approx(9 / 17)]


def test_shares_of_what_was_said_leave_out_empty_answers_and_others_do_not():
    found = scored(said=[1, 1, 0, 0], repetition=[0.5, 0, 0, 0], stopped=[1, 1, 1, 0])
    assert (found["repetition_share"], found["empty_share"], found["stopped_share"]) == (
        0.25,
        0.5,
        0.75,
    )


def test_what_cannot_be_measured_is_none_and_not_zero():
    """Not 0.0, which would pass for a result."""
    found = scored(said=[1, 1])
    for name in ("bits_per_byte", "perplexity", "speech_level_accuracy", "topic_accuracy",
                 "topic_macro_f1", "schema_kept_share", "bertscore_f1", "length_ratio"):  # fmt: skip
        assert found[name] is None, name


def test_bits_per_byte_weighs_answers_by_their_length():
    one = scored(bits=[12.0], bytes=[len("가나".encode())], answer_tokens=[3])
    assert one["bits_per_byte"] == 2.0, "a syllable is three bytes"
    assert one["perplexity"] == 16.0
    two = scored(bits=[6.0, 3.0], bytes=[3, 6], answer_tokens=[1, 2])
    assert (two["bits_per_byte"], two["perplexity"]) == (1.0, 8.0)


def test_s1_23_topics_by_accuracy_and_macro_f1():
    """sklearn's f1_score(average="macro") over the topics that are asked for; 과학 is none of them,
    so it only costs 사회 a row."""
    asked = ["경제", "경제", "경제", "사회", "사회", "정치"]
    given = ["경제", "경제", "사회", "사회", "과학", "경제"]
    rows = [
        dict.fromkeys(SUMMANDS, 0.0)
        | {"rows": 1.0, "topic": topic, "topic_found": found, "topic_asked": 1.0}
        | {"topic_right": float(topic == found)}
        for topic, found in zip(asked, given, strict=True)
    ]
    found = measures(rows)
    assert found["topic_accuracy"] == 0.5
    # 경제: 2 right of 3 asked and 3 found; 사회: 1 of 2 and 2; 정치: none.
    assert found["topic_macro_f1"] == pytest.approx((2 * 2 / 6 + 2 * 1 / 4 + 0) / 3, abs=1e-6)


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


def test_hangul_in_pieces_is_the_same_hangul():
    text = "오늘은 비가 온다"
    apart = unicodedata.normalize("NFD", text)
    assert rouge(apart, text)["rougeL_syllable"] == 1.0
    assert rouge(apart, apart)["rougeL_eojeol"] == 1.0


@given(one=st.text("가나다", max_size=40), other=st.text("가나다", max_size=90))
def test_the_longest_common_subsequence_is_that_of_rouge_score(one, other):
    table = _lcs_table(list(one), list(other))
    assert longest_common(one, other) == longest_common(other, one) == table[-1][-1]


def test_a_long_reference_takes_linear_time():
    """By a table of all pairs ten thousand tokens a side took ten gigabytes."""
    kinds = ("eojeol", "syllable")
    of = Input("", "안녕 하세요 ", "")
    assert growth(lambda text: rouge("안녕하세요 " * 20, text, tokens=kinds), of, 5_000) < 1.5
    assert longest_common("가나" * 10_000, "나가" * 10_000) == 19_999


def test_one_endless_word_takes_linear_time_and_the_rest_is_cut_at_blanks():
    of = Input("", "a", "")
    assert growth(lambda text: rouge("가", text, tokens=("morph",)), of, chars=10_000) < 1.5
    pieces = _PIECE.findall("가나 " * 5_000 + "다" * 20_000)
    assert [len(piece) for piece in pieces] == [9_998, 5_001, 10_000, 10_000, 1]


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
