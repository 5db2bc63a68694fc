"""Where an answer stands in a context that has lost its leading blanks.

The Hub's copies of XQuAD, MLQA and TyDiQA strip contexts and answers, but keep the offsets that were counted before.
"""

from __future__ import annotations


def nearest_occurrence(context: str, text: str, start: int) -> int | None:
    """The offset of ``text`` in ``context`` nearest to ``start`` and not after it; else the first after it; else None.

    Stripping moves a text towards the start and never away from it, so an occurrence before ``start`` is preferred
    even to a nearer one after it. A text that stands at ``start`` is left there.
    """
    if not text:
        return None
    before = context.rfind(text, 0, max(start, 0) + len(text))
    found = before if before >= 0 else context.find(text, max(start, 0))
    return found if found >= 0 else None
