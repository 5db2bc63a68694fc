"""Paraphrase tasks: pairs of sentences or questions with the same meaning, or with mostly the same words only."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from xstilts.synthetic.concepts import ADJECTIVES_OF_BOTH, SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.meaning import Event, Phrase, Utterance, reworded, without_role
from xstilts.synthetic.pairs import PAIR_RATES, LabelledPair, participant_roles, replace_slot
from xstilts.synthetic.world import World

#: Share of second texts in which all words are replaced by synonyms.
REWORDED_SHARE = 0.5
#: Share of different statements in which a participant is replaced; in the others, two participants are swapped.
REPLACED_SHARE = 0.5
#: Share of pairs of questions about an action on a thing; the others are about two persons.
ABOUT_THINGS_SHARE = 0.6

DIFFERENT, PARAPHRASE = "0", "1"

_ASKED = ("agent", "patient", "place", "time")


class ParaphraseSampler:
    """Draws pairs of sentences.

    Wording differs equally often for both labels; whether the meanings differ depends on the label only.
    """

    def __init__(self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS) -> None:
        self._sampler = EventSampler(world, rng, topics, PAIR_RATES)
        self._rng = rng

    def statements(self, label: str) -> LabelledPair:
        """Draw a pair of statements; different ones have participants or adjectives swapped, or one replaced."""
        kind = self._rng.choice(tuple(_SWAPS))
        event = self._swappable(kind)
        change = self._replaced if self._rng.random() < REPLACED_SHARE else _SWAPS[kind]
        return self._pair(self._sampler.utterance(event), change, label)

    def questions(self, label: str) -> LabelledPair:
        """Draw a pair of questions; different ones have another participant or verb, or the persons swapped."""
        event, asks = self._asked_about()
        while event == reworded(event):
            event, asks = self._asked_about()
        question = self._sampler.utterance(event)._replace(topical=False, asks=asks)
        return self._pair(question, lambda event: self._other_question(event, asks), label)

    def _pair(self, utterance: Utterance, change: Callable[[Event], Event], label: str) -> LabelledPair:
        paraphrase = self._paraphrase(utterance)
        while paraphrase == utterance:
            paraphrase = self._paraphrase(utterance)
        if label == DIFFERENT:
            paraphrase = paraphrase._replace(event=self._changed(paraphrase.event, change))
        first, second = self._rng.sample((utterance, paraphrase), 2)
        return LabelledPair((first,), (second,), label)

    def _changed(self, event: Event, change: Callable[[Event], Event]) -> Event:
        """Change an event; the result has synonyms if the event has, so that no sentence alone reveals the label."""
        changed = change(event)
        while reworded(event) != event and reworded(changed) == changed:
            changed = change(event)
        return changed

    def _paraphrase(self, utterance: Utterance) -> Utterance:
        """Draw an utterance with the same meaning, which may differ in words, in order, in both or not at all."""
        event = reworded(utterance.event) if self._rng.random() < REWORDED_SHARE else utterance.event
        styled = self._sampler.utterance(event)
        return styled._replace(asks=utterance.asks, topical=styled.topical and not utterance.asks)

    def _replaced(self, event: Event) -> Event:
        return replace_slot(self._sampler, event, self._rng.choice(participant_roles(event)))

    def _swappable(self, kind: str) -> Event:
        """Draw an event that has a paraphrase and two persons, two places or two adjectives to swap."""
        while True:
            event = self._sampler.motion() if kind == "places" else self._sampler.social()
            if kind == "qualities":
                event = self._with_qualities(self._sampler.action() if self._rng.random() < 0.5 else event)
            if event != reworded(event) or event.place or (event.patient and not event.patient.name):
                return event

    def _with_qualities(self, event: Event) -> Event:
        """Give agent and patient different adjectives; names are replaced by common nouns."""
        assert event.patient is not None
        first, second = self._rng.sample(ADJECTIVES_OF_BOTH, 2)
        agent = event.agent if not event.agent.name else Phrase(self._sampler.situation().agent)
        patient = event.patient if not event.patient.name else Phrase(self._sampler.situation().thing)
        return event._replace(agent=agent._replace(adjective=first), patient=patient._replace(adjective=second))

    def _asked_about(self) -> tuple[Event, str]:
        """Draw an event and the role that is asked for, which is removed from the event."""
        event = self._sampler.action() if self._rng.random() < ABOUT_THINGS_SHARE else self._sampler.social()
        asks = self._rng.choice([role for role in _ASKED if getattr(event, role) is not None])
        return without_role(event, asks), asks

    def _other_question(self, event: Event, asks: str) -> Event:
        if sense(event.verb) in SOCIAL_VERBS and asks in ("place", "time"):
            return event._replace(agent=event.patient, patient=event.agent)  # type: ignore[arg-type]
        slots = [slot for slot in ("agent", "patient", "verb") if slot != asks]
        for slot in self._rng.sample(slots, self._rng.choice((1, 2))):
            event = replace_slot(self._sampler, event, slot)
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
