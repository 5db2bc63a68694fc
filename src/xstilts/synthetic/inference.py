"""Natural language inference.

The hypothesis is drawn first and the premise is made to fit the label, so that the hypothesis alone does not reveal the
label.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from xstilts.synthetic.concepts import COPULA, KIND_OF, KINDS, SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.meaning import Event, Utterance, generalised, opposite, reworded
from xstilts.synthetic.pairs import PAIR_RATES, LabelledPair, participant_roles, replace_slot
from xstilts.synthetic.world import World
from xstilts.tasks.nli import NLI

#: Share of hypotheses about a thing that name only its kind.
KIND_SHARE = 0.1
#: Share of negated hypotheses, and of negated neutral premises.
NEGATED_SHARE = 0.35
#: Share of premises in which words are replaced by synonyms.
REWORDED_SHARE = 0.25
#: Share of premises that are more specific than the hypothesis, where the label allows it.
SPECIFIC_SHARE = 0.5
#: The number of slots in which a neutral premise differs from the hypothesis, with probabilities.
DIFFERENCES = {1: 0.25, 2: 0.40, 3: 0.35}
#: Share of pairs about states rather than actions.
STATE_SHARE = 0.15

ENTAILMENT, NEUTRAL, _ = NLI


class InferenceSampler:
    """Draws pairs of premise and hypothesis.

    Args:
        world: The world.
        rng: Source of random numbers.
        topics: The topics of the domain.
        adversarial: Whether a distractor that shares some words with the premise is added to it.
    """

    def __init__(
        self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS, adversarial: bool = False
    ) -> None:
        self._sampler = EventSampler(world, rng, topics, PAIR_RATES)
        self._rng, self._adversarial = rng, adversarial

    def draw(self, label: str) -> LabelledPair:
        """Draw a pair with the given label."""
        sampler, rng = self._sampler, self._rng
        event = sampler.state() if rng.random() < STATE_SHARE else sampler.event()
        hypothesis = event._replace(negated=rng.random() < NEGATED_SHARE)
        if event.patient is not None and sense(event.patient.head) in KIND_OF and rng.random() < KIND_SHARE:
            hypothesis = generalised(hypothesis)
        premise = self._premise(hypothesis, event, label)
        utterances: tuple[Utterance, ...] = (sampler.utterance(premise),)
        if self._adversarial:
            distractor = sampler.utterance(self._distractor(premise, hypothesis))
            utterances = tuple(rng.sample((*utterances, distractor), 2))
        return LabelledPair(utterances, (sampler.utterance(hypothesis),), label)

    def _premise(self, hypothesis: Event, specific: Event, label: str) -> Event:
        """Draw a premise for a label; ``specific`` is the hypothesis before negation and generalisation."""
        if label == NEUTRAL:
            premise = self._unrelated(specific)
            while _is_general(hypothesis) and generalised(premise).patient == hypothesis.patient:
                premise = self._unrelated(specific)
            premise = premise._replace(negated=self._rng.random() < NEGATED_SHARE)
        elif hypothesis.verb == COPULA:
            return self._state(hypothesis, label)
        else:
            negated = hypothesis.negated is (label == ENTAILMENT)
            premise = (hypothesis if negated else specific)._replace(negated=negated)
        if self._rng.random() < REWORDED_SHARE:
            premise = reworded(premise)
        return premise if premise.negated or self._rng.random() >= SPECIFIC_SHARE else self._more_specific(premise)

    def _state(self, hypothesis: Event, label: str) -> Event:
        """Draw a premise about a state: the state itself, or a positive statement of the antonym."""
        contrary = opposite(hypothesis)
        holds = label == ENTAILMENT
        if contrary is not None and hypothesis.negated is holds and self._rng.random() < 0.5:
            return contrary._replace(negated=False)
        same = hypothesis if holds else hypothesis._replace(negated=not hypothesis.negated)
        return reworded(same) if self._rng.random() < REWORDED_SHARE else same

    def _unrelated(self, event: Event) -> Event:
        """Replace some of the participants of an event, or its verb or quality."""
        slots = [*participant_roles(event), *(["quality"] if event.quality else ["verb"] if event.patient else [])]
        n_slots = self._rng.choices(tuple(DIFFERENCES), tuple(DIFFERENCES.values()))[0]
        for slot in self._rng.sample(slots, min(n_slots, len(slots))):
            event = replace_slot(self._sampler, event, slot)
        return event

    def _more_specific(self, event: Event) -> Event:
        """Add a place or a time; the result entails the event."""
        if event.verb == COPULA:
            return event
        place = self._sampler.action().place
        if event.place is None and event.source is None and place is not None:
            return event._replace(place=place)
        return event if event.time else event._replace(time=self._sampler.numeral())

    def _distractor(self, premise: Event, hypothesis: Event) -> Event:
        """Draw another action, with the premise's agent or thing if possible, and never with the hypothesis' verb."""
        other = self._sampler.action()
        while sense(other.verb) == sense(hypothesis.verb):
            other = self._sampler.action()
        if premise.patient is None or sense(premise.verb) in SOCIAL_VERBS or premise.patient.head in KINDS:
            return other
        changed = replace_slot(self._sampler, premise, self._rng.choice(("agent", "patient")))
        return changed._replace(verb=other.verb, negated=False)


def _is_general(event: Event) -> bool:
    return event.patient is not None and event.patient.head in KINDS
