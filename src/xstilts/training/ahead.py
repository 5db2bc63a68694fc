"""The batches of coming steps, read and collated in a background thread while the GPU computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from xstilts.task_types.base import Batch, EncodedRow, SpecialTokens, TaskType
from xstilts.training import ranks
from xstilts.training.device import Device

T = TypeVar("T")

_DEPTH = 3  # steps ahead


@dataclass(frozen=True)
class StepRows:
    """The rows of one optimiser step.

    Attributes:
        rows: Encoded rows.
        collated: The micro-batches that have been collated ahead, in pinned memory; none where that has not been done.
        size: The rows of each of these.
    """

    rows: Sequence[EncodedRow]
    collated: Sequence[Batch] = ()
    size: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def micro_batch(self, start: int, size: int, task_type: TaskType, tokens: SpecialTokens) -> Batch:
        """This process's part of the micro-batch of ``size`` rows from row ``start``, on the CPU.

        It is collated now if it has not been ahead, or in another size, because memory has run out since. A process
        for which no row is left gets the first one.
        """
        if self.collated and size == self.size:
            return self.collated[start // size]
        rows = self.rows[start : start + size]
        if task_type.draws and ranks.count() > 1:  # all processes draw the same numbers, for all rows
            places = list(ranks.mine(range(len(rows)))) or [0]
            whole = task_type.collate(rows, tokens)
            return {name: tensor[places] if tensor.ndim else tensor for name, tensor in whole.items()}
        return task_type.collate(ranks.mine(rows) or rows[:1], tokens)

    def collate(self, size: int, task_type: TaskType, tokens: SpecialTokens, device: Device) -> StepRows:
        """Collate micro-batches of ``size`` rows into pinned memory.

        Those of a task type that draws random numbers are left for their step: drawn ahead, the numbers would be
        missing in the random state of a checkpoint, and a resumed run would draw others.
        """
        if task_type.draws:
            return self
        starts = range(0, len(self), size)
        batches = [device.pin(self.micro_batch(start, size, task_type, tokens)) for start in starts]
        return StepRows(self.rows, batches, size)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield what an iterator yields, which runs a few items ahead in a thread of its own.

    The thread ends with the iterator, or when the generator that this returns is closed. What the iterator raises is
    raised here, in place of its next item.
    """
    end = object()
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(_DEPTH))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]  # mypy does not tell it from the end
