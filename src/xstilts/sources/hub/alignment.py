"""Offsets of answers in contexts whose leading whitespace was removed.

In the Hub's copies of XQuAD, MLQA and TyDiQA, contexts and answers are stripped, but the offsets are those before
stripping.
"""

from __future__ import annotations


def nearest_occurrence(context: str, text: str, start: int) -> int | None:
    """Find the occurrence of a text that an offset refers to.

    Stripping only ever moves a text towards the start, so an occurrence before ``start`` is preferred even to a nearer
    one after it.

    Args:
        context: The stripped context.
        text: The stripped answer.
        start: The offset of the answer before stripping.

    Returns:
        The last offset of ``text`` up to ``start``, else the first after it; None if it does not occur or is empty.
    """
    if not text:
        return None
    before = context.rfind(text, 0, max(start, 0) + len(text))
    offset = before if before >= 0 else context.find(text, max(start, 0))
    return offset if offset >= 0 else None
