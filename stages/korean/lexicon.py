"""Word lists of Korean that change with the time: `data/lexicons/*.txt`, one phrase a line.

They are data, so an edit reruns the stages that read them and no other (S1-26).
"""

import re
import unicodedata
from pathlib import Path

from stages.pipeline.errors import DataError, InputError


def read_lexicon(path: Path) -> re.Pattern[str]:
    """A pattern that finds any of the phrases; longer ones first.

    Raises:
        InputError, DataError: the file is not there, or holds no phrase.
    """
    phrases = read_phrases(path)
    return re.compile("|".join(map(re.escape, sorted(phrases, key=lambda p: (-len(p), p)))))


def read_phrases(path: Path) -> frozenset[str]:
    """The phrases; raises as `read_lexicon` does."""
    try:
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(str(path), "is not there.", "Run `git checkout` on it.") from None
    except UnicodeDecodeError:
        raise DataError(str(path), "is not UTF-8.", "Save it as UTF-8.") from None
    phrases = {
        line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")
    }
    if not phrases:
        raise DataError(str(path), "holds no phrase.", "Write one a line.")
    return frozenset(phrases)
