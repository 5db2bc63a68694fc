"""What inference and paraphrase share: pairs of texts, and how one event is turned into another."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xstilts.synthetic.concepts import ANTONYM_OF, COPULA, MOTION_VERB, SOCIAL_VERBS, sense
from xstilts.synthetic.meaning import Event, Utterance, same_sense
from xstilts.synthetic.scenes import Rates, Scenes

#: Short sentences, with little beside the participants that matter.
PAIR_RATES = Rates(
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


class Pair(NamedTuple):
    """Two texts, as utterances, and the label."""

    first: tuple[Utterance, ...]
    second: tuple[Utterance, ...]
    label: str


def participants(event: Event) -> list[str]:
    """The roles, but for place and time, that are filled."""
    return [role for role in _PERSONS_AND_THINGS if getattr(event, role) is not None]


def exchanged(scenes: Scenes, event: Event, slot: str) -> Event:
    """The event with something in a slot that is neither the same nor the opposite, nor elsewhere in the event."""
    draw = _events_like(scenes, event)
    while True:
        value = getattr(draw(), slot)
        if slot in ("verb", "quality"):
            same = sense(getattr(event, slot))
            if sense(value) not in (same, ANTONYM_OF.get(same)):
                return event._replace(**{slot: value})
        elif value is not None and not any(same_sense(value, getattr(event, role)) for role in _PERSONS_AND_THINGS):
            return event._replace(**{slot: value})


def _events_like(scenes: Scenes, event: Event) -> Callable[[], Event]:
    """Draws events of the same kind, so that their participants fit."""
    if event.verb == COPULA:
        return scenes.state
    if sense(event.verb) == MOTION_VERB:
        return scenes.motion
    return scenes.social if sense(event.verb) in SOCIAL_VERBS else scenes.action
