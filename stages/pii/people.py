"""Names and birth dates: rules too coarse to be always on, for texts whose owner asks for them."""

import re
from collections.abc import Iterator

from stages.pii.found import Found

_SURNAME = (
    "[김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공"
    "현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국은편용]"
)
_NAME = re.compile(
    "(?:이름|성명|작성자|담당자?|예금주|수취인|(?:받|보내)는 ?(?:사람|분)|신청자|대표자?|고객명)"
    rf"[은는이:]{{0,2}} ?(?P<labelled>{_SURNAME}[가-힣]{{1,2}})"
    rf"|(?<![가-힣])(?P<titled>{_SURNAME}[가-힣]{{2}})(?= ?(?:씨|님|한테|에게)(?![가-힣]))"
)
_BIRTHDATE = re.compile(
    "(?:생년월일|생일|출생(?:일|연월일)?|birth ?date|dob)[은는이:]{0,2} ?"
    r"(?P<date>[0-9]{2,4}(?:[-./] ?|년 ?)[0-9]{1,2}(?:[-./] ?|월 ?)[0-9]{1,2}일?|[0-9]{8}|[0-9]{6})"
    r"(?![0-9])",
    re.IGNORECASE,
)


def find_names(text: str) -> Iterator[Found]:
    for match in _NAME.finditer(text):
        kind = match.lastgroup or 0
        yield Found("NAME", *match.span(kind), f"name_{kind}", "low")


def find_birthdates(text: str) -> Iterator[Found]:
    for match in _BIRTHDATE.finditer(text):
        yield Found("BIRTHDATE", *match.span("date"), "birthdate", "high")
