"""Sentence retrieval: BUCC2018, Tatoeba.

Sentences are encoded one by one and embedded by the encoder as it is: nothing is trained. Predictions are made by
:mod:`xstilts.retrieval.predict`, one per English sentence: the id of the foreign sentence said to translate it, '' for
none; several ids, with a blank between them, where BUCC2018 has the same foreign sentence under each of them.

Pools of BUCC2018 have a million sentences, so whatever looks at all rows does so in Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.task_types.base import Batch, Row, Scored, SpecialTokens, TaskType, inputs_of, pad_inputs
from xstilts.tasks import languages
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FOREIGN, ENGLISH = "foreign", "english"

Pair = tuple[str, str]  # (foreign id, English id)


class Retrieval(TaskType):
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
    def limited(cls, table: pa.Table, count: int) -> pa.Table:
        """The first ``count`` English sentences that have a translation and all their translations, in the table's
        order: a pool in which every sentence can be found. Without gold, the first ``count`` of each side."""
        english, foreign = rows_of(table, ENGLISH), rows_of(table, FOREIGN)
        if cls.has_gold(table):
            ids, matches = table.column("id").combine_chunks(), table.column("matches").combine_chunks()
            lengths = pc.list_value_length(matches).to_numpy()
            english = english[lengths[english] > 0][:count]
            translations = pc.list_flatten(matches.take(pa.array(english)))
            wanted = pc.is_in(ids, value_set=translations).to_numpy(zero_copy_only=False)
            foreign = foreign[wanted[foreign]]
        else:
            english, foreign = english[:count], foreign[:count]
        return table.take(pa.array(np.sort(np.concatenate([english, foreign]))))

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        ids, sides, matches = (table.column(name).combine_chunks() for name in ("id", "side", "matches"))
        foreign, english = pc.equal(sides, FOREIGN), pc.equal(sides, ENGLISH)
        counts = pc.list_value_length(matches)
        for side, present in ((FOREIGN, foreign), (ENGLISH, english)):
            if not pc.any(present).as_py():
                yield 0, f"there are no {side} sentences at all."
        if cls.has_gold(table) and not pc.any(pc.greater(counts, 0)).as_py():
            yield 0, "no English sentence has a translation; is the file with the gold pairs complete?"
        for row, identifier in enumerate(ids.to_pylist()):
            if identifier.split() != [identifier]:
                yield row, f"the id '{identifier}' is empty or has a space in it; gold answers are lists of ids."
        for row in _where(pc.invert(pc.or_(foreign, english))):
            yield int(row), f"side '{sides[row]}' is neither '{FOREIGN}' nor '{ENGLISH}'."
        for row in _where(pc.and_(foreign, pc.greater(counts, 0))):
            yield int(row), "is foreign, but has matches; they belong to the English sentence."
        yield from _unknown_matches(ids, english, foreign, matches)
        for row in _where(pc.and_(english, pc.not_equal(counts, 1))) if one_to_one(task) else ():
            yield int(row), f"has {counts[row]} translations; in {task.title} every English sentence has exactly 1."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        texts = examples.column("text").to_pylist()
        encoded = tokenizer(texts, truncation=True, max_length=self.encoding.max_length)
        numbers = pa.array(range(first, first + examples.num_rows), pa.int32())
        return pa.table({"example": numbers, **inputs_of(encoded)})

    def collate(self, rows: Sequence[Row], tokens: SpecialTokens) -> Batch:
        return pad_inputs(rows, tokens)

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Predictions that name what is no foreign sentence of the pool; in Tatoeba also those that do not name one."""
        foreign = set(examples.column("id").take(pa.array(rows_of(examples, FOREIGN))).to_pylist())
        for identifier, prediction in zip(cls.scored_ids(examples), predictions, strict=True):
            named = prediction.split()
            if one_to_one(task) and len(named) != 1:
                yield identifier, f"names {len(named)} foreign sentences; {task.title} asks for exactly 1."
            for match in named:
                if match not in foreign:
                    yield identifier, f"'{match}' is the id of no foreign sentence."

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score one prediction per *English* sentence, in the table's order.

        Tatoeba: accuracy. BUCC2018: F1, precision and recall of the set of predicted pairs, as ``bucc_f1`` of XTREME's
        ``evaluate.py``; no sentence has a part of them.
        """
        english = queries(examples)
        gold = pc.binary_join(english.column("matches").combine_chunks(), " ").to_pylist()
        if one_to_one(task):
            right = [100.0 * (found.strip() == own) for found, own in zip(predictions, gold, strict=True)]
            return Scored({"accuracy": sum(right) / len(right)}, gold, right)
        named = zip(english.column("id").to_pylist(), predictions, strict=True)
        pairs = {(match, identifier) for identifier, prediction in named for match in prediction.split()}
        return Scored(pair_scores(pairs, gold_pairs(examples)), gold, [None] * len(gold))


def one_to_one(task: Task) -> bool:
    """Whether every English sentence has exactly one translation to be found (Tatoeba), or few have (BUCC2018)."""
    return "accuracy" in task.primary_metrics


def rows_of(examples: pa.Table, side: str) -> np.ndarray:
    """(n,) positions of a side's sentences in the table."""
    return _where(pc.equal(examples.column("side").combine_chunks(), side))


def queries(examples: pa.Table) -> pa.Table:
    """The English sentences, which predictions are made for."""
    return examples.filter(pc.field("side") == ENGLISH)


def gold_pairs(examples: pa.Table) -> set[Pair]:
    english = queries(examples)
    matches = english.column("matches").combine_chunks()
    ids = english.column("id").take(pc.list_parent_indices(matches))
    return set(zip(pc.list_flatten(matches).to_pylist(), ids.to_pylist(), strict=True))


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


def _unknown_matches(
    ids: pa.Array, english: pa.Array, foreign: pa.Array, matches: pa.Array
) -> Iterator[tuple[int, str]]:
    named, rows = pc.list_flatten(matches), pc.list_parent_indices(matches)
    unknown = pc.invert(pc.is_in(named, value_set=ids.filter(foreign)))
    for place in _where(pc.and_(unknown, english.take(rows))):
        yield rows[place].as_py(), f"its translation '{named[place]}' is the id of no foreign sentence in the file."


def _where(chosen: pa.Array) -> np.ndarray:
    """The positions at which a column of truth values, some perhaps null, is true."""
    return np.flatnonzero(chosen.fill_null(False).to_numpy(zero_copy_only=False))
