"""Speech levels of sentences, and of real text with a label."""

import json

import pytest

from stages.korean.speech_level import LEVELS, speech_level, tone_of

SENTENCES = {
    "hapsyo": ["내일 뵙겠습니다.", "어디로 가십니까?", "앉으십시오!", "같이 갑시다 ^^"],
    "haeyo": ["지금 가요", "맞죠?", "어서 오세요~ ㅎㅎ", "밥 먹었어요 [PHONE]"],
    "haera": ["정부는 오늘 발표했다.", "어서 먹어라", "같이 가자", "너 어디 가니?"],
    "hae": ["지금 가고 있어 ㅋㅋ", "배고픈데…", "그거 내가 할게", "알겠어 ㅇㅇ"],
    "nominal": ["반도체 수출 증가", "올해 첫 폭염 특보", "신제품 공개 예정"],
    "unknown": ["", "ㅋㅋㅋㅋ", "😀!!", "..."],
}


@pytest.mark.parametrize(("level", "said"), [(k, s) for k, v in SENTENCES.items() for s in v])
def test_s1_17_the_last_ending_tells_the_level(level, said):
    assert speech_level(said) == level


def test_every_level_has_sentences_above():
    assert set(SENTENCES) == set(LEVELS)


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
