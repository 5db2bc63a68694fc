"""From a repository's multiple-choice questions to canonical rows.

How prompt and choices are put together is said in :mod:`xstilts.sources.readers.choices`.
"""

from __future__ import annotations

from collections.abc import Iterator

from xstilts.sources.hub.converters import Converter, Numbered, Reading, Row

_COSMOS_ANSWERS = "answer0", "answer1", "answer2", "answer3"
_SIQA_ANSWERS = "answerA", "answerB", "answerC"
_COPA_CHOICES = "choice1", "choice2"


def _hellaswag(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """HellaSwag: the label is text. The id is the row number, since ``ind`` is not said to be unique."""
    for number, row in rows:
        start, endings = row["ctx_b"], row["endings"]
        yield {
            "id": str(number),
            "prompt": row["ctx_a"],
            "choices": [f"{start} {ending}" if start else ending for ending in endings],
            "label": _index(row["label"], [str(index) for index in range(len(endings))], reading, number),
        }


def _cosmosqa(rows: Numbered, reading: Reading) -> Iterator[Row]:
    valid = [str(index) for index in range(len(_COSMOS_ANSWERS))]
    for number, row in rows:
        yield {
            "id": row["id"],
            "prompt": f"{row['context']} {row['question']}",
            "choices": [row[answer] for answer in _COSMOS_ANSWERS],
            "label": _index(str(row["label"]), valid, reading, number),
        }


def _commonsenseqa(rows: Numbered, reading: Reading) -> Iterator[Row]:
    for number, row in rows:
        yield {
            "id": row["id"],
            "prompt": row["question"],
            "choices": row["choices"]["text"],
            "label": _index(row["answerKey"], row["choices"]["label"], reading, number),
        }


def _siqa(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """Social IQa: the label counts from 1, as text. The id is the row's number, as in the release."""
    for number, row in rows:
        yield {
            "id": str(number),
            "prompt": f"{row['context']} {row['question']}",
            "choices": [row[answer] for answer in _SIQA_ANSWERS],
            "label": _index(str(row["label"]), ["1", "2", "3"], reading, number),
        }


def _copa(rows: Numbered, reading: Reading) -> Iterator[Row]:
    """COPA and XCOPA: a question asks for the cause or the effect. The id is the row's number, as in the release."""
    for number, row in rows:
        if row["question"] not in ("cause", "effect"):
            raise reading.error(f"'question' is '{row['question']}', not cause or effect.", number)
        yield {
            "id": str(number),
            "prompt": f"{row['premise']} What was the {row['question']}?",
            "choices": [row[choice] for choice in _COPA_CHOICES],
            "label": _index(str(row["label"]), ["0", "1"], reading, number),
        }


def _index(label: str, valid: list[str], reading: Reading, row: int) -> int:
    if len(set(valid)) < len(valid):
        raise reading.error(f"two of its choices have the same label; the labels are {', '.join(valid)}.", row)
    if label not in valid:
        raise reading.error(f"the label '{label}' is none of the choices {', '.join(valid)}.", row)
    return valid.index(label)


#: By the name that declarations use.
CHOICE_CONVERTERS: dict[str, Converter] = {
    "hellaswag": Converter(("ctx_a", "ctx_b", "endings", "label"), _hellaswag),
    "cosmosqa": Converter(("id", "context", "question", *_COSMOS_ANSWERS, "label"), _cosmosqa),
    "commonsenseqa": Converter(("id", "question", "choices", "answerKey"), _commonsenseqa),
    "siqa": Converter(("context", "question", *_SIQA_ANSWERS, "label"), _siqa),
    "copa": Converter(("premise", "question", *_COPA_CHOICES, "label"), _copa),
}
