"""Work that may wait for another process, and how long it may."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work returns, if it ends in that time. If not, it goes on in a thread that keeps
    nothing waiting and ends with the process: Python cannot stop it.

    Raises:
        TimeoutError: it did not end in time.
        BaseException: what the work raised.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def attempted() -> None:
        try:
            returned.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=attempted, daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if raised:
        raise raised[0]
    if not returned:
        raise TimeoutError
    return returned[0]
