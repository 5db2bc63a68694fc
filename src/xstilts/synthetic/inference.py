"""Natural language inference: does the hypothesis follow from the premise, contradict it, or neither?

The hypothesis is drawn first and the premise is made for the label, so that nothing in the hypothesis alone gives the
label away.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from xstilts.synthetic.concepts import COPULA, KIND_OF, KINDS, SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.meaning import Event, Utterance, generalised, opposite, reworded
from xstilts.synthetic.pairs import PAIR_RATES, Pair, exchanged, participants
from xstilts.synthetic.scenes import Scenes
from xstilts.synthetic.world import World
from xstilts.tasks.nli import NLI

#: Share of hypotheses about a thing that only name its kind.
GENERAL = 0.1
#: Share of negated hypotheses, and of negated neutral premises.
NEGATED = 0.35
#: Share of premises in other words.
REWORDED = 0.25
#: Share of premises that say more than the hypothesis, where logic allows it.
RICHER = 0.5
#: In how many of its participants and verb a neutral premise differs, and how often.
DIFFERENCES = {1: 0.25, 2: 0.40, 3: 0.35}
#: Share of pairs about something that is so, rather than happens.
STATES = 0.15

ENTAILMENT, NEUTRAL, _ = NLI


class Inference:
    """Draws pairs of a label; ``adversarial`` puts a sentence beside the premise that shares some of its words."""

    def __init__(
        self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS, adversarial: bool = False
    ) -> None:
        self._scenes = Scenes(world, rng, topics, PAIR_RATES)
        self._rng, self._adversarial = rng, adversarial

    def draw(self, label: str) -> Pair:
        scenes, rng = self._scenes, self._rng
        event = scenes.state() if rng.random() < STATES else scenes.event()
        hypothesis = event._replace(negated=rng.random() < NEGATED)
        if event.patient is not None and sense(event.patient.head) in KIND_OF and rng.random() < GENERAL:
            hypothesis = generalised(hypothesis)
        premise = self._premise(hypothesis, event, label)
        said: tuple[Utterance, ...] = (scenes.uttered(premise),)
        if self._adversarial:
            said = tuple(rng.sample((*said, scenes.uttered(self._beside(premise, hypothesis))), 2))
        return Pair(said, (scenes.uttered(hypothesis),), label)

    def _premise(self, hypothesis: Event, specific: Event, label: str) -> Event:
        """``specific`` is the hypothesis before it was negated or made more general."""
        if label == NEUTRAL:
            premise = self._unrelated(specific)
            while _is_general(hypothesis) and generalised(premise).patient == hypothesis.patient:
                premise = self._unrelated(specific)
            premise = premise._replace(negated=self._rng.random() < NEGATED)
        elif hypothesis.verb == COPULA:
            return self._state(hypothesis, label)
        else:
            negated = hypothesis.negated is (label == ENTAILMENT)
            premise = (hypothesis if negated else specific)._replace(negated=negated)
        if self._rng.random() < REWORDED:
            premise = reworded(premise)
        return premise if premise.negated or self._rng.random() >= RICHER else self._richer(premise)

    def _state(self, hypothesis: Event, label: str) -> Event:
        """What makes a state true or false: itself, or a positive statement of the antonym."""
        contrary = opposite(hypothesis)
        holds = label == ENTAILMENT
        if contrary is not None and hypothesis.negated is holds and self._rng.random() < 0.5:
            return contrary._replace(negated=False)
        same = hypothesis if holds else hypothesis._replace(negated=not hypothesis.negated)
        return reworded(same) if self._rng.random() < REWORDED else same

    def _unrelated(self, event: Event) -> Event:
        """The event with some of its participants, or its verb, exchanged for something else."""
        slots = [*participants(event), *(["quality"] if event.quality else ["verb"] if event.patient else [])]
        number = self._rng.choices(tuple(DIFFERENCES), tuple(DIFFERENCES.values()))[0]
        for slot in self._rng.sample(slots, min(number, len(slots))):
            event = exchanged(self._scenes, event, slot)
        return event

    def _richer(self, event: Event) -> Event:
        """More is said about where or when; such an event implies the poorer one."""
        if event.verb == COPULA:
            return event
        place = self._scenes.action().place
        if event.place is None and event.source is None and place is not None:
            return event._replace(place=place)
        return event if event.time else event._replace(time=self._scenes.numeral())

    def _beside(self, premise: Event, hypothesis: Event) -> Event:
        """Another action, with the premise's agent or thing where it has these; never what the hypothesis is about."""
        other = self._scenes.action()
        while sense(other.verb) == sense(hypothesis.verb):
            other = self._scenes.action()
        if premise.patient is None or sense(premise.verb) in SOCIAL_VERBS or premise.patient.head in KINDS:
            return other
        changed = exchanged(self._scenes, premise, self._rng.choice(("agent", "patient")))
        return changed._replace(verb=other.verb, negated=False)


def _is_general(event: Event) -> bool:
    return event.patient is not None and event.patient.head in KINDS
