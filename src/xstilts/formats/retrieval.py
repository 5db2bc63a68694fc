"""Sentence retrieval: BUCC2018, Tatoeba.

Sentences are encoded one by one and embedded by the encoder as it is: nothing is trained. Predictions are made by
:mod:`xstilts.retrieval.predict`, one per English sentence: the id of the foreign sentence said to translate it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from xstilts.catalogue import languages
from xstilts.catalogue.tasks import Task
from xstilts.formats.base import Batch, Format, Row, Scored, Tokens, inputs_of, pad_inputs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FOREIGN, ENGLISH = "foreign", "english"

Pair = tuple[str, str]  # (foreign id, English id)


class Retrieval(Format):
    """Sentences of two ``side``s; English ones name in ``matches`` the ids of the foreign ones that translate them."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("side", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("matches", pa.list_(pa.string())),
        ]
    )
    gold_column: ClassVar[str] = "matches"
    text_columns: ClassVar[tuple[str, ...]] = ("text",)

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """Either side's sentences, each by itself: pairs stay unknown."""
        for side, code in ((FOREIGN, file_language), (ENGLISH, languages.ENGLISH)):
            if code == language:
                yield from table.filter(pc.field("side") == side).column("text").to_pylist()

    @classmethod
    def scored_ids(cls, examples: pa.Table) -> list[str]:
        return super().scored_ids(queries(examples))

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        sides, matches = table.column("side").to_pylist(), table.column("matches").to_pylist()
        for side in (FOREIGN, ENGLISH):
            if side not in sides:
                yield 0, f"there are no {side} sentences at all."
        if ENGLISH in sides and not any(matches):
            yield 0, "no English sentence has a translation; is the file with the gold pairs complete?"
        foreign = set(table.filter(pc.field("side") == FOREIGN).column("id").to_pylist())
        for row, (identifier, side) in enumerate(zip(table.column("id").to_pylist(), sides, strict=True)):
            for problem in _row_problems(task, identifier, side, matches[row], foreign):
                yield row, problem

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        texts = examples.column("text").to_pylist()
        encoded = tokenizer(texts, truncation=True, max_length=self.encoding.max_length)
        numbers = pa.array(range(first, first + examples.num_rows), pa.int32())
        return pa.table({"example": numbers, **inputs_of(encoded)})

    def collate(self, rows: Sequence[Row], tokens: Tokens) -> Batch:
        return pad_inputs(rows, tokens)

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score one prediction per *English* sentence, in the table's order; '' for none.

        Tatoeba: accuracy. BUCC2018: F1, precision and recall of the predicted pairs, which no sentence has a part of.
        """
        english = queries(examples)
        matches = english.column("matches").to_pylist()
        gold = [" ".join(own) for own in matches]
        if one_to_one(task):
            right = [100.0 * (found in own) for found, own in zip(predictions, matches, strict=True)]
            return Scored({"accuracy": sum(right) / len(right)}, gold, list(right))
        pairs = {
            (found, identifier)
            for found, identifier in zip(predictions, english.column("id").to_pylist(), strict=True)
            if found
        }
        return Scored(pair_scores(pairs, gold_pairs(examples)), gold, [None] * len(gold))


def one_to_one(task: Task) -> bool:
    """Whether every English sentence has exactly one translation to be found (Tatoeba), or few have (BUCC2018)."""
    return "accuracy" in task.headline


def queries(examples: pa.Table) -> pa.Table:
    """The English sentences, which predictions are made for."""
    return examples.filter(pc.field("side") == ENGLISH)


def gold_pairs(examples: pa.Table) -> set[Pair]:
    english = queries(examples)
    columns = english.column("id").to_pylist(), english.column("matches").to_pylist()
    return {(match, identifier) for identifier, own in zip(*columns, strict=True) for match in own}


def pair_scores(predicted: Set[Pair], gold: Set[Pair]) -> dict[str, float]:
    """F1, precision and recall of a set of pairs, in points; all 0 where no pair is right."""
    hits = len(predicted & gold)
    if not hits:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    return {
        "f1": 200.0 * hits / (len(predicted) + len(gold)),
        "precision": 100.0 * hits / len(predicted),
        "recall": 100.0 * hits / len(gold),
    }


def _row_problems(task: Task, identifier: str, side: str, matches: Sequence[str], foreign: Set[str]) -> Iterator[str]:
    if identifier.split() != [identifier]:
        yield f"the id '{identifier}' is empty or has a space in it; gold answers are lists of ids."
    if side not in (FOREIGN, ENGLISH):
        yield f"side '{side}' is neither '{FOREIGN}' nor '{ENGLISH}'."
    elif side == FOREIGN:
        if matches:
            yield "is foreign, but has matches; they belong to the English sentence."
    else:
        unknown = [match for match in matches if match not in foreign]
        if unknown:
            yield f"its translation '{unknown[0]}' is the id of no foreign sentence in the file."
        if one_to_one(task) and len(matches) != 1:
            yield f"has {len(matches)} translations; in {task.title} every English sentence has exactly 1."
