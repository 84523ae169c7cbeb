"""Labels: the words beside a number that say what it is, 계좌, 주문번호, …로 송금했습니다.

Formats of different numbers look alike: 12 digits may be a bank account, a driver licence or a
parcel. People read the word beside it, and so do the judges of the recognisers. CODE stands for
everything that is not personal data.
"""

import re
from functools import lru_cache

_BANKS = (
    "국민|신한|농협|축협|카카오 ?뱅크|카뱅|토뱅|토스|케이 ?뱅크|새마을|신협|우체국|수협|씨티|"
    "(?:기업|우리|하나|산업|제일|저축)은행|아이엠뱅크|"
    "(?<![a-z])(?:kb|nh|ibk|keb|kdb|mg|sc)(?![a-z])"
)
# These are also plain words, so they count as banks only right before the number.
_BANKS_IF_ADJACENT = "우리|하나|기업|대구|부산|광주|전북|경남|제주|산업|제일|카카오|은행|뱅크"
# "passport no. M12345678": the word behind the label is part of it, and names no code.
_NUMBER = "(?: ?(?:no|num|number)(?![a-z]))?"
# 주문자, 수험생, 배송기사 and 출원인 are persons: what follows is theirs.
_NOT_A_PERSON = "(?!자(?![재동료])|생(?![산활])|인(?![증식])|원(?![본가])|기사|하신)"
# In lower case, as the texts are when these are searched for.
_LABELS = {
    "RRN": "주민 ?(?:등록)? ?번호|주민번|주민등록|주번|(?:resident registration|rrn)" + _NUMBER,
    "FRN": (
        "외국인 ?(?:등록)? ?(?:번호|증)|외국인등록|거소 ?신고|"
        f"(?:alien registration|(?<![a-z])arc(?![a-z])){_NUMBER}"
    ),
    "CORPORATE": "법인 ?(?:등록)? ?번호",
    "BRN": (
        "사업[자장]|공급(?:받는 ?)?자|세금 ?계산서|상호|가맹점|업체|거래처|폐업|휴업|발행|"
        f"business registration{_NUMBER}"
    ),
    "PASSPORT": "여권|passport" + _NUMBER,
    "DRIVER": "면허|driver'?s? licen[cs]e" + _NUMBER,
    "CARD": "카드|(?<!문)결제(?! ?번호)|긁|할부|비자|마스터|아멕스|card|visa",
    "ACCOUNT": (
        "계좌|통장|예금|입금|송금|이체|출금|환불|납입|납부|적금|월급|급여|월세|회비|정산|후원|"
        "기부|축의|부의|조의|보증금|잔금|이자|대출|부쳐|부치|보[내낼냈]|넣어|쏴|예치|"
        f"account{_NUMBER}|{_BANKS}|(?:{_BANKS_IF_ADJACENT})(?=[ :)(]{{0,2}}$)"
    ),
    "PHONE": (
        "전화|연락|휴대|핸드폰|폰|모바일|문자|카톡|통화|팩스|콜|문의|접수처?(?!번호| 번호)|대표|"
        r"(?<![a-z])(?:tel|fax|phone|mobile|hp|h\.p|call)"
    ),
    "IP": (
        "(?<![a-z])ip(?![a-z])|아이피|서버|접속|호스트|서브넷|로그인|로그|핑|차단|네트워크|대역|"
        "방화벽|host|server|ping|address"
    ),
    "PLATE": (
        "차량|(?<![가-힣])차[는가]? |차 ?번호|번호판|내 ?차|주차|자동차|승용차|트럭|택시|"
        "렌터카|차주|plate"
    ),
    "CODE": (
        "(?:주문|예약|송장|운송장|택배(?:[^0-9]{0,6}보[내낼냈])?|배송|등기 ?번호|접수 ?번호|문서|"
        "관리 ?번호|제품|상품|품번|품목|모델|부품|시리얼|일련|바코드|코드|버전|빌드|펌웨어|고시|"
        "공고|사건|판결|특허|출원|쿠폰|티켓|승인|거래 ?번호|결제 ?번호|영수증 ?번호|고객번호|"
        "회원 ?번호|사번|학번|수험|참조|종목|분류|재고|로트|규격|자재|게시글|글 ?번호|문항|시행|"
        f"조항|스캔|업데이트|릴리스|안드로이드|윈도|크롬|패치|드라이버|커널){_NOT_A_PERSON}|"
        "(?<![a-z])(?:ios|isbn|issn|ean|gtin|upc|sku|s/n|serial|order|tracking|invoice|model|part|"
        "code|build|kernel|version|ver|coupon|ticket|ref|doc|lot|no)(?![a-z])"
    ),
}
# Most letters of a text begin no label; to ask for one of these first halves the time.
_LETTERS = "".join(sorted({char for label in _LABELS.values() for char in label if char.isalpha()}))
# A mask is not a label: [ACCOUNT] must not make an account of the next number. At the end of the
# reach it may have lost its first bracket.
_MASK = "(?:account|address|card|ip|passport|phone|plate|rrn)\\]"
_LABEL = re.compile(
    f"(?=[{_LETTERS}])(?!{_MASK})(?:"
    + "|".join(f"(?P<{type_}>{words})" for type_, words in _LABELS.items())
    + ")"
)
_SENTENCE_END = re.compile(r"(?<![a-z])[.!?]\s| / |\n\n")
_LABEL_REACH = 24  # characters before the number; a label after it reaches less far
_LABEL_REACH_AFTER = 16
_CODE_REACH_AFTER = 6
# Between the name of a code and its digits. What somebody does is no name: 렌터카 예약하려고.
_CODE_GAP = re.compile(r"(?! ?[하했할해한](?![^0-9]*번호))[^0-9]{0,8}")
_AFTER_STOP = re.compile(r"[.!?]\s|\n|[0-9]")


