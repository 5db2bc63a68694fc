"""Search for the answers to queries in one pool of candidates of all languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch

from xstilts.task_types.dual_encoder import TOP, candidate_ids, candidates, queries
from xstilts.task_types.neighbours import Nearest

BLOCK = 8192  # candidates that are embedded and compared at a time

#: Returns the (rows, hidden) vectors of some encoded rows of a file, given their indices.
Embed = Callable[[Sequence[int]], torch.Tensor]


@dataclass(frozen=True)
class PoolFile:
    """A file with queries, candidates, or both.

    Attributes:
        examples: Its canonical examples; each is one encoded row.
        embed: Embeds some of them.
    """

    examples: pa.Table
    embed: Embed


def search(
    asked: Mapping[str, PoolFile], pool: Iterable[PoolFile], device: torch.device | str = "cpu", block: int = BLOCK
) -> dict[str, list[str]]:
    """Find the nearest candidates of every query.

    Queries of all languages are searched together, and candidates are embedded block by block, so that a pool of a
    million is never in memory.

    Args:
        asked: By language, the file whose queries are asked.
        pool: The files whose candidates are searched.
        device: Multiplies the vectors.
        block: Candidates that are embedded and compared at a time.

    Returns:
        By language, one prediction per query in the order of the file: ids of the nearest candidates, best first.
    """
    rows = {language: queries(file.examples).tolist() for language, file in asked.items()}
    vectors = torch.cat([asked[language].embed(chosen) for language, chosen in rows.items()])
    nearest, names = Nearest(vectors, TOP, device), list[str]()
    for file in pool:
        ids, chosen = candidate_ids(file.examples), candidates(file.examples).tolist()
        for start in range(0, len(chosen), block):
            part = chosen[start : start + block]
            nearest.search(file.embed(part))
            names += [ids[row] for row in part]
    known = np.array(names, dtype=object)
    found = iter([" ".join(known[places]) for places in nearest.positions.numpy()])
    return {language: [next(found) for _ in chosen] for language, chosen in rows.items()}
