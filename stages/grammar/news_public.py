# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames: politics, economy, society, world."""

from stages.grammar.news_words import Frame
from stages.grammar.slots import decimal, number

POLITICS = (
    Frame(
        "정치",
        ("국회 상임위, '{bill}' 의결…{effect}", "'{bill}' 상임위 통과…{effect}", "{bill}, 국회 첫 문턱 넘어…{effect}", "여야 합의로 {bill} 상임위 통과"),
        (
            "국회 상임위원회가 {past} 전체회의를 열고 {effect:을} 담은 {bill:을} 여야 합의로 의결했다.",
            "{effect:을} 뼈대로 한 {bill:이} {past} 국회 상임위원회를 통과했다.",
            "{bill:이} {past} 상임위원회 문턱을 넘으면서 {effect:이} 한 걸음 가까워졌다.",
        ),
        (
            "개정안은 {day} 본회의에 오를 예정이다.",
            "법안은 공포 후 {span:이} 지나면 시행된다.",
            "일부 위원은 재원 마련 방안이 부족하다고 지적했다.",
            "표결에는 위원 {votes}명이 참여했다.",
        ),
        ('소관 상임위 관계자는 "현장의 요구가 컸던 법안"이라고 {said}.', '{ministry} 관계자는 "하위 법령을 서둘러 준비하겠다"고 {said}.'),
        {
            "bill": (
                "전세사기 방지법",
                "청년기본법 개정안",
                "재난안전법 개정안",
                "간호인력 지원법",
                "소상공인 보호법",
                "데이터산업법 개정안",
                "농어촌 살리기법",
                "돌봄 지원법",
                "하천정비법 개정안",
                "지역대학 육성법",
            ),
            "effect": (
                "처벌 강화",
                "지원 대상 확대",
                "신고 절차 간소화",
                "국비 지원 근거 마련",
                "관리 기준 강화",
                "세제 혜택 연장",
                "전담 기구 설치",
                "실태 조사 의무화",
            ),
            "votes": number(11, 29),
        },
    ),
    Frame(
        "정치",
        ("{ministry}, {policy} 추진…{budget} 투입", "{policy}에 {budget} 푼다…{ministry} 계획", "내년부터 {policy}…{ministry} {budget} 편성"),
        (
            "{ministry:이} 내년부터 {budget:을} 들여 {policy:을} 추진한다고 {past} 밝혔다.",
            "{ministry:은} {past} 국무회의에서 {budget} 규모의 {policy} 계획을 보고했다.",
            "정부가 {target:을} 위해 {policy:을} 본격화하고 예산 {budget:을} 배정하기로 했다.",
        ),
        (
            "우선 {city} 등 {places}개 지역에서 시범 운영한 뒤 전국으로 넓힌다.",
            "{target:이} 혜택을 볼 것으로 기대된다.",
            "세부 지침은 {month}월 중에 확정된다.",
            "야당은 실효성을 따져 보겠다는 입장이다.",
        ),
        ('{ministry} 관계자는 "{target:이} 체감할 수 있게 준비하겠다"고 {said}.', '{ministry} 관계자는 "현장 의견을 충분히 듣겠다"고 {said}.'),
        {"target": ("취약계층", "지역 주민", "청년층", "맞벌이 가구", "고령층", "소규모 자영업자"), "places": number(3, 17)},
        (
            {"ministry": "보건복지부", "policy": ("공공심야약국 확대", "노인 일자리 확대", "방문 진료 확대", "돌봄 인력 확충")},
            {"ministry": "교육부", "policy": ("노후 학교 개축", "늘봄 교실 확대", "학교 급식실 개선", "기초학력 지원")},
            {"ministry": "국토교통부", "policy": ("농촌 교통 지원", "청년 월세 지원", "노후 교량 보수", "광역버스 증차")},
            {"ministry": "행정안전부", "policy": ("어린이 통학로 정비", "지역화폐 지원", "빈집 정비", "마을 안전 지도 제작")},
            {"ministry": "문화체육관광부", "policy": ("작은 도서관 지원", "생활 체육관 건립", "지역 공연 활성화")},
            {"ministry": "중소벤처기업부", "policy": ("전통시장 주차장 확충", "소상공인 배송비 지원", "청년 창업 공간 확대")},
        ),
    ),
    Frame(
        "정치",
        ("{city}시의회, {ordinance} 조례 제정…{when} 시행", "{city}시 {ordinance} 조례안 가결", "{ordinance} 조례 만든 {city}시의회…{when} 시행"),
        (
            "{city}시의회가 {past} 본회의를 열어 {ordinance} 조례안을 재석 의원 {votes}명의 찬성으로 가결했다.",
            "{city}시가 {when}부터 {ordinance} 조례를 시행해 시민 {many:을} 지원한다.",
            "{ordinance:을} 제도화한 조례안이 {past} {city}시의회 본회의를 통과해 {when}부터 시행된다.",
        ),
        (
            "조례에는 해마다 실태를 조사한다는 내용도 담겼다.",
            "시는 관련 예산 {budget:을} 추경에 반영할 계획이다.",
            "비슷한 조례는 {city2} 등에서 이미 시행 중이다.",
            "지원을 받으려면 주민센터에 신청해야 한다.",
        ),
        ('조례를 발의한 의원은 "시민 생활과 맞닿은 조례"라고 {said}.', '{city}시 관계자는 "신청 절차를 최대한 줄이겠다"고 {said}.'),
        {
            "ordinance": (
                "반려동물 놀이터",
                "공유자전거 안전",
                "1인 가구 지원",
                "야간 약국 운영",
                "초등생 아침밥",
                "어르신 교통비",
                "빗물 재활용",
                "골목상권 보호",
                "청소년 심리상담",
                "무인점포 안전",
            ),
            "when": ("내년 {month}월", "다음 달", "오는 {month}월", "내년 초"),
            "votes": number(12, 41),
        },
    ),
    Frame(
        "정치",
        ("국감서 {agency} {problem} 도마 위", "{agency} {problem} 질타…여야 한목소리", "{span}간 {problem} {cases}건…{agency} 국감 쟁점"),
        (
            "{past} 열린 국정감사에서 {agency}의 {problem} 문제가 최근 {span}간 {cases}건에 이른 것으로 나타났다.",
            "여야 의원들은 {past} 국정감사에서 {agency}의 {problem} 문제를 한목소리로 질타했다.",
            "{agency}에서 {span} 동안 {problem} 사례가 {cases}건 발생한 사실이 국정감사 자료에서 드러났다.",
        ),
        (
            "같은 기간 징계로 이어진 경우는 {few}건에 그쳤다.",
            "의원들은 내부 감사 체계를 다시 짜야 한다고 지적했다.",
            "{agency:은} {month}월까지 개선안을 내기로 했다.",
            "감독 부처인 {ministry}의 책임도 거론됐다.",
        ),
        ('{agency} 기관장은 "지적을 무겁게 받아들인다"고 {said}.', '한 의원은 "해마다 같은 지적이 되풀이된다"고 {said}.'),
        {
            "agency": ("도로공단", "항만관리공사", "수자원관리단", "공공의료원", "철도시설공단", "문화재단", "체육진흥재단", "주택관리공사", "농산물유통공사"),
            "problem": ("부실 점검", "예산 낭비", "수의계약 남발", "채용 비리", "안전 관리 소홀", "출장비 부당 수령", "민원 처리 지연", "개인정보 관리 부실"),
            "cases": number(21, 480),
            "few": number(2, 15),
        },
    ),
    Frame(
        "정치",
        ("한국-{country}, {field} 협력 확대 합의", "{country:과} {field} 협약 체결…{result}", "한·{country} 장관 회담…{field} 협력 논의"),
        (
            "한국과 {country:이} {past} 서울에서 장관급 회담을 열고 {field} 분야 협력을 확대하기로 합의했다.",
            "정부는 {past} {country:과} {field} 협약을 맺고 {result}에 나서기로 했다.",
            "양국 장관이 {past} 회담에서 {field} 협력 방안을 논의하고 {result:을} 추진하기로 했다.",
        ),
        (
            "양국은 {month}월에 실무 협의를 이어 간다.",
            "지난해 두 나라의 교역액은 {small_budget}억 달러였다.",
            "공동 성명에는 인력 교류를 늘린다는 내용도 담겼다.",
            "협력 사업에는 기업 {places}곳이 참여한다.",
        ),
        ('{ministry} 관계자는 "협력의 폭이 한층 넓어졌다"고 {said}.', '외교 소식통은 "후속 조치가 중요하다"고 {said}.'),
        {
            "field": ("수소에너지", "배터리 공급망", "방위산업", "농업기술", "우주 개발", "디지털 교육", "보건의료", "핵심 광물", "관광", "조선 해양"),
            "ministry": "외교부",
            "result": ("공동 연구", "전담 창구 설치", "관세 협의", "기술 인력 교류", "공동 기금 조성"),
            "places": number(5, 48),
            "country": ("미국", "일본", "호주", "캐나다", "프랑스", "인도", "칠레", "브라질", "폴란드", "태국", "스페인"),
        },
    ),
)

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

PUBLIC_FRAMES = POLITICS + ECONOMY + SOCIETY + WORLD
