# A sentence is easier to read on one line, and a word list on few.
# fmt: off
"""News frames, sports: teams and matches."""

from stages.grammar.frames.news_words import Frame
from stages.grammar.slots import number

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
