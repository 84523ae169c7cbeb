# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (법률): renting, contracts and disputes."""

from stages.grammar.slots import number

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {
            "case": "{home} 전세 계약이 끝났는데 집주인이 보증금 {man}만 원을 안 줘요",
            "home": ("원룸", "아파트", "빌라", "오피스텔"),
            "man": number(2000, 18000, 500),
            "ans": "내용증명으로 반환을 요구하고, 이사해야 한다면 임차권등기명령을 신청하세요",
            "more": "등기를 마치고 이사하면 대항력과 우선변제권을 지킬 수 있어요",
        },
        {
            "case": "{n}일째 월급을 못 받았어요",
            "n": number(20, 90),
            "ans": "고용노동부에 임금 체불 진정을 낼 수 있어요",
            "more": "근로계약서와 통장 내역처럼 일한 사실을 보여 주는 자료를 모아 두세요",
        },
        {
            "case": "온라인에서 산 {thing:을} 환불받고 싶어요",
            "thing": ("옷", "가방", "운동화", "청소기", "책상"),
            "ans": "통신 판매는 보통 받은 날부터 7일 안에 청약을 철회할 수 있어요",
            "more": "다만 소비자 잘못으로 상품이 훼손됐다면 제한될 수 있어요",
        },
        {
            "case": "빌려준 {man}만 원을 못 받고 있어요",
            "man": number(50, 2900, 50),
            "ans": "차용증이나 이체 내역을 챙겨 지급명령이나 소액 사건 재판을 신청할 수 있어요",
            "more": "3,000만 원 이하는 소액 사건 절차로 비교적 빨리 진행돼요",
        },
        {
            "case": "인터넷에서 모르는 사람이 저를 {bad}",
            "bad": ("모욕했어요", "거짓말로 비방했어요", "계속 욕해요"),
            "ans": "화면을 날짜가 보이게 저장하고 경찰서나 사이버 범죄 신고 창구에 고소할 수 있어요",
            "more": "모욕죄는 범인을 안 날부터 6개월 안에 고소해야 해요",
        },
        {
            "case": "근로계약서를 안 쓰고 {job} 일을 하고 있어요",
            "job": ("카페", "편의점", "식당", "학원"),
            "ans": "사용자는 임금과 근로 시간 등을 적은 근로계약서를 써서 줘야 해요",
            "more": "주지 않으면 고용노동부에 신고할 수 있어요",
        },
    ),
    ("{case}. 어떻게 해야 하나요?", "{case}. 방법이 있을까요?", "{case}. 도움을 받을 수 있을까요?"),
    ("{ans}. {more}.", "{ans}. 자세한 것은 법률구조공단에 상담해 보세요."),
    (
        ("준비할 게 있나요?", "{more}. 관련 자료도 날짜순으로 정리해 두세요."),
        ("혼자서도 할 수 있나요?", "네, 다만 사정이 복잡하면 무료 법률 상담을 먼저 받아 보세요."),
    ),
)

# How a question may begin.
OPENINGS = ("", "처음 겪는 일이라 막막해요. ", "안녕하세요, 상담받고 싶어요. ", "주변에 물어볼 사람이 없네요. ", "변호사를 쓸 형편이 안 돼요. ")
