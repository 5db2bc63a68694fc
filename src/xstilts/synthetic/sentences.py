"""Single sentences: for tagging, and for retrieval."""

from __future__ import annotations

import random
from collections.abc import Sequence

from xstilts.synthetic.concepts import TOPICS
from xstilts.synthetic.meaning import Utterance, without
from xstilts.synthetic.scenes import Rates, Scenes
from xstilts.synthetic.world import World

TAGGING_RATES = Rates(adjective=0.3, manner=0.12)
#: Encyclopedic: full of names.
NAME_RATES = Rates(
    adjective=0.15, person=0.35, organisation=0.25, city=0.7, place=0.6, motion=0.15, state=0.1, manner=0.0
)
#: Longer than elsewhere: a sentence should be unlike all others of its pool.
RETRIEVAL_RATES = Rates(adjective=0.4, place=0.7, time=0.2, manner=0.15, state=0.05)
QUESTIONS, NEGATED, TWO_CLAUSES = 0.2, 0.2, 0.3
_LINKS = ("and", "but", "because")
_ASKED = ("agent", "patient", "place", "time")

Sentence = tuple[Utterance, ...]


class Sentences:
    """Draws sentences of one or two clauses, and questions."""

    def __init__(self, world: World, rng: random.Random, rates: Rates, topics: Sequence[str] = TOPICS) -> None:
        self._scenes, self._rng = Scenes(world, rng, topics, rates), rng

    def draw(self) -> Sentence:
        if self._rng.random() < QUESTIONS:
            event = self._scenes.event()
            role = self._rng.choice([role for role in _ASKED if getattr(event, role) is not None])
            return (Utterance(without(event, role), asks=role),)
        first = self.statement()
        if self._rng.random() >= TWO_CLAUSES:
            return (first,)
        second = self.statement()._replace(link=self._rng.choice(_LINKS))
        return first._replace(stop=","), second

    def statement(self) -> Utterance:
        utterance = self._scenes.uttered(self._scenes.event())
        return utterance._replace(event=utterance.event._replace(negated=self._rng.random() < NEGATED))
