"""From embeddings to predictions: for every English sentence the id of a foreign one, or '' where none is mined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from xstilts.catalogue.tasks import Task
from xstilts.formats.retrieval import ENGLISH, FOREIGN, gold_pairs, one_to_one
from xstilts.retrieval.mining import Candidate, best_threshold, mine, nearest


@dataclass(frozen=True)
class Pool:
    """The sentences of one language and split, canonical rows of both sides, with an embedding each."""

    examples: pa.Table
    embeddings: torch.Tensor

    def rows(self, side: str) -> np.ndarray:
        """(n,) positions of the side's sentences."""
        return np.flatnonzero(np.array(self.examples.column("side").to_pylist()) == side)

    def ids(self) -> list[str]:
        ids: list[str] = self.examples.column("id").to_pylist()
        return ids


def predict(task: Task, pools: Mapping[str, Pool], neighbours: int) -> dict[str, list[str]]:
    """By split, one prediction per English sentence in the order of its pool; to be scored by ``Retrieval.score``.

    ``pools`` are those of one language by split. Mining needs "dev" among them, whose gold pairs set the threshold.
    """
    if one_to_one(task):
        return {split: predict_tatoeba(pool) for split, pool in pools.items()}
    return predict_bucc(pools, neighbours)


def predict_tatoeba(pool: Pool) -> list[str]:
    """The nearest foreign sentence by cosine. Queries are English, as in XTREME: the reverse scores differently."""
    foreign, english = pool.rows(FOREIGN), pool.rows(ENGLISH)
    _, found = nearest(pool.embeddings[english], pool.embeddings[foreign], 1)
    ids = pool.ids()
    return [ids[row] for row in foreign[found[:, 0].cpu().numpy()]]


def predict_bucc(pools: Mapping[str, Pool], neighbours: int) -> dict[str, list[str]]:
    """The pairs mined with a margin from the threshold on that gives the best F1 on the dev pool."""
    mined = {split: candidates(pool, neighbours) for split, pool in pools.items()}
    threshold = best_threshold(mined["dev"], _gold_rows(pools["dev"]))
    return {split: _predictions(pool, mined[split], threshold) for split, pool in pools.items()}


def candidates(pool: Pool, neighbours: int) -> list[Candidate]:
    """Pairs of rows of a pool by falling margin, each row in at most one.

    As in XTREME's ``utils_retrieve.py``: equal sentences of a side are mined as one, and pairs of a sentence that
    occurs several times are then dropped, because its text does not tell which id is meant.
    """
    foreign, repeated_foreign = _distinct(pool, FOREIGN)
    english, repeated_english = _distinct(pool, ENGLISH)
    found = mine(pool.embeddings[foreign], pool.embeddings[english], neighbours)
    return [
        Candidate(int(foreign[pair.foreign]), int(english[pair.english]), pair.score)
        for pair in found
        if not (repeated_foreign[pair.foreign] or repeated_english[pair.english])
    ]


def _distinct(pool: Pool, side: str) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the row where each distinct sentence of a side occurs first, and (n,) whether it occurs again."""
    rows_of: dict[str, list[int]] = {}
    texts = pool.examples.column("text").to_pylist()
    for row in pool.rows(side).tolist():
        rows_of.setdefault(texts[row], []).append(row)
    return np.array([rows[0] for rows in rows_of.values()]), np.array([len(rows) > 1 for rows in rows_of.values()])


def _gold_rows(pool: Pool) -> set[tuple[int, int]]:
    row_of = {identifier: row for row, identifier in enumerate(pool.ids())}
    return {(row_of[foreign], row_of[english]) for foreign, english in gold_pairs(pool.examples)}


def _predictions(pool: Pool, mined: list[Candidate], threshold: float) -> list[str]:
    ids = pool.ids()
    found = {pair.english: ids[pair.foreign] for pair in mined if pair.score >= threshold}
    return [found.get(row, "") for row in pool.rows(ENGLISH).tolist()]
