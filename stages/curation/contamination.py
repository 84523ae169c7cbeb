"""Training rows that hold what a model is tested on: shared runs of characters.

Texts are compared without white space, signs and case, since those change where a text is copied.
A run is `chars` characters long; a shorter text counts as one run, if it has at least 10. Runs are
compared by a 64-bit polynomial hash: among 10^6 runs a false match is less likely than 1 in 10^7
per run.
"""

import re
from collections.abc import Iterable

import numpy as np

SHORTEST_CHARS = 10
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse
_SIGNS = re.compile(r"[\W_]+")


def run_hashes(text: str, chars: int) -> np.ndarray:
    """The hashes of all runs of a text, as uint64; sums and products wrap around."""
    plain = _SIGNS.sub("", text).casefold()
    if len(plain) < SHORTEST_CHARS:
        return np.empty(0, np.uint64)
    length = min(chars, len(plain))
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    hashes = np.zeros(len(codes) - length + 1, np.uint64)
    for place in range(length):  # Horner's rule over all windows at once
        hashes = hashes * _BASE + codes[place : place + len(hashes)]
    return hashes


class Contamination:
    """The runs of the evaluation sets."""

    def __init__(self, chars: int):
        self.chars = chars
        self.found: list[np.ndarray] = []
        self.sorted = np.empty(0, np.uint64)

    def add(self, texts: Iterable[str]) -> None:
        self.found += [run_hashes(text, self.chars) for text in texts]

    def close(self) -> None:
        """Ends the adding; `touches` may be asked from now on."""
        self.sorted = np.unique(np.concatenate([*self.found, self.sorted]))
        self.found = []

    def touches(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts shares a run with an evaluation set."""
        if not len(self.sorted):
            return False
        for text in texts:
            hashes = run_hashes(text, self.chars)
            places = np.searchsorted(self.sorted, hashes) % len(self.sorted)
            if np.any(self.sorted[places] == hashes):
                return True
        return False
