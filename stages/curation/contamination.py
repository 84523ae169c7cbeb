"""Training rows that hold what a model is tested on: shared runs of characters.

Texts are compared composed (NFC) and without whitespace, punctuation and case, since those change
where a text is copied. A run is `chars` characters long. A shorter text is one run itself: it is
found inside a training text if it has at least CONTAINED_CHARS, and where it is the whole of one if
it has at least SHORTEST_CHARS, since a short phrase is said in many texts. Runs are compared by a
64-bit polynomial hash: among 10^6 runs a false match is less likely than 1 in 10^7 per run.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from stages.korean.composition import nfc

SHORTEST_CHARS = 10
CONTAINED_CHARS = 15
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse
_SIGNS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    return _SIGNS.sub("", nfc(text)).casefold()


def run_hashes(text: str, longest: int) -> Iterator[tuple[int, np.ndarray]]:
    """The hashes of all runs of a plain text of 1, 2, ... `longest` characters, as (length,
    uint64); sums and products wrap around."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    hashes = np.zeros(len(codes), np.uint64)
    for length in range(1, min(longest, len(codes)) + 1):
        # Horner's rule over all windows at once: each grows by the character after it.
        following = codes[length - 1 :]
        hashes = hashes[: len(following)] * _BASE + following
        yield length, hashes


class Contamination:
    """The runs of the evaluation sets, by their length."""

    def __init__(self, chars: int):
        self.chars = chars
        self.found: dict[int, list[np.ndarray]] = defaultdict(list)
        self.runs: dict[int, np.ndarray] = {}

    def add(self, texts: Iterable[str]) -> None:
        for text in map(plain, texts):
            length = min(self.chars, len(text))
            if length >= SHORTEST_CHARS:
                *_, (_, hashes) = run_hashes(text, length)
                self.found[length].append(hashes)

    def close(self) -> None:
        """Ends the adding; `touches` may be asked from now on."""
        self.runs = {length: np.unique(np.concatenate(of)) for length, of in self.found.items()}
        self.found.clear()

    def touches(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts shares a run with an evaluation set."""
        if not self.runs:
            return False
        longest = max(self.runs)
        for text in map(plain, texts):
            for length, hashes in run_hashes(text, longest):
                known = self.runs.get(length)
                if known is None or (length < CONTAINED_CHARS and length < len(text)):
                    continue
                places = np.searchsorted(known, hashes) % len(known)
                if np.any(known[places] == hashes):
                    return True
        return False
