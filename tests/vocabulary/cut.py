"""Cuts o200k to a vocabulary small enough for every clone, and records what OpenAI renders with o200k.

    python -m tests.vocabulary.cut [the o200k_base.tiktoken that OpenAI publishes]

It writes two files beside itself:

o200k_cut.tiktoken  In tiktoken's form, a line a token: its bytes in base64, a blank, its rank. Ranks are
                    those of o200k, so tokens keep their ids. Kept are the 256 bytes, the tokens that
                    the conversations in talks.py come to, all tokens with a syllable of Hangul, and
                    the most frequent (lowest) others as far as SIZE goes. With a token, all tokens are
                    kept that its bytes are merged to on the way: the cut is closed under merging.
rendered.json       The ids that OpenAI's renderer gives for talks.py with o200k whole.

A text whose tokens in o200k are all kept has the same tokens in both: every merge that o200k makes in it
is there, and no pair merges in the cut that does not in o200k. So the ids in rendered.json are proof
for the cut as well, although OpenAI's renderer itself takes no other vocabulary than its own.
"""

import base64
import itertools
import json
import os
import sys
from pathlib import Path

from tests.micro import ROOT
from tests.vocabulary.talks import RENDERED, openais_renderer, recorded, rendered_by

CUT = Path(__file__).with_name("o200k_cut.tiktoken")
SIZE = 60_000  # bytes of the file


def merged(token: bytes, ranks: dict[bytes, int]) -> list[bytes]:
    """All tokens that the bytes of `token` become on their way to it, itself last."""
    parts = [token[i : i + 1] for i in range(len(token))]
    made = []
    while len(parts) > 1:
        pairs = [a + b for a, b in itertools.pairwise(parts)]
        _, at = min((ranks[pair], i) for i, pair in enumerate(pairs) if pair in ranks)
        parts[at : at + 2] = [pairs[at]]
        made.append(pairs[at])
    return made


def is_hangul(token: bytes) -> bool:
    text = token.decode("utf-8", "ignore")
    return any("가" <= letter <= "힣" for letter in text)


def line(token: bytes, rank: int) -> bytes:
    return base64.b64encode(token) + b" %d\n" % rank


def cut(ranks: dict[bytes, int], needed: set[int]) -> dict[bytes, int]:
    """The kept tokens with their ranks, in the order of ranks."""
    kept = {token: rank for token, rank in ranks.items() if len(token) == 1}
    first = [token for token, rank in ranks.items() if rank in needed or is_hangul(token)]
    for token in first:
        kept |= {each: ranks[each] for each in merged(token, ranks)}
    size = sum(len(line(*each)) for each in kept.items())
    for token in ranks:
        if size >= SIZE:
            break
        new = {each: ranks[each] for each in merged(token, ranks) if each not in kept}
        size += sum(len(line(*each)) for each in new.items())
        kept |= new
    return dict(sorted(kept.items(), key=lambda each: each[1]))


def main() -> None:
    shared = Path(os.environ.get("MALSSI_SHARED", ROOT.parent / "shared"))
    source = Path(sys.argv[1]) if sys.argv[1:] else shared / "tokenizers/o200k_base.tiktoken"
    found = rendered_by(openais_renderer(source))
    lines = [
        f"{json.dumps(name)}: {json.dumps([*map(recorded, ids)])}" for name, ids in found.items()
    ]
    RENDERED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    ranks = {
        base64.b64decode(token): int(rank)
        for token, rank in (each.split() for each in source.read_bytes().splitlines())
    }
    needed = {number for talks in found.values() for ids in talks for number in ids}
    kept = cut(ranks, needed)
    CUT.write_bytes(b"".join(line(*each) for each in kept.items()))
    print(f"{CUT.name}: {len(kept)} of {len(ranks)} tokens, {CUT.stat().st_size} bytes")
    print(f"{RENDERED.name}: {len(found)} conversations, {RENDERED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
