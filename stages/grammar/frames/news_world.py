# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, world: other countries."""

from stages.grammar.frames.news_words import Frame
from stages.grammar.slots import decimal, number

WORLD = (
    Frame(
        "세계",
        ("{country} {area}서 규모 {mag} 지진…{harm}", "규모 {mag} 지진에 {country} {area} {harm}", "{country} {area} 강진, {harm}"),
        (
            "{past} {country} {area}에서 규모 {mag}의 지진이 일어나 {harm_full}.",
            "{country} 당국은 {past} {area}에서 규모 {mag}의 지진이 발생해 {harm_full}고 밝혔다.",
            "{country} {area:을} 강타한 규모 {mag}의 지진으로 {harm_full}.",
        ),
        (
            "진원의 깊이는 {depth}km로 관측됐다.",
            "{quake_after}차례의 여진이 이어졌다.",
            "주변국들은 구조대를 보내기로 했다.",
            "한국인 피해는 아직 확인되지 않았다.",
        ),
        ('현지 구조대원은 "시간과의 싸움"이라고 {said}.', '{country} 정부 관계자는 "구조가 최우선"이라고 {said}.'),
        {
            "area": ("동부", "서부", "남부", "북부 산악 지대", "중부", "남서부 해안", "북동부"),
            "mag": decimal(5.1, 7.4),
            "depth": number(6, 80),
            "quake_after": number(5, 60),
            "country": ("일본", "튀르키예", "인도네시아", "칠레", "멕시코", "필리핀", "네팔", "이란", "페루", "파푸아뉴기니"),
        },
        (
            {"harm": "{hurt}명 부상", "harm_full": "{hurt}명이 다쳤다", "hurt": number(11, 480)},
            {"harm": "{many} 대피", "harm_full": "주민 {many:이} 대피했다"},
            {"harm": "건물 {hurt}채 붕괴", "harm_full": "건물 {hurt}채가 무너졌다", "hurt": number(20, 700)},
            {"harm": "정전 잇따라", "harm_full": "곳곳에서 정전이 잇따랐다"},
        ),
    ),
    Frame(
        "세계",
        ("{country} 중앙은행, 기준금리 {step}%p {move}", "{country} 기준금리 {step}%p {move}…{why}", "{why}에 {country} 금리 {step}%p {move}"),
        (
            "{country} 중앙은행이 {why:을} 이유로 기준금리를 {step}%포인트 {move}한다고 {past} 발표했다.",
            "{country:이} {past} 통화정책회의를 열고 기준금리를 {step}%포인트 {move}해 연 {rate}%로 정했다.",
            "{why:이} 이어지자 {country} 중앙은행이 기준금리를 {step}%포인트 {move}했다.",
        ),
        (
            "이로써 기준금리는 연 {rate}%가 됐다.",
            "시장에서는 {month}월에 추가 조정이 있을 것으로 본다.",
            "발표 뒤 {country} 통화 가치는 {small}% 안팎에서 출렁였다.",
            "결정은 위원 {votes}명의 찬성으로 이뤄졌다.",
        ),
        ('{country} 중앙은행 총재는 "지표를 보며 신중히 움직이겠다"고 {said}.', '한 외환 분석가는 "예상한 수준"이라고 {said}.'),
        {"step": ("0.25", "0.5", "0.75"), "rate": decimal(1.5, 9.5), "votes": number(5, 9)},
        (
            {"move": "인상", "why": ("물가 급등", "통화 가치 하락", "임금 상승", "에너지값 상승", "주택 시장 과열")},
            {"move": "인하", "why": ("경기 둔화", "물가 안정", "소비 위축", "실업률 상승", "수출 부진")},
        ),
    ),
    Frame(
        "세계",
        ("{country} {area} 산불 {days}일째…{many} 대피", "{why}에 {country} {area} 산불 확산", "{country} {area} 덮친 산불, {many} 대피령"),
        (
            "{country} {area}에서 난 산불이 {why} 탓에 {days}일째 번지면서 주민 {many:이} 대피했다.",
            "{country} 정부는 {past} 산불이 번지는 {area} 주민 {many}에게 대피령을 내렸다.",
            "{why:이} 겹쳐 {country} {area}의 산불이 {days}일째 꺼지지 않고 있다.",
        ),
        (
            "지금까지 숲 {burned}헥타르가 탔다.",
            "소방 항공기 {planes}대가 투입됐다.",
            "이웃 나라들도 진화 인력을 보냈다.",
            "당국은 진화율을 {rate}%로 보고 있다.",
        ),
        ('현지 소방 책임자는 "바람이 가장 큰 적"이라고 {said}.', '한 주민은 "짐을 챙길 틈도 없었다"고 {said}.'),
        {
            "area": ("남부", "서부", "북부 산림 지대", "동부 해안", "중부 고원", "수도 인근"),
            "why": ("강풍", "폭염", "가뭄", "건조한 날씨", "기록적 고온"),
            "days": number(2, 16),
            "burned": number(300, 9800, 100),
            "planes": number(4, 32),
            "rate": number(10, 75),
            "country": ("미국", "캐나다", "호주", "그리스", "스페인", "포르투갈", "칠레", "튀르키예", "이탈리아", "프랑스"),
        },
    ),
    Frame(
        "세계",
        (
            "{country}, {item} 수입 관세 {rate}%로 {move}",
            "{country} {item} 관세 {move}…{country2} {react}",
            "{item} 관세 {move}한 {country}, {country2} {react}",
        ),
        (
            "{country:이} {item}에 매기는 수입 관세를 {rate}%로 {move}하기로 하자 {country2:이} {react}에 나섰다.",
            "{country} 정부는 {month}월부터 {item} 관세를 {rate}%로 {move}한다고 {past} 발표했다.",
            "{country:이} {past} {item} 관세율을 {rate}%로 {move}하면서 {country2:과} 협상이 새 국면을 맞았다.",
        ),
        (
            "지난해 {country}의 {item} 수입액은 {small_budget}억 달러였다.",
            "국제 {item} 가격은 {small}% 올랐다.",
            "두 나라는 {month2}월에 다시 만나기로 했다.",
            "관련 업계는 영향을 분석하고 있다.",
        ),
        ('{country2} 통상 당국자는 "대화의 문은 열려 있다"고 {said}.', '{expert:은} "공급망에 변화가 있을 것"이라고 {said}.'),
        {"item": ("전기차", "철강", "밀", "반도체", "쇠고기", "태양광 패널", "와인", "알루미늄", "섬유", "콩"), "rate": number(5, 45, 5)},
        ({"move": "인상", "react": ("맞대응 검토", "제소 검토", "유감 표명")}, {"move": "인하", "react": ("환영", "추가 협상", "수출 확대")}),
    ),
    Frame(
        "세계",
        ("{country} 총선 투표율 {turnout}%…{winner} 제1당", "{country} 총선서 {winner} 승리…{issue} 쟁점", "{winner}, {country} 총선 승리…{seats}석 확보"),
        (
            "{past} 치러진 {country} 총선에서 {winner:이} {seats}석을 얻어 제1당에 올랐다.",
            "{issue:이} 쟁점이 된 {country} 총선에서 {winner:이} {seats}석을 차지하며 승리했다.",
            "{country} 선거 당국은 {past} 총선 투표율이 {turnout}%이며 {winner:이} 승리했다고 발표했다.",
        ),
        (
            "{winner:은} {issue:을} 앞세워 표심을 얻었다.",
            "새 의회는 {month}월에 문을 연다.",
            "과반에는 미치지 못해 연립 정부를 꾸려야 한다.",
            "투표율은 지난 선거보다 {small}%포인트 높았다.",
        ),
        ('현지 언론은 "{issue:이} 승부를 갈랐다"고 {said}.', '{winner} 대변인은 "국민의 선택에 감사한다"고 {said}.'),
        {
            "winner": ("중도연합", "녹색당", "자유당", "사회민주당", "국민연합당", "보수당", "농민당"),
            "issue": ("물가 대책", "연금 개혁", "이민 정책", "주거난", "에너지 전환", "의료 개혁", "조세 개편"),
            "turnout": decimal(51.0, 84.0),
            "seats": number(61, 240),
        },
    ),
    Frame(
        "세계",
        ("{country}, {ban} 금지 추진…{why}", "{why} 내건 {country}, {month}월부터 {ban} 금지", "{country} {ban} 금지법 통과…{why}"),
        (
            "{country} 의회가 {why:을} 위해 {ban:을} 금지하는 법안을 {past} 통과시켰다.",
            "{country:이} {month}월부터 {ban:을} 금지하고 어기면 벌금을 물리기로 했다.",
            "{why:을} 내세운 {country} 정부가 {ban} 금지 방침을 {past} 발표했다.",
        ),
        (
            "위반하면 최대 {fine}만 원 상당의 벌금을 내야 한다.",
            "업계는 {span}의 유예 기간을 요구했다.",
            "여론조사에서는 {sat}%가 찬성했다.",
            "{country2:도} 비슷한 법을 검토하고 있다.",
        ),
        ('{country} 정부 대변인은 "{why:을} 위한 첫걸음"이라고 {said}.', '시민단체는 "늦었지만 환영한다"고 {said}.'),
        {"fine": number(20, 500, 10), "sat": number(52, 83)},
        (
            {"ban": ("일회용 플라스틱", "비닐 포장재", "음식물 매립", "의류 재고 소각"), "why": ("환경 보호", "쓰레기 감축", "자원 순환")},
            {
                "ban": ("청소년 심야 게임", "교내 스마트폰", "에너지 음료 판매", "미성년자 누리소통망 가입"),
                "why": ("청소년 보호", "학습권 보장", "수면 건강 보호"),
            },
            {"ban": ("도심 경유차", "단거리 항공편", "석탄 난방", "엔진 공회전"), "why": ("대기질 개선", "탄소 감축", "기후 대응")},
            {"ban": ("실내 전자담배", "해변 흡연", "담배 광고", "가향 담배"), "why": ("건강 증진", "간접흡연 방지", "국민 건강 보호")},
        ),
    ),
)
