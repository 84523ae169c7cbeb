# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames: culture and life, IT and science, sports."""

from stages.grammar.news_words import Frame
from stages.grammar.slots import decimal, number

CULTURE = (
    Frame(
        "생활문화",
        ("{city} {fest} {day} 개막…{show} 눈길", "{city} {fest}, {show} 앞세워 손님맞이", "{show} 즐기세요…{city} {fest} 개막"),
        (
            "{city} {fest:이} {day} 막을 올려 {days}일 동안 {show} 등 다채로운 행사를 선보인다.",
            "{city}시는 {day}부터 {days}일간 {show:을} 즐길 수 있는 {fest:을} 연다고 밝혔다.",
            "{show:을} 내세운 {city} {fest:이} {days}일 일정으로 관람객을 맞는다.",
        ),
        (
            "지난해에는 {many:이} 축제장을 찾았다.",
            "입장료는 없으며 일부 체험은 예약해야 한다.",
            "행사장까지 무료 셔틀버스가 {gap}분마다 다닌다.",
            "지역 상인 {people}명이 먹거리 장터를 꾸린다.",
        ),
        ('축제 관계자는 "가족이 함께 즐길 거리를 늘렸다"고 {said}.', '{city}시 관계자는 "안전 요원을 두 배로 늘렸다"고 {said}.'),
        {
            "fest": ("벚꽃축제", "국화축제", "얼음낚시축제", "불꽃축제", "딸기축제", "한우축제", "등불축제", "커피축제", "도자기축제", "갈대축제", "재즈축제"),
            "show": ("야간 공연", "전통 놀이 체험", "드론 쇼", "거리 퍼레이드", "먹거리 장터", "사진 공모전", "어린이 인형극", "빛 조형물", "수상 무대"),
            "days": number(3, 12),
            "gap": number(10, 40, 5),
        },
    ),
    Frame(
        "생활문화",
        ("{when} {place} {rain}…낮 최고 {temp}도", "{when} {place} {rain}, 기온 {trend}", "{place} {rain}…{trend} {temp}도"),
        (
            "{when} {place} 지역에는 {rain_full} 낮 최고기온은 {temp}도까지 오르겠다.",
            "기상청은 {when} {place}에 {rain_full} 낮 기온이 {temp}도 안팎을 보이겠다고 예보했다.",
            "{when} {place} 지역은 {rain_full} 기온은 평년보다 {gap}도가량 {trend_full}.",
        ),
        (
            "아침 최저기온은 {low}도로 예상된다.",
            "미세먼지 농도는 '{dust}' 수준이겠다.",
            "바다의 물결은 {small}m 높이로 일겠다.",
            "출근길에는 안개에 유의해야 한다.",
        ),
        ('기상청 관계자는 "일교차가 커 건강에 유의해야 한다"고 {said}.', '예보관은 "{when} 이후 날씨가 달라질 수 있다"고 {said}.'),
        {
            "when": ("내일", "주말", "{dayofmonth}일", "모레", "{dayofmonth}일 오후", "연휴 첫날"),
            "place": (
                "서울과 수도권",
                "강원 영동",
                "충청",
                "호남",
                "제주",
                "경남 남해안",
                "대구·경북",
                "전북 서해안",
                "수도권 서부",
                "{city}",
                "{city}·{city2}",
            ),
            "mm": number(5, 120, 5),
            "temp": number(9, 34),
            "low": number(-3, 8),
            "gap": number(2, 6),
            "dust": ("좋음", "보통", "나쁨"),
        },
        tuple(
            {"rain": rain, "rain_full": full, "trend": trend, "trend_full": trend_full}
            for rain, full in (
                ("{mm}mm 비", "{mm}mm 안팎의 비가 내리고"),
                ("오후 소나기", "오후 한때 소나기가 지나고"),
                ("대체로 맑음", "대체로 맑은 하늘이 드러나고"),
                ("흐리고 강한 바람", "흐린 가운데 강한 바람이 불고"),
                ("곳곳 천둥·번개", "곳곳에 천둥과 번개가 치고"),
            )
            for trend, trend_full in (("평년 웃돌아", "높겠다"), ("평년 밑돌아", "낮겠다"))
        ),
    ),
    Frame(
        "생활문화",
        ("{museum}, '{theme}' 특별전…{item} {n}점 공개", "{item} {n}점 한자리에…{museum} 특별전", "'{theme}' 주제 {museum} {item} 특별전"),
        (
            "{museum:이} {day}부터 '{theme}'{theme_obj} 주제로 {item} {n}점을 선보이는 특별전을 연다.",
            "{item} {n}점을 모은 '{theme}' 특별전이 {day} {museum}에서 개막한다.",
            "{museum:은} {past} '{theme}' 특별전을 열고 {item} {n}점을 공개했다.",
        ),
        ("이 가운데 {few}점은 처음 공개된다.", "전시는 {month}월까지 이어진다.", "매주 수요일에는 큐레이터의 해설이 있다.", "관람료는 어른 {fee}천 원이다."),
        ('{museum} 학예사는 "쉽게 즐길 수 있게 꾸몄다"고 {said}.', '{museum} 관계자는 "시대의 숨결을 느낄 수 있다"고 {said}.'),
        {
            "museum": ("{city}박물관", "{city}시립미술관", "{city}역사관", "{city} 도자박물관", "{city} 민속관"),
            "item": ("조선 백자", "근대 사진", "민화", "고지도", "전통 자수", "서예 작품", "목가구", "영화 포스터", "한글 편지", "불교 회화"),
            "n": number(30, 320),
            "few": number(3, 25),
            "fee": number(2, 9),
        },
        tuple(
            {"theme": theme, "theme_obj": obj}
            for theme, obj in (
                ("길 위의 사람들", "을"),
                ("손끝의 기억", "을"),
                ("바다를 건너", "를"),
                ("달빛 아래", "를"),
                ("일상의 발견", "을"),
                ("오래된 미래", "를"),
                ("색과 결", "을"),
            )
        ),
    ),
    Frame(
        "생활문화",
        ('"{habit}, {disease} 위험 {rate}% 낮춰"', "{habit} {disease} 위험 {rate}% 낮춘다…{univ} 연구", "{disease} 걱정되면 {habit}…위험 {rate}%↓"),
        (
            "{habit:이} {disease} 위험을 {rate}% 낮춘다는 {univ} 연구팀의 분석 결과가 나왔다.",
            "{univ} 연구팀은 성인 {n}명을 {years}년간 추적해 {habit:이} {disease} 위험을 {rate}% 줄인다고 밝혔다.",
            "{habit:을} 실천하는 사람은 {disease}에 걸릴 위험이 {rate}% 낮다는 연구 결과가 나왔다.",
        ),
        (
            "연구는 성인 {n}명을 {years}년 동안 관찰해 이뤄졌다.",
            "효과는 50대 이상에서 더 뚜렷했다.",
            "다만 원인과 결과를 단정하기는 어렵다.",
            "결과는 국제 학술지 {month}월호에 실렸다.",
        ),
        ('연구팀은 "꾸준함이 가장 중요하다"고 {said}.', '{univ} 교수는 "무리하지 말고 조금씩 늘리라"고 {said}.'),
        {
            "habit": (
                "하루 30분 걷기",
                "규칙적인 아침 식사",
                "싱겁게 먹기",
                "충분한 수면",
                "견과류 섭취",
                "계단 오르기",
                "금연",
                "주 3회 근력 운동",
                "채소 위주 식사",
            ),
            "disease": ("당뇨병", "고혈압", "심장병", "우울증", "뇌졸중", "치매", "골다공증", "비만"),
            "rate": number(8, 45),
            "n": number(1200, 48000, 100),
            "years": number(3, 18),
            "univ": ("{city}대", "{city}의대", "{city}대병원", "{country} 국립대"),
        },
    ),
    Frame(
        "생활문화",
        ("{genre} '{name}' 관객 {many} 돌파…{why}", "'{name}' 개봉 {days}일 만에 {many} 돌파", "{why} 입소문…{genre} '{name}' 흥행 1위"),
        (
            "{genre} '{name}'{name_subj} {why}에 힘입어 개봉 {days}일 만에 관객 {many:을} 넘어섰다.",
            "{why} 입소문을 탄 {genre} '{name}'{name_subj} 누적 관객 {many:을} 기록하며 흥행 1위에 올랐다.",
            "배급사는 {past} {genre} '{name}'{name_subj} 개봉 {days}일째 관객 {many:을} 넘겼다고 밝혔다.",
        ),
        (
            "실관람객 평점은 10점 만점에 {score}점이다.",
            "제작비는 {budget:으로} 알려졌다.",
            "{country} 등 {places}개국에 판권이 팔렸다.",
            "속편 제작도 논의되고 있다.",
        ),
        ('배급사 관계자는 "두 번 보는 관객이 많다"고 {said}.', '극장 관계자는 "평일 관객도 꾸준하다"고 {said}.'),
        {
            "genre": ("영화", "독립영화", "애니메이션", "다큐멘터리", "공포영화", "가족영화"),
            "many": ("{manym}만 명",),
            "why": ("탄탄한 이야기", "배우들의 호연", "화려한 영상", "따뜻한 웃음", "음악의 힘", "뜻밖의 반전"),
            "days": number(4, 40),
            "score": decimal(8.1, 9.7),
            "places": number(4, 60),
        },
        tuple(
            {"name": name, "name_subj": subj}
            for name, subj in (
                ("마지막 등대", "가"),
                ("푸른 새벽", "이"),
                ("골목의 왕", "이"),
                ("비밀의 정원사", "가"),
                ("여름 기차", "가"),
                ("안개 마을", "이"),
                ("두 번째 봄", "이"),
                ("고래의 노래", "가"),
            )
        ),
    ),
)

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

