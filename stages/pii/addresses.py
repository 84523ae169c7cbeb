"""Street addresses, by road and in the older form by lot, and flats in named buildings.

An address is masked from its postal code to the number of the flat. A region alone (서울 강남구)
is nobody's address and stays.
"""

import re
from collections.abc import Iterator
from functools import cache

from stages.pii.found import Found

_SIDO = (
    "서울(?:특별)?시?|(?:부산|대구|인천|광주|대전|울산)(?:광역)?시?|세종(?:특별자치)?시?|경기도?|"
    "강원(?:특별자치)?도?|전북(?:특별자치도)?|제주(?:특별자치)?도?|(?:충청|전라|경상)[남북]도|"
    "충북|충남|전남|경북|경남"
)
_SIDO_IN_FULL = (
    "(?:서울특별시|[가-힣]{2}광역시|(?:세종|강원|전북|제주)특별자치[시도]|경기도|"
    "(?:충청|전라|경상)[남북]도)"
)
# Names of cities, counties and city districts. A pattern would take 다시, 역시, 축구 and 친구 for
# names too. New ones after the name of a province in full are found without the list.
_CITIES = (
    "수원|성남|의정부|안양|부천|광명|평택|동두천|안산|고양|과천|구리|남양주|오산|시흥|군포|의왕|하남|용인|"
    "파주|이천|안성|김포|화성|광주|양주|포천|여주|춘천|원주|강릉|동해|태백|속초|삼척|청주|충주|제천|천안|"
    "공주|보령|아산|서산|논산|계룡|당진|전주|군산|익산|정읍|남원|김제|목포|여수|순천|나주|광양|포항|경주|"
    "김천|안동|구미|영주|영천|상주|문경|경산|창원|진주|통영|사천|김해|밀양|거제|양산|제주|서귀포"
)
_COUNTIES = (
    "기장|달성|군위|강화|옹진|울주|연천|가평|양평|홍천|횡성|영월|평창|정선|철원|화천|양구|인제|고성|양양|"
    "보은|옥천|영동|증평|진천|괴산|음성|단양|금산|부여|서천|청양|홍성|예산|태안|완주|진안|무주|장수|임실|"
    "순창|고창|부안|담양|곡성|구례|고흥|보성|화순|장흥|강진|해남|영암|무안|함평|영광|장성|완도|진도|신안|"
    "의성|청송|영양|영덕|청도|고령|성주|칠곡|예천|봉화|울진|울릉|의령|함안|창녕|남해|하동|산청|함양|거창|"
    "합천"
)
_DISTRICTS = (
    "종로|중|용산|성동|광진|동대문|중랑|성북|강북|도봉|노원|은평|서대문|마포|양천|강서|구로|금천|영등포|"
    "동작|관악|서초|강남|송파|강동|서|동|영도|부산진|동래|남|북|해운대|사하|금정|연제|수영|사상|수성|달서|"
    "미추홀|연수|남동|부평|계양|제물포|영종|검단|광산|유성|대덕|장안|권선|팔달|영통|수정|중원|분당|만안|"
    "동안|원미|소사|오정|상록|단원|덕양|일산동|일산서|처인|기흥|수지|상당|서원|흥덕|청원|동남|서북|완산|"
    "덕진|의창|성산|마산합포|마산회원|진해"
)
_GAP = ",? ?"
_SIGUNGU = f"(?:(?:{_CITIES})시|(?:{_COUNTIES})군|(?:{_DISTRICTS})구)"
_DISTRICT = (
    f"(?:{_SIDO_IN_FULL}{_GAP}(?:[가-힣]{{1,4}}[시군구]{_GAP}){{1,2}}"
    f"|(?:(?:{_SIDO}){_GAP}|(?<![가-힣])){_SIGUNGU}{_GAP}(?:[가-힣]{{1,4}}구{_GAP})?)"
)
_TOWN = "[가-힣]{1,6}[0-9]{0,2}[읍면동가]"
_TOWN_OR_VILLAGE = "[가-힣]{1,6}[0-9]{0,2}[읍면동가리]"
_STREET = "(?:대로|(?<!으)로|길)"  # 부상으로 is not a road
_LANE = "[0-9]{1,4}[가-하]?번?[가-하]?길"
# 종로3가 is a town.
_ROAD = rf"[가-힣A-Za-z0-9·.]{{1,12}}?{_STREET}(?: ?{_LANE})?(?![1-9]가)"
_COUNTED = (
    "분|시간|시|년|월|일|명|개|건|원|만|억|조|천|세|살|위|회|차|배|킬로|미터|대|점|번|주|팀|곳|여|가지|"
    "이닝|경기|km|m"
)
_HO = "호(?![분선기차점봉함])"  # 황남동 155호분 is a tomb, 2호선 a line
# 152도 and 152만 are amounts, unless the number is a long one and nothing counted follows.
_COUNTED_BY_MANY = "달러|가구|세대|관객|인구|인파|시민|표|톤|부|평"
_ALSO = (
    "(?:(?<=[0-9]{3})|(?<=-[0-9])|(?<=-[0-9]{2})|(?<=번지))(?:"
    r"도(?=$|[ ,.!?~\n])(?! ?(?:이[상하]|[씨도]|[0-9CF℃]))|"
    rf"만(?=$|[ ,.!?~\n])(?! ?(?:{_COUNTED}|{_COUNTED_BY_MANY}|[0-9])))"
)
# What follows the number of a house: nothing that is counted (강남구로 10분), only a particle or
# where it is seen from.
_NO_AMOUNT = (
    rf"(?![0-9A-Za-z%]|[-.,][0-9]|이닝| (?:{_COUNTED})(?![가-힣])|가 ?[0-9])"
    "(?=$|[^가-힣]|으?로|에|이|은|는|을|를|의|와|과|가|까지|부터|인데|입|예|야|라[고서는]|층|"
    f"{_HO}|{_ALSO}|[구고네]?요|거든|지요|죠|하고|네(?![가-힣])|맞은편|건너|근처|인근|쪽|뒤|반지|옥탑|"
    f"번지|앞|옆|서울|[부울]산|대[구전]|인천|세종|경기도|강원|제주|{_SIGUNGU})"
)
_NO = rf"(?:지하 ?)?[0-9]{{1,5}}+(?:-[0-9]{{1,5}}+)?(?:번지)?{_NO_AMOUNT}"
_LOT = rf"산? ?[0-9]{{1,4}}+(?:-[0-9]{{1,4}}+)?(?:번지(?: ?[0-9]{{1,3}}{_HO})?)?{_NO_AMOUNT}"
_BUILDING = (
    "[가-힣A-Za-z0-9]{0,14}?(?:아파트|빌딩|빌라|오피스텔|타워|맨션|연립|주택|하이츠|캐슬|자이|래미안|"
    "힐스테이트|푸르지오|아이파크|팰리스|센터|프라자|상가|타운|마을|단지|하우스|파크|시티|APT)"
)
_FLAT = f"[0-9]{{1,4}}동 ?[0-9]{{1,5}}{_HO}"
_FLAT_IN_FULL = (
    "(?:제?[0-9]{1,4}|[A-Za-z가-하])동[ ,-]{0,2}(?:[0-9]{1,2}층 ?)?" + f"[0-9]{{1,5}}{_HO}"
)
_UNIT = (
    f"(?:(?:지하 ?|B)?[0-9]{{1,2}}층(?: ?[A-Z]?[0-9]{{1,4}}{_HO})?"
    f"|{_FLAT_IN_FULL}"
    f"|(?:반지[하층]|지층|옥탑)방?(?: ?[A-Z]?[0-9]{{1,4}}{_HO})?|지하 ?[A-Z]?[0-9]{{1,4}}{_HO}"
    f"|[A-Z]?[0-9]{{1,5}}{_HO}|[0-9]{{1,4}}동)(?![0-9])"
)
_NAMED = rf"(?:{_BUILDING}(?=[ ,]{{0,2}}[0-9])|[가-힣A-Za-z0-9]{{2,14}}(?= {_FLAT}))"
_HYPHENATED = rf"{_BUILDING} ?[0-9]{{1,4}}-[0-9]{{1,5}}(?![-0-9])"  # 햇살아파트 101-1201
# 테헤란로 152 101-1203, but not 1588-1234, 2024-2025 or 300-500명
_BARE = (
    "(?!1[568][0-9]{2}-[0-9]{4}|(?:19|20)[0-9]{2}-)[1-9][0-9]{2,3}-[1-9][0-9]{2,3}+"
    rf"(?![-0-9%]| ?(?:{_COUNTED}))"
)
_DETAIL = (
    r"(?:,? ?\([가-힣A-Za-z0-9, ·]{1,30}\))?"
    f"(?:,? ?{_HYPHENATED}|,? {_BARE}|(?:,? ?{_NAMED})?(?:,? ?{_UNIT}){{0,3}})"
)
_REGION = (
    "[시군구][ ,]|서울|[부울]산|대[구전]|광주|인천|세종|"
    "경[기상남북]|충[청남북]|전[라남북]|강원|제주"
)
_ZIP = r"(?:[(\[]?(?<![0-9])(?:[0-9]{5}|[0-9]{3}-[0-9]{3})[)\]]? {0,2})?"
_WORD_START = "(?<![가-힣A-Za-z0-9])"
_BY_ROAD = f"{_ROAD} ?{_NO}{_DETAIL}"
_BY_LOT = f"{_TOWN_OR_VILLAGE} ?{_LOT}{_DETAIL}"
_BY_BLOCK = f"(?:{_TOWN_OR_VILLAGE}|{_ROAD}) [가-힣A-Za-z0-9]{{1,14}} {_UNIT}(?:,? ?{_UNIT}){{0,2}}"
_LABEL = (
    "(?:주소지?|배[송달]지|(?:받|보내)(?:는|실|줄) ?(?:곳|주소)|소재지|거주지|방문지|근무지|"
    "본적|입주민|수령지|도로명)"
)
# Each with what a stretch must hold for the pattern to fit: to look for that first is cheap.
_ADDRESSES = (
    (
        "district",
        _REGION,
        f"{_ZIP}(?:{_DISTRICT}(?:{_TOWN}{_GAP})?(?:{_BY_ROAD}|{_BY_LOT}|{_BY_BLOCK})"
        f"|(?:{_SIDO}) (?:{_TOWN} )?{_BY_ROAD}|세종(?:특별자치)?시?{_GAP}{_BY_LOT})",
    ),
    # Without a region only what cannot be anything else: a lane (…번길 12), a road with a
    # unit, a block of flats with a unit.
    ("lane", "길", rf"{_WORD_START}[가-힣]{{1,8}}(?:대로|(?<!으)로) ?{_LANE} ?{_NO}{_DETAIL}"),
    (
        "road_unit",
        "호",
        rf"{_WORD_START}[가-힣]{{1,8}}{_STREET} [0-9]{{1,4}}+(?:-[0-9]{{1,4}}+)?"
        rf"(?!, [0-9]{{1,2}}호),? ?"  # 규정대로 1, 2호를 적용한다
        rf"(?:{_BUILDING} )?(?:[0-9]{{1,4}}동 ?)?[0-9]{{1,5}}{_HO}",
    ),
    ("flat", "호", rf"{_WORD_START}{_BUILDING} ?{_FLAT}"),
    # 부평대로 383 (부평동)
    (
        "road_town",
        r"\(",
        rf"{_WORD_START}[가-힣]{{1,8}}{_STREET} ?{_NO}"
        rf"(?= ?\([가-힣]{{1,6}}[0-9]?[동읍면가리][,)]){_DETAIL}",
    ),
    # and what is called an address: 배송지 중앙길 222-23
    (
        "road_labelled",
        _LABEL,
        rf"{_LABEL}[은는이가]?(?: ?[:=])? ?"
        rf"(?P<address>[가-힣]{{1,8}}{_STREET} ?{_NO}{_DETAIL})",
    ),
)


