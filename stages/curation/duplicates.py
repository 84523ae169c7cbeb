"""Rows that say the same: equal texts, and near duplicates by MinHash.

Two texts are as near as the Jaccard index of their sets of 5-character shingles says, white space
folded; MinHash estimates it from 128 permutations, with a standard error of at most 0.045. What the
thresholds find and miss is measured on Korean paraphrases by `python -m benchmarks.duplicates`.

System prompts are left out: a persona that a thousand rows share makes none of them a duplicate.
And two rows repeat each other only if they are also alike without their longest text: ten questions
about one long passage are ten rows.
"""

import hashlib
import math
from typing import NamedTuple

import numpy as np
from datasketch import MinHash

from stages.formats.tables import Row, row_texts, said_texts

SHINGLE_CHARS = 5
PERMUTATIONS = 128
SCHEME = "affine32"  # of datasketch: values of 32 bits
FOUND_SHARE = 0.97  # of the pairs that are alike by just the threshold
# A band that so many rows have in common is of a phrase that they share, and finds nothing. Pairs
# that are alike in more than that phrase meet in other bands.
FULL_BAND = 200


class Sketch(NamedTuple):
    """What a row is compared by: the hash of its text, and the MinHash as little-endian uint32 of
    all that is said in it and of that without its longest text, one after the other."""

    digest: str
    values: bytes


def sketch_of(row: Row) -> Sketch:
    text = _folded(row_texts(row))
    digest = hashlib.sha256(f"{row['kind']}\n{row['style']}\n{text}".encode()).hexdigest()
    said = said_texts(row)
    rest = list(said)
    if len(rest) > 1:
        rest.remove(max(rest, key=len))
    values = [minhash(_folded(texts)).hashvalues.astype("<u4").tobytes() for texts in (said, rest)]
    return Sketch(digest, b"".join(values))


def _folded(texts: list[str]) -> str:
    return " ".join("\n".join(texts).split())


def minhash(text: str) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS, seed=1, scheme=SCHEME)
    last = max(len(text) - SHINGLE_CHARS, 0) + 1
    sketch.update_batch([text[i : i + SHINGLE_CHARS].encode() for i in range(last)])
    return sketch


def banding(threshold: float) -> tuple[int, int]:
    """Bands and values a band: two sketches are compared if they have all values of one band in
    common, as FOUND_SHARE of the pairs that are alike by `threshold` have."""
    if threshold == 1.0:
        return 1, PERMUTATIONS
    for values in range(PERMUTATIONS, 1, -1):
        bands = math.ceil(math.log(1 - FOUND_SHARE) / math.log1p(-(threshold**values)))
        if bands * values <= PERMUTATIONS:
            return bands, values
    return PERMUTATIONS, 1


class Seen(NamedTuple):
    """Whether a row repeats an earlier one, and the ids of earlier rows that it must not be parted
    from."""

    reason: str | None
    near: list[str]


class Duplicates:
    """Remembers the kept rows and tells how a new one stands to them.

    A row is left out if it repeats a row of its own kind and style, by at least `near_duplicate`.
    Rows of any kind that are alike by at least `same_split` are neighbours: one of them may not be
    trained on while the other is scored. `crowded` counts the kept rows that have about so much in
    common with FULL_BAND others and more: not all of these neighbours are found.
    """

    def __init__(self, near_duplicate: float, same_split: float):
        self.near_duplicate, self.same_split = near_duplicate, same_split
        self.exact: set[str] = set()
        self.bands, self.band_values = banding(same_split)
        # The rows of a band, by number; one alone, as most are, without the memory of a list.
        self.index: list[dict[bytes, int | list[int]]] = [{} for _ in range(self.bands)]
        # Two texts that have the share s of their shingles in common are alike by s / (2 - s).
        in_common = 2 * same_split / (1 + same_split)
        self.crowded_bands = self.bands * in_common**self.band_values
        self.crowded = 0
        self.ids: list[str] = []
        self.manners: list[tuple[str, str]] = []
        self.sketches = np.empty((1024, 2, PERMUTATIONS), np.uint32)  # grows by doubling

    def see(self, row: Row, sketch: Sketch) -> Seen:
        """Compares a row with those seen before, and keeps it if it is not a duplicate."""
        if sketch.digest in self.exact:
            return Seen("exact_duplicate", [])
        self.exact.add(sketch.digest)
        values = np.frombuffer(sketch.values, "<u4").reshape(2, PERMUTATIONS)
        manner = (row["kind"], row["style"])
        keys = self._keys(values[0])
        candidates, full = self._candidates(keys)
        # (candidates,): how alike in all, and in the less alike of the two
        whole = np.mean(self.sketches[candidates, 0] == values[0], axis=1)
        least = np.minimum(whole, np.mean(self.sketches[candidates, 1] == values[1], axis=1))
        # Equal sets of shingles do not make equal texts: at 1.0 only equal texts are dropped.
        if self.near_duplicate < 1.0 and any(
            self.manners[i] == manner for i in candidates[least >= self.near_duplicate]
        ):
            return Seen("near_duplicate", [])
        near = sorted(self.ids[i] for i in candidates[whole >= self.same_split])
        self.crowded += full > self.crowded_bands
        self._keep(row["id"], manner, values, keys)
        return Seen(None, near)

    def _keys(self, values: np.ndarray) -> list[bytes]:
        size = 4 * self.band_values
        packed = values.tobytes()
        return [packed[band * size : (band + 1) * size] for band in range(self.bands)]

    def _candidates(self, keys: list[bytes]) -> tuple[np.ndarray, int]:
        """The numbers of the kept rows that share a band, in order, and how many bands are full."""
        found: set[int] = set()
        full = 0
        for band, key in zip(self.index, keys, strict=True):
            sharing = band.get(key)
            if isinstance(sharing, int):
                found.add(sharing)
            elif sharing and len(sharing) < FULL_BAND:
                found.update(sharing)
            else:
                full += sharing is not None
        return np.array(sorted(found), np.int64), full

    def _keep(
        self, name: str, manner: tuple[str, str], values: np.ndarray, keys: list[bytes]
    ) -> None:
        number = len(self.ids)
        if number == len(self.sketches):
            self.sketches = np.concatenate([self.sketches, np.empty_like(self.sketches)])
        self.sketches[number] = values
        self.ids.append(name)
        self.manners.append(manner)
        for band, key in zip(self.index, keys, strict=True):
            sharing = band.setdefault(key, number)
            if isinstance(sharing, list):
                if len(sharing) < FULL_BAND:
                    sharing.append(number)
            elif sharing != number:
                band[key] = [sharing, number]
