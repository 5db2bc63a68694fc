"""Plain sentences: two sides to match, or text without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from xstilts.catalogue.languages import Language
from xstilts.catalogue.tasks import Task
from xstilts.errors import DataError
from xstilts.sources.readers.raw import HINT, lines, ragged, tsv

Row = dict[str, Any]


def bucc(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """BUCC2018: foreign and English ``id TAB sentence``, and gold pairs ``foreign id TAB English id``; no header.

    Yields the foreign sentences, then the English ones, all of them: also those that occur more than once.
    """
    foreign_path, english_path, gold_path = paths
    foreign, english = _by_id(foreign_path), _by_id(english_path)
    sides = dict(foreign), dict(english)
    matches: dict[str, list[str]] = {}
    for row, pair in tsv(gold_path):
        if len(pair) != 2:
            raise ragged(gold_path, row, len(pair), 2)
        for identifier, side, path in zip(pair, sides, (foreign_path, english_path), strict=True):
            if identifier not in side:
                raise DataError(
                    gold_path,
                    f"the id '{identifier}' is not in {path}.",
                    row,
                    f"Gold pairs are 'foreign id TAB English id' of the same split. {HINT}",
                )
        matches.setdefault(pair[1], []).append(pair[0])
    for identifier, text in foreign:
        yield _sentence(identifier, "foreign", text, [])
    for identifier, text in english:
        yield _sentence(identifier, "english", text, matches.get(identifier, []))


def tatoeba(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Tatoeba as in LASER: two files, one sentence per line; equal line numbers are translations.

    Ids are the language's code and the line number. Yields the foreign sentences, then the English ones.
    """
    foreign_path, english_path = paths
    pairs = list(zip_longest(lines(foreign_path), lines(english_path)))
    for row, (foreign, english) in enumerate(pairs, start=1):
        if foreign is None or english is None:
            shorter, longer = (foreign_path, english_path) if foreign is None else (english_path, foreign_path)
            raise DataError(
                shorter,
                f"ends before this line, but {longer} has {len(pairs)} lines.",
                row,
                f"Both files must have the same number of lines, each the translation of the other's. {HINT}",
            )
    for row, (foreign, _) in enumerate(pairs, start=1):
        yield _sentence(f"{language.code}-{row}", "foreign", foreign[1], [])
    for row, (_, english) in enumerate(pairs, start=1):
        yield _sentence(f"en-{row}", "english", english[1], [f"{language.code}-{row}"])


def passages(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Unlabelled text: one passage per line, blank lines skipped. The id is the line number."""
    (path,) = paths
    for row, line in lines(path):
        if line.strip():
            yield {"id": str(row), "text": line}


def _by_id(path: Path) -> list[tuple[str, str]]:
    """(id, sentence) in the order of the file; a repeated id stays, to be reported with all other examples."""
    found = []
    for row, fields in tsv(path):
        if len(fields) != 2:
            raise ragged(path, row, len(fields), 2)
        found.append((fields[0], fields[1]))
    return found


def _sentence(identifier: str, side: str, text: str, matches: list[str]) -> Row:
    return {"id": identifier, "side": side, "text": text, "matches": matches}
