"""Which of a task's training examples an arm trains on: how many, and how they are chosen.

Each way of choosing is an order of a task's examples, drawn by the seed, of which a subset takes the first ones: the
examples of a smaller subset are among those of a larger one with the same seed. docs/subsets.md describes the ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.config.factors import TOPIC, Choose
from xstilts.data.text_space import Diversity, TextSpace
from xstilts.errors import UserError
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.task import Task
from xstilts.wording import counted

#: Examples among which diverse ones are looked for, drawn by the seed; all of a task that has fewer.
CANDIDATES = 100_000
#: Examples of a diverse subset that are chosen one by one; further ones by their distance to these.
GREEDY = 10_000
_SHOWN = 12  # values in a message
_WORDS = 5  # that a topic is described with


@dataclass(frozen=True)
class SubsetRule:
    """Which examples of a task are asked for.

    Attributes:
        key: The section of the study that asks, for messages.
        examples: How many; None: all that are eligible.
        choose: How they are chosen.
        count_key: The key of that section that says how many.
    """

    key: str = ""
    examples: int | None = None
    choose: Choose = field(default_factory=Choose)
    count_key: str = "train_examples"

    @property
    def takes_all(self) -> bool:
        """Whether every example of a task is used."""
        return self.examples is None and self.choose.how == "random"

    def of(self, task: Task, table: pa.Table, seed: int) -> Subset:
        """Choose among a task's examples.

        Args:
            task: The task.
            table: Its canonical training examples.
            seed: The run's seed.

        Raises:
            UserError: There are fewer examples than asked for, or none of the domain.
        """
        source = _Source(self, task, table)
        order = source.order(np.random.default_rng(seed))
        if self.examples is not None and self.examples > len(order):
            kind = "has" if self.choose.how != "domain" else f"has with {_shown_where(self.choose)}"
            raise UserError(
                f"{self.key}.{self.count_key}: asks for {counted(self.examples, 'example')} of {task.title}, which "
                f"{kind} {len(order):,}. Set it to {len(order)} or less, or leave it out to use all."
            )
        chosen = np.sort(order[: self.examples])
        texts = [source.texts[index] for index in chosen]
        entry = {"examples": len(chosen), "how": self.choose.how, **Diversity.of(source.space, texts).entry()}
        return Subset(chosen.tolist(), {**entry, **source.described_topics()})

    def eligible(self, task: Task, table: pa.Table) -> np.ndarray:
        """Return the indices, in increasing order, of the examples that subsets are drawn from: those of the domain.

        Raises:
            UserError: There are none of the domain.
        """
        return np.sort(_Source(self, task, table).order(np.random.default_rng(0)))


@dataclass(frozen=True, eq=False)
class TrainingFile:
    """A canonical file that examples to train on come from.

    Attributes:
        task: The file's task.
        rule: Which of its examples are used.
        language: Its language.
        split: 'train', or 'dev' for few examples in another language.
    """

    task: str
    rule: SubsetRule = SubsetRule()
    language: str = ENGLISH
    split: str = "train"

    @property
    def place(self) -> tuple[str, str, str]:
        """Task, split and language."""
        return self.task, self.split, self.language

    @property
    def name(self) -> str:
        """The file's name in a job's record."""
        return ".".join(self.place)


@dataclass(frozen=True)
class Subset:
    """The examples of a task that an arm trains on.

    Attributes:
        indices: Their indices in increasing order.
        entry: What the job's record has of them: their number, how they were chosen, and :class:`Diversity`.
    """

    indices: list[int]
    entry: dict[str, Any]


@dataclass(frozen=True)
class _Source:
    """A task's examples, and the orders that subsets are the first ones of."""

    rule: SubsetRule
    task: Task
    table: pa.Table

    @cached_property
    def texts(self) -> list[str]:
        """The texts of each example, joined by blanks."""
        columns = [self.table.column(name).to_pylist() for name in task_type_class(self.task).text_columns]
        return [" ".join(_words(value) for value in values) for values in zip(*columns, strict=True)]

    @cached_property
    def space(self) -> TextSpace:
        """The space of the texts."""
        return TextSpace(self.texts)

    @cached_property
    def topics(self) -> np.ndarray:
        """(examples,) the topic of each example."""
        assert self.rule.choose.topics is not None
        return self.space.clusters(self.space.vectors(self.texts), self.rule.choose.topics)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the indices of all eligible examples in the order in which subsets take them."""
        shuffled = rng.permutation(self.table.num_rows)
        match self.rule.choose.how:
            case "diverse":
                return self._spread(shuffled)
            case "narrow":
                vectors = self.space.vectors(self.texts)
                return np.argsort(-(vectors @ vectors[shuffled[0]]), kind="stable")
            case "domain":
                return shuffled[self._in_domain()[shuffled]]
        return shuffled

    def _spread(self, shuffled: np.ndarray) -> np.ndarray:
        """The candidates as greedy k-centre takes them (Gonzalez 1985), then all others as shuffled."""
        candidates, others = shuffled[:CANDIDATES], shuffled[CANDIDATES:]
        count = min(self.rule.examples or GREEDY, GREEDY)
        order = k_centre_order(self.space.vectors([self.texts[index] for index in candidates]), count)
        return np.concatenate([candidates[order], others])

    def _in_domain(self) -> np.ndarray:
        """(examples,) whether each is of the domain: it has one of the wanted values of every key."""
        matches = np.ones(self.table.num_rows, dtype=bool)
        for key, wanted in self.rule.choose.where.items():
            values = self._values(key)
            for value in wanted:
                if value not in values:
                    raise UserError(
                        f"{self.rule.key}.choose.where.{key}: no example of {self.task.title} has '{value}'; "
                        f"the values are {_shown_values(values)}."
                    )
            matches &= np.isin(values, wanted)
        if not matches.any():
            raise UserError(
                f"{self.rule.key}.choose.where: no example of {self.task.title} has {_shown_where(self.rule.choose)}."
            )
        return matches

    def _values(self, key: str) -> np.ndarray:
        """(examples,) the value of a key, as text."""
        if key == TOPIC:
            return self.topics.astype(str)
        column = self.table.column(key)
        if column.null_count:
            raise UserError(
                f"{self.rule.key}.choose.where.{key}: {counted(column.null_count, 'example')} of {self.task.title} "
                f"come without {key}: the copy that is read lacks it. Read the original release (source.kind: files)."
            )
        return np.asarray(pc.cast(column, pa.string()).to_pylist())

    def described_topics(self) -> dict[str, Any]:
        """By topic that was asked for, its most telling words; nothing where topics play no part."""
        if self.rule.choose.topics is None:
            return {}
        everywhere = Counter(word for text in self.texts for word in set(text.lower().split()))
        described = {}
        for topic in self.rule.choose.where.get(TOPIC, []):
            inside = [self.texts[index] for index in np.flatnonzero(self.topics.astype(str) == topic)]
            counts = Counter(word for text in inside for word in set(text.lower().split()))
            telling = sorted(counts, key=lambda word: (-(counts[word] ** 2) / everywhere[word], word))
            described[topic] = telling[:_WORDS]
        return {"topic_words": described}


def k_centre_order(vectors: np.ndarray, count: int) -> np.ndarray:
    """Order vectors so that the first ones cover all: each is the one farthest from those before it.

    After the first ``count``, the others follow by their distance to these, the farthest first.

    Args:
        vectors: (n, dimensions) of unit length; the first is the start.
        count: How many are chosen one by one.

    Returns:
        (n,) indices.
    """
    chosen, nearest = np.zeros(min(count, len(vectors)), dtype=np.int64), vectors @ vectors[0]
    nearest[0] = np.inf
    for place in range(1, len(chosen)):
        chosen[place] = nearest.argmin()  # the smallest cosine with its nearest chosen one
        np.maximum(nearest, vectors @ vectors[chosen[place]], out=nearest)
        nearest[chosen[: place + 1]] = np.inf
    rest = np.argsort(nearest, kind="stable")
    return np.concatenate([chosen, rest[: len(vectors) - len(chosen)]])


def _words(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _shown_where(choose: Choose) -> str:
    return " and ".join(f"{key} {', '.join(values)}" for key, values in choose.where.items())


def _shown_values(values: np.ndarray) -> str:
    known = sorted(set(values.tolist()))
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{', '.join(known[:_SHOWN])}{more}"
