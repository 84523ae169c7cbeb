"""Check digits of Korean numbers and of payment cards.

Every function takes the bare ASCII digits and answers whether the check digit fits. Resident and
foreigner numbers issued since October 2020 have random digits instead of a check digit
(https://greensul.tistory.com/51), so for those two a wrong check digit says nothing: callers may
grow more confident by a right one, and must never let a number go by a wrong one.
"""

RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
CORPORATE_WEIGHTS = (1, 2) * 6
BRN_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False))


def rrn(digits: str) -> bool:
    """Resident registration number, 13 digits: (11 - sum mod 11) mod 10."""
    return len(digits) == 13 and (11 - _weighted(digits, RRN_WEIGHTS) % 11) % 10 == int(digits[12])


def frn(digits: str) -> bool:
    """Foreigner registration number, 13 digits: the sum of the resident number, taken from 13."""
    return len(digits) == 13 and (13 - _weighted(digits, RRN_WEIGHTS) % 11) % 10 == int(digits[12])


def corporate(digits: str) -> bool:
    """Corporate registration number, 13 digits written 6-7 (https://allinfo.tistory.com/1283)."""
    return len(digits) == 13 and -_weighted(digits, CORPORATE_WEIGHTS) % 10 == int(digits[12])


def brn(digits: str) -> bool:
    """Business registration number, 10 digits. The ninth digit counts a second time by the tens
    of its product.

    https://takahall.com/blog/dev/business-number-validation
    """
    if len(digits) != 10:
        return False
    total = _weighted(digits, BRN_WEIGHTS) + int(digits[8]) * 5 // 10
    return -total % 10 == int(digits[9])


def luhn(digits: str) -> bool:
    """Payment cards: every second digit from the right doubled, the digits of all summed, a
    multiple of ten.
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
