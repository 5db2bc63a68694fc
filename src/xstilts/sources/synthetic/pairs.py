"""Pairs of sentences: natural language inference and paraphrase.

Labels follow from the meanings. In inference the hypothesis is drawn first and the premise is made for the label, so
that nothing in the hypothesis alone gives the label away; in paraphrase both sentences are put into words alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xstilts.catalogue.tasks import NLI
from xstilts.sources.synthetic.concepts import ANTONYM_OF, COPULA, KIND_OF, KINDS, SOCIAL_VERBS, TOPICS, sense
from xstilts.sources.synthetic.meaning import (
    Event,
    Utterance,
    generalised,
    opposite,
    reworded,
    same_sense,
)
from xstilts.sources.synthetic.scenes import Rates, Scenes
from xstilts.sources.synthetic.world import World

#: Little beside the participants that matter.
PAIR_RATES = Rates(adjective=0.15, manner=0.0, count=0.04, time=0.1, topical=0.15, fronted=0.3)
#: Share of hypotheses about a thing that only name its kind.
GENERAL = 0.12
#: Share of premises that say more than the hypothesis, where logic allows it.
RICHER = 0.5
#: Share of neutral premises that differ in one participant only, not two.
ONE_DIFFERENCE = 0.4
#: Share of inference pairs about something that is so, rather than happens.
STATES = 0.2
ENTAILMENT, NEUTRAL, CONTRADICTION = NLI
PARAPHRASE, DIFFERENT = "1", "0"


#: Makes events that mean something else out of events, with mostly the same words.
Exchange = Callable[[tuple[Event, ...]], tuple[Event, ...]]


class Pair(NamedTuple):
    """Two texts, as utterances, and the label."""

    first: tuple[Utterance, ...]
    second: tuple[Utterance, ...]
    label: str


class Inference:
    """Draws premise and hypothesis; ``adversarial`` surrounds the premise with a sentence that shares its words."""

    def __init__(
        self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS, adversarial: bool = False
    ) -> None:
        self._scenes = Scenes(world, rng, topics, PAIR_RATES)
        self._rng, self._adversarial = rng, adversarial

    def draw(self, label: str) -> Pair:
        scenes, rng = self._scenes, self._rng
        event = scenes.state() if rng.random() < STATES else scenes.event()
        hypothesis = event._replace(negated=rng.random() < 0.5)
        if event.patient is not None and sense(event.patient.head) in KIND_OF and rng.random() < GENERAL:
            hypothesis = generalised(hypothesis)
        premise = self._premise(hypothesis, event, label)
        said = (scenes.uttered(premise),)
        if self._adversarial:
            other = scenes.uttered(self._beside(premise))
            said = (*said, other) if rng.random() < 0.5 else (other, *said)
        return Pair(said, (scenes.uttered(hypothesis),), label)

    def _premise(self, hypothesis: Event, specific: Event, label: str) -> Event:
        """``specific`` is the hypothesis before it was negated or made more general."""
        if label == NEUTRAL:
            premise = self._unrelated(specific)._replace(negated=self._rng.random() < 0.5)
        elif hypothesis.verb == COPULA:
            return self._state(hypothesis, label)
        else:
            negated = hypothesis.negated is (label == ENTAILMENT)
            premise = (hypothesis if negated else specific)._replace(negated=negated)
        if self._rng.random() < 0.5:
            premise = reworded(premise)
        return premise if premise.negated or self._rng.random() >= RICHER else self._richer(premise)

    def _state(self, hypothesis: Event, label: str) -> Event:
        """What makes a state true or false: itself, or a positive statement of the antonym."""
        contrary = opposite(hypothesis)
        holds = label == ENTAILMENT
        if contrary is not None and hypothesis.negated is holds and self._rng.random() < 0.5:
            return contrary._replace(negated=False)
        same = hypothesis if holds else hypothesis._replace(negated=not hypothesis.negated)
        return reworded(same) if self._rng.random() < 0.5 else same

    def _unrelated(self, event: Event) -> Event:
        """The event with one or two participants, or the verb, exchanged for something else."""
        slots = [role for role in ("agent", "patient", "source", "goal") if getattr(event, role) is not None]
        slots += ["quality"] if event.quality else ["verb"] if event.patient else []
        self._rng.shuffle(slots)
        changed = slots[: 1 if self._rng.random() < ONE_DIFFERENCE else 2]
        result = event
        for slot in changed:
            result = result._replace(**{slot: self._other(event, slot)})
        return result

    def _other(self, event: Event, slot: str) -> object:
        """A value for a slot of the event that means something else, of a kind that may stand there."""
        draw = self._like(event)
        while True:
            value = getattr(draw(), slot)
            if slot in ("verb", "quality"):
                if sense(value) not in (sense(getattr(event, slot)), ANTONYM_OF.get(sense(getattr(event, slot)))):
                    return value
            elif value is not None and not any(same_sense(value, getattr(event, role)) for role in _ROLES):
                return value

    def _like(self, event: Event) -> Callable[[], Event]:
        if event.verb == COPULA:
            return self._scenes.state
        if event.patient is None:
            return self._scenes.motion
        return self._scenes.social if sense(event.verb) in SOCIAL_VERBS else self._scenes.action

    def _richer(self, event: Event) -> Event:
        """More is said: where, when, or of what sort; every such event implies the poorer one."""
        extra = self._scenes.action()
        if event.verb == COPULA:
            return event
        if event.place is None and event.source is None and extra.place is not None:
            return event._replace(place=extra.place)
        if event.time is None:
            return event._replace(time=self._scenes.numeral())
        return event

    def _beside(self, premise: Event) -> Event:
        """Another event, with the same agent or the same thing."""
        other = self._scenes.action()
        if self._rng.random() < 0.5 and premise.verb != COPULA:
            return other._replace(agent=premise.agent)
        if (
            premise.patient is not None
            and sense(premise.verb) not in SOCIAL_VERBS
            and premise.patient.head not in KINDS
        ):
            return other._replace(patient=premise.patient, verb=self._other(premise, "verb"))  # type: ignore[arg-type]
        return other


_ROLES = ("agent", "patient", "source", "goal")


class Paraphrases:
    """Draws sentences (or questions) that mean the same, or mean something else with mostly the same words."""

    def __init__(
        self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS, questions: bool = False
    ) -> None:
        self._scenes = Scenes(world, rng, topics, PAIR_RATES)
        self._rng, self._questions = rng, questions

    def draw(self, label: str) -> Pair:
        """Both labels differ in wording alike; only in the different ones are the participants exchanged, too."""
        if self._questions:
            said, exchange = self._question()
        else:
            said, exchange = self._statements()
        again = said
        while again == said:
            again = tuple(map(self._again, said))
        if label == DIFFERENT:
            events = exchange(tuple(utterance.event for utterance in again))
            again = tuple(u._replace(event=event) for u, event in zip(again, events, strict=True))
        pair = [said, again]
        self._rng.shuffle(pair)
        return Pair(pair[0], pair[1], label)

    def _again(self, utterance: Utterance) -> Utterance:
        event = reworded(utterance.event) if self._rng.random() < 0.5 else utterance.event
        styled = self._scenes.uttered(event)
        return styled._replace(asks=utterance.asks, topical=styled.topical and not utterance.asks)

    def _statements(self) -> tuple[tuple[Utterance, ...], Exchange]:
        kind = self._rng.choice(tuple(_EXCHANGES))
        events: tuple[Event, ...] = ()
        while not any(reworded(event) != event or event.patient for event in events):
            if kind == "persons":
                events = (self._scenes.social(),)
            elif kind == "places":
                events = (self._scenes.motion(),)
            else:
                events = self._two_actions()
        return tuple(map(self._scenes.uttered, events)), _EXCHANGES[kind]

    def _two_actions(self) -> tuple[Event, Event]:
        """Two short actions that have nothing in common."""
        one, other = self._scenes.action(), self._scenes.action()
        while (
            same_sense(one.agent, other.agent)
            or same_sense(one.patient, other.patient)
            or sense(one.verb) == sense(other.verb)
        ):
            other = self._scenes.action()
        return _bare(one), _bare(other)

    def _question(self) -> tuple[tuple[Utterance, ...], Exchange]:
        """A question; different ones are about another participant or verb, or turn the persons round."""
        scenes, rng = self._scenes, self._rng
        event = scenes.action() if rng.random() < 0.6 else scenes.social()
        while event == reworded(event):
            event = scenes.action() if rng.random() < 0.6 else scenes.social()
        asks = rng.choice([role for role in ("agent", "patient", "place", "time") if getattr(event, role) is not None])
        said = Utterance(event, fronted=rng.random() < PAIR_RATES.fronted, asks=asks)
        return (said,), lambda events: (self._other_question(events[0], asks),)

    def _other_question(self, event: Event, asks: str) -> Event:
        assert event.patient is not None
        if sense(event.verb) in SOCIAL_VERBS and asks in ("place", "time"):
            return event._replace(agent=event.patient, patient=event.agent)
        like = self._scenes.social if sense(event.verb) in SOCIAL_VERBS else self._scenes.action
        slots = [slot for slot in ("agent", "patient", "verb") if slot != asks]
        self._rng.shuffle(slots)
        for slot in slots[: self._rng.choice((1, 2))]:
            event = self._exchanged(event, slot, like)
        return event

    def _exchanged(self, event: Event, slot: str, like: Callable[[], Event]) -> Event:
        while True:
            value = getattr(like(), slot)
            if slot == "verb":
                if sense(value) != sense(event.verb):
                    return event._replace(verb=value)
            elif not any(same_sense(value, getattr(event, role)) for role in ("agent", "patient")):
                return event._replace(**{slot: value})


def _with_persons_exchanged(events: tuple[Event, ...]) -> tuple[Event, ...]:
    assert events[0].patient is not None
    return (events[0]._replace(agent=events[0].patient, patient=events[0].agent),)


def _with_places_exchanged(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return (events[0]._replace(source=events[0].goal, goal=events[0].source),)


def _with_things_exchanged(events: tuple[Event, ...]) -> tuple[Event, ...]:
    one, other = events
    return one._replace(patient=other.patient), other._replace(patient=one.patient)


def _with_agents_exchanged(events: tuple[Event, ...]) -> tuple[Event, ...]:
    one, other = events
    return one._replace(agent=other.agent), other._replace(agent=one.agent)


_EXCHANGES: dict[str, Exchange] = {
    "persons": _with_persons_exchanged,
    "places": _with_places_exchanged,
    "things": _with_things_exchanged,
    "agents": _with_agents_exchanged,
}


def _bare(event: Event) -> Event:
    return event._replace(place=None, time=None, manner=None)
