"""The files of a submission that are JSON: answers by question, entities by mention, and a choice per line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from xstilts.submission.parsed import Parsed, ids_of, joined, lines_of, quoted
from xstilts.tasks.task import Task
from xstilts.wording import counted


class _Object(list[tuple[str, Any]]):
    """A JSON object as its members, which keeps duplicate names."""


def write_answers(predictions: Sequence[str], examples: pa.Table) -> str:
    """Format the answer to each question."""
    return _by_id(dict(zip(ids_of(examples), predictions, strict=True)))


def parse_answers(task: Task, text: str, examples: pa.Table) -> Parsed:
    """Parse the answer to each question."""
    return _parse_by_id(text, ids_of(examples), "an answer", "question", "text", _text)


def write_entities(predictions: Sequence[str], examples: pa.Table) -> str:
    """Format the ids that were found for each mention."""
    found = (prediction.split() for prediction in predictions)
    return _by_id(dict(zip(ids_of(examples), found, strict=True)))


def parse_entities(task: Task, text: str, examples: pa.Table) -> Parsed:
    """Parse the ids that were found for each mention."""
    return _parse_by_id(text, ids_of(examples), "a list of entities", "mention", "a list of different ids", _id_list)


def write_choices(predictions: Sequence[str], examples: pa.Table) -> str:
    """Format the index of each example's choice."""
    return joined([json.dumps({"label": int(prediction)}) for prediction in predictions])


def parse_choices(task: Task, text: str, examples: pa.Table) -> Parsed:
    """Parse the index of each example's choice."""
    result, ids, lines = Parsed(), ids_of(examples), lines_of(text)
    counts = [len(choices) for choices in examples.column("choices").to_pylist()]
    if len(lines) != len(ids):
        result.problems.append(f"found {counted(len(lines), 'line')}, expected {len(ids)}: one per example")
    for number, (identifier, count, line) in enumerate(zip(ids, counts, lines, strict=False), start=1):
        label = _label(line)
        if label is None or not 0 <= label < count:
            expected = f'an object like {{"label": 0}}, with a number from 0 to {count - 1}'
            result.problems.append(f"line {number}: found {quoted(line)}, expected {expected}")
        else:
            result.predictions.append((identifier, str(label)))
    return result


def _label(line: str) -> int | None:
    try:
        value = json.loads(line)
    except (RecursionError, ValueError):
        return None
    label = value.get("label") if isinstance(value, dict) else None
    return label if type(label) is int else None


def _by_id(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=0) + "\n"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _id_list(value: Any) -> str | None:
    ids = value if isinstance(value, list) and not isinstance(value, _Object) else []
    whole = all(isinstance(identifier, str) and identifier.split() == [identifier] for identifier in ids)
    return " ".join(ids) if ids and whole and len(set(ids)) == len(ids) else None


def _parse_by_id(
    text: str, ids: Sequence[str], what: str, kind: str, expected: str, prediction_of: Callable[[Any], str | None]
) -> Parsed:
    """Parse an object that has a value for each id.

    Args:
        text: The file's content.
        ids: Of the examples.
        what: What a value is, in messages.
        kind: What an id stands for, in messages.
        expected: How a value should be, in messages.
        prediction_of: Returns the prediction that a value stands for; None where it is not as it should be.
    """
    shape = f"expected an object with {what} for each {kind} id"
    try:
        members = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        return Parsed(problems=[f"line {error.lineno}: is no JSON ({error.msg}); {shape}"])
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        return Parsed(problems=[f"cannot be read as JSON; {shape}"])
    if not isinstance(members, _Object):
        return Parsed(problems=[f"found {quoted(text.strip())}; {shape}"])
    result, known, seen = Parsed(), dict.fromkeys(ids), set[str]()
    answered, unanswered = (
        ("is answered twice", "has no answer") if kind == "question" else ("occurs twice", "is missing")
    )
    for identifier, value in members:
        if identifier not in known:
            result.problems.append(f"{kind} '{identifier}' is not in the data")
        elif identifier in seen:
            result.problems.append(f"{kind} '{identifier}' {answered}")
        elif (prediction := prediction_of(value)) is None:
            shown = "an object" if isinstance(value, _Object) else quoted(json.dumps(value))
            result.problems.append(f"{kind} '{identifier}': found {shown}, expected {expected}")
        else:
            result.predictions.append((identifier, prediction))
        seen.add(identifier)
    result.problems += [f"{kind} '{identifier}' {unanswered}" for identifier in known if identifier not in seen]
    return result
