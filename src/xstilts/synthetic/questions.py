"""Questions about short passages whose answers are words of the passage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase, Utterance, reworded, same_sense
from xstilts.synthetic.scenes import Rates, Scenes
from xstilts.synthetic.world import World

PASSAGE_RATES = Rates(
    adjective=0.1, manner=0.0, time=0.2, place=0.45, number=0.05, motion=0.0, state=0.0,
    full_name=0.2, synonym=0.2, topical=0.08,
)  # fmt: skip
SENTENCES = 2
QUESTIONS = 2
#: Share of questions in other words than the passage's.
REWORDED = 0.1
#: Share of questions that leave out a place that is not asked for.
PLACELESS = 0.5
UNANSWERABLE = 1 / 3

_IDENTIFYING = ("agent", "patient", "verb")
_ASKED = ("agent", "patient", "place", "time")


class Question(NamedTuple):
    """``role`` of the passage's utterance ``sentence`` is the answer; None: the passage has no answer."""

    utterance: Utterance
    sentence: int
    role: str
    answerable: bool = True


class Passage(NamedTuple):
    """A passage and questions about it, in no language yet."""

    utterances: tuple[Utterance, ...]
    questions: tuple[Question, ...]


class Answer(NamedTuple):
    """A question in a language; ``text`` stands in the context at ``start``."""

    question: str
    text: str
    start: int
    answerable: bool


class Passages:
    """Draws passages of a domain; with ``unanswerable``, a third of the questions have no answer."""

    def __init__(
        self,
        world: World,
        rng: random.Random,
        topics: Sequence[str] = TOPICS,
        unanswerable: bool = False,
        questions: int = QUESTIONS,
    ) -> None:
        self._scenes = Scenes(world, rng, topics, PASSAGE_RATES)
        self._rng, self._unanswerable, self._questions = rng, unanswerable, questions

    def draw(self) -> Passage:
        events: list[Event] = []
        while len(events) < SENTENCES:
            event = self._scenes.event()
            if not any(_confusable(event, other) for other in events):
                events.append(event)
        asked = [
            (sentence, role)
            for sentence, event in enumerate(events)
            for role in _ASKED
            if getattr(event, role) is not None
        ]
        chosen = self._rng.sample(asked, self._questions)
        questions = [self._question(events, sentence, role) for sentence, role in chosen]
        return Passage(tuple(map(self._scenes.uttered, events)), tuple(questions))

    def _question(self, events: list[Event], sentence: int, role: str) -> Question:
        event = events[sentence]
        answerable = not (self._unanswerable and self._rng.random() < UNANSWERABLE)
        if not answerable:
            event = self._elsewhere(events, event, role)
        if role != "place" and self._rng.random() < PLACELESS:
            event = event._replace(place=None)
        if role != "time":
            event = event._replace(time=None)
        if self._rng.random() < REWORDED:
            event = reworded(event)
        return Question(Utterance(event, asks=role), sentence, role, answerable)

    def _elsewhere(self, events: list[Event], event: Event, role: str) -> Event:
        """The event with another participant or verb, so that the question is about nothing that the passage tells."""
        draw = self._scenes.social if sense(event.verb) in SOCIAL_VERBS else self._scenes.action
        while True:
            slot = self._rng.choice([slot for slot in _IDENTIFYING if slot != role])
            changed = event._replace(**{slot: getattr(draw(), slot)})
            if not any(_answers(told, changed, role) for told in events):
                return changed


def in_language(grammar: Grammar, passage: Passage) -> tuple[str, list[Answer]]:
    """The context and the questions with their answers."""
    context, found = grammar.passage(passage.utterances)
    answers = []
    for question in passage.questions:
        start, text = found[question.sentence][question.role]
        answers.append(Answer(grammar.text(question.utterance), text, start, question.answerable))
    return context, answers


def _answers(told: Event, asked: Event, role: str) -> bool:
    """Whether an event agrees with a question for ``role`` in all that the question surely mentions."""
    return all(_agree(told, asked, part) for part in _IDENTIFYING if part != role)


def _confusable(first: Event, second: Event) -> bool:
    """Whether a question about one event could be about the other, because two of three things agree."""
    return sum(_agree(first, second, part) for part in _IDENTIFYING) >= 2


def _agree(first: Event, second: Event, part: str) -> bool:
    one, other = getattr(first, part), getattr(second, part)
    if part == "verb":
        return sense(one) == sense(other)
    return same_sense(one, other) or (one is not None and other is not None and _shares_name(one, other))


def _shares_name(first: Phrase, second: Phrase) -> bool:
    return bool({first.head, first.extra} & {second.head, second.extra} - {None}) and bool(first.name)
