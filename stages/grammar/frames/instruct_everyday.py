# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (일상대화): small talk and plans."""

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {"topic": "주말에 비가 온대요", "idea": ("박물관 구경", "만화 카페", "집에서 영화 보기", "부침개 만들기"), "tip": "우산은 꼭 챙기세요"},
        {
            "topic": "요즘 잠이 잘 안 와요",
            "idea": ("자기 전 가벼운 스트레칭", "따뜻한 우유 한 잔", "조용한 음악 듣기"),
            "tip": "늦은 시간 커피는 피하는 게 좋아요",
        },
        {
            "topic": "{day} 친구가 집에 놀러 와요",
            "idea": ("{food} 해 먹기", "보드게임", "동네 산책"),
            "tip": "간식을 넉넉히 준비해 두면 편해요",
            "food": ("떡볶이", "월남쌈", "만두", "김밥"),
        },
        {
            "topic": "새 취미를 찾고 있어요",
            "idea": ("우쿨렐레", "뜨개질", "수채화", "달리기", "식물 키우기", "사진 찍기"),
            "tip": "처음에는 하루 20분이면 충분해요",
        },
        {
            "topic": "{place} 여행을 가려고 해요",
            "place": ("경주", "강릉", "여수", "전주", "통영"),
            "idea": ("시장 구경", "바닷가 산책", "골목 카페 찾기", "오래된 절 둘러보기"),
            "tip": "{place:은} 주말에 붐비니 숙소를 일찍 잡으세요",
        },
        {
            "topic": "{who:이} 시험을 앞두고 있어요",
            "who": ("동생", "조카", "룸메이트", "친한 친구"),
            "idea": ("손편지", "따뜻한 도시락", "초콜릿 선물"),
            "tip": "부담을 주는 말은 줄이는 편이 좋아요",
        },
    ),
    ("{topic}. 뭐 하면 좋을까요?", "{topic}. 좋은 생각 있어요?", "{topic}. 추천 좀 해 주세요."),
    ("{idea:은} 어떠세요? {tip}.", "저라면 {idea:을} 골라 보겠어요. {tip}.", "{idea:을} 권하고 싶어요. {tip}."),
    (
        ("좋네요. 혼자 해도 괜찮을까요?", "그럼요, {idea:은} 혼자서도 충분히 즐길 수 있어요."),
        ("왜 그걸 추천하세요?", "부담 없이 시작할 수 있고 기분도 좋아지기 때문이에요."),
    ),
)
