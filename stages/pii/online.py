"""E-mail addresses, also as they are spoken (user 골뱅이 네이버 닷컴), and IP addresses."""

import re
from collections.abc import Iterator

from stages.pii.found import Found
from stages.pii.numbers import Number

_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_LOCAL_LONGEST = 128
_DOMAIN = re.compile(
    r"(?![0-9]+\.[0-9])"  # package@1.2.3
    r"(?:(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}|[가-힣][가-힣A-Za-z0-9-]{0,30})\.){1,8}"
    "(?:[A-Za-z]{2,24}|한국)"
)
_TLD = (
    "(?:com|net|org|edu|co|or|go|ac|ne|re|kr|io|me|jp|us|cn|info|biz)(?![A-Za-z])|"
    "컴|콤|넷|케이알|코|씨오|오알지|한국"
)
_SPOKEN_DOMAIN = re.compile(
    "(?:[A-Za-z0-9][A-Za-z0-9-]{0,40}|[가-힣]{1,8}?)"
    rf"(?: ?(?:\.|점|닷|쩜|dot) ?(?:{_TLD})){{1,3}}",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Found]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - _LOCAL_LONGEST) : at]
        local = before[len(before.rstrip(_LOCAL)) :].lstrip(".-+%")
        if local:
            domain = _DOMAIN.match(text, at + 1) or _SPOKEN_DOMAIN.match(text, at + 1)
            if domain:
                yield Found("EMAIL", at - len(local), domain.end(), "email", "high")
        at = text.find("@", at + 1)


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?![0-9]|\.[0-9])")
_IPV6 = re.compile(r"[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:])")
_NOBODYS = re.compile(r"(?:0|127|255)\.")
_PRIVATE = re.compile(r"(?:10|192\.168|169\.254|172\.(?:1[6-9]|2[0-9]|3[01]))\.")
_SECTION = re.compile(r" ?(?:버전|항|조|절|장|호|판|버젼|업데이트|릴리스|빌드|패치)")


# 211점45점12점7, 211 . 45 . 12 . 7, 211,45,12,7, 211.045.012.007: only right behind "IP".
_CALLED_IP = re.compile(
    r"(?:(?<![A-Za-z])(?:IP|ip)(?![A-Za-z\]])|아이피)[^0-9]{0,12}(?P<ip>[0-9]{1,3}"
    r"(?: ?(?:점|dot|[.,·]) ?\n?[0-9]{1,3}){3})(?![0-9]|[.,][0-9])"
)


def _find_called_ips(text: str) -> Iterator[Found]:
    for match in _CALLED_IP.finditer(text):
        octets = re.findall("[0-9]+", match["ip"])
        if max(map(int, octets)) < 256 and not _NOBODYS.match(f"{octets[0]}."):
            yield Found("IP", *match.span("ip"), "ipv4_called", "high")


def find_ips(text: str) -> Iterator[Found]:
    if "IP" in text or "ip" in text or "아이피" in text:
        yield from _find_called_ips(text)
    if text.count(".") >= 3:
        for match in _IPV4.finditer(text):
            if match.start() and re.match(r"[0-9A-Za-z.]", text[match.start() - 1]):
                continue
            if _NOBODYS.match(match[0]):
                continue
            number = Number(text, match.start(), match.end(), match[0])
            label, labelled = number.label, number.labelled("IP")
            # 6.4.4.7 is a section or a version rather than a host
            octets = [int(octet) for octet in match[0].split(".")]
            is_small = max(octets) < 32 or sorted(octets)[2] < 10
            if not labelled and (
                is_small
                or label == "CODE"
                or _PRIVATE.match(match[0])
                or _SECTION.match(text, match.end())
            ):
                continue
            yield Found("IP", match.start(), match.end(), "ipv4", "high" if labelled else "low")
    if text.count(":") >= 2:
        for match in _IPV6.finditer(text):
            if match.start() and re.match(r"[0-9A-Za-z.:]", text[match.start() - 1]):
                continue
            groups = match[0].split(":")
            gaps = groups.count("")
            is_global = len(groups[0]) == 4 and groups[0][0] in "23fF"
            if (gaps == 0 and len(groups) == 8) or (gaps == 1 and len(groups) <= 8 and is_global):
                yield Found("IP", match.start(), match.end(), "ipv6", "high")
