"""Which split a row stands in, and what would leak from one into another.

A row's split follows the hash of its content group (its dialogue or set of paraphrases where the
source names one, else the last answer of its conversation, else its own texts) and nothing else:
neither templates nor rows that are added move an old one. What nevertheless ties rows of two splits
together is taken out of the one that trains.
"""

import hashlib
from collections import defaultdict

from stages.formats.tables import Row, row_texts
from stages.params.mix import Mix

SPLITS = ("train", "validation", "test")
# A shorter answer (네, 경제, 감사합니다) is said by many and gives nothing away.
LEAKING_CHARS = 20


def draw(seed: int, purpose: str, key: str) -> float:
    """A number in [0, 1) that depends on its arguments alone."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_of(seed: int, group: str, mix: Mix) -> str:
    place = draw(seed, "split", folded(group))
    if place < mix.test_share:
        return "test"
    return "validation" if place < mix.test_share + mix.validation_share else "train"


def content_group(row: Row) -> str:
    """What must stay in one split. A short answer ties no rows together: each topic would stand
    in one split alone."""
    last = folded(row["turns"][-1]["text"]) if row["turns"] else ""
    return row["group"] or (last if len(last) >= LEAKING_CHARS else "\n".join(row_texts(row)))


def folded(text: str) -> str:
    return " ".join(text.split())


def without_leaks(rows: dict[str, list[Row]]) -> dict[str, int]:
    """Takes out of `rows` what would train on what is scored, or validate on what is tested;
    returns how many rows, by reason.

    An earlier answer of a longer conversation is trained too, and may be the last one of another
    row. A near duplicate of a scored row would show it to the model.
    """
    neighbours: dict[str, set[str]] = defaultdict(set)
    for split in SPLITS:
        for row in rows[split]:
            for other in row["near"]:
                neighbours[row["id"]].add(other)
                neighbours[other].add(row["id"])
    counts = {"leaks_an_answer": 0, "near_a_held_out_row": 0}

    def kept(split: str, held_out: list[Row]) -> list[Row]:
        answers = {
            answer
            for row in held_out
            if len(answer := folded(row["messages"][-1]["content"])) >= LEAKING_CHARS
        }
        ids = {row["id"] for row in held_out}
        keep = []
        for row in rows[split]:
            spoken = (m["content"] for m in row["messages"] if m["role"] == "assistant")
            if any(folded(text) in answers for text in spoken):
                counts["leaks_an_answer"] += 1
            elif not ids.isdisjoint(neighbours[row["id"]]):
                counts["near_a_held_out_row"] += 1
            else:
                keep.append(row)
        return keep

    rows["validation"] = kept("validation", rows["test"])
    rows["train"] = kept("train", rows["test"] + rows["validation"])
    return counts
