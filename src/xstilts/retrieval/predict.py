"""From embeddings to predictions: for every English sentence the ids of foreign ones; '' where no pair is mined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import torch

from xstilts.config.settings import Embedding
from xstilts.errors import UserError
from xstilts.retrieval.mining import MinedPair, best_threshold, mine
from xstilts.task_types.neighbours import nearest_neighbours
from xstilts.task_types.retrieval import ENGLISH, FOREIGN, Retrieval, gold_pairs, rows_of
from xstilts.tasks.task import Task


@dataclass(frozen=True)
class Pool:
    """The sentences of one language and split.

    Attributes:
        examples: Canonical rows of both sides.
        embeddings: (rows, hidden), of unit length, in the order of ``examples``.
    """

    examples: pa.Table
    embeddings: torch.Tensor

    def ids(self) -> list[str]:
        """The id of each sentence."""
        ids: list[str] = self.examples.column("id").to_pylist()
        return ids


def predict_retrieval(
    task: Task, pools: Mapping[str, Pool], settings: Embedding, device: torch.device | str = "cpu"
) -> dict[str, list[str]]:
    """Predict the translations of every English sentence of one language's pools.

    Args:
        task: Tatoeba, or BUCC2018, which is mined with a threshold chosen on the dev pool.
        pools: By split.
        settings: Neighbours and duplicates for mining.
        device: Multiplies the embeddings, which stay where they are.

    Returns:
        By split, one prediction per English sentence in the order of the pool, as ``Retrieval.score`` takes them.

    Raises:
        UserError: Mining needs the gold pairs of a "dev" pool, and there are none.
    """
    if task.matching == "one_to_one":
        return {split: predict_tatoeba(pool, device) for split, pool in pools.items()}
    if "dev" not in pools or not Retrieval.has_gold(pools["dev"].examples):
        raise UserError(
            f"{task.title}: mining needs the gold pairs of the dev set, which the threshold is chosen on. "
            "They are part of the release, and XTREME's scripts keep them."
        )
    return predict_bucc(pools, settings, device)


def predict_tatoeba(pool: Pool, device: torch.device | str = "cpu") -> list[str]:
    """Predict the nearest foreign sentence by cosine of each English one.

    Queries are English, as in XTREME; queries in the other language would score differently.
    """
    foreign, english = rows_of(pool.examples, FOREIGN), rows_of(pool.examples, ENGLISH)
    _, positions = nearest_neighbours(pool.embeddings[english], pool.embeddings[foreign], 1, device)
    ids = pool.ids()
    return [ids[row] for row in foreign[positions[:, 0].numpy()]]


def predict_bucc(
    pools: Mapping[str, Pool], settings: Embedding, device: torch.device | str = "cpu"
) -> dict[str, list[str]]:
    """Predict the mined pairs whose margin reaches the threshold with the best F1 on the dev pool."""
    mined = {split: mined_pairs(pool, settings, device) for split, pool in pools.items()}
    threshold = best_threshold(mined["dev"], _gold_rows(pools["dev"]))
    return {split: _predictions(pool, mined[split], threshold) for split, pool in pools.items()}


def mined_pairs(pool: Pool, settings: Embedding, device: torch.device | str = "cpu") -> list[MinedPair]:
    """Mine pairs of rows of a pool, by decreasing margin.

    Equal sentences of a side are mined as one, because the text does not tell which of its ids is meant. Pairs of such
    sentences are then dropped, as in XTREME's ``utils_retrieve.py``, or become all pairs of their ids with the same
    margin, as in jiant's ``Bucc2018EvaluationScheme``.
    """
    foreign, english = _distinct(pool, FOREIGN), _distinct(pool, ENGLISH)
    first_foreign, first_english = ([rows[0] for rows in side] for side in (foreign, english))
    pairs = mine(pool.embeddings[first_foreign], pool.embeddings[first_english], settings.neighbours, device)
    return [
        MinedPair(*rows, pair.margin)
        for pair in pairs
        if settings.duplicates == "expand" or len(foreign[pair.foreign]) == len(english[pair.english]) == 1
        for rows in product(foreign[pair.foreign], english[pair.english])
    ]


def _distinct(pool: Pool, side: str) -> list[list[int]]:
    """The rows of each distinct sentence of a side, in the order of first occurrence; outer white space is ignored."""
    rows = rows_of(pool.examples, side)
    rows_by_text: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in zip(rows.tolist(), pool.examples.column("text").take(pa.array(rows)).to_pylist(), strict=True):
        rows_by_text[text.strip()].append(row)
    return list(rows_by_text.values())


def _gold_rows(pool: Pool) -> set[tuple[int, int]]:
    row_of = {identifier: row for row, identifier in enumerate(pool.ids())}
    return {(row_of[foreign], row_of[english]) for foreign, english in gold_pairs(pool.examples)}


def _predictions(pool: Pool, pairs: list[MinedPair], threshold: float) -> list[str]:
    ids = pool.ids()
    translations: defaultdict[int, list[str]] = defaultdict(list)
    for pair in pairs:
        if pair.margin >= threshold:
            translations[pair.english].append(ids[pair.foreign])
    english = rows_of(pool.examples, ENGLISH).tolist()
    return [" ".join(translations[row]) if row in translations else "" for row in english]
