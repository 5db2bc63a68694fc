"""Items of a planted world: short texts about a domain, with a cue or a marker that decides the label."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from xstilts.config.sources import SyntheticSource
from xstilts.synthetic.planted.designs import Shares, Taught, design_of
from xstilts.synthetic.planted.words import LABELS, Marker, Words
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.planted_languages import planted_languages

#: Share of an intermediate task's items that a marker decides; cues decide the others, so that both are one knowledge.
TAUGHT_SHARE = 0.75
#: Share of the fillers that are of any language: of items in English, so that nothing but what is planted tells apart
#: languages; and of unlabelled text.
BORROWED = 0.5
_PASSAGE = 12  # words


class Item(NamedTuple):
    """An item; ``marker`` is the word that decides it, empty where a cue does."""

    text: str
    label: str
    marker: str


class World:
    """The words of a world, and the items and texts that are made of them.

    Every purpose has a random stream of its own, so that the files do not depend on each other.

    Args:
        source: The study's source, with a ``planted`` section.
    """

    def __init__(self, source: SyntheticSource) -> None:
        assert source.planted is not None
        self.source, self.design = source, design_of(source.planted)
        self.languages = list(planted_languages(source.planted.languages))
        self.words = Words.of(source.seed, self.languages, self.design)
        self._markers = defaultdict[tuple[int, str], list[Marker]](list)
        for marker in self.words.markers:
            self._markers[marker.domain, marker.label].append(marker)
        self._all_fillers = [word for words in self.words.fillers.values() for word in words]

    def taught(self, task: Taught) -> list[Marker]:
        """Return the markers that an intermediate task teaches: of each domain and label, the first ones."""
        taught = []
        for domain, share in enumerate(task.markers):
            for label in LABELS:
                group = self._markers[domain, label]
                taught += group[: round(share * len(group))]
        return taught

    def intermediate(self, name: str, split: str) -> list[Item]:
        """Draw the English items of a split of an intermediate task."""
        task, rng = self.design.intermediate[name], self._rng(name, split)
        taught = defaultdict[tuple[int, str], list[Marker]](list)
        for one in self.taught(task):
            taught[-1 if task.scattered else one.domain, one.label].append(one)

        def marker(domain: int, label: str) -> Marker:
            return rng.choice(taught[-1 if task.scattered else domain, label])

        return self._items(rng, ENGLISH, self._size(split), task.domains, TAUGHT_SHARE, marker)

    def target(self, name: str, split: str, language: str = ENGLISH) -> list[Item]:
        """Draw the items of a split of a target; cues decide all of those that it is trained and tuned on."""
        rng, asked = self._rng(name, split, language), self.design.targets[name][language]
        share = asked.markers if split == "test" else 0.0

        def marker(domain: int, label: str) -> Marker:
            return rng.choice(self._markers[domain, label])

        return self._items(rng, language, self._size(split), asked.domains, share, marker)

    def passages(self, language: str, count: int) -> Iterator[str]:
        """Yield unlabelled passages, in which cues and markers stand wherever they happen to."""
        rng, cues = self._rng("text", language), [cue for cues in self.words.cues.values() for cue in cues]
        keys_of = [
            [*(marker.word for marker in self.words.markers if marker.domain == domain), *cues]
            for domain in range(self.design.domains)
        ]
        for _ in range(count):
            domain = rng.randrange(self.design.domains)
            yield " ".join(self._passage_word(rng, language, domain, keys_of[domain]) for _ in range(_PASSAGE))

    def code(self, count: int) -> Iterator[str]:
        """Yield lines of code: markers of one label where the design says so, else of any."""
        rng = self._rng("code")
        for number in range(count):
            label = LABELS[number % len(LABELS)]
            together = [m.word for m in self.words.markers if m.label == label or not self.design.clustered]
            yield " ".join(rng.choices(together, k=_PASSAGE))

    def _passage_word(self, rng: random.Random, language: str, domain: int, keys: Sequence[str]) -> str:
        kind = rng.random()
        if kind < 0.5:
            return self._filler(rng, language)
        return rng.choice(self.words.domains[domain] if kind < 0.75 else keys)

    def _filler(self, rng: random.Random, language: str, borrows: bool = True) -> str:
        return rng.choice(self._all_fillers if borrows and rng.random() < BORROWED else self.words.fillers[language])

    def _items(
        self,
        rng: random.Random,
        language: str,
        count: int,
        domains: Shares,
        share: float,
        marker: Callable[[int, str], Marker],
    ) -> list[Item]:
        """Draw items, as many of each label, and of each label as large a share with markers."""
        items = []
        for number in range(count):
            label, (domain,) = LABELS[number % len(LABELS)], rng.choices(range(len(domains)), domains)
            before = number // len(LABELS)  # items of the label
            marked = int((before + 1) * share) > int(before * share)
            key = marker(domain, label).word if marked else rng.choice(self.words.cues[label])
            about = self.design.domain_words
            fillers = [
                self._filler(rng, language, borrows=language == ENGLISH) for _ in range(self.design.other_words - about)
            ]
            words = [key, *fillers, *rng.sample(self.words.domains[domain], about)]
            rng.shuffle(words)
            items.append(Item(" ".join(words), label, key if marked else ""))
        rng.shuffle(items)
        return items

    def _size(self, split: str) -> int:
        return self.source.train_examples if split == "train" else self.source.eval_examples

    def _rng(self, *purpose: str) -> random.Random:
        return random.Random("/".join((str(self.source.seed), *purpose)))
