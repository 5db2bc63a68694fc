"""Meanings of sentences, independent of language.

Renderings of one meaning in two languages are translations of each other.
"""

from __future__ import annotations

from typing import NamedTuple

from xstilts.synthetic.concepts import ANTONYM_OF, COPULA, KIND_OF, SYNONYM_OF, sense

PERSON, PLACE, ORGANISATION = "PER", "LOC", "ORG"


class Phrase(NamedTuple):
    """A participant.

    Attributes:
        head: The lexeme of the noun or name.
        adjective: An adjective.
        number: A numeral.
        name: The type of the named entity (PER, LOC, ORG); empty for common nouns.
        extra: The second word of a name.
    """

    head: str
    adjective: str | None = None
    number: str | None = None
    name: str = ""
    extra: str | None = None


class Event(NamedTuple):
    """An action (a verb with its participants) or a state (the copula with a ``quality``).

    Attributes:
        verb: The lexeme of the verb.
        agent: Who acts, or what the state is about.
        patient: The object.
        source: Where a motion begins.
        goal: Where a motion ends.
        place: Where an action takes place.
        time: A numeral.
        manner: An adverb.
        quality: In a state, an adjective, or a noun for the kind of thing that the agent is.
        negated: Whether the event is denied.
    """

    verb: str
    agent: Phrase
    patient: Phrase | None = None
    source: Phrase | None = None
    goal: Phrase | None = None
    place: Phrase | None = None
    time: str | None = None
    manner: str | None = None
    quality: str | None = None
    negated: bool = False


class Utterance(NamedTuple):
    """An event and how it is expressed.

    Attributes:
        event: The event.
        topical: Whether the patient comes first.
        fronted: Whether the place or time comes first.
        asks: The role that a question asks for; None for statements.
        only: The role that a short answer consists of; None for complete sentences.
        link: The connective to the previous utterance.
        stop: The punctuation at the end; questions end in a question mark.
    """

    event: Event
    topical: bool = False
    fronted: bool = False
    asks: str | None = None
    only: str | None = None
    link: str | None = None
    stop: str = "."


PARTICIPANTS = ("agent", "patient", "source", "goal", "place")


def without_role(event: Event, role: str) -> Event:
    """Remove a participant from an event; events that are then equal give the same question about the role."""
    empty = Phrase("") if role == "agent" else None
    return event._replace(**{role: empty})  # type: ignore[arg-type]


def synonym(lexeme: str) -> str:
    """Return the synonym of a lexeme, or the lexeme itself if it has none."""
    return SYNONYM_OF.get(lexeme, lexeme)


def reworded(event: Event) -> Event:
    """Replace every word of an event by its synonym; the meaning stays the same."""
    changes: dict[str, object] = {"verb": synonym(event.verb)}
    for role in PARTICIPANTS:
        phrase = getattr(event, role)
        if phrase is not None:
            changes[role] = reworded_phrase(phrase)
    for role in ("time", "quality"):
        if getattr(event, role) is not None:
            changes[role] = synonym(getattr(event, role))
    return event._replace(**changes)  # type: ignore[arg-type]


def reworded_phrase(phrase: Phrase) -> Phrase:
    """Replace every word of a phrase by its synonym; names stay as they are."""
    return phrase._replace(
        head=phrase.head if phrase.name else synonym(phrase.head),
        adjective=phrase.adjective and synonym(phrase.adjective),
        number=phrase.number and synonym(phrase.number),
    )


def generalised(event: Event) -> Event:
    """Replace the thing of an event by its kind, if it has one; the positive event entails the result."""
    if event.patient is None or sense(event.patient.head) not in KIND_OF:
        return event
    return event._replace(patient=event.patient._replace(head=KIND_OF[sense(event.patient.head)], adjective=None))


def opposite(event: Event) -> Event | None:
    """Return the state with the antonym of its quality; None if the event is not a state of that sort."""
    quality = sense(event.quality) if event.quality else ""
    if event.verb != COPULA or quality not in ANTONYM_OF:
        return None
    return event._replace(quality=ANTONYM_OF[quality])


def same_sense(first: Phrase | None, second: Phrase | None) -> bool:
    """Return whether two participants are described by the same words or by synonyms."""
    if first is None or second is None:
        return first is second
    return sense(first.head) == sense(second.head) and first.extra == second.extra
