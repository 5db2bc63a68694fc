"""What a converter of a repository's rows is, and what it knows about the file that they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.tasks.languages import Language
from xstilts.tasks.task import HubPart, Task

Row = dict[str, Any]
Numbered = Iterable[tuple[int, Mapping[str, Any]]]

_PUBLISHED = "Is this the dataset's own train or dev split? docs/hub.md says what is read."


@dataclass(frozen=True)
class Reading:
    """What a converter knows about the file that its rows come from. ``training``: a row may be left out."""

    task: Task
    language: Language
    part: HubPart
    file: Path
    features: Mapping[str, Any]
    training: bool = False

    def error(self, problem: str, row: int) -> DataError:
        """The error for a row that is not as the converter expects."""
        return DataError(self.file, problem, row, _PUBLISHED)

    def name_of(self, column: str, value: int, row: int) -> str:
        """The name of a class label."""
        return self._named(self.features[column], column, value, row)

    def names_of(self, column: str, values: list[int], row: int) -> list[str]:
        """The names of a list of class labels."""
        label = self.features[column].feature
        return [self._named(label, column, value, row) for value in values]

    def _named(self, label: Any, column: str, value: int, row: int) -> str:
        names = getattr(label, "names", None)
        if names is None:
            raise self.error(f"column '{column}' has no names for its labels, only {label}.", row)
        if not 0 <= value < len(names):
            raise self.error(f"'{column}' is {value}, which is no label; there are {', '.join(names)}.", row)
        return str(names[value])


@dataclass(frozen=True)
class Converter:
    """How a repository's rows become canonical ones: the fields that are read, and what is done with them.

    Repositories may have other names for the fields, which ``HubPart.columns`` gives, and an ``id`` beside them.
    """

    fields: tuple[str, ...]
    convert: Callable[[Numbered, Reading], Iterator[Row]]

    def columns_of(self, part: HubPart) -> tuple[str, ...]:
        """The columns of a repository that are read."""
        named = [part.columns.get(name, name) for name in self.fields]
        return tuple(dict.fromkeys([*named, *part.columns.values()]))
