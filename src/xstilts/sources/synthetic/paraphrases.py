"""Paraphrase: sentences, or questions, that mean the same, or something else in mostly the same words."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from xstilts.sources.synthetic.concepts import SOCIAL_VERBS, TOPICS, sense
from xstilts.sources.synthetic.meaning import Event, Utterance, reworded, same_sense
from xstilts.sources.synthetic.pairs import PAIR_RATES, Pair, exchanged, participants
from xstilts.sources.synthetic.scenes import Scenes
from xstilts.sources.synthetic.world import World

#: Share of second wordings that use all synonyms there are.
REWORDED = 0.5
#: Share of different sentences in which a participant is replaced, not exchanged for another of the sentence.
REPLACED = 0.3
#: Share of pairs of questions about an action on a thing; the others are about two persons.
ABOUT_THINGS = 0.6

DIFFERENT, PARAPHRASE = "0", "1"

Events = tuple[Event, ...]

_ASKED = ("agent", "patient", "place", "time")


class Paraphrases:
    """Draws pairs of a label. Both labels differ in wording alike; only the label decides whether meanings differ."""

    def __init__(self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS) -> None:
        self._scenes = Scenes(world, rng, topics, PAIR_RATES)
        self._rng = rng

    def statements(self, label: str) -> Pair:
        """Of one or two clauses; a different meaning has participants in each other's place, or another one."""
        kind = self._rng.choice(tuple(_SWAPS))
        if kind == "persons":
            events: Events = (self._scenes.social(),)
        elif kind == "places":
            events = (self._scenes.motion(),)
        else:
            events = self._two_actions()
        change = self._replaced if self._rng.random() < REPLACED else _SWAPS[kind]
        return self._pair(tuple(map(self._scenes.uttered, events)), change, label)

    def questions(self, label: str) -> Pair:
        """A different question has another participant or verb, or turns the persons round."""
        event = self._asked_about()
        while event == reworded(event):
            event = self._asked_about()
        asks = self._rng.choice([role for role in _ASKED if getattr(event, role) is not None])
        said = Utterance(event, fronted=self._rng.random() < PAIR_RATES.fronted, asks=asks)
        return self._pair((said,), lambda events: (self._other_question(events[0], asks),), label)

    def _pair(self, said: tuple[Utterance, ...], change: Callable[[Events], Events], label: str) -> Pair:
        again = said
        while again == said:
            again = tuple(map(self._again, said))
        if label == DIFFERENT:
            events = change(tuple(utterance.event for utterance in again))
            again = tuple(utterance._replace(event=event) for utterance, event in zip(again, events, strict=True))
        first, second = self._rng.sample((said, again), 2)
        return Pair(first, second, label)

    def _again(self, utterance: Utterance) -> Utterance:
        """The same in other words, in another order, or both, or neither."""
        event = reworded(utterance.event) if self._rng.random() < REWORDED else utterance.event
        styled = self._scenes.uttered(event)
        return styled._replace(asks=utterance.asks, topical=styled.topical and not utterance.asks)

    def _replaced(self, events: Events) -> Events:
        """One event has another participant."""
        at = self._rng.randrange(len(events))
        event = exchanged(self._scenes, events[at], self._rng.choice(participants(events[at])))
        return (*events[:at], event, *events[at + 1 :])

    def _two_actions(self) -> Events:
        """Two short actions that have nothing in common."""
        one, other = self._scenes.action(), self._scenes.action()
        while (
            same_sense(one.agent, other.agent)
            or same_sense(one.patient, other.patient)
            or sense(one.verb) == sense(other.verb)
        ):
            other = self._scenes.action()
        return tuple(event._replace(place=None, time=None, manner=None) for event in (one, other))

    def _asked_about(self) -> Event:
        return self._scenes.action() if self._rng.random() < ABOUT_THINGS else self._scenes.social()

    def _other_question(self, event: Event, asks: str) -> Event:
        if sense(event.verb) in SOCIAL_VERBS and asks in ("place", "time"):
            return event._replace(agent=event.patient, patient=event.agent)  # type: ignore[arg-type]
        slots = [slot for slot in ("agent", "patient", "verb") if slot != asks]
        for slot in self._rng.sample(slots, self._rng.choice((1, 2))):
            event = exchanged(self._scenes, event, slot)
        return event


def _with_persons_swapped(events: Events) -> Events:
    (event,) = events
    return (event._replace(agent=event.patient, patient=event.agent),)  # type: ignore[arg-type]


def _with_places_swapped(events: Events) -> Events:
    (event,) = events
    return (event._replace(source=event.goal, goal=event.source),)


def _with_things_swapped(events: Events) -> Events:
    one, other = events
    return one._replace(patient=other.patient), other._replace(patient=one.patient)


def _with_agents_swapped(events: Events) -> Events:
    one, other = events
    return one._replace(agent=other.agent), other._replace(agent=one.agent)


_SWAPS: dict[str, Callable[[Events], Events]] = {
    "persons": _with_persons_swapped,
    "places": _with_places_swapped,
    "things": _with_things_swapped,
    "agents": _with_agents_swapped,
}
