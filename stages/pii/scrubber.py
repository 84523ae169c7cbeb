"""Find and mask personal data in a Korean text: 전화010-1234-5678로 becomes 전화[PHONE]로.

Thirteen types are always masked: RRN, FRN, PASSPORT, DRIVER, PHONE, LANDLINE, EMAIL, ACCOUNT,
CARD, BRN, ADDRESS, IP, PLATE. The first four are unique identifying information (Personal
Information Protection Act, article 24). Names, birth dates and companies' representative numbers
are masked only if asked for. Everything outside a mask stays byte for byte.
"""

import re
from typing import NamedTuple

from stages.pii.found import Confidence
from stages.pii.labels import ends_on_code
from stages.pii.normalise import may_hold_personal_data, normalise
from stages.pii.recognisers import OPTIONAL, RECOGNISERS

# Raise by hand whenever masks may change: what another version scrubbed is scrubbed again.
RULES_VERSION = "3"

TYPES = (
    "RRN",
    "FRN",
    "PASSPORT",
    "DRIVER",
    "PHONE",
    "LANDLINE",
    "EMAIL",
    "ACCOUNT",
    "CARD",
    "BRN",
    "ADDRESS",
    "IP",
    "PLATE",
)
OPTIONAL_TYPES = frozenset(OPTIONAL)
NONE: frozenset[str] = frozenset()


class Span(NamedTuple):
    """A value at text[start:end]. It holds no text, so that it can be logged and counted."""

    type: str
    start: int
    end: int
    rule: str
    confidence: Confidence


def find(text: str, optional: frozenset[str] = NONE) -> list[Span]:
    """The values to mask in `text`, sorted and without overlaps.

    Raises ValueError if `optional` names a type that is not one of OPTIONAL_TYPES.
    """
    return scrub(text, optional)[1]


def scrub(text: str, optional: frozenset[str] = NONE, before: str = "") -> tuple[str, list[Span]]:
    """`text` with every value replaced by [TYPE], and the values' places in `text`.

    A mask is shorter than its value and may bring a label nearer to the next number, so the
    search continues until it finds nothing more: that makes scrubbing idempotent. Values with
    anything between them took three rounds at most in all that was tried. That needs masks that
    are not labels: else each would uncover the next. It is not a bound: where values touch, one may
    be a value only because its neighbour is a mask (010에 1234에 5678이010에 1234에 5678이...),
    and a text of nothing else takes a round for each. So later rounds look near new masks alone.

    `before` is what stands before the text, like the turn before or the name of the field. It is
    read for a label of the first value (계좌번호 불러주세요 / 110123456789), never masked and
    never returned. It only adds masks or changes their type, unless it names a code.
    """
    unknown = optional - OPTIONAL_TYPES
    if unknown:
        raise ValueError(
            f"pii: optional types {sorted(unknown)} are unknown. "
            f"Choose from {sorted(OPTIONAL_TYPES)}; all others are always on."
        )
    spans: list[Span] = []
    found: list[Span] = []
    masked = text
    lead = _lead(before)
    for _ in range(WHOLE_ROUNDS):
        found = _in_original(_round(lead, masked, optional), spans)
        if not found:
            return masked, spans
        spans = sorted(spans + found, key=_start)
        masked = _mask(text, spans)
    spans += _near(spans, found, text, lead, optional)
    spans.sort(key=_start)
    return _mask(text, spans), spans


WHOLE_ROUNDS = 3
_NEAR = 128  # characters on either side of a new mask: a value and what it is told by
_SURE = 64  # of them, those at the end are read only as what stands beside


def _near(
    spans: list[Span], new: list[Span], text: str, lead: str, optional: frozenset[str]
) -> list[Span]:
    """The values of all later rounds, `spans` being masks and `new` those of the last round.

    Each round searches the surroundings of the masks of the round before. Where these hold nothing
    more, they are widened until they are the whole text: that nothing is left is seen, not assumed.
    """
    shown = list(text)  # by the places of the text: characters, and a mask where its value began
    more: list[Span] = []
    found, reach = spans, _NEAR
    while True:
        for span in found:
            shown[span.start : span.end] = [f"[{span.type}]", *[""] * (span.end - span.start - 1)]
        parts = _around(new, reach, len(text))
        found = [span for part in parts for span in _search_part(shown, *part, lead, optional)]
        more += found
        if found:
            new, reach = found, _NEAR
        elif parts == [(0, len(text))]:
            return more
        else:
            reach *= 4


