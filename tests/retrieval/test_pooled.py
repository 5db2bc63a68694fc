"""Search in a pool of several languages, block by block."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest
import torch

from xstilts.retrieval.pooled import PoolFile, search
from xstilts.task_types.dual_encoder import TOP, DualEncoder
from xstilts.task_types.neighbours import Nearest, nearest_neighbours


def file_of(language: str, queries: int, candidates: int, seed: int, sizes: list[int]) -> tuple[PoolFile, torch.Tensor]:
    """A file with its candidates before its queries, and the unit vectors of its rows."""
    vectors = torch.nn.functional.normalize(
        torch.randn(queries + candidates, 8, generator=torch.Generator().manual_seed(seed)), dim=1
    )
    rows = [{"id": f"{language}-c{n}", "candidate": "text", "matches": []} for n in range(candidates)]
    rows += [{"id": f"{language}-q{n}", "query": "text", "matches": [f"{language}-c0"]} for n in range(queries)]

    def embed(chosen: Sequence[int]) -> torch.Tensor:
        sizes.append(len(chosen))
        return vectors[list(chosen)]

    return PoolFile(pa.Table.from_pylist(rows, schema=DualEncoder.schema), embed), vectors


@pytest.mark.parametrize("block", [1, 3, 100])
def test_finds_what_a_search_in_the_whole_pool_finds(block: int) -> None:
    sizes: list[int] = []
    (german, of_german), (english, of_english) = (
        file_of(code, 4, 15, seed, sizes) for seed, code in enumerate(("de", "en"))
    )
    found = search({"de": german, "en": english}, [german, english], block=block)
    assert max(sizes[2:]) <= block  # the first two are queries
    pool = torch.cat([of_german[:15], of_english[:15]])
    names = [f"{code}-c{n}" for code in ("de", "en") for n in range(15)]
    for code, vectors in (("de", of_german), ("en", of_english)):
        products = vectors[15:] @ pool.T
        expected = [[names[place] for place in row.argsort(descending=True)[:TOP].tolist()] for row in products]
        assert [ranking.split() for ranking in found[code]] == expected


def test_a_pool_file_without_queries_is_searched_as_well() -> None:
    asked, _ = file_of("de", 2, 0, 1, [])
    pool, _ = file_of("en", 0, 3, 2, [])
    found = search({"de": asked}, [asked, pool])
    assert all(sorted(ranking.split()) == ["en-c0", "en-c1", "en-c2"] for ranking in found["de"])


def test_blocks_give_the_neighbours_of_the_whole_index_and_ties_go_to_the_first() -> None:
    draw = torch.Generator().manual_seed(1)  # small whole numbers: products are exact, whatever the blocks
    queries = torch.randint(-2, 3, (5, 4), generator=draw).float()
    index = torch.randint(-2, 3, (20, 4), generator=draw).float().repeat(2, 1)
    nearest = Nearest(queries, 6)
    for part in index.split(7):
        nearest.search(part)
    assert torch.equal(nearest.positions, nearest_neighbours(queries, index, 6)[1])
