"""Speech levels of sentences, and of real text with a label."""

import json

import pytest

from stages.korean.speech_level import LEVELS, speech_level, tone_of
from tests.slow_inputs import cpu_s

SENTENCES = {
    "hapsyo": ["내일 뵙겠습니다.", "어디로 가십니까?", "앉으십시오!", "같이 갑시다 ^^", "저 길로 옵시다", "함께 봅시다", "그렇습니다만"],
    "haeyo": ["지금 가요", "맞죠?", "어서 오세요~ ㅎㅎ", "밥 먹었어요 [PHONE]", "진짜요?", "도움이 필요해요"],
    "haera": ["정부는 오늘 발표했다.", "어서 먹어라", "같이 가자", "너 어디 가니?", "이것은 사실이 아니다.", "학교에 다니다"],
    "hae": ["지금 가고 있어 ㅋㅋ", "배고픈데…", "그거 내가 할게", "알겠어 ㅇㅇ", "비가 오니까", "지금 가니까"],
    "nominal": ["반도체 수출 증가", "올해 첫 폭염 특보", "신제품 공개 예정", "대책 마련 필요", "금리 인하 중요", "반도체 수요", "사업 개요"],
    "unknown": ["", "ㅋㅋㅋㅋ", "😀!!", "..."],
}  # fmt: skip


@pytest.mark.parametrize(("level", "said"), [(k, s) for k, v in SENTENCES.items() for s in v])
def test_s1_17_the_last_ending_tells_the_level(level, said):
    assert speech_level(said) == level


def test_every_level_has_sentences_above():
    assert set(SENTENCES) == set(LEVELS)


def test_brackets_without_content_take_no_time():
    """Each could be read in two ways: 29 of them took minutes."""
    assert cpu_s(speech_level, "()" * 29 + "가", 0, limit_s=5) < 1
    assert speech_level("지금 가요" + "()" * 29) == "haeyo"


def test_s1_17_formal_and_informal_in_real_dialogues(shared):
    """SmileStyle: the same turns in both styles; a level is right if it says formal for the one
    and not formal for the other."""
    right = total = 0
    for line in (shared / "data/smilestyle/dialogs.jsonl").read_text().splitlines():
        for turn in json.loads(line)["turns"]:
            for style in ("formal", "informal"):
                if said := turn.get(style):
                    is_formal = tone_of(speech_level(said)) == "formal"
                    right += is_formal == (style == "formal")
                    total += 1
    assert total > 3000
    assert right / total >= 0.97
