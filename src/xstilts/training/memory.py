"""How many rows go through the encoder at once, where a device's memory is too small for as many as were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from xstilts.errors import UserError

T = TypeVar("T")


@dataclass
class MicroBatches:
    """The size of micro-batches, halved each time that memory runs out. Batches stay the same: they take more parts."""

    #: All rows of a batch at once where None.
    size: int | None = None
    #: The size after each time that memory ran out.
    halvings: list[int] = field(default_factory=list)

    def halve(self, rows: int) -> None:
        """Go on with half of what a batch of so many rows was too much with; frees what memory can be freed.

        Raises:
            UserError: where that was a single row.
        """
        before = min(self.size or rows, rows)
        if before == 1:
            raise UserError(
                "The GPU's memory is too small for one example. Lower encoding.max_length, take a smaller encoder or a "
                "GPU with more memory, and leave it to this job alone."
            )
        self.size = before // 2
        self.halvings.append(self.size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print(f"Out of GPU memory: going on with micro-batches of {self.size}, batches stay the same", flush=True)


def in_parts(
    rows: Sequence[int], work: Callable[[Sequence[int]], T], micro: MicroBatches
) -> Iterator[tuple[Sequence[int], T]]:
    """Work that keeps no gradients, on as many rows at a time as memory allows: the rows and what became of them."""
    start = 0
    while start < len(rows):
        part = rows[start : start + (micro.size or len(rows))]
        try:
            done = work(part)
        except torch.OutOfMemoryError:
            done = None  # what follows frees memory, which the error's traceback holds on to as long as it is handled
        if done is None:
            micro.halve(len(part))
            continue
        yield part, done
        start += len(part)
