"""From embeddings to predictions: for every English sentence the ids of foreign ones, or '' where none is mined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import torch

from xstilts.config.settings import Embedding
from xstilts.errors import UserError
from xstilts.retrieval.mining import Candidate, best_threshold, mine, nearest
from xstilts.task_types.retrieval import ENGLISH, FOREIGN, Retrieval, gold_pairs, one_to_one, rows_of
from xstilts.tasks.task import Task


@dataclass(frozen=True)
class Pool:
    """The sentences of one language and split, canonical rows of both sides, with an embedding each."""

    examples: pa.Table
    embeddings: torch.Tensor

    def ids(self) -> list[str]:
        ids: list[str] = self.examples.column("id").to_pylist()
        return ids


def predict(
    task: Task, pools: Mapping[str, Pool], settings: Embedding, device: torch.device | str = "cpu"
) -> dict[str, list[str]]:
    """By split, one prediction per English sentence in the order of its pool; to be scored by ``Retrieval.score``.

    ``pools`` are those of one language by split; ``device`` multiplies the embeddings, which stay where they are.

    Raises:
        UserError: for mining without a "dev" pool whose gold pairs set the threshold.
    """
    if one_to_one(task):
        return {split: predict_tatoeba(pool, device) for split, pool in pools.items()}
    if "dev" not in pools or not Retrieval.has_gold(pools["dev"].examples):
        raise UserError(
            f"{task.title}: mining needs the gold pairs of the dev set, which the threshold is chosen on. "
            "They are part of the release, and XTREME's scripts keep them."
        )
    return predict_bucc(pools, settings, device)


def predict_tatoeba(pool: Pool, device: torch.device | str = "cpu") -> list[str]:
    """The nearest foreign sentence by cosine. Queries are English, as in XTREME: the reverse scores differently."""
    foreign, english = rows_of(pool.examples, FOREIGN), rows_of(pool.examples, ENGLISH)
    _, found = nearest(pool.embeddings[english], pool.embeddings[foreign], 1, device)
    ids = pool.ids()
    return [ids[row] for row in foreign[found[:, 0].numpy()]]


def predict_bucc(
    pools: Mapping[str, Pool], settings: Embedding, device: torch.device | str = "cpu"
) -> dict[str, list[str]]:
    """The pairs mined with a margin from the threshold on that gives the best F1 on the dev pool."""
    mined = {split: candidates(pool, settings, device) for split, pool in pools.items()}
    threshold = best_threshold(mined["dev"], _gold_rows(pools["dev"]))
    return {split: _predictions(pool, mined[split], threshold) for split, pool in pools.items()}


def candidates(pool: Pool, settings: Embedding, device: torch.device | str = "cpu") -> list[Candidate]:
    """Pairs of rows of a pool by falling margin.

    Equal sentences of a side are mined as one, because a text does not tell which of its ids is meant. Pairs of such
    sentences are then dropped, as in XTREME's ``utils_retrieve.py``, or become all pairs of their ids with the same
    margin, as in jiant's ``Bucc2018EvaluationScheme``.
    """
    foreign, english = _distinct(pool, FOREIGN), _distinct(pool, ENGLISH)
    first_foreign, first_english = ([rows[0] for rows in side] for side in (foreign, english))
    found = mine(pool.embeddings[first_foreign], pool.embeddings[first_english], settings.neighbours, device)
    return [
        Candidate(*rows, pair.score)
        for pair in found
        if settings.duplicates == "expand" or len(foreign[pair.foreign]) == len(english[pair.english]) == 1
        for rows in product(foreign[pair.foreign], english[pair.english])
    ]


def _distinct(pool: Pool, side: str) -> list[list[int]]:
    """The rows of each distinct sentence of a side, blanks around it aside, in the order of first occurrence."""
    rows = rows_of(pool.examples, side)
    rows_by_text: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in zip(rows.tolist(), pool.examples.column("text").take(pa.array(rows)).to_pylist(), strict=True):
        rows_by_text[text.strip()].append(row)
    return list(rows_by_text.values())


def _gold_rows(pool: Pool) -> set[tuple[int, int]]:
    row_of = {identifier: row for row, identifier in enumerate(pool.ids())}
    return {(row_of[foreign], row_of[english]) for foreign, english in gold_pairs(pool.examples)}


def _predictions(pool: Pool, mined: list[Candidate], threshold: float) -> list[str]:
    ids = pool.ids()
    found: defaultdict[int, list[str]] = defaultdict(list)
    for pair in mined:
        if pair.score >= threshold:
            found[pair.english].append(ids[pair.foreign])
    return [" ".join(found[row]) if row in found else "" for row in rows_of(pool.examples, ENGLISH).tolist()]
