"""The content of a submission's files, as XTREME's ``evaluate.py`` reads them: writing and parsing.

- Classification: a label per line, in the order of the examples.
- Tagging: a tag per line, a blank line between sentences.
- Question answering: a JSON object, the answer's text by the question's id.
- BUCC2018: ``foreign id TAB English id`` per mined pair, any number of them.
- Tatoeba: a line for each English sentence with the number of a foreign one, which is its line in the foreign file,
  counted from 0. English sentences come in the order of their text, by code points and without blanks at either end,
  equal ones as in the release: XTREME's preprocessing sorts them, to hide which line translates which.

Predictions are those of the canonical files (see :mod:`xstilts.scores.matching`): as text, by example id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.errors import did_you_mean
from xstilts.task_types.retrieval import FOREIGN, queries
from xstilts.tasks.task import Task
from xstilts.wording import counted

_SHOWN_CHARACTERS = 40


@dataclass
class Parsed:
    """A file's content.

    Attributes:
        predictions: (example id, prediction) pairs; may be incomplete if there are problems.
        problems: What is wrong with the file.
    """

    predictions: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def written(task: Task, predictions: Sequence[str], examples: pa.Table) -> str:
    """Format a file of predictions: one per scored example, in their order, as ``scoring.aligned`` returns them."""
    return _FORMATS[task.submission or ""][0](predictions, examples)


def parsed(task: Task, text: str, examples: pa.Table) -> Parsed:
    """Parse a file of predictions for the canonical examples; lines end in LF, CR LF or CR, as in ``evaluate.py``."""
    return _FORMATS[task.submission or ""][1](task, text, examples)


# A label per line


def _write_labels(predictions: Sequence[str], examples: pa.Table) -> str:
    return _joined(predictions)


def _parse_labels(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, ids, lines = Parsed(), _ids(examples), _lines(text)
    if len(lines) != len(ids):
        result.problems.append(f"found {counted(len(lines), 'line')}, expected {len(ids)}: one per example")
    for number, (identifier, line) in enumerate(zip(ids, lines, strict=False), start=1):
        if line not in task.labels:
            result.problems.append(f"line {number}: found {_quoted(line)}, expected {_one_of(task.labels)}")
        result.predictions.append((identifier, line))
    return result


# A tag per line


def _write_tags(predictions: Sequence[str], examples: pa.Table) -> str:
    return "\n".join(_joined(sentence.split()) for sentence in predictions)


def _parse_tags(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, ids, sentences = Parsed(), _ids(examples), _sentences(text)
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
    return f"found {_quoted(tag)}, which is no tag. {did_you_mean(tag, tags)}"


def _sentences(text: str) -> list[tuple[int, list[str]]]:
    """(line number of its first tag, tags) of each sentence; a blank line always ends one, even an empty one."""
    sentences: list[tuple[int, list[str]]] = []
    start, tags = 1, list[str]()
    for number, line in enumerate(_lines(text), start=1):
        if line:
            tags.append(line)
        else:
            sentences.append((start, tags))
            start, tags = number + 1, []
    return [*sentences, (start, tags)] if tags else sentences


# Answers by question


class _Object(list[tuple[str, Any]]):
    """A JSON object as its members, which keeps duplicate names."""


def _write_answers(predictions: Sequence[str], examples: pa.Table) -> str:
    return json.dumps(dict(zip(_ids(examples), predictions, strict=True)), indent=0) + "\n"


def _parse_answers(task: Task, text: str, examples: pa.Table) -> Parsed:
    shape = "expected an object with an answer for each question id"
    try:
        members = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        return Parsed(problems=[f"line {error.lineno}: is no JSON ({error.msg}); {shape}"])
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        return Parsed(problems=[f"cannot be read as JSON; {shape}"])
    if not isinstance(members, _Object):
        return Parsed(problems=[f"found {_quoted(text.strip())}; {shape}"])
    result, known, seen = Parsed(), dict.fromkeys(_ids(examples)), set[str]()
    for identifier, answer in members:
        if identifier not in known:
            result.problems.append(f"question '{identifier}' is not in the data")
        elif identifier in seen:
            result.problems.append(f"question '{identifier}' is answered twice")
        elif not isinstance(answer, str):
            shown = "an object" if isinstance(answer, _Object) else _quoted(json.dumps(answer))
            result.problems.append(f"question '{identifier}': found {shown}, expected text")
        else:
            result.predictions.append((identifier, answer))
        seen.add(identifier)
    result.problems += [f"question '{identifier}' has no answer" for identifier in known if identifier not in seen]
    return result


# Pairs of ids


def _write_pairs(predictions: Sequence[str], examples: pa.Table) -> str:
    english = zip(_ids(queries(examples)), predictions, strict=True)
    return _joined([f"{foreign}\t{identifier}" for identifier, mined in english for foreign in mined.split()])


def _parse_pairs(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, foreign, english = Parsed(), set(_foreign(examples)), _ids(queries(examples))
    mined: dict[str, list[str]] = {identifier: [] for identifier in english}
    for number, line in enumerate(_lines(text), start=1):
        pair = line.split("\t")
        if len(pair) != 2:
            problem = f"found {_quoted(line)}, expected 'foreign id TAB English id'"
        elif pair[0] in mined and pair[1] in foreign:
            problem = f"found {_quoted(line)}, expected the foreign id first"
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
    return _joined([number_of[predictions[row].strip()] for row in _sorted_rows(examples)])


def _parse_numbers(task: Task, text: str, examples: pa.Table) -> Parsed:
    result, lines, rows = Parsed(), _lines(text), _sorted_rows(examples)
    english = _ids(queries(examples))
    foreign = {str(line): identifier for line, identifier in enumerate(_foreign(examples))}
    if len(lines) != len(rows):
        result.problems.append(f"found {counted(len(lines), 'line')}, expected {len(rows)}: one per English sentence")
    for number, (row, line) in enumerate(zip(rows, lines, strict=False), start=1):
        if line not in foreign:
            expected = f"the number of a line in the foreign file, 0 to {len(foreign) - 1}"
            result.problems.append(f"line {number}: found {_quoted(line)}, expected {expected}")
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
    "answers": (_write_answers, _parse_answers),
    "pairs": (_write_pairs, _parse_pairs),
    "line_numbers": (_write_numbers, _parse_numbers),
}


def _ids(examples: pa.Table) -> list[str]:
    ids: list[str] = examples.column("id").to_pylist()
    return ids


def _foreign(examples: pa.Table) -> list[str]:
    return _ids(examples.filter(pc.field("side") == FOREIGN))


def _lines(text: str) -> list[str]:
    """Lines without blanks at either end; text after the last line end is a line only if it is not empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _one_of(labels: Sequence[str]) -> str:
    return f"{', '.join(labels[:-1])} or {labels[-1]}"


def _quoted(text: str) -> str:
    """A text for a message: "nothing" if it is empty, else quoted with visible control characters."""
    shown = repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
    return shown if text else "nothing"
