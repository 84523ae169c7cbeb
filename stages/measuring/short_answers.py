"""Exact match and F1 of short answers, as KorQuAD 1.0's script (evaluate-v1.0.py) has them.

Quotes, brackets and 《》 become spaces, the text is lower case, ASCII punctuation goes, spaces are
one. EM asks whether what is left is the same. F1 counts the characters of the words, as a multiset.
Typographic quotes (“ ”) stay, as they do there.
"""

import re
import string
from collections import Counter

_BLANKED = re.compile(r"['\"《》<>〈〉()‘’]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> str:
    return " ".join(_BLANKED.sub(" ", text).lower().translate(_PUNCTUATION).split())


def exact_match(prediction: str, reference: str) -> float:
    return float(normalised(prediction) == normalised(reference))


def f1(prediction: str, reference: str) -> float:
    """0..1."""
    given, wanted = (Counter(normalised(each).replace(" ", "")) for each in (prediction, reference))
    same = (given & wanted).total()
    if not same:
        return 0.0
    precision, recall = same / given.total(), same / wanted.total()
    return 2 * precision * recall / (precision + recall)
