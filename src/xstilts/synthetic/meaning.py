"""What sentences mean, independent of any language. Two renderings of one meaning are translations of each other."""

from __future__ import annotations

from typing import NamedTuple

from xstilts.synthetic.concepts import ANTONYM_OF, COPULA, KIND_OF, SYNONYM_OF, sense

PERSON, PLACE, ORGANISATION = "PER", "LOC", "ORG"


class Phrase(NamedTuple):
    """A participant. ``name`` is the type of named entity, or empty; ``extra`` a name's second word."""

    head: str
    adjective: str | None = None
    number: str | None = None
    name: str = ""
    extra: str | None = None


class Event(NamedTuple):
    """Something that happens (a verb with its participants), or holds (the copula with a ``quality``).

    ``quality`` is an adjective, or a noun for what kind of thing the agent is; ``time`` a numeral.
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
    """An event as it is put into words.

    ``topical`` puts the patient first, ``fronted`` the place or time; ``asks`` names the participant that a question
    asks for, ``only`` the one that a short answer consists of; ``link`` is the word that ties the utterance to the one
    before; ``stop`` is its punctuation.
    """

    event: Event
    topical: bool = False
    fronted: bool = False
    asks: str | None = None
    only: str | None = None
    link: str | None = None
    stop: str = "."


PARTICIPANTS = ("agent", "patient", "source", "goal", "place")


def without(event: Event, role: str) -> Event:
    """What a question for a role tells of the event; two events that agree in this give the same question."""
    no_progress = Phrase("") if role == "agent" else None
    return event._replace(**{role: no_progress})  # type: ignore[arg-type]


def synonym(lexeme: str) -> str:
    """The lexeme's other wording, or the lexeme itself."""
    return SYNONYM_OF.get(lexeme, lexeme)


def reworded(event: Event) -> Event:
    """The same meaning, every word that has a synonym replaced by it."""
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
    return phrase._replace(
        head=phrase.head if phrase.name else synonym(phrase.head),
        adjective=phrase.adjective and synonym(phrase.adjective),
        number=phrase.number and synonym(phrase.number),
    )


def generalised(event: Event) -> Event:
    """The event with the kind of its thing instead of the thing, where it has one: what it implies if it is true."""
    if event.patient is None or sense(event.patient.head) not in KIND_OF:
        return event
    return event._replace(patient=event.patient._replace(head=KIND_OF[sense(event.patient.head)], adjective=None))


def opposite(event: Event) -> Event | None:
    """A state with the antonym of its quality; None where the event is no such state."""
    quality = sense(event.quality) if event.quality else ""
    if event.verb != COPULA or quality not in ANTONYM_OF:
        return None
    return event._replace(quality=ANTONYM_OF[quality])


def same_sense(first: Phrase | None, second: Phrase | None) -> bool:
    """Whether two participants may be the same, as far as the words for them say."""
    if first is None or second is None:
        return first is second
    return sense(first.head) == sense(second.head) and first.extra == second.extra
