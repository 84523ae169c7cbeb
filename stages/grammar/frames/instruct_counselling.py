# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (상담): worries and feelings."""

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {
            "worry": "{who:과} 크게 다퉜어요",
            "who": ("친구", "언니", "남편", "룸메이트", "직장 동료"),
            "feel": "마음이 많이 무거우셨겠어요",
            "ans": "감정이 가라앉은 뒤 '나는 이렇게 느꼈다'고 먼저 말해 보세요",
        },
        {
            "worry": "{test} 시험에 떨어져서 자신이 없어요",
            "test": ("자격증", "공무원", "운전면허", "편입"),
            "feel": "노력하신 만큼 속상하셨을 거예요",
            "ans": "오늘은 쉬고, 내일 부족했던 부분을 한 가지만 적어 보세요",
        },
        {
            "worry": "{span}째 취업이 안 돼서 불안해요",
            "span": ("석 달", "반년", "일 년", "2년"),
            "feel": "기다림이 길어 지치셨겠어요",
            "ans": "하루에 할 일을 작게 나누고 끝낸 일을 기록해 보세요",
        },
        {
            "worry": "새 {place}에 적응하기가 힘들어요",
            "place": ("학교", "회사", "동네", "부서"),
            "feel": "낯선 곳에서 애쓰고 계시네요",
            "ans": "인사를 나눌 한 사람부터 천천히 만들어 보세요",
        },
        {
            "worry": "사람들 앞에서 {act} 때 너무 떨려요",
            "act": ("발표할", "노래할", "자기소개할", "질문할"),
            "feel": "떨리는 건 자연스러운 일이에요",
            "ans": "첫 문장만 외워 두고 숨을 길게 내쉰 뒤 시작해 보세요",
        },
        {
            "worry": "키우던 {pet:을} 떠나보내고 계속 눈물이 나요",
            "pet": ("강아지", "고양이", "토끼", "앵무새"),
            "feel": "소중한 가족을 잃으셔서 많이 슬프시겠어요",
            "ans": "슬픔을 참지 말고 함께한 추억을 글이나 사진으로 정리해 보세요",
        },
    ),
    ("{worry}. 어떻게 하면 좋을까요?", "{worry}. {when} 그 생각만 나요.", "{worry}. 제가 이상한 걸까요?"),
    ("{feel}. {ans}.", "{feel}. 먼저 스스로를 탓하지 않으셨으면 해요. {ans}."),
    (
        ("그래도 계속 힘들면요?", "두 주 넘게 이어지면 전문 상담 기관에 이야기해 보는 것도 좋아요."),
        ("고마워요. 조금 나아졌어요.", "다행이에요. 힘들 때 언제든 다시 이야기해 주세요."),
    ),
)

# How a question may begin.
OPENINGS = ("", "", "이야기할 곳이 없어서요. ", "조금 부끄러운 고민이에요. ")
