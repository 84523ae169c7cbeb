# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, IT and science."""

from stages.grammar.frames.news_words import Frame
from stages.grammar.slots import decimal, number

SCIENCE = (
    Frame(
        "IT과학",
        ("{maker}, {feature} {product} 출시…{price}만 원대", "{feature} 앞세운 {maker} {product} 공개", "{maker} 새 {product} {day} 출시…{feature}"),
        (
            "{maker:이} {feature:을} 앞세운 새 {product:을} {day} {price}만 원대에 출시한다.",
            "{maker:은} {past} {feature} 기능을 강화한 {product:을} 공개하고 사전 예약을 시작했다.",
            "{feature:을} 내세운 {maker}의 새 {product:이} {day} {price}만 원대 가격으로 시장에 나온다.",
        ),
        (
            "무게는 이전 제품보다 {pct}% 가벼워졌다.",
            "한 번 충전하면 {hours}시간 쓸 수 있다.",
            "{country} 등 {places}개국에도 차례로 나온다.",
            "사전 예약자는 보증 기간을 {span} 더 받는다.",
        ),
        ('{maker} 관계자는 "{feature:을} 가장 공들였다"고 {said}.', '{expert:은} "가격 경쟁이 치열해질 것"이라고 {said}.'),
        {
            "maker": ("{root}전자", "{root}테크", "{root}소프트", "{root}모바일", "{root}시스템"),
            "product": ("스마트폰", "노트북", "무선 이어폰", "로봇청소기", "스마트워치", "태블릿", "전기자전거", "공기청정기", "게임기"),
            "feature": ("긴 배터리", "소음 제거", "인공지능 비서", "접이식 화면", "고속 충전", "방수 설계", "실시간 번역", "가벼운 무게"),
            "price": number(19, 189, 10),
            "hours": number(8, 60),
            "places": number(3, 40),
        },
    ),
    Frame(
        "IT과학",
        ("{lab}, {result} {tech} 개발…{use} 기대", "{tech} {result}…{lab} 연구팀 성과", "{use} 앞당길 {tech} 나왔다…{lab} 개발"),
        (
            "{lab} 연구팀이 {result:을} 이룬 {tech} 기술을 개발해 {use}에 쓰일 것으로 기대된다.",
            "{lab:은} {past} {tech} 분야에서 {result}에 성공했다고 밝혔다.",
            "{lab} 연구팀의 {tech} 기술이 {result:을} 이뤄 {use:을} 앞당길 전망이다.",
        ),
        (
            "연구팀은 {n}번의 실험 끝에 결과를 얻었다.",
            "연구 성과는 국제 학술지 {month}월호에 실렸다.",
            "상용화까지는 {span:이} 더 걸릴 것으로 보인다.",
            "연구에는 {country} 대학도 참여했다.",
        ),
        ('연구책임자는 "후속 연구로 성능을 더 높이겠다"고 {said}.', '{lab} 관계자는 "기업에 기술을 이전할 계획"이라고 {said}.'),
        {
            "lab": ("{city}과학기술원", "{city}대", "한국재료기술원", "{root}연구소", "국가에너지연구단"),
            "tech": (
                "전고체 배터리",
                "태양전지",
                "암 진단 센서",
                "양자 소자",
                "수소 생산 촉매",
                "인공 근육",
                "해수 담수화 막",
                "휘는 디스플레이",
                "유전자 분석",
            ),
            "result": ("효율 {pct}% 향상", "비용 {half}% 절감", "속도 {fold}배 향상", "오차 {half}% 감소", "수명 {fold}배 연장"),
            "use": ("전기차", "조기 진단", "웨어러블 기기", "탄소중립", "재난 구조", "우주 탐사", "식수난 해결"),
            "half": number(15, 70),
            "fold": number(2, 20),
            "n": number(120, 3000, 10),
        },
    ),
    Frame(
        "IT과학",
        ("{service} {hours}시간 먹통…{why}", "{service} 접속 장애 {hours}시간…원인은 {why}", "{why}에 {service} 멈췄다…{many} 불편"),
        (
            "{service:이} {past} {why:으로} {hours}시간 동안 접속되지 않아 이용자 {many:이} 불편을 겪었다.",
            "{why} 때문에 {service} 접속 장애가 {hours}시간가량 이어졌다고 운영사가 {past} 밝혔다.",
            "{past} {service}에서 {hours}시간 동안 장애가 나 운영사가 {why:을} 원인으로 지목했다.",
        ),
        (
            "회사는 유료 이용자에게 {comp}일치 요금을 돌려준다.",
            "당국은 {month}월까지 재발 방지책을 내라고 요구했다.",
            "고객센터에는 문의 {n}건이 몰렸다.",
            "개인정보 유출은 없었던 것으로 확인됐다.",
        ),
        ('운영사 관계자는 "이용자께 깊이 사과드린다"고 {said}.', '보안 전문가는 "이중화가 부족했다"고 {said}.'),
        {
            "service": ("{root}톡", "{root}페이", "{root} 지도", "{root} 배달 앱", "{root}메일", "{root} 클라우드", "{root} 동영상 서비스"),
            "why": ("서버 과부하", "데이터센터 정전", "업데이트 오류", "통신망 고장", "냉각 장치 고장", "디도스 공격"),
            "hours": number(2, 14),
            "comp": number(3, 15),
            "n": number(300, 9800, 100),
        },
    ),
    Frame(
        "IT과학",
        ("{maker}, {domain} AI '{name}' 공개…{perf}", "{domain} 돕는 AI '{name}'…{perf}", "{maker} AI '{name}', {domain} 현장 투입"),
        (
            "{maker:이} {past} {domain} 업무를 돕는 인공지능 '{name}'을 공개하고 {perf:을} 확인했다고 밝혔다.",
            "{maker}의 인공지능 '{name}'이 {domain} 현장에 투입돼 {perf:을} 거둔 것으로 나타났다.",
            "{domain}에 특화한 {maker}의 인공지능 '{name}'이 시험 운영에서 {perf:을} 보였다.",
        ),
        (
            "학습에는 한국어 문서 {many_docs}만 건이 쓰였다.",
            "기업 {places}곳이 시험 운영에 참여하고 있다.",
            "개인정보는 학습 전에 모두 가렸다고 회사는 설명했다.",
            "회사는 {month}월에 유료 서비스를 시작한다.",
        ),
        ('{maker} 관계자는 "사람을 대신하기보다 돕는 도구"라고 {said}.', '한 이용자는 "반복 업무가 줄었다"고 {said}.'),
        {
            "maker": ("{root}소프트", "{root}테크", "{root}AI", "{root}데이터", "{root}랩"),
            "domain": ("법률 상담", "의료 영상 판독", "고객 응대", "번역", "농작물 관리", "물류 배차", "회계 감사", "교재 제작", "불량품 검사"),
            "name": ("길벗", "온샘", "다온", "해담", "슬기둥", "말샘", "글봄"),
            "perf": ("처리 시간 {half}% 단축", "정확도 {acc}%", "비용 {half}% 절감", "오류 {half}% 감소"),
            "half": number(20, 75),
            "acc": decimal(90.1, 99.4),
            "many_docs": number(20, 900, 10),
            "places": number(4, 90),
        },
    ),
    Frame(
        "IT과학",
        ("{sat} 위성 발사 {outcome}…{mission} 임무", "{mission} 위성 '{sat}' 발사 {outcome}", "'{sat}' 발사 {outcome}…{next}"),
        (
            "{mission} 임무를 맡은 소형 위성 '{sat}'의 발사가 {past} {outcome}해 {next:을} 앞두게 됐다.",
            "{mission:을} 위한 위성 '{sat}'의 {past} 발사가 {outcome}했다고 우주센터가 밝혔다.",
            "우주센터는 {past} {mission} 위성 '{sat}'의 발사가 {outcome}함에 따라 {next:을} 준비한다고 밝혔다.",
        ),
        (
            "위성의 무게는 {kg}kg이다.",
            "개발에는 {span} 동안 {budget:이} 들었다.",
            "개발에는 국내 기업 {places}곳이 참여했다.",
            "위성 고도는 {alt}km로 설계됐다.",
        ),
        ('우주센터 관계자는 "국내 기술로 이룬 성과를 이어 가겠다"고 {said}.', '연구책임자는 "{next}에 최선을 다하겠다"고 {said}.'),
        {
            "sat": ("새별 {sn}호", "한누리 {sn}호", "온빛 {sn}호", "미리내 {sn}호", "가람 {sn}호"),
            "sn": number(1, 9),
            "mission": ("기상 관측", "해양 감시", "산불 감시", "통신 시험", "미세먼지 측정", "농경지 관측", "우주 날씨 관측"),
            "kg": number(40, 800, 10),
            "alt": number(480, 700, 5),
            "places": number(8, 60),
        },
        (
            {"outcome": "성공", "next": ("첫 교신", "본격 관측", "시험 운용", "영상 전송")},
            {"outcome": "연기", "next": ("재발사", "부품 교체", "기상 재점검", "원인 분석")},
        ),
    ),
    Frame(
        "IT과학",
        ("{firm} 해킹에 {data} {many_leak}만 건 유출", "{firm} {data} {many_leak}만 건 유출…{why}", "{why}에 {firm} {data} 샜다…당국 조사"),
        (
            "{firm}에서 {why:으로} 고객 {data} {many_leak}만 건이 유출돼 당국이 조사에 들어갔다.",
            "{firm:은} {past} 해킹으로 {data} {many_leak}만 건이 유출된 사실을 확인했다고 공지했다.",
            "{why} 탓에 {firm} 고객의 {data} {many_leak}만 건이 외부로 빠져나간 것으로 드러났다.",
        ),
        (
            "회사는 유출 사실을 {late}일 뒤에 알렸다.",
            "비밀번호는 암호화돼 있던 것으로 파악됐다.",
            "과징금은 최대 {budget}에 이를 수 있다.",
            "회사는 비밀번호를 바꾸라고 안내했다.",
        ),
        ('개인정보 당국 관계자는 "법 위반 여부를 엄정히 보겠다"고 {said}.', '{firm} 관계자는 "2차 피해를 막는 데 힘쓰겠다"고 {said}.'),
        {
            "firm": ("{root}쇼핑", "{root}통신", "{root}여행", "{root}카드", "{root}교육", "{root}택배", "{root}호텔"),
            "data": ("연락처", "주소록", "구매 내역", "회원 정보", "예약 정보"),
            "why": ("악성코드 감염", "관리자 계정 탈취", "보안 설정 오류", "협력업체 해킹", "피싱 메일"),
            "many_leak": number(2, 320),
            "late": number(2, 20),
        },
    ),
)
