"""Text that spells control tokens, as the ids of text (B24).

A tokenizer cuts its input at the tokens that were added to it (control tokens and others) and
encodes each section between them by itself. SentencePiece puts a blank before a section, or before
the first one alone, so a section must be encoded as a whole and in its place. Here a copy of the
tokenizer does that, to which control tokens are text.
"""

import json
from collections.abc import Collection
from typing import Any

from tokenizers import AddedToken, Tokenizer

_BEFORE = "\ue001"  # for private use: stands where another token was
_NOWHERE = "\ue002"


class PlainText:
    """`control` are the tokens that are never made of text."""

    def __init__(self, tokenizer: Tokenizer, control: Collection[str]):
        described = json.loads(tokenizer.to_str())
        for token in described["added_tokens"]:
            token["special"] = token["special"] or token["content"] in control
        if described["model"]["type"] == "Unigram":  # which finds its pieces in text, these too
            pieces = described["model"]["vocab"]
            for number, (piece, _) in enumerate(pieces):
                if piece in control:
                    pieces[number][0] = f"{_NOWHERE}{number}"
        self.tokenizer = Tokenizer.from_str(json.dumps(described))
        self.tokenizer.encode_special_tokens = True
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        numbers = (tokenizer.token_to_id(token) for token in control)
        self.control = {number for number in numbers if number is not None}
        self.tokenizer.add_tokens([AddedToken(_BEFORE, normalized=False)])
        self.before = self.tokenizer.token_to_id(_BEFORE)

    def section(self, text: str, first: bool) -> list[int]:
        """The ids of the text between two added tokens; `first`: of one that begins the input."""
        ids = self._ids(text) if first else self._ids(f"{_BEFORE}{text}")[1:]
        if self.before in ids or self.control & set(ids):
            # Text with our own marks, or a vocabulary in which a control token is a piece of text.
            return [number for sign in text for number in self._ids(sign)]
        return ids

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids


def sections(
    encoding: Any, added: Collection[int], length: int
) -> list[tuple[int, int, list[int]]]:
    """The stretches of an input of `length` characters: an added token or what lies between two,
    each with its start, end and ids. `encoding` has the ids and offsets of the whole."""
    found: list[tuple[int, int, list[int]]] = []
    ids: list[int] = []
    begins = 0
    pairs = zip(encoding["input_ids"], encoding["offset_mapping"], strict=True)
    for number, (start, end) in pairs:
        if number not in added:
            ids.append(number)
            continue
        found += [(begins, start, ids), (start, end, [number])]
        begins, ids = end, []
    return [*found, (begins, length, ids)]