def label_before(text: str, start: int) -> str | None:
    """The type named by the nearest label before the number, in the same sentence."""
    return _nearest(text[max(0, start - _LABEL_REACH) : start].lower())


# What may stand behind the name of a code where a text ends on it: 예약번호는, not 예약 하려고.
_TO_ITS_END = re.compile(r"(?: ?(?:번호|넘버|코드|no|number))?[은는이가을를]?[ :]*")


def ends_on_code(text: str) -> bool:
    """Whether the last words of a text name a code, so that what comes next is one."""
    labels = list(_LABEL.finditer(text[-_LABEL_REACH:].lower()))
    if not labels or labels[-1].lastgroup not in ("CODE", "CORPORATE"):
        return False
    return bool(_TO_ITS_END.fullmatch(labels[-1].string, labels[-1].end()))


@lru_cache(maxsize=256)  # several formats fit in the same digits, and each asks
def _nearest(before: str) -> str | None:
    sentence_start = 0
    for sentence_end in _SENTENCE_END.finditer(before):
        # In a row of a form, "계좌 / 110-123-456789", the cell before is the label.
        if sentence_end.end() < len(before) or sentence_end[0] != " / ":
            sentence_start = sentence_end.end()
    nearest = None
    for label in _LABEL.finditer(before, sentence_start):
        nearest = label
    if nearest is None:
        return None
    if nearest.lastgroup in ("CODE", "CORPORATE") and (
        before.endswith(" / ") or not _CODE_GAP.fullmatch(before, nearest.end())
    ):
        return None  # the word belongs to something else: these labels stand right before theirs
    return nearest.lastgroup


def label_after(text: str, end: int) -> str | None:
    """The type named by the first label after the number: …로 송금했습니다."""
    return _first(text[end : end + _LABEL_REACH_AFTER].lower())


@lru_cache(maxsize=256)
def _first(after: str) -> str | None:
    stop = _AFTER_STOP.search(after)
    label = _LABEL.search(after, 0, stop.start() if stop else len(after))
    if label is None or (label.lastgroup == "CODE" and label.start() > _CODE_REACH_AFTER):
        return None
    return label.lastgroup
