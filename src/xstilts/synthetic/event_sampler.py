"""Random events of the world."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from xstilts.synthetic.concepts import (
    COPULA,
    DIRECTIONS,
    KIND_OF,
    MANNERS,
    MOTION_VERB,
    NEXT_VERB,
    NUMERALS,
    ORGANISATIONS,
    SCRIPTS,
    SOCIAL_VERBS,
    SYNONYM_OF,
    TOPICS,
    sense,
)
from xstilts.synthetic.meaning import (
    ORGANISATION,
    PERSON,
    PLACE,
    Event,
    Phrase,
    Utterance,
    same_sense,
    synonym,
)
from xstilts.synthetic.world import Situation, World

#: Share of events of a domain that are of any topic, so that all words occur in all domains.
OFF_DOMAIN_SHARE = 0.2
_NUMERALS = tuple(NUMERALS)


@dataclass(frozen=True)
class EventRates:
    """Probabilities of what events are and have.

    ``social``, ``motion`` and ``state`` are the shares of events of these sorts; the rest are actions on things. The
    others are the probabilities of a part of an event, of a synonym, or of a marked order.
    """

    social: float = 0.15
    motion: float = 0.08
    state: float = 0.12
    place: float = 0.45
    time: float = 0.10
    manner: float = 0.06
    adjective: float = 0.25
    number: float = 0.08
    synonym: float = 0.35
    person: float = 0.18
    organisation: float = 0.08
    city: float = 0.20
    full_name: float = 0.5
    topical: float = 0.20
    fronted: float = 0.30


class EventSampler:
    """Draws events of a domain.

    Args:
        world: The world.
        rng: Source of random numbers.
        topics: The topics of the domain.
        rates: The probabilities of what events are and have.
    """

    def __init__(
        self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS, rates: EventRates | None = None
    ) -> None:
        self.world, self.rng, self.topics = world, rng, tuple(topics)
        self.rates = rates or EventRates()

    def situation(self) -> Situation:
        """Draw a situation of one of the topics."""
        random_number = self.rng.random
        topics = TOPICS if random_number() < OFF_DOMAIN_SHARE else self.topics
        topic = topics[int(random_number() * len(topics))]
        weights = self.world.situations[topic]
        return self.world.situation(topic, bisect(weights, random_number() * weights[-1], 0, len(weights) - 1))

    def event(self) -> Event:
        """Draw an event of any sort, not negated."""
        rates, draw = self.rates, self.rng.random()
        if draw < rates.social:
            return self.social()
        if draw < rates.social + rates.motion:
            return self.motion()
        if draw < rates.social + rates.motion + rates.state:
            return self.state()
        return self.action()

    def action(self) -> Event:
        """Draw an action of somebody on a thing."""
        situation = self.situation()
        verb = self.maybe_synonym(self.rng.choice(SCRIPTS[situation.script]))
        return self._with_adjuncts(Event(verb, self.actor(situation.agent), self.thing(situation.thing)), situation)

    def social(self) -> Event:
        """Draw an action of somebody on somebody else."""
        situation = self.situation()
        agent, patient = self.actor(situation.agent), self.actor(self.situation().agent, organisations=False)
        while same_sense(agent, patient):
            patient = self.actor(self.situation().agent, organisations=False)
        verb = self.maybe_synonym(self.rng.choice(SOCIAL_VERBS))
        return self._with_adjuncts(Event(verb, agent, patient), situation)

    def motion(self) -> Event:
        """Draw a motion of somebody from one place to another."""
        situation = self.situation()
        source, goal = self.place(situation.place), self.place(self.situation().place)
        while same_sense(source, goal):
            goal = self.place(self.situation().place)
        return Event(
            self.maybe_synonym(MOTION_VERB),
            self.actor(situation.agent, organisations=False),
            source=source,
            goal=goal,
            time=self._maybe_time(),
        )

    def state(self) -> Event:
        """Draw a state: somebody or something has a quality."""
        situation = self.situation()
        if self.rng.random() < 0.5:
            agent, concept = self.actor(situation.agent, organisations=False), situation.agent
        else:
            agent, concept = self.thing(situation.thing), situation.thing
        bare = agent._replace(adjective=None, number=None)
        return Event(COPULA, bare, quality=self.maybe_synonym(self.adjective(concept)))

    def kind(self) -> Event:
        """Draw a statement of the kind of a thing."""
        thing = self.situation().thing
        return Event(COPULA, Phrase(self.maybe_synonym(thing)), quality=KIND_OF[thing])

    def following(self, event: Event) -> Event:
        """Return the next step of an action's script, by the same agent on the same thing."""
        assert event.patient is not None
        verb = self.maybe_synonym(NEXT_VERB[sense(event.verb)])
        patient = event.patient._replace(head=self.maybe_synonym(sense(event.patient.head)))
        return Event(verb, event.agent, patient, place=event.place if self.rng.random() < 0.5 else None)

    def utterance(self, event: Event) -> Utterance:
        """Draw the order in which a statement is expressed."""
        topical = event.patient is not None and self.rng.random() < self.rates.topical
        fronted = (event.place is not None or event.time is not None) and self.rng.random() < self.rates.fronted
        return Utterance(event, topical=topical, fronted=fronted)

    def actor(self, agent: str, organisations: bool = True) -> Phrase:
        """Draw a phrase for an agent: a common noun, a person's name or an organisation."""
        draw, rates = self.rng.random(), self.rates
        if draw < rates.person:
            return self.person()
        if organisations and draw < rates.person + rates.organisation:
            return self.organisation()
        return Phrase(self.maybe_synonym(agent), self._maybe_adjective(agent))

    def person(self) -> Phrase:
        """Draw the name of a person."""
        names, full = self.world.names, self.rng.random() < self.rates.full_name
        if full:
            return Phrase(self.rng.choice(names.given), name=PERSON, extra=self.rng.choice(names.family))
        return Phrase(self.rng.choice(names.given + names.family), name=PERSON)

    def organisation(self) -> Phrase:
        """Draw the name of an organisation."""
        names = self.world.names
        head = self.rng.choice(names.family + names.cities)
        return Phrase(head, name=ORGANISATION, extra=self.rng.choice(ORGANISATIONS))

    def city(self) -> Phrase:
        """Draw the name of a city."""
        extra = self.rng.choice(DIRECTIONS) if self.rng.random() < 0.5 * self.rates.full_name else None
        return Phrase(self.rng.choice(self.world.names.cities), name=PLACE, extra=extra)

    def thing(self, thing: str) -> Phrase:
        """Draw a phrase for a thing."""
        number = None
        if self.rng.random() < self.rates.number:
            number = self.maybe_synonym(self.rng.choice(_NUMERALS))
        return Phrase(self.maybe_synonym(thing), self._maybe_adjective(thing), number)

    def place(self, place: str) -> Phrase:
        """Draw a phrase for a place: a common noun or a city."""
        if self.rng.random() < self.rates.city:
            return self.city()
        return Phrase(self.maybe_synonym(place), self._maybe_adjective(place) if self.rng.random() < 0.5 else None)

    def adjective(self, concept: str) -> str:
        """Draw an adjective by its affinity to the concept."""
        words, weights = self.world.adjectives[sense(concept)]
        return words[bisect(weights, self.rng.random() * weights[-1], 0, len(words) - 1)]

    def maybe_synonym(self, lexeme: str) -> str:
        """Return the lexeme or, with the probability ``rates.synonym``, its synonym."""
        return synonym(lexeme) if lexeme in SYNONYM_OF and self.rng.random() < self.rates.synonym else lexeme

    def numeral(self) -> str:
        """Draw a numeral."""
        return self.maybe_synonym(self.rng.choice(_NUMERALS))

    def _with_adjuncts(self, event: Event, situation: Situation) -> Event:
        rates, random_number = self.rates, self.rng.random
        return event._replace(
            place=self.place(situation.place) if random_number() < rates.place else None,
            time=self._maybe_time(),
            manner=self.rng.choice(MANNERS) if random_number() < rates.manner else None,
        )

    def _maybe_adjective(self, concept: str) -> str | None:
        if self.rng.random() >= self.rates.adjective:
            return None
        return self.maybe_synonym(self.adjective(concept))

    def _maybe_time(self) -> str | None:
        return self.numeral() if self.rng.random() < self.rates.time else None
