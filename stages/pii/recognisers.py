"""All recognisers in order of precedence. Each reads the view of `normalise` and reports places.

No pattern uses `\\b`: a Hangul particle is a word character, so `010-1234-5678로` has no boundary
after its last digit. What counts is that no digit and, on the left, no Latin letter touches the
value (SK01012345678 is a product code).

The work is linear in the text: repetitions are bounded or possessive, and each search starts at
places that one cheap scan has found.
"""

from collections.abc import Callable, Iterator
from functools import partial

from stages.pii.addresses import find_addresses
from stages.pii.found import Found
from stages.pii.lettered import find_named_drivers, find_passports, find_plates
from stages.pii.numbers import (
    FORMATS,
    REPRESENTATIVE,
    find_called_registrations,
    find_glued_mobiles,
    find_numbers,
)
from stages.pii.online import find_emails, find_ips
from stages.pii.people import find_birthdates, find_names

RECOGNISERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    find_emails,
    find_ips,
    find_addresses,
    find_named_drivers,
    find_glued_mobiles,
    partial(find_numbers, formats=FORMATS),
    find_called_registrations,
    find_passports,
    find_plates,
)
OPTIONAL: dict[str, Callable[[str], Iterator[Found]]] = {
    "NAME": find_names,
    "BIRTHDATE": find_birthdates,
    "REPRESENTATIVE": partial(find_numbers, formats=(REPRESENTATIVE,)),
}
