"""Plain sentences: two sides to match, or text without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.raw import HINT, lines, tsv
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]


def bucc(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """BUCC2018: foreign and English ``id TAB sentence``, and gold pairs ``foreign id TAB English id``; no header.

    Yields the foreign sentences, then the English ones, all of them: also those that occur more than once. Pools have
    up to half a million sentences a side, so only gold pairs are held. Without the file of gold pairs, which XTREME's
    script removes for the test split, ``matches`` are None.
    """
    gold_path = paths[2] if len(paths) == 3 else None
    pairs = list(tsv(gold_path, 2)) if gold_path else []
    matches: dict[str, list[str]] = {}
    for _, (foreign, english) in pairs:
        matches.setdefault(english, []).append(foreign)
    for column, (side, path) in enumerate(zip(("foreign", "english"), paths, strict=False)):
        sought = {pair[column]: row for row, pair in reversed(pairs)}
        for _, (identifier, text) in tsv(path, 2):
            sought.pop(identifier, None)
            own = matches.get(identifier, []) if side == "english" else []
            yield _sentence(identifier, side, text, own if gold_path else None)
        if gold_path and sought:
            row, identifier = min((row, identifier) for identifier, row in sought.items())
            raise DataError(
                gold_path,
                f"the id '{identifier}' is not in {path}.",
                row,
                f"Gold pairs are 'foreign id TAB English id' of the same split. {HINT}",
            )


def tatoeba(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Tatoeba: two files, one sentence per line. Ids are the language's code and the line number.

    In LASER's files (``tatoeba.deu-eng.eng``) equal line numbers are translations. XTREME's script strips the English
    lines and sorts them (``de-en.en``) to hide the alignment; ``matches`` are None then. Yields the foreign sentences,
    then the English ones.
    """
    foreign_path, english_path = paths
    return parallel_sentences(foreign_path, english_path, language, aligned=english_path.suffix != ".en")


def parallel_sentences(foreign_path: Path, english_path: Path, language: Language, aligned: bool) -> Iterator[Row]:
    """The sentences of two files with as many lines, none of them blank.

    Where ``aligned``, equal lines translate each other.
    """
    pairs = list(zip_longest(lines(foreign_path), lines(english_path)))
    for row, (foreign, english) in enumerate(pairs, start=1):
        if foreign is None or english is None:
            shorter, longer = (foreign_path, english_path) if foreign is None else (english_path, foreign_path)
            raise DataError(
                shorter,
                f"ends before this line, but {longer} has {len(pairs)} lines.",
                row,
                f"Every line is a sentence with a translation in the other file. {HINT}",
            )
        for path, (_, text) in ((foreign_path, foreign), (english_path, english)):
            if not text.strip():
                raise DataError(path, "is blank.", row, f"Every line is a sentence with a translation. {HINT}")
    if all(foreign == english for foreign, english in pairs):
        raise DataError(
            english_path, f"holds the same lines as {foreign_path}.", remedy=f"One of them is another file. {HINT}"
        )
    for row, (foreign, _) in enumerate(pairs, start=1):
        yield _sentence(f"{language.code}-{row}", "foreign", foreign[1], [] if aligned else None)
    for row, (_, english) in enumerate(pairs, start=1):
        yield _sentence(f"en-{row}", "english", english[1], [f"{language.code}-{row}"] if aligned else None)


def passages(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """Unlabelled text: one passage per line, blank lines skipped. The id is the line number."""
    (path,) = paths
    for row, line in lines(path):
        if line.strip():
            yield {"id": str(row), "text": line}


def _sentence(identifier: str, side: str, text: str, matches: list[str] | None) -> Row:
    return {"id": identifier, "side": side, "text": text, "matches": matches}
