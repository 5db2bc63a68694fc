"""Labelled pairs of texts, and changes of events, for inference and paraphrase tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xstilts.synthetic.concepts import ANTONYM_OF, COPULA, MOTION_VERB, SOCIAL_VERBS, sense
from xstilts.synthetic.event_sampler import EventRates, EventSampler
from xstilts.synthetic.meaning import Event, Utterance, same_sense

#: For short sentences with few modifiers.
PAIR_RATES = EventRates(
    adjective=0.08,
    manner=0.0,
    number=0.03,
    place=0.25,
    time=0.08,
    full_name=0.15,
    synonym=0.2,
    topical=0.08,
    fronted=0.3,
)

_PERSONS_AND_THINGS = ("agent", "patient", "source", "goal")


class LabelledPair(NamedTuple):
    """Two texts, as utterances, and their label."""

    first: tuple[Utterance, ...]
    second: tuple[Utterance, ...]
    label: str


def participant_roles(event: Event) -> list[str]:
    """Return the roles of persons, things, sources and goals that are filled in an event."""
    return [role for role in _PERSONS_AND_THINGS if getattr(event, role) is not None]


def replace_slot(sampler: EventSampler, event: Event, slot: str) -> Event:
    """Replace one slot of an event.

    Args:
        sampler: Draws the replacement.
        event: The event.
        slot: A role, "verb" or "quality".

    Returns:
        The event with a value in the slot that is not a synonym or antonym of the old one, and not another participant.
    """
    draw = _events_like(sampler, event)
    while True:
        value = getattr(draw(), slot)
        if slot in ("verb", "quality"):
            old_sense = sense(getattr(event, slot))
            if sense(value) not in (old_sense, ANTONYM_OF.get(old_sense)):
                return event._replace(**{slot: value})
        elif value is not None and not any(same_sense(value, getattr(event, role)) for role in _PERSONS_AND_THINGS):
            return event._replace(**{slot: value})


def _events_like(sampler: EventSampler, event: Event) -> Callable[[], Event]:
    """Return a function that draws events of the same sort, whose participants fit the verb."""
    if event.verb == COPULA:
        return sampler.state
    if sense(event.verb) == MOTION_VERB:
        return sampler.motion
    return sampler.social if sense(event.verb) in SOCIAL_VERBS else sampler.action
