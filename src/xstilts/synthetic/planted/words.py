"""The words of a planted world: cues and markers, which decide labels, and words that tell nothing about them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from xstilts.synthetic.planted.designs import Design

#: The labels of every task.
LABELS = ("one", "two", "three", "four")
#: Words of each language.
FILLERS = 8

_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True)
class Marker:
    """A word that decides the label of an item; in every language it is written alike, as a loan word is.

    Attributes:
        word: How it is written.
        label: The label of all items that it occurs in.
        domain: The domain of these items, from 0.
    """

    word: str
    label: str
    domain: int


@dataclass(frozen=True)
class Words:
    """The words of a world. No two are alike, and none tells by its letters what it is.

    Attributes:
        cues: By label, the words that fine-tuning in English teaches the label by.
        markers: The words that only intermediate tasks teach the label by.
        domains: By domain, words that are frequent in its items, whatever their label.
        fillers: By language, words that are frequent in its items, whatever their label and domain.
    """

    cues: dict[str, list[str]]
    markers: list[Marker]
    domains: list[list[str]]
    fillers: dict[str, list[str]]

    @classmethod
    def of(cls, seed: int, languages: Sequence[str], design: Design) -> Words:
        """Draw the words of a world.

        Args:
            seed: The seed of the source.
            languages: The codes of all languages.
            design: How many words of each kind there are; each label has as many markers as any other.
        """
        new = _new_words(random.Random(f"{seed}/words"))
        labels, domains = LABELS * (design.per_domain // len(LABELS)), range(design.domains)
        return cls(
            cues={label: [*islice(new, design.cues)] for label in LABELS},
            markers=[Marker(next(new), label, domain) for domain in domains for label in labels],
            domains=[[*islice(new, design.words_per_domain)] for _ in domains],
            fillers={language: [*islice(new, FILLERS)] for language in languages},
        )


def _new_words(rng: random.Random) -> Iterator[str]:
    """Yield words of two syllables in random order, none twice."""
    syllables = ["".join(pair) for pair in product(_CONSONANTS, _VOWELS)]
    words = ["".join(pair) for pair in product(syllables, repeat=2)]
    rng.shuffle(words)
    return iter(words)
