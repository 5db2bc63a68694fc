"""From a repository's rows to canonical rows, one converter per form of rows.

A converter gets numbered rows (1-based, as in the repository) and what it knows about their file. Labels are mapped by
their names: their numbers differ between repositories. Ids are the release's where the repository has them, else row
numbers, as in the ``files`` source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xstilts.sources.hub.alignment import nearest_occurrence
from xstilts.sources.hub.choice_rows import CHOICE_CONVERTERS
from xstilts.sources.hub.converters import Converter, Numbered, Reading, Row

_UNLABELLED = -1


def _pairs(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """Sentence pairs. The id is that of the column ``id``, else the row's number: languages are parallel then.

    PAWS-X's untranslated cells ("NS" or empty) are kept as XTREME does. Numbers count the rows that are left out.
    """
    columns, part = reading.part.columns, reading.part
    for number, row in rows:
        if part.skip_unlabelled and row[columns["label"]] == _UNLABELLED:
            continue
        name = reading.name_of(columns["label"], row[columns["label"]], number)
        label = part.label_names.get(name, name)
        if label not in reading.task.labels:
            raise reading.error(f"the label '{name}' is none of {', '.join(reading.task.labels)}.", number)
        yield {
            "id": row[columns["id"]] if "id" in columns else str(number),
            "premise": row[columns["premise"]],
            "hypothesis": row[columns["hypothesis"]],
            "label": label,
            **_metadata(row, reading),
        }


def _tagged(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """UDPOS and PAN-X. The id is the sentence's number."""
    column = reading.part.columns["tags"]
    for number, row in rows:
        tags = reading.names_of(column, row[column], number)
        yield {"id": str(number), "tokens": row["tokens"], "tags": tags}


def _squad(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """SQuAD 1.1 and 2.0, whose offsets fit. A question without answers is unanswerable."""
    for _, row in rows:
        yield {**_question(row, row["answers"]["text"], row["answers"]["answer_start"]), **_metadata(row, reading)}


def _stripped(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """XQuAD, MLQA and TyDiQA: offsets count characters of contexts whose leading blanks are gone.

    Training questions with an answer that is nowhere in its context are left out, and their number is printed. In an
    evaluation file that is an error: leaving it out would change what a score means.
    """
    left_out = 0
    for number, row in rows:
        texts, starts = row["answers"]["text"], row["answers"]["answer_start"]
        aligned = [nearest_occurrence(row["context"], text, start) for text, start in zip(texts, starts, strict=True)]
        if None not in aligned:
            yield _question(row, texts, aligned)
        elif reading.training:
            left_out += 1
        else:
            lost = texts[aligned.index(None)]
            raise reading.error(f"the answer '{lost}' of question '{row['id']}' is nowhere in its context.", number)
    if left_out:
        questions = "question" if left_out == 1 else "questions"
        print(
            f"{reading.task.title}: {left_out} training {questions} left out, with answers that are not in the context"
        )


def _tydiqa(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """TyDiQA: only the language's questions. Ids are ``english-…``, with a second dash before negative numbers."""
    name = reading.task.language_name(reading.language)
    own = ((number, row) for number, row in rows if row["id"].split("-", 1)[0] == name)
    return _stripped(own, reading)


def _tatoeba(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """Tatoeba: row by row translations, each sentence with the line end of its file. Foreign sentences first."""
    pairs = [(number, row["sentence1"].rstrip("\r\n"), row["sentence2"].rstrip("\r\n")) for number, row in rows]
    code = reading.language.code
    for number, foreign, _ in pairs:
        yield {"id": f"{code}-{number}", "side": "foreign", "text": foreign, "matches": []}
    for number, _, english in pairs:
        yield {"id": f"en-{number}", "side": "english", "text": english, "matches": [f"{code}-{number}"]}


def _question(row: Mapping[str, Any], texts: list[str], starts: list[Any]) -> Row:
    return {
        "id": row["id"],
        "context": row["context"],
        "question": row["question"],
        "answers": texts,
        "answer_starts": starts,
    }


def _metadata(row: Mapping[str, Any], reading: Reading) -> Row:
    """The columns of the task's metadata that the repository has."""
    return {name: row[name] for name in reading.task.metadata if name in row}


_QUESTION = "id", "context", "question", "answers"

#: By the name that declarations use.
CONVERTERS: dict[str, Converter] = {
    **CHOICE_CONVERTERS,
    "pairs": Converter(("premise", "hypothesis", "label"), _pairs),
    "squad": Converter(_QUESTION, _squad),
    "stripped_squad": Converter(_QUESTION, _stripped),
    "tydiqa": Converter(_QUESTION, _tydiqa),
    "tagged": Converter(("tokens", "tags"), _tagged),
    "tatoeba": Converter(("sentence1", "sentence2"), _tatoeba),
}
