# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, economy: companies, prices, markets."""

from stages.grammar.frames.news_words import Frame
from stages.grammar.slots import decimal, number

ECONOMY = (
    Frame(
        "경제",
        ("{month}월 {item} 수출 {pct}% {move}…{why} 영향", "{item} 수출 {streak}개월 연속 {move}…{why}", "{why}에 {item} 수출 {pct}% {move}"),
        (
            "{month}월 {item} 수출액이 {why} 영향으로 지난해 같은 달보다 {pct}% {moved}.",
            "{why:으로} {item} 수출이 {streak}개월 연속 {move}하며 {month}월 수출액이 {small_budget}억 달러를 기록했다.",
            "산업통상자원부는 {past} {item} 수출이 1년 전보다 {pct}% {moved:고} 발표했다.",
        ),
        (
            "{country}에 대한 수출이 {pct2}% {moved}.",
            "수입은 {small}% 늘어난 {small_budget2}억 달러로 집계됐다.",
            "조업일수를 고려한 하루 평균 수출도 {moved}.",
            "{item} 업체들은 다음 달에도 같은 흐름이 이어질 것으로 본다.",
        ),
        ('{expert:은} "{why:이} 당분간 이어질 것"이라고 {said}.', '{expert:은} "환율이 변수가 될 수 있다"고 {said}.'),
        {
            "item": ("반도체", "자동차", "선박", "석유제품", "이차전지", "화장품", "가전", "철강", "바이오의약품", "라면", "기계 부품", "김"),
            "streak": number(2, 14),
        },
        (
            {"move": "증가", "moved": "늘었다", "why": ("수요 회복", "단가 상승", "신제품 효과", "재고 소진", "북미 시장 호조", "아시아 주문 확대")},
            {"move": "감소", "moved": "줄었다", "why": ("수요 부진", "단가 하락", "경쟁 심화", "물류 차질", "유럽 경기 둔화", "재고 증가")},
        ),
    ),
    Frame(
        "경제",
        ("{month}월 소비자물가 {small}% 상승…{goods} {trend}", "{goods} 값 {trend}…물가 상승률 {small}%", "{why}에 {goods} 값 {trend}…물가 {small}%↑"),
        (
            "{month}월 소비자물가가 1년 전보다 {small}% 오른 가운데 {goods} 가격은 {why} 탓에 {pct}% 뛰었다.",
            "통계청은 {past} {goods} 값이 {pct}% 오르면서 {month}월 소비자물가 상승률이 {small}%를 기록했다고 밝혔다.",
            "{why} 여파로 {goods} 값이 {pct}% 올라 {month}월 장바구니 물가를 끌어올렸다.",
        ),
        (
            "외식 물가도 {small2}% 올랐다.",
            "석유류는 {pct2}% 내려 상승 폭을 줄였다.",
            "정부는 {goods} 비축 물량을 풀기로 했다.",
            "신선식품지수는 올해 들어 가장 높았다.",
        ),
        ('통계청 관계자는 "{why:이} 이어지면 {goods} 값이 더 오를 수 있다"고 {said}.', '한 대형마트 관계자는 "산지를 다양화해 값을 낮추겠다"고 {said}.'),
        {
            "goods": ("배추", "사과", "달걀", "돼지고기", "고등어", "커피", "양파", "딸기", "오징어", "식용유", "감자", "토마토"),
            "trend": ("급등", "고공행진", "오름세", "들썩"),
            "why": ("폭염", "한파", "작황 부진", "긴 장마", "사료값 상승", "물류비 상승", "수입 가격 상승"),
        },
    ),
    Frame(
        "경제",
        (
            "{company}, {quarter}분기 영업이익 {billion}…{pct}% {move}",
            "{company} {quarter}분기 영업이익 {pct}% {move}…{why}",
            "{why} {company}, 영업익 {billion}",
        ),
        (
            "{company:이} {quarter}분기 영업이익이 {billion:으로} 지난해 같은 기간보다 {pct}% {moved:고} {past} 공시했다.",
            "{company:은} {why} 영향으로 {quarter}분기 영업이익이 {pct}% {move}한 {billion:을} 기록했다고 밝혔다.",
            "{company}의 {quarter}분기 영업이익이 {why} 속에 {billion:으로} 집계돼 전년보다 {pct}% {moved}.",
        ),
        (
            "매출은 {pct2}% 늘었다.",
            "회사는 하반기에 {city} 공장 증설을 마칠 계획이다.",
            "주가는 발표 직후 {small}% 안팎에서 출렁였다.",
            "연구개발비는 매출의 {small2}% 수준이다.",
        ),
        ('{company} 관계자는 "수익성 중심으로 사업을 꾸리겠다"고 {said}.', '{expert:은} "다음 분기가 분수령"이라고 {said}.'),
        {"quarter": number(1, 4)},
        (
            {"move": "증가", "moved": "늘었다", "why": ("판매 호조", "원가 절감", "해외 주문 확대", "신사업 성장", "고부가 제품 확대")},
            {"move": "감소", "moved": "줄었다", "why": ("판매 부진", "원가 상승", "일회성 비용", "해외 수요 위축", "환율 손실")},
        ),
    ),
    Frame(
        "경제",
        (
            "{company}, {city}에 {plant} 공장 짓는다…{billion} 투자",
            "{city}에 {plant} 공장…{company} {billion} 투자",
            "{company} {billion} 투자…{city}서 {plant} 생산",
        ),
        (
            "{company:이} {city}에 {billion:을} 투자해 {plant} 공장을 짓고 {people}명을 새로 고용한다.",
            "{city}시와 {company:은} {past} {plant} 공장 건립을 위한 {billion} 규모의 투자 협약을 맺었다.",
            "{company:이} {past} {city} 산업단지에 {plant} 생산 시설을 세우는 {billion} 규모의 투자 계획을 내놓았다.",
        ),
        (
            "공장은 {span} 뒤 가동을 시작한다.",
            "새로 생기는 일자리는 {people}개로 추산된다.",
            "{city}시는 진입 도로와 용수 시설을 지원한다.",
            "생산한 {plant:은} {country} 등으로 수출할 예정이다.",
        ),
        ('{company} 관계자는 "물류 여건이 좋아 {city:을} 택했다"고 {said}.', '{city}시 관계자는 "인허가를 빠르게 처리하겠다"고 {said}.'),
        {
            "company": ("{root}산업", "{root}홀딩스", "{root}그룹", "{root}인더스트리"),
            "plant": ("배터리 소재", "전기차 부품", "반도체 장비", "냉동식품", "백신", "태양광 모듈", "수소탱크", "로봇 부품", "화장품 원료", "풍력 타워"),
        },
    ),
    Frame(
        "경제",
        ("{city} 아파트값 {weeks}주 연속 {move}…{why}", "{why}에 {city} 아파트값 {small}% {move}", "{city} 집값 {small}% {move}…{why} 영향"),
        (
            "{city} 지역 아파트 매매가격이 {why} 영향으로 {weeks}주 연속 {move}한 것으로 나타났다.",
            "한국부동산원은 {month}월 {city} 아파트값이 {why:으로} 한 달 전보다 {small}% {moved:고} {past} 밝혔다.",
            "{why:이} 겹치면서 {city}의 아파트값이 {weeks}주째 {moved}.",
        ),
        (
            "전셋값도 {small2}% {moved}.",
            "거래량은 {people}건으로 한 달 전과 비슷했다.",
            "{city2} 지역은 보합세를 보였다.",
            "다음 달에는 새 아파트 {supply}가구가 입주한다.",
        ),
        ('{city} 한 공인중개사는 "매수자들이 관망하고 있다"고 {said}.', '{expert:은} "지역별 차이가 더 벌어질 것"이라고 {said}.'),
        {"weeks": number(2, 19), "supply": number(320, 4800, 20)},
        (
            {"move": "상승", "moved": "올랐다", "why": ("교통망 확충 기대", "공급 부족", "금리 인하 기대", "재건축 기대", "산업단지 조성 기대")},
            {"move": "하락", "moved": "내렸다", "why": ("대출 규제", "입주 물량 증가", "금리 부담", "인구 감소", "거래 위축")},
        ),
    ),
    Frame(
        "경제",
        ("{month}월 취업자 {many} {move}…{sector} 고용 {trend}", "{sector} 고용 {trend}…취업자 {many} {move}", "취업자 수 {many} {move}, {sector}은 {trend}"),
        (
            "{month}월 취업자가 1년 전보다 {many} {moved} {sector}에서는 고용 {trend:이} 뚜렷했다.",
            "통계청은 {past} {month}월 취업자가 지난해보다 {many} {moved} 실업률은 {small}%라고 발표했다.",
            "{sector} 고용이 {trend:을} 보인 가운데 {month}월 취업자 수가 {many} {move}했다.",
        ),
        ("청년층 고용률은 {youth}%였다.", "실업자는 {many2:으로} 집계됐다.", "60세 이상에서 변화가 가장 컸다.", "주당 36시간 미만 일하는 사람도 늘었다."),
        ('통계청 관계자는 "{sector} 흐름을 더 지켜봐야 한다"고 {said}.', '{expert:은} "일자리의 질도 함께 봐야 한다"고 {said}.'),
        {"sector": ("제조업", "건설업", "숙박음식업", "정보통신업", "도소매업", "운수업", "보건복지업"), "youth": decimal(42.0, 48.0)},
        ({"move": "증가", "moved": "늘었고", "trend": ("회복세", "호조", "개선")}, {"move": "감소", "moved": "줄었고", "trend": ("부진", "둔화", "위축")}),
    ),
)
