# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""Instruction frames (IT): computers, phones and software."""

# (slot words and linked cases, question templates, answer templates, follow-up (question, answer) pairs)
# A case binds the words that only make sense together.
FRAMES = (
    (
        {
            "problem": "{device:이} 너무 느려요",
            "device": ("노트북", "컴퓨터", "휴대폰", "태블릿"),
            "fix": "쓰지 않는 앱을 닫고 저장 공간을 20% 이상 비워 보세요",
            "why": "저장 공간이 부족하면 임시 파일을 쓸 자리가 없어 느려져요",
        },
        {
            "problem": "{wifi} 와이파이가 자꾸 끊겨요",
            "wifi": ("집", "사무실", "거실", "안방"),
            "fix": "공유기를 껐다 켜고 가까운 곳에서 다시 연결해 보세요",
            "why": "벽이나 다른 무선 기기가 신호를 약하게 만들 수 있어요",
        },
        {
            "problem": "{site} 비밀번호를 잊어버렸어요",
            "site": ("메일", "쇼핑몰", "학교 포털", "은행 앱"),
            "fix": "로그인 화면의 비밀번호 찾기에서 본인 확인을 하고 새로 정하세요",
            "why": "비밀번호는 되돌릴 수 없는 형태로 저장돼서 새로 정해야 해요",
        },
        {
            "problem": "실수로 {file:을} 지웠어요",
            "file": ("사진 폴더", "보고서", "엑셀 파일", "발표 자료"),
            "fix": "먼저 휴지통에서 복원해 보고, 없으면 백업을 확인하세요",
            "why": "새 파일을 저장하면 지워진 자리를 덮어쓸 수 있으니 사용을 멈추는 게 좋아요",
        },
        {
            "problem": "{browser}에서 {page} 화면이 예전 내용으로 나와요",
            "browser": ("크롬", "엣지", "사파리", "파이어폭스"),
            "page": ("쇼핑몰", "사내 게시판", "블로그", "예약"),
            "fix": "캐시를 지우고 새로 고침을 해 보세요",
            "why": "브라우저가 저장해 둔 옛 파일을 보여 주기 때문이에요",
        },
        {
            "problem": "{app:이} 로그인할 때 인증 코드를 달래요",
            "app": ("메신저", "메일 앱", "게임", "회사 포털"),
            "fix": "등록한 휴대폰이나 인증 앱에 뜬 여섯 자리 코드를 입력하세요",
            "why": "비밀번호가 새더라도 남이 로그인하지 못하게 막아 줘요",
        },
        {
            "problem": "{printer:이} 종이는 들어가는데 인쇄가 안 돼요",
            "printer": ("프린터", "복합기", "사무실 프린터"),
            "fix": "잉크 잔량과 대기 중인 인쇄 작업을 확인하고 프린터를 다시 켜세요",
            "why": "멈춘 작업이 하나 있으면 뒤의 작업이 모두 기다리게 돼요",
        },
    ),
    ("{problem}. 어떻게 해야 하나요?", "{problem}. 해결 방법을 알려 주세요.", "{problem}. 뭐부터 확인할까요?"),
    ("{fix}. {why}.", "{fix}."),
    (("왜 그런 건가요?", "{why}."), ("그래도 안 되면요?", "오류 화면을 찍어서 고객 지원 창구에 문의해 보세요.")),
)

# How a question may begin.
OPENINGS = ("", "", "컴퓨터를 잘 몰라서 여쭤봐요. ", "내일까지 일을 끝내야 해서 급해요. ", "검색해 봐도 모르겠어요. ", "안녕하세요. ")