TEAMS = {
    "nick": ("호크스", "돌핀스", "웨이브", "타이거샤크", "레인저스", "스타즈", "폭스", "드래곤즈", "파이어", "윙스", "베어즈", "썬더"),
    "team": "{city} {nick}",
    "rival": "{city2} {nick2}",
    "role": ("주장", "신인 공격수", "베테랑", "막내", "이적생", "주전"),
}

SPORTS = (
    Frame(
        "스포츠",
        ("{team}, {rival}에 {a}-{b} {win}…{streak}", "{streak} {team}, {rival} {a}-{b} 제압", "{hero} 활약 {team}, {rival} {a}-{b} 꺾어"),
        (
            "{team:이} {past} 홈경기에서 {hero}의 활약에 힘입어 {rival:을} {a}-{b:으로} 꺾었다.",
            "{team:은} {past} {city2} 원정에서 {rival:을} {a}-{b:으로} 누르고 {streak:을} 달렸다.",
            "{hero:이} 승부를 가른 {team:이} {rival:을} {a}-{b:으로} 제압하며 {streak:을} 이어 갔다.",
        ),
        (
            "경기장에는 관중 {crowd}명이 찾았다.",
            "{rival:은} 후반 들어 추격했지만 뒤집지 못했다.",
            "{team:은} 순위를 {rank}위로 끌어올렸다.",
            "두 팀은 {month}월에 다시 만난다.",
        ),
        ('{team} 감독은 "선수들이 끝까지 집중했다"고 {said}.', '{hero:은} "동료들 덕분"이라고 {said}.'),
        TEAMS
        | {
            "hero": ("신인 공격수", "주장", "이적생 골잡이", "베테랑 수비수", "막내 선수", "교체 선수", "외국인 선수"),
            "win": ("승리", "완승", "역전승", "진땀승"),
            "streak": ("{sn}연승", "홈 {sn}연승", "{sn}경기 무패"),
            "sn": number(2, 9),
            "a": number(3, 6),
            "b": number(0, 2),
            "crowd": number(2100, 21000, 10),
            "rank": number(1, 6),
        },
    ),
    Frame(
        "스포츠",
        ("{team}, {pos} 영입…{span} {fee}", "{pos} 품은 {team}…계약 기간 {span}", "{team} {aim} 위해 {pos} 영입"),
        (
            "{team:이} {aim:을} 노리고 {pos:을} {span}간 {fee:에} 영입했다고 {past} 발표했다.",
            "{team:은} {past} {pos:과} {span} 계약을 맺고 {aim:을} 준비한다고 밝혔다.",
            "{aim:을} 목표로 내건 {team:이} {fee:을} 들여 {pos:을} 데려왔다.",
        ),
        (
            "이 선수는 지난 시즌 {games}경기에 나섰다.",
            "등번호는 {no}번으로 정해졌다.",
            "구단은 추가 보강도 검토하고 있다.",
            "팬들은 누리소통망에서 환영의 뜻을 나타냈다.",
        ),
        ('{team} 단장은 "오래 지켜본 선수"라고 {said}.', '구단 관계자는 "팀에 부족한 부분을 채워 줄 것"이라고 {said}.'),
        TEAMS
        | {
            "pos": ("국가대표 골키퍼", "왼손 투수", "장신 센터", "{country} 출신 공격수", "베테랑 세터", "젊은 미드필더", "거포 내야수", "수비형 포워드"),
            "aim": ("우승 도전", "수비 강화", "세대교체", "공격력 보강", "1부 승격", "봄 농구", "가을 야구"),
            "fee": ("{money}억 원",),
            "money": number(2, 48),
            "games": number(12, 60),
            "no": number(2, 99),
        },
    ),
    Frame(
        "스포츠",
        ("{athlete}, {event} {medal}…{record}", "{record} {athlete}, {event} {medal} 획득", "{host} 대회 {event} {medal}…{athlete} 쾌거"),
        (
            "{athlete:이} {past} {host}에서 열린 국제대회 {event}에서 {record:을} 세우며 {medal:을} 목에 걸었다.",
            "한국 {athlete:이} {host} 국제대회 {event}에서 {medal:을} 따냈다.",
            "{record:을} 쓴 {athlete:이} {host} 국제대회 {event} 결승에서 {medal:을} 차지했다.",
        ),
        (
            "한국이 이 종목에서 메달을 딴 것은 {years}년 만이다.",
            "대표팀은 {day} 귀국한다.",
            "예선에서는 {rank}위로 결승에 올랐다.",
            "다음 목표는 {month}월 열리는 세계선수권이다.",
        ),
        ('{athlete:은} "힘들 때 응원해 준 가족에게 고맙다"고 {said}.', '대표팀 감독은 "훈련량이 결실을 봤다"고 {said}.'),
        {
            "athlete": ("여고생 신예", "대표팀 맏언니", "실업팀 선수", "대학생 선수", "부상 딛고 돌아온 에이스", "대표팀 막내"),
            "event": (
                "양궁 개인전",
                "자유형 400m",
                "높이뛰기",
                "쇼트트랙 1500m",
                "펜싱 사브르",
                "유도 66kg급",
                "배드민턴 단식",
                "사격 10m 공기소총",
                "역도 71kg급",
                "태권도 57kg급",
            ),
            "medal": ("금메달", "은메달", "동메달"),
            "record": ("한국 신기록", "개인 최고 기록", "시즌 최고 기록", "대회 신기록"),
            "host": ("{country}",),
            "years": number(3, 28),
            "rank": number(1, 8),
        },
    ),
    Frame(
        "스포츠",
        ("{team} {role}, {injury}…{weeks}주 결장", "{injury} {team} {role} {weeks}주 이탈", "'{injury}' {role} 잃은 {team}, {worry}"),
        (
            "{team}의 {role:이} {injury:으로} {weeks}주 동안 경기에 나서지 못하게 됐다.",
            "{team:은} {past} {role:이} {injury} 진단을 받아 {weeks}주간 결장한다고 밝혔다.",
            "{role:이} {injury:으로} 빠지면서 {team:이} {worry}에 놓였다.",
        ),
        (
            "이 선수는 {past2} 훈련 도중 통증을 호소했다.",
            "올 시즌 팀 득점의 {pct}%를 책임진 선수다.",
            "{team:은} 유망주를 대신 기용할 방침이다.",
            "수술은 하지 않고 재활에 들어간다.",
        ),
        ('{team} 감독은 "무리시키지 않겠다"고 {said}.', '구단 의무팀은 "회복 속도가 관건"이라고 {said}.'),
        TEAMS
        | {
            "injury": ("무릎 부상", "발목 염좌", "어깨 통증", "햄스트링 부상", "허리 통증", "손가락 골절", "팔꿈치 염증"),
            "weeks": number(2, 12),
            "worry": ("전력 공백", "순위 경쟁 비상", "수비 불안", "선수난"),
        },
    ),
    Frame(
        "스포츠",
        ("{city} {race} {day} 개최…{n}명 참가", "{n}명 달린다…{city} {race} {day} 개최", "{city} {race}, {feature} 눈길…{n}명 참가"),
        (
            "{city} {race:이} {day} {n}명이 참가한 가운데 열려 {feature:을} 선보인다.",
            "{city}시는 {day} 동호인 {n}명이 참가하는 {race:을} 연다고 {past} 밝혔다.",
            "{feature:을} 마련한 {city} {race:이} {day} 열리며 참가자는 {n}명에 이른다.",
        ),
        (
            "참가비는 {fee}만 원이며 기념품을 준다.",
            "대회 시간에는 주변 도로가 {hours}시간 통제된다.",
            "최고령 참가자는 {old}세다.",
            "수익금 일부는 지역 아동을 위해 쓰인다.",
        ),
        ('대회 관계자는 "기록보다 안전이 먼저"라고 {said}.', '{city}시 관계자는 "우회 도로를 꼭 확인해 달라"고 {said}.'),
        {
            "race": ("하프마라톤", "자전거대회", "철인3종대회", "전국배드민턴대회", "트레일러닝대회", "바다수영대회", "전국탁구대회", "시민걷기대회"),
            "feature": ("해안 코스", "가족 코스", "야간 코스", "기부 행사", "응원 무대", "무료 체력 측정", "먹거리 장터"),
            "n": number(300, 9800, 50),
            "fee": number(1, 6),
            "hours": number(2, 5),
            "old": number(71, 89),
        },
    ),
)

LIFE_FRAMES = CULTURE + SCIENCE + SPORTS
