"""Errors that a user can act on: what is wrong, where, and what to do next."""


class PipelineError(Exception):
    """A refusal with three parts. Subclasses also inherit the matching standard-library type.

    `what` names the problem and the values seen (never personal data), `where` the file, row or
    key, `fix` the next step.
    """

    def __init__(self, where: str, what: str, fix: str):
        super().__init__(f"{where}: {what} {fix}")
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