@cache
def _addresses() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """Compiled when they are first wanted: that takes a third of a second."""
    return tuple((rule, re.compile(needs), re.compile(fits)) for rule, needs, fits in _ADDRESSES)


_ADDRESS_NUMBER = re.compile(
    r"[로길동리가읍면하산지] ?[0-9]|[가-힣]{2} ?[0-9]{1,4}(?:동[ ,]{0,2}[0-9]|층|호)"
)
_ADDRESS_REACH = 48
# 테헤란로 152요, 101동 1203호
_UNIT_LATER = re.compile(
    r"(?:이?[요고며]|이에요|예요|[구네]요|거든요|입니다|인데요?|이?죠|지요|하고)[,.]? "
    rf"(?P<unit>{_FLAT_IN_FULL}|[A-Z]?[0-9]{{3,4}}{_HO}|{_BARE})(?![0-9])"
)
# No address is without one of these, and most digits in a text are.
_CLUE = re.compile(rf"{_REGION}|길|호|\(|{_LABEL}")
# An address may go on in the next line, unless that is an item of a list. Both keep the length.
_LINE_END = re.compile(r"\n(?![0-9]{1,2}[.)])")
_DOT = re.compile("(?<=[가-힣])·(?=[가-힣0-9])|(?<=[0-9])·(?=[0-9]{1,4}[동호])")


