"""The tokenizer of gpt-oss from the ranks of its tokens, as tiktoken keeps them in a file."""

import base64
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

SPLIT = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])  # fmt: skip
FIRST = 199_998  # the number of the first special token, behind all tokens of o200k
NAMED = {0: "startoftext", 1: "endoftext", 4: "return", 5: "constrain", 7: "channel", 8: "start"}
NAMED |= {9: "end", 10: "message", 14: "call"}


def o200k(vocabulary: Path) -> Tokenizer:
    """The tokenizer.json of gpt-oss, built from the ranks that tiktoken publishes, or from a cut of
    them.

    Every pair of tokens that joins to a token is a merge, in the order of the joined token's rank.
    """
    letters = pre_tokenizers.ByteLevel.alphabet()
    plain = {chr(b) for b in [*range(33, 127), *range(161, 173), *range(174, 256)]}
    moved = sorted(set(letters) - plain)
    byte = {ord(c): c for c in plain}
    byte |= dict(zip(sorted(set(range(256)) - byte.keys()), moved, strict=True))
    ranks = {}
    for line in vocabulary.read_bytes().splitlines():
        token, rank = line.split()
        ranks["".join(byte[b] for b in base64.b64decode(token))] = int(rank)
    merges = []
    for token in sorted(ranks, key=ranks.__getitem__):
        pairs = [(token[:i], token[i:]) for i in range(1, len(token))]
        pairs = [pair for pair in pairs if pair[0] in ranks and pair[1] in ranks]
        merges += sorted(pairs, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
    specials = {f"<|{NAMED.get(i, f'reserved_{FIRST + i}')}|>": FIRST + i for i in range(20)}
    # Added tokens are numbered behind the vocabulary: only in o200k whole is that where they belong.
    whole = len(ranks) == FIRST
    tokenizer = Tokenizer(models.BPE(ranks if whole else ranks | specials, merges))
    split = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    bytes_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(specials))
    return tokenizer
