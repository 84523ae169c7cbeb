"""Rows that say the same: equal texts, and near duplicates by MinHash.

Two texts are as near as the Jaccard index of their sets of 5-character shingles says, white space
folded; MinHash estimates it from 128 permutations, with a standard error of at most 0.045. What the
thresholds find and miss is measured on Korean paraphrases by `python -m benchmarks.duplicates`.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH

from stages.pipeline.tables import Row, row_texts

SHINGLE_CHARS = 5
PERMUTATIONS = 128
SCHEME = "affine32"  # of datasketch: values of 32 bits


class Sketch(NamedTuple):
    """What a row is compared by: the hash of its text, and the MinHash as little-endian uint32."""

    digest: str
    values: bytes


def sketch_of(row: Row) -> Sketch:
    text = " ".join("\n".join(row_texts(row)).split())
    digest = hashlib.sha256(f"{row['kind']}\n{row['style']}\n{text}".encode()).hexdigest()
    return Sketch(digest, minhash(text).hashvalues.astype("<u4").tobytes())


def minhash(text: str) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS, seed=1, scheme=SCHEME)
    last = max(len(text) - SHINGLE_CHARS, 0) + 1
    sketch.update_batch([text[i : i + SHINGLE_CHARS].encode() for i in range(last)])
    return sketch


class Seen(NamedTuple):
    """Whether a row repeats an earlier one, and the ids of earlier rows that it must not be parted
    from."""

    reason: str | None
    near: list[str]


class Duplicates:
    """Remembers the kept rows and tells how a new one stands to them.

    A row is left out if it repeats a row of its own kind and style, by at least `near_duplicate`.
    Rows of any kind that are alike by at least `same_split` are neighbours: one of them may not be
    trained on while the other is scored.
    """

    def __init__(self, near_duplicate: float, same_split: float):
        self.near_duplicate, self.same_split = near_duplicate, same_split
        self.exact: set[str] = set()
        # Weighed towards finding them all: a candidate too many is only compared in vain.
        self.index = MinHashLSH(
            threshold=min(same_split, 0.95), num_perm=PERMUTATIONS, weights=(0.05, 0.95)
        )
        self.kept: dict[str, tuple[np.ndarray, tuple[str, str]]] = {}

    def see(self, row: Row, sketch: Sketch) -> Seen:
        """Compares a row with those seen before, and keeps it if it is no duplicate."""
        if sketch.digest in self.exact:
            return Seen("exact_duplicate", [])
        self.exact.add(sketch.digest)
        values = np.frombuffer(sketch.values, "<u4")
        manner = (row["kind"], row["style"])
        probe = MinHash(seed=1, hashvalues=values, scheme=SCHEME)
        near: list[str] = []
        for candidate in sorted(map(str, self.index.query(probe))):
            others, other_manner = self.kept[candidate]
            jaccard = float(np.mean(others == values))
            # Equal sets of shingles do not make equal texts: at 1.0 only equal texts are dropped.
            if (
                manner == other_manner
                and self.near_duplicate < 1.0 <= jaccard / self.near_duplicate
            ):
                return Seen("near_duplicate", [])
            if jaccard >= self.same_split:
                near.append(candidate)
        self.index.insert(row["id"], probe, check_duplication=False)
        self.kept[row["id"]] = (values, manner)
        return Seen(None, near)
