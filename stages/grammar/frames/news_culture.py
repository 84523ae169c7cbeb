# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, culture and life: festivals, books, food, health."""

from stages.grammar.frames.news_words import Frame
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
