"""Extractive question answering: short passages and questions whose answers are words of the passage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import SOCIAL_VERBS, TOPICS, sense
from xstilts.synthetic.event_sampler import EventRates, EventSampler
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase, Utterance, reworded, same_sense
from xstilts.synthetic.world import World

PASSAGE_RATES = EventRates(
    adjective=0.1, manner=0.0, time=0.2, place=0.45, number=0.05, motion=0.0, state=0.0,
    full_name=0.2, synonym=0.2, topical=0.08,
)  # fmt: skip
SENTENCES_PER_PASSAGE = 2
QUESTIONS_PER_PASSAGE = 2
#: Share of questions in which words of the passage are replaced by synonyms.
REWORDED_SHARE = 0.1
#: Share of questions that leave out a place that is not asked for.
NO_PLACE_SHARE = 0.5
UNANSWERABLE_SHARE = 1 / 3

_IDENTIFYING = ("agent", "patient", "verb")
_ASKED = ("agent", "patient", "place", "time")


class PassageQuestion(NamedTuple):
    """A question about a passage, independent of language.

    Attributes:
        utterance: The question.
        sentence: The index of the utterance of the passage that the question is about.
        role: The participant of that utterance that is the answer.
        answerable: Whether the passage contains the answer; if not, the participant is only a plausible answer.
    """

    utterance: Utterance
    sentence: int
    role: str
    answerable: bool = True


class Passage(NamedTuple):
    """A passage and questions about it, independent of language."""

    utterances: tuple[Utterance, ...]
    questions: tuple[PassageQuestion, ...]


class RenderedQuestion(NamedTuple):
    """A question in one language, with its answer.

    Attributes:
        question: The question.
        text: The answer, or a plausible answer if the question is unanswerable.
        start: The character of the context at which ``text`` starts.
        answerable: Whether the passage contains the answer.
    """

    question: str
    text: str
    start: int
    answerable: bool


class PassageSampler:
    """Draws passages with questions.

    Args:
        world: The world.
        rng: Source of random numbers.
        topics: The topics of the domain.
        unanswerable: Whether ``UNANSWERABLE_SHARE`` of the questions have no answer.
        questions: The number of questions per passage.
    """

    def __init__(
        self,
        world: World,
        rng: random.Random,
        topics: Sequence[str] = TOPICS,
        unanswerable: bool = False,
        questions: int = QUESTIONS_PER_PASSAGE,
    ) -> None:
        self._sampler = EventSampler(world, rng, topics, PASSAGE_RATES)
        self._rng, self._unanswerable, self._questions = rng, unanswerable, questions

    def draw(self) -> Passage:
        """Draw a passage of two sentences such that each question can be about one of them only."""
        events: list[Event] = []
        while len(events) < SENTENCES_PER_PASSAGE:
            event = self._sampler.event()
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
        return Passage(tuple(map(self._sampler.utterance, events)), tuple(questions))

    def _question(self, events: list[Event], sentence: int, role: str) -> PassageQuestion:
        event = events[sentence]
        answerable = not (self._unanswerable and self._rng.random() < UNANSWERABLE_SHARE)
        if not answerable:
            event = self._not_in_passage(events, event, role)
        if role != "place" and self._rng.random() < NO_PLACE_SHARE:
            event = event._replace(place=None)
        if role != "time":
            event = event._replace(time=None)
        if self._rng.random() < REWORDED_SHARE:
            event = reworded(event)
        return PassageQuestion(Utterance(event, asks=role), sentence, role, answerable)

    def _not_in_passage(self, events: list[Event], event: Event, role: str) -> Event:
        """Replace a participant or the verb, so that no event of the passage answers a question about the result."""
        draw = self._sampler.social if sense(event.verb) in SOCIAL_VERBS else self._sampler.action
        while True:
            slot = self._rng.choice([slot for slot in _IDENTIFYING if slot != role])
            changed = event._replace(**{slot: getattr(draw(), slot)})
            if not any(_answers(other, changed, role) for other in events):
                return changed


def render_passage(grammar: Grammar, passage: Passage) -> tuple[str, list[RenderedQuestion]]:
    """Render a passage in a language.

    Returns:
        The context, and the questions with their answers.
    """
    context, answers = grammar.passage(passage.utterances)
    questions = []
    for question in passage.questions:
        start, text = answers[question.sentence][question.role]
        questions.append(RenderedQuestion(grammar.text(question.utterance), text, start, question.answerable))
    return context, questions


def _answers(event: Event, question: Event, role: str) -> bool:
    """Return whether an event agrees with a question about ``role`` in everything that every question mentions."""
    return all(_agree(event, question, slot) for slot in _IDENTIFYING if slot != role)


def _confusable(first: Event, second: Event) -> bool:
    """Return whether a question about one event could be about the other: two of agent, patient and verb agree."""
    return sum(_agree(first, second, slot) for slot in _IDENTIFYING) >= 2


def _agree(first: Event, second: Event, slot: str) -> bool:
    one, other = getattr(first, slot), getattr(second, slot)
    if slot == "verb":
        return sense(one) == sense(other)
    return same_sense(one, other) or (one is not None and other is not None and _shares_name(one, other))


def _shares_name(first: Phrase, second: Phrase) -> bool:
    return bool({first.head, first.extra} & {second.head, second.extra} - {None}) and bool(first.name)