def _around(spans: list[Span], reach: int, length: int) -> list[tuple[int, int]]:
    """What stands around the spans, joined where it overlaps."""
    stretches: list[tuple[int, int]] = []
    for span in sorted(spans, key=_start):
        start, end = max(0, span.start - reach), min(length, span.end + reach)
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = stretches[-1][0], max(end, stretches[-1][1])
        else:
            stretches.append((start, end))
    return stretches


def _search_part(
    shown: list[str], start: int, end: int, lead: str, optional: frozenset[str]
) -> list[Span]:
    """One round in a part of a masked text, with offsets of the unmasked one."""
    while not shown[start]:  # a mask is seen whole
        start -= 1
    places = [place for place in range(start, end) for _ in shown[place]]
    first = start and start + _SURE
    last = end if end == len(shown) else end - _SURE
    found = _round("" if start else lead, "".join(shown[start:end]), optional)
    of_text = (s._replace(start=places[s.start], end=places[s.end - 1] + 1) for s in found)
    return [span for span in of_text if first <= span.start and span.end <= last]


def _round(lead: str, text: str, optional: frozenset[str]) -> list[Span]:
    if not optional and not may_hold_personal_data(text):
        return []
    return _search_behind(lead, text, optional) if lead else _search(text, optional)


_LEAD_LONGEST = 32  # characters, more than a label reaches
# Nothing may begin in the lead and end in the text, and a mask cut in two would be a label.
_NOT_IN_LEAD = re.compile(r"[\d\[\]]")
_CLOSING = " \t\n.!?~…,:;)ㅋㅎㅠㅜ"
# To a code its label stands close, and a request would part them: 주문번호가 어떻게 되세요?
_REQUEST = re.compile(
    "(?<=[가-힣])[은는이가을를]? ?(?:좀 ?)?"
    "(?:알려|불러|말씀|말해|적어|남겨|입력|확인|가르쳐|어떻게|뭐|무엇)[가-힣 ]{0,8}$"
    "|(?:이?[요죠]|[은는이가])$"
)


def _lead(before: str) -> str:
    """The last words of `before` as a label: `계좌번호 불러주세요!!` as `계좌번호: `."""
    words = _NOT_IN_LEAD.split(before.rstrip(_CLOSING)[-_LEAD_LONGEST:])[-1]
    words = _REQUEST.sub("", words)
    return f"{words}: " if words.strip() else ""


def _search_behind(lead: str, text: str, optional: frozenset[str]) -> list[Span]:
    """One round in `text` behind `lead`, with offsets of `text`."""
    behind = [
        span._replace(start=span.start - len(lead), end=span.end - len(lead))
        for span in _search(lead + text, optional)
        if span.start >= len(lead)
    ]
    if ends_on_code(lead):
        return behind
    places = {place for span in behind for place in range(span.start, span.end)}
    alone = [s for s in _search(text, optional) if not places.issuperset(range(s.start, s.end))]
    places = {place for span in alone for place in range(span.start, span.end)}
    return alone + [span for span in behind if places.isdisjoint(range(span.start, span.end))]


def _search(text: str, optional: frozenset[str]) -> list[Span]:
    """One round. The first recogniser to claim a character has it: order is precedence."""
    view = normalise(text)
    claimed = bytearray(len(view.text))
    spans = []
    also = tuple(OPTIONAL[type_] for type_ in sorted(optional))
    for find_type in RECOGNISERS + also:
        for found in find_type(view.text):
            if 1 not in claimed[found.start : found.end]:
                claimed[found.start : found.end] = b"\1" * (found.end - found.start)
                start, end = view.original(found.start, found.end)
                spans.append(Span(found.type, start, end, found.rule, found.confidence))
    return spans


def _in_original(found: list[Span], masked: list[Span]) -> list[Span]:
    """`found`, read where `masked` are masks already, in the offsets of the unmasked text."""
    moved = []
    shift = earlier = 0
    for span in sorted(found, key=_start):
        while earlier < len(masked) and masked[earlier].start - shift < span.start:
            mask = masked[earlier]
            shift += mask.end - mask.start - len(f"[{mask.type}]")
            earlier += 1
        moved.append(span._replace(start=span.start + shift, end=span.end + shift))
    return moved


def _start(span: Span) -> int:
    return span.start


def _mask(text: str, spans: list[Span]) -> str:
    parts, done = [], 0
    for span in spans:
        parts += (text[done : span.start], f"[{span.type}]")
        done = span.end
    return "".join(parts) + text[done:]
