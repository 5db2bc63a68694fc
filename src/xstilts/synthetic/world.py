"""What tends to go with what: who does which thing to what, and where.

Words get their distributional signature here. Every class of concepts follows a flat Zipf law, topics keep concepts
together, and fixed random affinities between single concepts tell the members of a topic apart.
"""

from __future__ import annotations

import random
from itertools import accumulate, product
from typing import NamedTuple

from xstilts.synthetic.concepts import (
    ADJECTIVES_OF_PERSONS,
    ADJECTIVES_OF_THINGS,
    AGENTS,
    KIND_OF,
    OBJECTS,
    PLACES,
    SCRIPTS,
    TOPICS,
    UPOS_OF,
)

ZIPF_EXPONENT = 0.5
#: Weight of a concept outside its own topic.
OFF_TOPIC = 0.08
#: Standard deviation of the logarithm of an affinity.
AFFINITY_SPREAD = 1.2

GIVEN_NAMES, FAMILY_NAMES, CITIES = 10, 8, 8
#: So many families are called like a city: the context decides.
SHARED_NAMES = 3


class Situation(NamedTuple):
    """A constellation of concepts that belong together; ``script`` is an index into ``SCRIPTS``."""

    agent: str
    thing: str
    script: int
    place: str


class Names(NamedTuple):
    """Proper names; also lexemes, spelt in every language's own script."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.given, *self.family, *self.cities)))


class World:
    """The affinities that follow from a seed, as cumulative weights to draw from."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}/world")
        self.agents = [agent for topic in TOPICS for agent in AGENTS[topic]]
        self.things = list(KIND_OF)
        self.places = [place for topic in TOPICS for place in PLACES[topic]]
        self._topic_of = {
            word: topic for table in (AGENTS, OBJECTS, PLACES) for topic in TOPICS for word in table[topic]
        }
        self._frequency = {**_zipf(self.agents, rng), **_zipf(self.things, rng), **_zipf(self.places, rng)}
        scripts = range(len(SCRIPTS))
        self._affinity: dict[tuple[object, object], float] = {
            pair: rng.lognormvariate(0, AFFINITY_SPREAD)
            for pair in (
                *product(self.agents, self.things),
                *product(self.agents, self.places),
                *product(self.things, self.places),
                *product(self.things, scripts),
            )
        }
        self.names = _names(rng)
        self._fits: dict[tuple[str, str, str], float] = {}
        self.situations = {topic: self._cumulative(topic) for topic in TOPICS}
        self.adjectives = {
            **{agent: _weighted(ADJECTIVES_OF_PERSONS, rng) for agent in self.agents},
            **{thing: _weighted(ADJECTIVES_OF_THINGS, rng) for thing in [*self.things, *self.places]},
        }

    def situation(self, topic: str, index: int) -> Situation:
        """The situation at ``index`` of the cumulative weights ``situations[topic]``."""
        index, place = divmod(index, len(self.places))
        index, script = divmod(index, len(SCRIPTS))
        agent, thing = divmod(index, len(self.things))
        return Situation(self.agents[agent], self.things[thing], script, self.places[place])

    def fit(self, agent: str, thing: str, place: str) -> float:
        """How well three concepts go together, over all topics and scripts; only ratios have a meaning."""
        known = self._fits.get((agent, thing, place))
        if known is None:
            known = self._fits[agent, thing, place] = self._fit(agent, thing, place)
        return known

    def _fit(self, agent: str, thing: str, place: str) -> float:
        topical = sum(self._on(agent, topic) * self._on(thing, topic) * self._on(place, topic) for topic in TOPICS)
        pairs = self._affinity[agent, thing] * self._affinity[agent, place] * self._affinity[thing, place]
        return topical * pairs * self._frequency[agent] * self._frequency[thing] * self._frequency[place]

    def _on(self, word: str, topic: str) -> float:
        return 1.0 if self._topic_of[word] == topic else OFF_TOPIC

    def _cumulative(self, topic: str) -> list[float]:
        """Running sums of the weights of all situations of a topic: agents x things x scripts x places."""
        weight = {word: self._frequency[word] * self._on(word, topic) for word in self._topic_of}
        affinity = self._affinity
        at_place = {
            (agent, thing): [weight[p] * affinity[agent, p] * affinity[thing, p] for p in self.places]
            for agent, thing in product(self.agents, self.things)
        }
        weights: list[float] = []
        for agent, thing in product(self.agents, self.things):
            base = weight[agent] * weight[thing] * affinity[agent, thing]
            for script in range(len(SCRIPTS)):
                scale = base * affinity[thing, script]
                weights += [scale * place for place in at_place[agent, thing]]
        return list(accumulate(weights))


def _zipf(words: list[str], rng: random.Random) -> dict[str, float]:
    ranked = rng.sample(words, len(words))
    return {word: (rank + 1) ** -ZIPF_EXPONENT for rank, word in enumerate(ranked)}


def _weighted(words: tuple[str, ...], rng: random.Random) -> tuple[tuple[str, ...], list[float]]:
    return words, list(accumulate(rng.lognormvariate(0, AFFINITY_SPREAD) for _ in words))


def _names(rng: random.Random) -> Names:
    """Invented names of two or three syllables; none is an English word of the world."""
    onsets, vowels, endings = "bdfglmnrstv", "aeio", ("n", "l", "r", "s", "")
    taken = {lexeme.capitalize() for lexeme in UPOS_OF}
    names: list[str] = []
    while len(names) < GIVEN_NAMES + FAMILY_NAMES + CITIES - SHARED_NAMES:
        syllables = [rng.choice(onsets) + rng.choice(vowels) for _ in range(2)]
        name = "".join(syllables).capitalize() + rng.choice(endings)
        if name not in taken:
            taken.add(name)
            names.append(name)
    given, rest = names[:GIVEN_NAMES], names[GIVEN_NAMES:]
    return Names(tuple(given), tuple(rest[:FAMILY_NAMES]), tuple(rest[FAMILY_NAMES - SHARED_NAMES :]))
