"""Files that may not be the ones that are meant, although every row of theirs is in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import pyarrow as pa

from xstilts.errors import DataError
from xstilts.sources.readers.content import HINT, digest
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task
from xstilts.wording import counted

#: By ISO 15924's codes, the first words of the names that Unicode gives a script's letters.
_LETTERS: dict[str, frozenset[str]] = {
    "Arab": frozenset({"ARABIC"}),
    "Beng": frozenset({"BENGALI"}),
    "Cyrl": frozenset({"CYRILLIC"}),
    "Deva": frozenset({"DEVANAGARI"}),
    "Geor": frozenset({"GEORGIAN"}),
    "Grek": frozenset({"GREEK"}),
    "Gujr": frozenset({"GUJARATI"}),
    "Guru": frozenset({"GURMUKHI"}),
    "Hani": frozenset({"CJK"}),
    "Hebr": frozenset({"HEBREW"}),
    "Jpan": frozenset({"CJK", "HIRAGANA", "KATAKANA"}),
    "Kore": frozenset({"HANGUL", "CJK"}),
    "Latn": frozenset({"LATIN"}),
    "Mlym": frozenset({"MALAYALAM"}),
    "Mymr": frozenset({"MYANMAR"}),
    "Taml": frozenset({"TAMIL"}),
    "Telu": frozenset({"TELUGU"}),
    "Thai": frozenset({"THAI"}),
}
_SHARE = 0.1  # of a file's letters; names and numbers in other scripts are usual, whole files are not
_TEXTS = 500  # looked at of a file
_FEWEST = 20  # letters from which on a share says something


def doubts(task: Task, split: str, language: Language, table: pa.Table) -> Iterator[str]:
    """What is odd about a file as a whole, a phrase each; slices of releases and other editions are legitimate.

    Args:
        task: The task.
        split: The split.
        language: The language that the file should be in.
        table: All examples of the file.
    """
    published = task.published_examples(split, language.code)
    if published not in (None, table.num_rows):
        yield f"has {counted(table.num_rows, 'example')}, where the release has {published:,}; is the file whole?"
    task_type = task_type_class(task)
    texts = task_type.texts(table.slice(0, _TEXTS), language.code, language.code)
    share = _share_in_script(islice(texts, _TEXTS), language.script)
    if share is not None and share < _SHARE:
        yield (
            f"has {share:.0%} of its letters in the script of {language.name} ({language.script}); "
            "is it the file of another language?"
        )


def _share_in_script(texts: Iterable[str], script: str) -> float | None:
    """The share of letters that are of a script; None where the script is unknown or there are hardly any letters."""
    if script not in _LETTERS:
        return None
    letters = [char for text in texts for char in text if char.isalpha()]
    if len(letters) < _FEWEST:
        return None
    names = {char: unicodedata.name(char, "?").replace("-", " ").split(" ")[0] for char in set(letters)}
    return sum(names[char] in _LETTERS[script] for char in letters) / len(letters)


class TrainingData:
    """The lines of training files, to tell an evaluation file that is a copy of one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    @cached_property
    def _by_digest(self) -> dict[str, Path]:
        return {digest(path): path for path in self._paths if path.is_file()}

    def doubts(self, split: str, paths: Sequence[Path]) -> Iterator[str]:
        """Say which dev file is a copy of a training file.

        Raises:
            DataError: A test file is a copy.
        """
        for path in () if split == "train" else paths:
            if (original := self._by_digest.get(digest(path))) is None:
                continue
            if split == "test":
                problem = f"holds the same lines as the training file {original}."
                raise DataError(path, problem, remedy=f"Put the release's test file in its place. {HINT}")
            yield f"{path.name} holds the same lines as the training file {original}: is it the dev file?"
