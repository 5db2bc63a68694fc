"""Paraphrase: sentences, or questions, that mean the same, or something else in mostly the same words."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from xstilts.synthetic.concepts import ADJECTIVES_OF_BOTH, SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.meaning import Event, Phrase, Utterance, reworded, without
from xstilts.synthetic.pairs import PAIR_RATES, Pair, exchanged, participants
from xstilts.synthetic.scenes import Scenes
from xstilts.synthetic.world import World

#: Share of second wordings that use all synonyms there are.
REWORDED = 0.5
#: Share of different sentences in which a participant is replaced, not exchanged for another of the sentence.
REPLACED = 0.5
#: Share of pairs of questions about an action on a thing; the others are about two persons.
ABOUT_THINGS = 0.6

DIFFERENT, PARAPHRASE = "0", "1"

_ASKED = ("agent", "patient", "place", "time")


class Paraphrases:
    """Draws pairs of a label. Both labels differ in wording alike; only the label decides whether meanings differ."""

    def __init__(self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS) -> None:
        self._scenes = Scenes(world, rng, topics, PAIR_RATES)
        self._rng = rng

    def statements(self, label: str) -> Pair:
        """Different ones have participants, or their qualities, in each other's place, or another participant."""
        kind = self._rng.choice(tuple(_SWAPS))
        event = self._swappable(kind)
        change = self._replaced if self._rng.random() < REPLACED else _SWAPS[kind]
        return self._pair(self._scenes.uttered(event), change, label)

    def questions(self, label: str) -> Pair:
        """A different question has another participant or verb, or turns the persons round."""
        event, asks = self._asked_about()
        while event == reworded(event):
            event, asks = self._asked_about()
        said = self._scenes.uttered(event)._replace(topical=False, asks=asks)
        return self._pair(said, lambda event: self._other_question(event, asks), label)

    def _pair(self, said: Utterance, change: Callable[[Event], Event], label: str) -> Pair:
        again = self._again(said)
        while again == said:
            again = self._again(said)
        if label == DIFFERENT:
            again = again._replace(event=self._changed(again.event, change))
        first, second = self._rng.sample((said, again), 2)
        return Pair((first,), (second,), label)

    def _changed(self, event: Event, change: Callable[[Event], Event]) -> Event:
        """Where the event could be put into other words, so can the changed one: neither sentence alone tells."""
        changed = change(event)
        while reworded(event) != event and reworded(changed) == changed:
            changed = change(event)
        return changed

    def _again(self, utterance: Utterance) -> Utterance:
        """The same in other words, in another order, or both, or neither."""
        event = reworded(utterance.event) if self._rng.random() < REWORDED else utterance.event
        styled = self._scenes.uttered(event)
        return styled._replace(asks=utterance.asks, topical=styled.topical and not utterance.asks)

    def _replaced(self, event: Event) -> Event:
        return exchanged(self._scenes, event, self._rng.choice(participants(event)))

    def _swappable(self, kind: str) -> Event:
        """An event that can be worded in two ways, with two persons, two places, or two different qualities."""
        while True:
            event = self._scenes.motion() if kind == "places" else self._scenes.social()
            if kind == "qualities":
                event = self._with_qualities(self._scenes.action() if self._rng.random() < 0.5 else event)
            if event != reworded(event) or event.place or (event.patient and not event.patient.name):
                return event

    def _with_qualities(self, event: Event) -> Event:
        """With an adjective at the agent and another one at the patient; names become persons by role."""
        assert event.patient is not None
        first, second = self._rng.sample(ADJECTIVES_OF_BOTH, 2)
        agent = event.agent if not event.agent.name else Phrase(self._scenes.situation().agent)
        patient = event.patient if not event.patient.name else Phrase(self._scenes.situation().thing)
        return event._replace(agent=agent._replace(adjective=first), patient=patient._replace(adjective=second))

    def _asked_about(self) -> tuple[Event, str]:
        """What is told of an event, and the role that is asked for."""
        event = self._scenes.action() if self._rng.random() < ABOUT_THINGS else self._scenes.social()
        asks = self._rng.choice([role for role in _ASKED if getattr(event, role) is not None])
        return without(event, asks), asks

    def _other_question(self, event: Event, asks: str) -> Event:
        if sense(event.verb) in SOCIAL_VERBS and asks in ("place", "time"):
            return event._replace(agent=event.patient, patient=event.agent)  # type: ignore[arg-type]
        slots = [slot for slot in ("agent", "patient", "verb") if slot != asks]
        for slot in self._rng.sample(slots, self._rng.choice((1, 2))):
            event = exchanged(self._scenes, event, slot)
        return event


def _with_persons_swapped(event: Event) -> Event:
    return event._replace(agent=event.patient, patient=event.agent)  # type: ignore[arg-type]


def _with_places_swapped(event: Event) -> Event:
    return event._replace(source=event.goal, goal=event.source)


def _with_qualities_swapped(event: Event) -> Event:
    agent, patient = event.agent, event.patient
    assert patient is not None
    return event._replace(
        agent=agent._replace(adjective=patient.adjective), patient=patient._replace(adjective=agent.adjective)
    )


_SWAPS: dict[str, Callable[[Event], Event]] = {
    "persons": _with_persons_swapped,
    "places": _with_places_swapped,
    "qualities": _with_qualities_swapped,
}
