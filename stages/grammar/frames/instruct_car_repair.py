# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (자동차정비): car maintenance."""

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {
            "sym": "브레이크를 밟으면 끽 소리가 나요",
            "ans": "브레이크 패드가 닳았을 수 있으니 두께를 점검하세요",
            "more": "패드가 다 닳은 채로 타면 디스크까지 상해요",
        },
        {"sym": "아침에 시동이 잘 안 걸려요", "ans": "배터리 전압과 단자 상태부터 확인해 보세요", "more": "배터리는 보통 3~5년 쓰면 바꿔요"},
        {
            "sym": "계기판에 타이어 공기압 경고등이 떴어요",
            "ans": "문틀에 적힌 적정 공기압에 맞춰 공기를 넣으세요",
            "more": "며칠 만에 또 켜지면 펑크를 의심해 보세요",
        },
        {
            "sym": "에어컨에서 곰팡이 냄새가 나요",
            "ans": "에어컨 필터를 바꾸고 도착하기 전에 에어컨을 미리 꺼 말려 주세요",
            "more": "필터는 6개월이나 1만 km마다 바꾸는 게 좋아요",
        },
        {
            "sym": "핸들이 자꾸 한쪽으로 쏠려요",
            "ans": "좌우 타이어 공기압을 맞추고 휠 얼라인먼트를 점검하세요",
            "more": "그대로 타면 타이어가 한쪽만 닳아요",
        },
        {
            "sym": "엔진 온도 경고등이 켜졌어요",
            "ans": "안전한 곳에 세우고 시동을 끈 뒤 식을 때까지 기다리세요",
            "more": "뜨거울 때 냉각수 뚜껑을 열면 화상을 입을 수 있어요",
        },
        {
            "sym": "와이퍼가 지나가도 물기가 남아요",
            "ans": "와이퍼 고무가 닳았으니 날을 바꾸고 유리의 기름막을 닦으세요",
            "more": "와이퍼는 6개월에서 1년마다 바꿔요",
        },
    ),
    ("{km}km 탄 {car}인데 {sym}. 왜 그럴까요?", "{sym}. {car:이고} {km}km 탔어요.", "{car:을} 타는데 {sym}. 점검해야 하나요?"),
    ("{ans}. {more}.", "{ans}."),
    (("그냥 타면 어떻게 되나요?", "위험할 수 있어요. {more}."), ("비용은 얼마나 들까요?", "차종과 부품에 따라 다르니 두 곳 이상에서 견적을 받아 보세요.")),
)

# How a question may begin.
OPENINGS = ("", "초보 운전자예요. ", "안녕하세요. ", "주말에 멀리 가야 해서 걱정돼요. ", "중고로 산 차예요. ", "정비소에 가기 전에 여쭤봐요. ")
