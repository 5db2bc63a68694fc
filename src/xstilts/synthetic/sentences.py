"""Single sentences, for tagging and retrieval."""

from __future__ import annotations

import random
from collections.abc import Sequence

from xstilts.synthetic.concepts import TOPICS
from xstilts.synthetic.event_sampler import EventRates, EventSampler
from xstilts.synthetic.meaning import Utterance, without_role
from xstilts.synthetic.world import World

TAGGING_RATES = EventRates(adjective=0.3, manner=0.12)
#: With many names, as in an encyclopedia.
NAME_RATES = EventRates(
    adjective=0.15, person=0.35, organisation=0.25, city=0.7, place=0.6, motion=0.15, state=0.1, manner=0.0
)
#: Longer sentences, because each one should differ from all others of its pool.
RETRIEVAL_RATES = EventRates(adjective=0.4, place=0.7, time=0.2, manner=0.15, state=0.05)
QUESTION_SHARE, NEGATED_SHARE, TWO_CLAUSES_SHARE = 0.2, 0.2, 0.3
_LINKS = ("and", "but", "because")
_ASKED = ("agent", "patient", "place", "time")

Sentence = tuple[Utterance, ...]


class SentenceSampler:
    """Draws sentences of one or two clauses, and questions."""

    def __init__(self, world: World, rng: random.Random, rates: EventRates, topics: Sequence[str] = TOPICS) -> None:
        self._sampler, self._rng = EventSampler(world, rng, topics, rates), rng

    def draw(self) -> Sentence:
        """Draw a question, or a statement of one or two clauses."""
        if self._rng.random() < QUESTION_SHARE:
            event = self._sampler.event()
            role = self._rng.choice([role for role in _ASKED if getattr(event, role) is not None])
            return (Utterance(without_role(event, role), asks=role),)
        first = self.statement()
        if self._rng.random() >= TWO_CLAUSES_SHARE:
            return (first,)
        second = self.statement()._replace(link=self._rng.choice(_LINKS))
        return first._replace(stop=","), second

    def statement(self) -> Utterance:
        """Draw a clause, which may be negated."""
        utterance = self._sampler.utterance(self._sampler.event())
        return utterance._replace(event=utterance.event._replace(negated=self._rng.random() < NEGATED_SHARE))
