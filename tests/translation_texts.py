"""A double in place of a model for translation, which knows the translation of each text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xstilts.translation.translator import Translated


class Dictionary:
    """Looks texts up; those that it does not know are 'empty'. Notes what it was asked."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known, self.asked = known, list[str]()

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        self.asked += texts
        return [Translated(self.known[text]) if text in self.known else Translated("", "empty") for text in texts]