def find_addresses(text: str) -> Iterator[Found]:
    """Search only around digits that follow the last letter of a street, a town or a building."""
    if "\n" in text:
        text = _LINE_END.sub(" ", text)
    if text.count("·") > 2:
        text = _DOT.sub(" ", text)
    seen: set[int] = set()
    for start, end in _stretches(text):
        if not _CLUE.search(text, start, end):
            continue
        for rule, needs, pattern in _addresses():
            if needs.search(text, start, end):
                for match in pattern.finditer(text, start, end):
                    if match.start() not in seen:
                        found = _found(rule, match, 0)
                        yield found
                        unit = _UNIT_LATER.match(text, match.end())
                        if unit:
                            yield Found("ADDRESS", *unit.span("unit"), "address_unit", "high")
                        yield from _touching(text, found, seen)


def _found(rule: str, match: re.Match[str], offset: int) -> Found:
    first = match.start("address") if rule == "road_labelled" else match.start()
    return Found("ADDRESS", offset + first, offset + match.end(), f"address_{rule}", "high")


def _touching(text: str, found: Found, seen: set[int]) -> Iterator[Found]:
    """Addresses without a boundary between, 강남대로 1강남대로 2: the mask of one is the boundary
    of the next. Followed here, they do not take a round of scrubbing each.
    """
    last: Found | None = found
    while last and last.start not in seen:
        seen.add(last.start)
        last = _right_after(text, last.end)
        if last:
            yield last
    first = _right_before(text, found.start)
    while first and first.start not in seen:
        seen.add(first.start)
        yield first
        first = _right_before(text, first.start)


def _right_after(text: str, end: int) -> Found | None:
    if text[end : end + 1].isalnum() and _ADDRESS_NUMBER.search(text, end, end + _ADDRESS_REACH):
        window = "]" + text[end : end + 2 * _ADDRESS_REACH]
        for rule, _, pattern in _addresses():
            match = pattern.match(window, 1)
            if match:
                return _found(rule, match, end - 1)
    return None


def _right_before(text: str, start: int) -> Found | None:
    before = max(0, start - 2 * _ADDRESS_REACH)
    if text[max(0, start - 1) : start].isalnum() and _ADDRESS_NUMBER.search(text, before, start):
        window = text[before:start] + "["
        for rule, needs, pattern in _addresses():
            if needs.search(window):
                for match in pattern.finditer(window):
                    if match.end() == start - before:
                        return _found(rule, match, before)
    return None


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """The surroundings of all such digits, joined where they overlap."""
    start = end = 0
    for number in _ADDRESS_NUMBER.finditer(text):
        if number.start() - _ADDRESS_REACH > end or not end:
            if end:
                yield start, end
            start = max(0, number.start() - _ADDRESS_REACH)
        end = number.end() + _ADDRESS_REACH
    if end:
        yield start, end
