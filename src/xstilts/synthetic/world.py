"""The distribution of situations: which agents, things, actions and places occur together.

It gives words their distributional statistics. Each class of concepts follows a flat Zipf law, concepts of one topic
occur together, and random affinities between single concepts distinguish the concepts of a topic.
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
#: The number of family names that are also names of cities, so that the entity type depends on the context.
SHARED_NAMES = 3


class Situation(NamedTuple):
    """Concepts that occur together; ``script`` is an index into ``SCRIPTS``."""

    agent: str
    thing: str
    script: int
    place: str


class Names(NamedTuple):
    """Proper names; they are lexemes too, and written in the script of each language."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Return all distinct names."""
        return tuple(dict.fromkeys((*self.given, *self.family, *self.cities)))


class World:
    """The probabilities of situations, drawn from a seed.

    Attributes:
        agents: Concepts of agents.
        things: Concepts of things.
        places: Concepts of places.
        names: Proper names.
        situations: By topic, the cumulative weights of all situations.
        adjectives: By concept, its adjectives and their cumulative weights.
    """

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
        """Return the situation at ``index`` of the cumulative weights ``situations[topic]``."""
        index, place = divmod(index, len(self.places))
        index, script = divmod(index, len(SCRIPTS))
        agent, thing = divmod(index, len(self.things))
        return Situation(self.agents[agent], self.things[thing], script, self.places[place])

    def fit(self, agent: str, thing: str, place: str) -> float:
        """Return the unnormalised probability of three concepts, summed over all topics and scripts."""
        fit = self._fits.get((agent, thing, place))
        if fit is None:
            fit = self._fits[agent, thing, place] = self._compute_fit(agent, thing, place)
        return fit

    def _compute_fit(self, agent: str, thing: str, place: str) -> float:
        topical = sum(
            self._topic_weight(agent, topic) * self._topic_weight(thing, topic) * self._topic_weight(place, topic)
            for topic in TOPICS
        )
        pairs = self._affinity[agent, thing] * self._affinity[agent, place] * self._affinity[thing, place]
        return topical * pairs * self._frequency[agent] * self._frequency[thing] * self._frequency[place]

    def _topic_weight(self, word: str, topic: str) -> float:
        return 1.0 if self._topic_of[word] == topic else OFF_TOPIC

    def _cumulative(self, topic: str) -> list[float]:
        """Return the running sums of the weights of all situations of a topic, agents x things x scripts x places."""
        weight = {word: self._frequency[word] * self._topic_weight(word, topic) for word in self._topic_of}
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
    """Invent names of two syllables; none is an English word of the world."""
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
