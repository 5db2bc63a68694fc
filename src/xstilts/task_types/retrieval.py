"""Sentence retrieval: BUCC2018, Tatoeba.

Sentences are encoded one by one and embedded by the encoder without any training. Predictions are made by
:mod:`xstilts.retrieval.predict`, one per English sentence: the id of the foreign sentence that is predicted to be its
translation, or '' for none; several ids, separated by spaces, where BUCC2018 has the same foreign sentence under each
of them.

Pools of BUCC2018 have up to a million sentences, so operations over all rows are done in Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.task_types.base import Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import inputs_of, pad_inputs
from xstilts.tasks import languages
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FOREIGN, ENGLISH = "foreign", "english"

IdPair = tuple[str, str]  # (foreign id, English id)


class Retrieval(TaskType):
    """Sentences of two sides, ``"foreign"`` and ``"english"``.

    The ``matches`` of an English sentence are the ids of the foreign sentences that are translations of it.
    """

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
    first_text: ClassVar[str] = "text"

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """Yield the sentences of the side that is in ``language``; which ones are translations is not revealed."""
        for side, code in ((FOREIGN, file_language), (ENGLISH, languages.ENGLISH)):
            if code == language:
                yield from table.filter(pc.field("side") == side).column("text").to_pylist()

    @classmethod
    def scored_ids(cls, examples: pa.Table) -> list[str]:
        """Return the ids of the English sentences."""
        return super().scored_ids(queries(examples))

    @classmethod
    def limited(cls, table: pa.Table, count: int) -> pa.Table:
        """Return a smaller pool, in the table's order.

        It holds the first ``count`` English sentences that have a translation, and all their translations. Without
        gold, it holds the first ``count`` sentences of each side.
        """
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
        """Yield (row, problem) for missing sides, unusable ids and matches that do not fit the task."""
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
                yield row, f"the id '{identifier}' is empty or has a space in it; gold ids are separated by spaces."
        for row in _true_indices(pc.invert(pc.or_(foreign, english))):
            yield int(row), f"side '{sides[row]}' is neither '{FOREIGN}' nor '{ENGLISH}'."
        for row in _true_indices(pc.and_(foreign, pc.greater(counts, 0))):
            yield int(row), "is foreign, but has matches; only English sentences have them."
        yield from _unknown_matches(ids, english, foreign, matches)
        wrong_counts = pc.and_(english, pc.not_equal(counts, 1))
        for row in _true_indices(wrong_counts) if task.matching == "one_to_one" else ():
            yield int(row), f"has {counts[row]} translations; in {task.title} every English sentence has exactly 1."

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per sentence, truncated at the end."""
        texts = examples.column("text").to_pylist()
        encoded = tokenizer(texts, truncation=True, max_length=self.encoding.max_length)
        indices = pa.array(range(first, first + examples.num_rows), pa.int32())
        return pa.table({"example": indices, **inputs_of(encoded)})

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Return the padded inputs, each (batch, length) int64."""
        return pad_inputs(rows, tokens)

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Yield (English id, problem) for predictions of ids that are not foreign sentences of the pool.

        In one-to-one tasks, also for predictions of no sentence or of several.
        """
        foreign = set(examples.column("id").take(pa.array(rows_of(examples, FOREIGN))).to_pylist())
        for identifier, prediction in zip(cls.scored_ids(examples), predictions, strict=True):
            matches = prediction.split()
            if task.matching == "one_to_one" and len(matches) != 1:
                yield identifier, f"names {len(matches)} foreign sentences; in {task.title} it has to be exactly 1."
            for match in matches:
                if match not in foreign:
                    yield identifier, f"'{match}' is not the id of a foreign sentence."

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score one prediction per English sentence, in the table's order.

        One-to-one tasks (Tatoeba) are scored by accuracy. Mined pairs (BUCC2018) are scored by F1, precision and recall
        of the set of predicted pairs, as in ``bucc_f1`` of XTREME's ``evaluate.py``; single examples have no score.
        """
        english = queries(examples)
        gold = pc.binary_join(english.column("matches").combine_chunks(), " ").to_pylist()
        if task.matching == "one_to_one":
            scores = [
                100.0 * (prediction.strip() == match) for prediction, match in zip(predictions, gold, strict=True)
            ]
            return Scored({"accuracy": sum(scores) / len(scores)}, gold, scores)
        predicted = zip(english.column("id").to_pylist(), predictions, strict=True)
        pairs = {(match, identifier) for identifier, prediction in predicted for match in prediction.split()}
        return Scored(pair_scores(pairs, gold_pairs(examples)), gold, [None] * len(gold))


def rows_of(examples: pa.Table, side: str) -> np.ndarray:
    """Return the row indices of a side's sentences, (sentences,) int64."""
    return _true_indices(pc.equal(examples.column("side").combine_chunks(), side))


def queries(examples: pa.Table) -> pa.Table:
    """Return the English sentences, for which predictions are made."""
    return examples.filter(pc.field("side") == ENGLISH)


def gold_pairs(examples: pa.Table) -> set[IdPair]:
    """Return the gold pairs of a pool as (foreign id, English id)."""
    english = queries(examples)
    matches = english.column("matches").combine_chunks()
    ids = english.column("id").take(pc.list_parent_indices(matches))
    return set(zip(pc.list_flatten(matches).to_pylist(), ids.to_pylist(), strict=True))


def pair_scores(predicted: Set[IdPair], gold: Set[IdPair]) -> dict[str, float]:
    """Return ``f1``, ``precision`` and ``recall`` of a set of pairs in points; all 0 if no pair is correct."""
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
    match_ids, rows = pc.list_flatten(matches), pc.list_parent_indices(matches)
    unknown = pc.invert(pc.is_in(match_ids, value_set=ids.filter(foreign)))
    for index in _true_indices(pc.and_(unknown, english.take(rows))):
        match = match_ids[index]
        yield rows[index].as_py(), f"its translation '{match}' is not the id of a foreign sentence in the file."


def _true_indices(chosen: pa.Array) -> np.ndarray:
    """Return the indices of the true values of a boolean column; null counts as false."""
    return np.flatnonzero(chosen.fill_null(False).to_numpy(zero_copy_only=False))
