"""Compare the speed of bitext mining with faiss: the same embeddings, neighbours and margins.

    python benchmarks/mine.py --sentences 20000 --width 256
    python benchmarks/mine.py --sentences 10000 20000 40000 --width 256  # growth
    python benchmarks/mine.py --reduced

Random unit vectors; for every other sentence, the other side has one near it. faiss searches a flat index of inner
products in each of the two directions, and its neighbours go through the margin step of XSTILTs. One thread.
"""

from __future__ import annotations

from collections.abc import Callable

import faiss
import measuring
import torch

from xstilts.retrieval.mining import MinedPair, mine, one_to_one
from xstilts.task_types.neighbours import Neighbours

NEIGHBOURS = 4  # as in XTREME
NOISE = 0.5  # the length of what is added to a vector to get one near it


def pools(sentences: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two sets of (sentences, width) unit vectors; every other one of the second is near its like in the first."""
    draw = torch.Generator().manual_seed(0)
    foreign, english, noise = (_unit(torch.randn(sentences, width, generator=draw)) for _ in range(3))
    english[::2] = _unit(foreign[::2] + NOISE * noise[::2])
    return foreign, english


def theirs(foreign: torch.Tensor, english: torch.Tensor) -> list[MinedPair]:
    """Mine with the neighbours that faiss finds."""
    return one_to_one(_searched(foreign, english), _searched(english, foreign))


def _searched(queries: torch.Tensor, vectors: torch.Tensor) -> Neighbours:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors.numpy())
    similarities, positions = index.search(queries.numpy(), NEIGHBOURS)
    return torch.from_numpy(similarities), torch.from_numpy(positions)


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(vectors, dim=1)


def main() -> None:
    """Measure, and print one JSON document per size."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--sentences", type=int, nargs="+", default=[3000], help="of each side")
    parser.add_argument("--width", type=int, default=128, help="of an embedding")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    sizes, width = ([3000], 128) if arguments.reduced else (arguments.sentences, arguments.width)
    for sentences in sizes:
        _measure(sentences, width, arguments.turns)


def _measure(sentences: int, width: int, turns: int) -> None:
    foreign, english = pools(sentences, width)
    ways: dict[str, Callable[[], list[MinedPair]]] = {
        measuring.OURS: lambda: mine(foreign, english, NEIGHBOURS),
        "faiss": lambda: theirs(foreign, english),
    }
    ours, other = ({(pair.foreign, pair.english) for pair in way()} for way in ways.values())
    measuring.print_result(
        "mine",
        measuring.take_turns(ways, turns),
        ["torch", "faiss-cpu"],
        sentences=sentences,
        width=width,
        pairs=len(ours),
        pairs_of_one_way_only=len(ours ^ other),
    )


if __name__ == "__main__":
    main()
