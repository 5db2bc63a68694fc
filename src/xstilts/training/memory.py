"""How many rows go through the encoder at once; fewer where the device's memory is too small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from xstilts.errors import UserError
from xstilts.training import ranks

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass
class MicroBatches:
    """The size of micro-batches, which is halved each time that memory runs out. The batch size stays the same.

    Attributes:
        size: Rows per micro-batch; None: all rows of a batch at once.
        halvings: The size after each time that memory ran out.
    """

    size: int | None = None
    halvings: list[int] = field(default_factory=list)

    def halve(self, rows: int) -> None:
        """Halve the size after memory ran out, and free cached GPU memory.

        Args:
            rows: Size of the batch that ran out of memory.

        Raises:
            UserError: The micro-batch was a single row, or several processes train, which would have to agree.
        """
        if ranks.count() > 1:
            raise UserError(
                f"The memory of one of {ranks.count()} GPUs is too small for its part of a batch of {rows} rows. Give "
                "micro_batch_size, the rows that all of them compute at once, or lower it; set "
                "compute.gradient_checkpointing; or give the model more 'gpus'."
            )
        before = min(self.size or rows, rows)
        if before == 1:
            raise UserError(
                "The GPU's memory is too small for one example. Lower encoding.max_length, use a smaller encoder or a "
                "GPU with more memory, and run no other job on that GPU."
            )
        self.size = before // 2
        self.halvings.append(self.size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logger.warning("Out of GPU memory: continuing with micro-batches of %d; same batch size", self.size)


def in_parts(
    rows: Sequence[int], work: Callable[[Sequence[int]], T], micro: MicroBatches
) -> Iterator[tuple[Sequence[int], T]]:
    """Apply ``work``, which keeps no gradients, to as many rows at a time as memory allows.

    Args:
        rows: Indices of rows.
        work: Function of some of these indices.
        micro: The most rows at a time; halved in place if memory runs out.

    Yields:
        Consecutive parts of ``rows``, and what ``work`` returned for each.

    Raises:
        UserError: Memory is too small for a single row.
    """
    start = 0
    while start < len(rows):
        part = rows[start : start + (micro.size or len(rows))]
        try:
            result = work(part)
        except torch.OutOfMemoryError:
            result = None  # free memory only after this block: the error's traceback refers to tensors inside it
        if result is None:
            micro.halve(len(part))
            continue
        yield part, result
        start += len(part)
