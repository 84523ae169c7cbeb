"""What the thresholds of `curate` find and miss on Korean texts whose likeness people have judged.

    python -m benchmarks.duplicates

KLUE-STS (519 pairs, scored 0 to 5): of the pairs that a threshold calls near duplicates, how many
people call the same (score 4 and more), and how many of those it finds. ParaKQC (1,000 groups of
ten paraphrases): how many of a group's pairs it finds, and how many of the pairs that it calls near
are of one group. A paraphrase is no near duplicate: MinHash finds copies with small changes, and
groups of paraphrases are kept together by `group_column`. MALSSI_SHARED names the folder with both.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH

from stages.curation.duplicates import PERMUTATIONS, minhash

THRESHOLDS = (0.9, 0.8, 0.7, 0.6, 0.5)
SAME = 4.0  # KLUE-STS: the two sentences say the same but for details


def folded(text: str) -> str:
    return " ".join(text.split())


def scored_pairs(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The estimated Jaccard index and the score of each pair of KLUE-STS."""
    rows = _rows(folder / "klue-sts/sts_dev.jsonl")
    found = [(minhash(folded(r["s1"])).jaccard(minhash(folded(r["s2"]))), r["score"]) for r in rows]
    jaccard, score = zip(*found, strict=True)
    return np.array(jaccard), np.array(score)


def paraphrases(folder: Path) -> tuple[int, list[tuple[float, bool]]]:
    """The pairs inside the groups of ParaKQC, and (index, whether of one group) of every pair that
    is alike by at least the lowest threshold."""
    rows = list(_rows(folder / "paraKQC/parakqc.jsonl"))
    index = MinHashLSH(threshold=THRESHOLDS[-1], num_perm=PERMUTATIONS, weights=(0.05, 0.95))
    sketches: list[MinHash] = []
    near: list[tuple[float, bool]] = []
    sizes: dict[object, int] = {}
    inside = 0
    for number, row in enumerate(rows):
        sketch = minhash(folded(row["text"]))
        for other in index.query(sketch):
            assert isinstance(other, int)
            jaccard = sketch.jaccard(sketches[other])
            if jaccard >= THRESHOLDS[-1]:
                near.append((jaccard, rows[other]["group"] == row["group"]))
        index.insert(number, sketch)
        sketches.append(sketch)
        inside += sizes.get(row["group"], 0)
        sizes[row["group"]] = sizes.get(row["group"], 0) + 1
    return inside, near


def _rows(file: Path) -> Iterator[dict]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main() -> None:
    folder = Path(os.environ.get("MALSSI_SHARED", "../shared")) / "data"
    if not folder.is_dir():
        sys.exit(f"{folder}: the real data is not here. Set MALSSI_SHARED.")
    jaccard, score = scored_pairs(folder)
    inside, near = paraphrases(folder)
    print("| Jaccard | KLUE-STS: near | of them the same | of the same found "
          "| ParaKQC: near | of them of one group | of a group's pairs found |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        called = jaccard >= threshold
        same = score >= SAME
        right = int((called & same).sum())
        alike = [of_one for value, of_one in near if value >= threshold]
        print(
            f"| {threshold} | {called.sum()} | {right / max(called.sum(), 1):.3f} "
            f"| {right / same.sum():.3f} | {len(alike)} | {sum(alike) / max(len(alike), 1):.3f} "
            f"| {sum(alike) / inside:.3f} |"
        )


if __name__ == "__main__":
    main()
