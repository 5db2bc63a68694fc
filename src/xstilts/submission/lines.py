"""The content of a submission's files, as XTREME's ``evaluate.py`` reads them: writing and parsing.

- Classification: a label per line, in the order of the examples.
- Tagging: a tag per line, a blank line between sentences.
- Question answering: a JSON object, the answer's text by the question's id.
- XCOPA: a JSON object per line, with the choice's number as ``label``, in the order of the examples.
- Mewsli-X: a JSON object, by the mention's id a list of the entities' ids, best first.
- BUCC2018: ``foreign id TAB English id`` per mined pair, any number of them.
- Tatoeba: a line for each English sentence with the number of a foreign one, which is its line in the foreign file,
  counted from 0. English sentences come in the order of their text, by code points and without blanks at either end,
  equal ones as in the release: XTREME's preprocessing sorts them, to hide which line translates which.

Predictions are those of the canonical files (see :mod:`xstilts.scores.matching`): as text, by example id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.errors import did_you_mean
from xstilts.submission import objects
from xstilts.submission.parsed import Parsed, ids_of, joined, lines_of, quoted
from xstilts.task_types.retrieval import FOREIGN, queries
from xstilts.tasks.task import Task
from xstilts.wording import counted


def written(task: Task, predictions: Sequence[str], examples: pa.Table) -> str:
    """Format a file of predictions: one per scored example, in their order, as ``scoring.aligned`` returns them."""
    return _FORMATS[task.submission or ""][0](predictions, examples)


def parsed(task: Task, text: str, examples: pa.Table) -> Parsed:
    """Parse a file of predictions for the canonical examples; lines end in LF, CR LF or CR, as in ``evaluate.py``."""
    return _FORMATS[task.submission or ""][1](task, text, examples)


# A label per line


def _write_labels(predictions: Sequence[str], examples: pa.Table) -> str:
    return joined(predictions)


def _parse_labels(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, ids, lines = Parsed(), ids_of(examples), lines_of(text)
    if len(lines) != len(ids):
        result.problems.append(f"found {counted(len(lines), 'line')}, expected {len(ids)}: one per example")
    for number, (identifier, line) in enumerate(zip(ids, lines, strict=False), start=1):
        if line not in task.labels:
            result.problems.append(f"line {number}: found {quoted(line)}, expected {_one_of(task.labels)}")
        result.predictions.append((identifier, line))
    return result


# A tag per line


def _write_tags(predictions: Sequence[str], examples: pa.Table) -> str:
    return "\n".join(joined(sentence.split()) for sentence in predictions)


def _parse_tags(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, ids, sentences = Parsed(), ids_of(examples), _sentences(text)
    words = pc.list_value_length(examples.column("tokens")).to_pylist()
    if len(sentences) != len(ids):
        expected = f"expected {len(ids)}, with a blank line between two"
        result.problems.append(f"found {counted(len(sentences), 'sentence')}, {expected}")
    for number, (identifier, count, (line, tags)) in enumerate(zip(ids, words, sentences, strict=False), start=1):
        if len(tags) != count:
            where = f"line {line}, sentence {number} (example '{identifier}')"
            result.problems.append(f"{where}: found {counted(len(tags), 'tag')}, expected {count}")
        for offset, tag in enumerate(tags):
            if tag not in task.labels:
                result.problems.append(f"line {line + offset}: {_no_tag(tag, task.labels)}")
        result.predictions.append((identifier, " ".join(tags)))
    return result


@cache
def _no_tag(tag: str, tags: tuple[str, ...]) -> str:
    """Cached, because a file in another tag set has the same few wrong tags a hundred thousand times."""
    return f"found {quoted(tag)}, which is no tag. {did_you_mean(tag, tags)}"


def _sentences(text: str) -> list[tuple[int, list[str]]]:
    """(line number of its first tag, tags) of each sentence; a blank line always ends one, even an empty one."""
    sentences: list[tuple[int, list[str]]] = []
    start, tags = 1, list[str]()
    for number, line in enumerate(lines_of(text), start=1):
        if line:
            tags.append(line)
        else:
            sentences.append((start, tags))
            start, tags = number + 1, []
    return [*sentences, (start, tags)] if tags else sentences


# Pairs of ids


def _write_pairs(predictions: Sequence[str], examples: pa.Table) -> str:
    english = zip(ids_of(queries(examples)), predictions, strict=True)
    return joined([f"{foreign}\t{identifier}" for identifier, mined in english for foreign in mined.split()])


def _parse_pairs(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, foreign, english = Parsed(), set(_foreign(examples)), ids_of(queries(examples))
    mined: dict[str, list[str]] = {identifier: [] for identifier in english}
    for number, line in enumerate(lines_of(text), start=1):
        pair = line.split("\t")
        if len(pair) != 2:
            problem = f"found {quoted(line)}, expected 'foreign id TAB English id'"
        elif pair[0] in mined and pair[1] in foreign:
            problem = f"found {quoted(line)}, expected the foreign id first"
        elif pair[0] not in foreign:
            problem = f"'{pair[0]}' is not the id of a foreign sentence"
        elif pair[1] not in mined:
            problem = f"'{pair[1]}' is not the id of an English sentence"
        elif pair[0] in mined[pair[1]]:
            problem = f"repeats the pair {pair[0]}, {pair[1]}"
        else:
            mined[pair[1]].append(pair[0])
            continue
        result.problems.append(f"line {number}: {problem}")
    result.predictions = [(identifier, " ".join(ids)) for identifier, ids in mined.items()]
    return result


# Line numbers


def _write_numbers(predictions: Sequence[str], examples: pa.Table) -> str:
    number_of = {identifier: str(line) for line, identifier in enumerate(_foreign(examples))}
    return joined([number_of[predictions[row].strip()] for row in _sorted_rows(examples)])


def _parse_numbers(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, lines, rows = Parsed(), lines_of(text), _sorted_rows(examples)
    english = ids_of(queries(examples))
    foreign = {str(line): identifier for line, identifier in enumerate(_foreign(examples))}
    if len(lines) != len(rows):
        result.problems.append(f"found {counted(len(lines), 'line')}, expected {len(rows)}: one per English sentence")
    for number, (row, line) in enumerate(zip(rows, lines, strict=False), start=1):
        if line not in foreign:
            expected = f"the number of a line in the foreign file, 0 to {len(foreign) - 1}"
            result.problems.append(f"line {number}: found {quoted(line)}, expected {expected}")
        result.predictions.append((english[row], foreign.get(line, "")))
    return result


def _sorted_rows(examples: pa.Table) -> list[int]:
    """Rows of the English sentences in XTREME's order; XTREME's own files are in that order already."""
    texts = queries(examples).column("text").to_pylist()
    return sorted(range(len(texts)), key=lambda row: texts[row].strip())


_Writer = Callable[[Sequence[str], pa.Table], str]
_Parser = Callable[[Task, str, pa.Table], Parsed]

_FORMATS: dict[str, tuple[_Writer, _Parser]] = {
    "labels": (_write_labels, _parse_labels),
    "tags": (_write_tags, _parse_tags),
    "answers": (objects.write_answers, objects.parse_answers),
    "choices": (objects.write_choices, objects.parse_choices),
    "entities": (objects.write_entities, objects.parse_entities),
    "pairs": (_write_pairs, _parse_pairs),
    "line_numbers": (_write_numbers, _parse_numbers),
}


def _foreign(examples: pa.Table) -> list[str]:
    return ids_of(examples.filter(pc.field("side") == FOREIGN))


def _one_of(labels: Sequence[str]) -> str:
    return f"{', '.join(labels[:-1])} or {labels[-1]}"
