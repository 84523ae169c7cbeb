# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, society: accidents, courts, schools, weather."""

from stages.grammar.frames.news_words import Frame
from stages.grammar.slots import number

SOCIETY = (
    Frame(
        "사회",
        ("{court}, {crime} 일당에 징역 {years}년 선고", "{crime} 혐의 {who} 1심서 징역 {years}년", "'{crime}' {who} 실형…법원 \"{reason}\""),
        (
            "{court:이} {crime} 혐의로 재판에 넘겨진 {age}대 {who}에게 징역 {years}년을 선고했다.",
            "{crime} 혐의로 기소된 {who:이} {past} {court}에서 열린 1심에서 징역 {years}년을 선고받았다.",
            '{court:은} {past} {crime} 혐의를 받는 {who}에게 "{reason}"며 징역 {years}년을 선고했다.',
        ),
        (
            '재판부는 "{reason}"고 판단했다.',
            "피해자는 {people}명, 피해액은 {budget:으로} 조사됐다.",
            "검찰은 징역 {plea}년을 구형했다.",
            "{who:은} 선고 직후 항소하겠다는 뜻을 밝혔다.",
        ),
        ('피해자 측 변호인은 "합당한 판결"이라고 {said}.', '{court} 관계자는 "피해 회복 정도를 고려한 형량"이라고 {said}.'),
        {
            "court": ("{city}지법", "{city}지법 형사부", "서울중앙지법", "서울남부지법"),
            "crime": ("전세 사기", "보험 사기", "중고거래 사기", "투자 사기", "기술 유출", "불법 도박장 운영", "전화금융사기", "공금 횡령"),
            "who": ("총책", "업체 대표", "전직 직원", "브로커", "조직원", "모집책"),
            "years": number(2, 6),
            "plea": number(7, 12),
            "age": ("20", "30", "40", "50"),
            "reason": ("피해 회복이 이뤄지지 않았다", "죄질이 나쁘다", "범행이 계획적이다", "피해자들이 엄벌을 원한다"),
        },
    ),
    Frame(
        "사회",
        ("{city} {place}서 불…{loss}", "{city} {place} 화재 {hours}시간 만에 진화…{loss}", "{dawn} {city} {place} 화재, {loss}"),
        (
            "{past} {city}의 한 {place}에서 불이 나 {loss_full} {hours}시간 만에 꺼졌다.",
            "{city} 시내 {place}에서 {dawn}에 불이 나 소방 인력 {people}명이 투입된 끝에 {hours}시간 만에 진화됐다.",
            "{dawn} {city}의 {place}에서 불이 났지만 {hours}시간 만에 꺼졌고 {loss_full} 더 번지지는 않았다.",
        ),
        (
            "소방 당국은 장비 {trucks}대를 동원했다.",
            "재산 피해는 {money}만 원으로 추산된다.",
            "경찰과 소방은 {cause:을} 원인으로 보고 조사하고 있다.",
            "한때 인근 도로가 통제됐다.",
        ),
        ('소방서 관계자는 "{cause} 가능성을 살피고 있다"고 {said}.', '목격자는 "창문에서 연기가 솟았다"고 {said}.'),
        {
            "place": ("물류창고", "상가 건물", "재래시장", "플라스틱 공장", "아파트", "비닐하우스", "목재 공장", "자동차 정비소", "폐기물 처리장", "음식점"),
            "hours": number(1, 9),
            "trucks": number(8, 45),
            "money": number(800, 9800, 100),
            "cause": ("전기 누전", "배터리 과열", "담배꽁초", "용접 불티", "난방기 과열", "기계 결함"),
            "dawn": ("새벽", "심야", "이른 아침", "늦은 밤"),
        },
        (
            {"loss": "인명 피해 없어", "loss_full": "다친 사람 없이"},
            {"loss": "주민 {hurt}명 대피", "loss_full": "주민 {hurt}명이 대피했으며", "hurt": number(5, 80)},
            {"loss": "{hurt}명 연기 흡입", "loss_full": "{hurt}명이 연기를 마셨으며", "hurt": number(2, 9)},
        ),
    ),
    Frame(
        "사회",
        ("{city}서 {donor} {gift} 기부…{span}째 선행", "{donor}, {target}에 {gift} 전달", "{target} 위해 {gift} 내놓은 {city} {donor}"),
        (
            "{city}의 한 {donor:이} {target:을} 위해 써 달라며 {gift:을} 기부했다.",
            "{city}시는 {past} {donor:이} {target}에 전해 달라며 {gift:을} 맡겼다고 밝혔다.",
            "{city}에서 {span}째 나눔을 이어 온 {donor:이} 올해도 {target}에 {gift:을} 전달했다.",
        ),
        (
            "이번까지 기부한 횟수는 {times}번이다.",
            "기부금은 {target}의 난방비와 식비로 쓰인다.",
            "{donor:은} 이름을 밝히지 말아 달라고 했다.",
            "주민들도 모금에 동참하기로 했다.",
        ),
        ('{donor:은} "받은 도움을 돌려주고 싶었다"고 {said}.', '{city}시 관계자는 "따뜻한 마음을 잘 전하겠다"고 {said}.'),
        {
            "donor": ("80대 노부부", "빵집 주인", "택시기사", "퇴직 교사", "시장 상인회", "고등학생 동아리", "익명의 시민", "환경미화원", "중소기업 대표"),
            "target": ("홀몸 어르신", "보육원 아이들", "저소득 청소년", "이재민", "결식아동", "다문화 가정", "장애인 단체"),
            "gift": ("성금 {money}만 원", "쌀 {sacks}포대", "연탄 {coal}장", "이불 {sacks}채", "김치 {sacks}상자"),
            "money": number(100, 3000, 50),
            "sacks": number(20, 400, 5),
            "coal": number(1000, 9000, 500),
            "times": number(3, 21),
        },
    ),
    Frame(
        "사회",
        ("{city}시, {service} 운영…{month}월부터 {target} 대상", "{city} {target}에 {service} 지원", "{service} 문 여는 {city}시…{target} 누구나"),
        (
            "{city}시가 {month}월부터 {target:을} 대상으로 {service:을} 운영한다고 {past} 밝혔다.",
            "{city}시는 {target}의 불편을 덜기 위해 {budget:을} 들여 {service:을} 시작한다.",
            "{city}에 사는 {target:은} {month}월부터 {service:을} 무료로 이용할 수 있다.",
        ),
        (
            "신청은 {day}까지 주민센터에서 받는다.",
            "올해는 먼저 {people}명을 지원한다.",
            "이용 시간은 평일 오전 9시부터 오후 6시까지다.",
            "시는 만족도를 조사해 내년에 대상을 넓힐 계획이다.",
        ),
        ('{city}시 관계자는 "{target}의 생활에 보탬이 되길 바란다"고 {said}.', '한 주민은 "가까운 곳에 생겨 반갑다"고 {said}.'),
        {
            "service": (
                "찾아가는 건강 상담",
                "심야 돌봄 교실",
                "무료 법률 상담",
                "이동 빨래방",
                "공구 대여소",
                "장난감 도서관",
                "동행 택시",
                "반찬 배달",
                "스마트폰 교실",
                "취업 면접복 대여",
            ),
            "target": ("어르신", "맞벌이 부부", "1인 가구", "임산부", "구직 청년", "장애인", "초등학생 가정"),
        },
    ),
    Frame(
        "사회",
        ("{road} {vehicle} 사고…{hurt}명 부상", "{road}서 {vehicle} 추돌, {hurt}명 병원 이송", "{why}에 {road} {cars}중 추돌…{hurt}명 다쳐"),
        (
            "{past} {road}에서 {vehicle:이} 앞차를 들이받는 사고가 나 {hurt}명이 다쳤다.",
            "{why} 속에 {road}에서 차량 {cars}대가 잇따라 추돌해 {hurt}명이 병원으로 옮겨졌다.",
            "{road}에서 {past} {vehicle} 등 {cars}대가 부딪혀 {hurt}명이 다치고 {delay}시간가량 정체가 빚어졌다.",
        ),
        (
            "경찰은 {why:을} 사고 원인으로 추정하고 있다.",
            "다친 사람들은 생명에 지장이 없는 것으로 전해졌다.",
            "사고 수습으로 {delay}시간 동안 차량 통행이 느려졌다.",
            "경찰은 블랙박스 영상을 확보해 조사 중이다.",
        ),
        ('경찰 관계자는 "안전거리를 지키지 않은 것으로 보인다"고 {said}.', '소방 관계자는 "대부분 가벼운 부상"이라고 {said}.'),
        {
            "road": ("{city} 나들목 부근", "{city} 외곽순환도로", "{city} 터널 안", "{city}대교", "{city} 시내 교차로"),
            "vehicle": ("화물차", "시내버스", "승용차", "관광버스", "덤프트럭", "택배차"),
            "why": ("짙은 안개", "빗길", "살얼음", "폭설", "졸음운전", "낙하물"),
            "hurt": number(2, 17),
            "cars": number(3, 11),
            "delay": number(1, 4),
        },
    ),
    Frame(
        "사회",
        ("{city} {school}, {program} 도입…{effect}", "{program} 시작한 {city} {school}, {effect}", "{effect} 노린 {city} {school} {program}"),
        (
            "{city}의 한 {school:이} 이번 학기부터 {program:을} 도입해 {effect}에 나섰다.",
            "{city}교육지원청은 {past} {effect:을} 위해 관내 {school} {schools}곳에서 {program:을} 운영한다고 밝혔다.",
            "{city}의 {school} {schools}곳이 {effect:을} 목표로 {program:을} 시작했다.",
        ),
        (
            "참여 학생은 {people}명이다.",
            "교육지원청은 학교마다 {small_budget}00만 원을 지원한다.",
            "학부모 설문에서 {sat}%가 만족한다고 답했다.",
            "내년에는 {city2} 지역으로 확대될 전망이다.",
        ),
        ('한 교사는 "아이들의 표정이 밝아졌다"고 {said}.', '교육지원청 관계자는 "{effect:이} 눈에 띄게 나타났다"고 {said}.'),
        {
            "school": ("초등학교", "중학교", "고등학교", "유치원", "특성화고"),
            "program": (
                "아침 독서 시간",
                "인공지능 수업",
                "텃밭 가꾸기",
                "방과 후 합창",
                "또래 상담",
                "코딩 동아리",
                "생존 수영",
                "마을 탐방",
                "스마트폰 없는 날",
            ),
            "effect": ("학력 향상", "학교폭력 예방", "정서 안정", "진로 탐색", "문해력 강화", "건강 증진"),
            "schools": number(3, 38),
            "sat": number(71, 97),
        },
    ),
)
