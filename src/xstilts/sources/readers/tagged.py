"""Sentences whose words carry tags: parts of speech, entities, CCG categories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xstilts.errors import DataError
from xstilts.sources.readers.raw import HINT, AllOrNone, lines, ragged, short
from xstilts.tasks.languages import Language
from xstilts.tasks.task import Task

Row = dict[str, Any]

_LEAF_START = "(<L "
_LEAF = re.compile(r"\(<L (?P<category>\S+) \S+ \S+ (?P<word>\S+) \S+>\)")
_NODE = re.compile(r"\(<T \S+ \S+ \S+>")
#: Begins each document in the format of CoNLL-2003.
DOCUMENT_MARK = "-DOCSTART-"
_ENTITY_TAG = re.compile(r"[BIESLU]-\w+")


def conll(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """UDPOS and PAN-X as XTREME stores them: ``token TAB tag``, a blank line after each sentence.

    The id is the sentence's number. PAN-X's raw release writes ``en:token``; that prefix is removed where all tokens
    of the file have it. Empty tokens are kept. A test file may hold only tokens: tags are None then, and an empty
    token ends the sentence, since nothing tells it from a blank line.
    """
    (path,) = paths
    sentences = list(_sentences(path, task))
    prefix = f"{language.code}:"
    if task.language_prefix and all(token.startswith(prefix) for tokens, _ in sentences for token in tokens):
        sentences = [([token.removeprefix(prefix) for token in tokens], tags) for tokens, tags in sentences]
    for number, (tokens, tags) in enumerate(sentences, start=1):
        yield {"id": str(number), "tokens": tokens, "tags": tags}


def ccgbank(paths: Sequence[Path], task: Task, language: Language) -> Iterator[Row]:
    """CCGbank's ``.auto``: a line ``ID=wsj_0001.1 …``, then the derivation on one line.

    Of the derivation only its leaves ``(<L CAT modPOS origPOS WORD PREDARGCAT>)`` are used: the words and their
    categories. Words stay as they are (-LRB- for a bracket).
    """
    (path,) = paths
    identifier: str | None = None
    row = 0
    for row, line in lines(path):
        if line.startswith("ID="):
            if identifier is not None:
                raise DataError(path, f"the sentence before, '{identifier}', has no derivation.", row, HINT)
            identifier = line.removeprefix("ID=").split(" ")[0]
        elif line.strip():
            if identifier is None:
                raise DataError(path, "a line 'ID=…' is expected before each derivation.", row, HINT)
            leaves = _leaves(path, row, line)
            yield {"id": identifier, "tokens": [word for _, word in leaves], "tags": [tag for tag, _ in leaves]}
            identifier = None
    if identifier is not None:
        raise DataError(path, f"ends before the derivation of '{identifier}'.", row, f"Is the file whole? {HINT}")


def _sentences(path: Path, task: Task) -> Iterator[tuple[list[str], list[str] | None]]:
    """(tokens, tags) of each sentence; tags are None in all or in none."""
    gold = AllOrNone(path, "a tag")
    tokens: list[str] = []
    tags: list[str] = []
    for row, line in lines(path):
        if line == "":
            if tokens:
                yield tokens, tags or None
                tokens, tags = [], []
            continue
        _check_separator(path, row, line, task)
        token, *tag = line.split("\t")
        if len(tag) > 1:
            raise ragged(path, row, 1 + len(tag), 2)
        gold.check(row, bool(tag))
        tokens.append(token)
        if tag:
            tags.append(_known(path, row, tag[0], task))
    if tokens:
        yield tokens, tags or None


def _check_separator(path: Path, row: int, line: str, task: Task) -> None:
    """Refuse other column formats, whose lines without a tab would pass for words without tags."""
    cells = line.split()
    if cells[:1] == [DOCUMENT_MARK]:
        raise DataError(
            path,
            f"{DOCUMENT_MARK} is a mark of CoNLL-2003's format, not a word.",
            row,
            f"{task.title}'s files have two columns, word and tag, with a tab between them. {HINT}",
        )
    if "\t" not in line and len(cells) > 1 and (cells[-1] in task.labels or _ENTITY_TAG.fullmatch(cells[-1])):
        raise DataError(
            path,
            f"'{short(line)}' has blanks where a tab is expected between word and tag.",
            row,
            f"{task.title}'s files have two columns, word and tag, with a tab between them. {HINT}",
        )


def _known(path: Path, row: int, tag: str, task: Task) -> str:
    if task.labels and tag not in task.labels:
        raise DataError(
            path, f"the tag '{short(tag)}' is unknown.", row, f"{task.title} has: {', '.join(task.labels)}. {HINT}"
        )
    return tag


def _leaves(path: Path, row: int, derivation: str) -> list[tuple[str, str]]:
    """(category, word) of each leaf, in order.

    Beside its leaves, a derivation consists of nodes, ``(<T CAT head children> … )``, and blanks: a damaged leaf
    would else be a word that is missing.
    """
    leaves = [(leaf["category"], leaf["word"]) for leaf in _LEAF.finditer(derivation)]
    if not leaves or len(leaves) != derivation.count(_LEAF_START):
        raise DataError(
            path,
            f"{len(leaves)} of {derivation.count(_LEAF_START)} leaves have the form "
            "(<L CAT modPOS origPOS WORD PREDARGCAT>).",
            row,
            f"The file must be CCGbank's .auto format. {HINT}",
        )
    others, nodes = _NODE.subn("", _LEAF.sub("", derivation))
    if rest := others.replace(")", "").strip():
        raise DataError(
            path,
            f"'{short(rest)}' is neither a leaf (<L …>) nor a node (<T CAT head children> … ).",
            row,
            f"The file must be CCGbank's .auto format. {HINT}",
        )
    if nodes != others.count(")"):
        raise DataError(
            path,
            f"its {nodes} nodes (<T …> … ) are closed {others.count(')')} times.",
            row,
            f"Was the line cut off? {HINT}",
        )
    return leaves
