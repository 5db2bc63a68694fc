"""Something that is done again and again while something else takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(call: Callable[[], bool], seconds: float) -> Iterator[None]:
    """Call a function in a thread while the block runs, until it returns False.

    Args:
        call: The function.
        seconds: From the beginning of the block to the first call, and from each call to the next.
    """
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(seconds) and call():
            pass

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
