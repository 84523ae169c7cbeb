# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (금융): saving, loans and accounts."""

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {
            "term": "단리와 복리",
            "ans": "단리는 원금에만, 복리는 원금과 쌓인 이자에 함께 이자가 붙는 방식이에요",
            "ex": "기간이 길수록 복리의 이자가 더 많아져요",
        },
        {
            "term": "예금자 보호",
            "ans": "금융회사가 문을 닫아도 예금을 법이 정한 한도까지 돌려받는 제도예요",
            "ex": "투자 상품은 대개 보호 대상이 아니니 가입 전에 확인하세요",
        },
        {
            "term": "고정금리와 변동금리",
            "ans": "고정금리는 만기까지 같고, 변동금리는 시장 금리에 따라 달라져요",
            "ex": "금리가 오를 것 같으면 고정금리가 부담을 줄여 줘요",
        },
        {"term": "신용점수", "ans": "빌린 돈을 잘 갚을 가능성을 수치로 나타낸 것이에요", "ex": "연체를 피하고 카드 대금을 제때 내면 점수에 도움이 돼요"},
        {"term": "분산 투자", "ans": "여러 자산에 나누어 투자해서 위험을 줄이는 방법이에요", "ex": "한 곳에서 손실이 나도 전체 손실은 작아질 수 있어요"},
        {"term": "중도상환수수료", "ans": "대출을 만기 전에 갚을 때 내는 수수료예요", "ex": "계약서에서 면제되는 시점을 확인해 보세요"},
        {
            "term": "예금과 적금",
            "ans": "예금은 목돈을 한 번에 맡기고, 적금은 일정한 돈을 나누어 넣어요",
            "ex": "같은 금리라면 목돈을 처음부터 맡긴 예금의 이자가 더 많아요",
        },
    ),
    ("{who} {term:이} 뭔지 알려 주세요.", "{term:을} 쉽게 설명해 주세요. {who}", "{term:이} 헷갈려요. {who}"),
    ("{ans}. {ex}.", "{ans}."),
    (("예를 들어 주세요.", "{ex}."), ("주의할 점이 있나요?", "계약서와 상품 설명서를 먼저 읽고, 모르는 말은 창구에 물어보세요.")),
)

# How a question may begin.
OPENINGS = ("", "", "안녕하세요. ", "은행에 가기 전에 알고 싶어요. ")
