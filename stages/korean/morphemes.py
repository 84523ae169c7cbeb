"""Korean morphemes by kiwipiepy, whose model comes as a package."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Kiwi


@lru_cache(maxsize=1)
def kiwi() -> "Kiwi":
    """Loaded when it is first needed: it takes a second."""
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)
