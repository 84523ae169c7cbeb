"""Errors that a user can act on: what is wrong, where, and what to do next."""

import re
from reprlib import Repr

MOST_SHOWN = 200  # characters that a message quotes of a value from outside
MOST_SAID = 3_900  # characters of a message


def printable(text: str) -> str:
    """The text without secrets of addresses, and with escapes for what would steer a terminal, or
    make text look like another."""
    text = re.sub(r"(?<=//)\S+@", "…@", text)  # of an address, who and by which password
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def cut(text: str, most: int = MOST_SHOWN) -> str:
    """The beginning and the end of a text, on one line, in at most so many characters."""
    return _ends(printable(_ends(text, most)), most)  # once more, since escapes are longer


def _ends(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-(most // 3 - 1) :]}"


class _Short(Repr):
    def repr_int(self, x: int, level: int) -> str:
        """Python refuses to write an integer of more than 4,300 digits."""
        return (
            repr(x) if x.bit_length() < 3 * MOST_SHOWN else f"an integer of {x.bit_length()} bits"
        )


def shown(value: object) -> str:
    """A value as Python writes it, in at most MOST_SHOWN characters: the rest is never built."""
    short = _Short()
    short.maxstring, short.maxlevel = MOST_SHOWN, 3
    return cut(short.repr(value))


class PipelineError(Exception):
    """A refusal with three parts. Subclasses also inherit the matching standard-library type.

    `what` names the problem and the values seen (never personal data), `where` the file, row or
    key, `fix` the next step. Who quotes a value from outside cuts it (`shown`, `cut`).
    """

    def __init__(self, where: str, what: str, fix: str):
        super().__init__(cut(f"{where}: {what} {fix}", MOST_SAID))
        self.where, self.what, self.fix = where, what, fix

    def __reduce__(self) -> tuple[type["PipelineError"], tuple[str, str, str]]:
        """An exception is pickled with its text alone, which `__init__` would not take."""
        return type(self), (self.where, self.what, self.fix)


class ParamsError(PipelineError, ValueError):
    """params.yaml holds a value that no stage can work with."""


class InputError(PipelineError, FileNotFoundError):
    """Something that a stage reads is not there."""


class DataError(PipelineError, ValueError):
    """Something that a stage reads is there, but not in the shape it promises."""


class ModelError(PipelineError, ValueError):
    """Weights, adapter or tokenizer do not fit each other."""


class TrainingError(PipelineError, ArithmeticError):
    """A training that cannot go on."""


class EngineError(PipelineError, RuntimeError):
    """The processes or the cluster that work on rows are gone, or were never there."""


class BusyError(PipelineError, RuntimeError):
    """Another process is writing the same output."""
