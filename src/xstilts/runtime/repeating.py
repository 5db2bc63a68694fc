"""Something that is done again and again while something else takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def repeat(call: Callable[[], bool], seconds: float, ended: threading.Event) -> threading.Thread:
    """Call a function in a thread until it returns False, an event is set, or the process ends.

    Args:
        call: The function.
        seconds: From now to the first call, and from each call to the next.
        ended: The event.
    """

    def go_on() -> None:
        while not ended.wait(seconds) and call():
            pass

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    return thread


@contextmanager
def repeating(call: Callable[[], bool], seconds: float) -> Iterator[None]:
    """Call a function in a thread while the block runs, until it returns False.

    Args:
        call: The function.
        seconds: From the beginning of the block to the first call, and from each call to the next.
    """
    ended = threading.Event()
    thread = repeat(call, seconds, ended)
    try:
        yield
    finally:
        ended.set()
        thread.join()
