"""Multiple-choice tasks: endings of stories, inferences from stories, causes and effects, commonsense questions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import SCRIPT_OF, SCRIPTS, TOPICS, sense
from xstilts.synthetic.event_sampler import EventRates, EventSampler
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase, Utterance, same_sense
from xstilts.synthetic.world import Situation, World

STORY_RATES = EventRates(place=0.35, time=0.0, manner=0.0, adjective=0.15, number=0.05, topical=0.0, fronted=0.2)
NONE_OF_THE_ABOVE = "None of the above choices ."
#: Share of Cosmos QA questions that have this choice.
NONE_OF_THE_ABOVE_SHARE = 0.2
COMMONSENSE_CHOICES = 5
#: Upper bound of the fit of a wrong commonsense choice, relative to the fit of the correct one.
WORSE_FIT = 0.4


class ChoiceExample(NamedTuple):
    """A multiple-choice example in one language.

    Attributes:
        context: The text before the question; may be empty.
        question: The question or the beginning of the sentence that the choices complete.
        choices: The choices.
        label: The index of the correct choice.
        topic: HellaSwag's activity label or CommonsenseQA's question concept.
    """

    context: str
    question: str
    choices: tuple[str, ...]
    label: int
    topic: str


class CausalExample(NamedTuple):
    """What caused an event, or what followed from it, independent of language.

    Attributes:
        premise: The event.
        asked: "cause" or "effect".
        choices: The step of the script before or after the event, and another event.
        label: The index of the correct choice.
    """

    premise: Utterance
    asked: str
    choices: tuple[Utterance, Utterance]
    label: int


class StorySampler:
    """Draws multiple-choice examples about short stories."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._sampler = EventSampler(world, rng, topics, STORY_RATES)
        self._rng, self._grammar = rng, grammar

    def ending(self) -> ChoiceExample:
        """Draw a HellaSwag example: two steps of a script, and the beginning of a sentence about the third."""
        first = self._sampler.action()
        second = self._sampler.following(first)
        third = self._sampler.following(second)
        endings = [self._grammar.predicate(event) for event in [third, *self._wrong_events(third, 3)]]
        context = self._grammar.text(self._sampler.utterance(first), self._sampler.utterance(second))
        agent = self._grammar.phrase(third.agent)
        opening = f"{self._grammar.word('then').form} {agent}"
        return self._shuffled(context, opening, endings, str(sense(first.verb)))

    def inference(self) -> ChoiceExample:
        """Draw a Cosmos QA example: a story with two agents, and what one of them did before or does next."""
        first, distractor = self._sampler.action(), self._sampler.action()
        while same_sense(first.agent, distractor.agent) or same_sense(first.patient, distractor.patient):
            distractor = self._sampler.action()
        second = self._sampler.following(first)
        third = self._sampler.following(second)
        context_events, asked = ([first, second], third) if self._rng.random() < 0.5 else ([second, third], first)
        story = [self._sampler.utterance(event) for event in context_events]
        story.insert(self._rng.choice((0, 2)), self._sampler.utterance(distractor))
        when = "next" if asked is third else "before"
        question = f"what may {self._grammar.phrase(asked.agent)} do {when} ?"
        answers = [self._grammar.text(Utterance(event)) for event in [asked, *self._wrong_events(asked, 3)]]
        choice = self._shuffled(self._grammar.text(*story), question, answers, when)
        return self._with_none_of_the_above(choice) if self._rng.random() < NONE_OF_THE_ABOVE_SHARE else choice

    def reaction(self) -> ChoiceExample:
        """Draw a Social IQa example: somebody does something, and one of three things before it or next."""
        first = self._sampler.action()
        second = self._sampler.following(first)
        told, asked, when = (first, second, "next") if self._rng.random() < 0.5 else (second, first, "before")
        question = f"what may {self._grammar.phrase(asked.agent)} do {when} ?"
        answers = [self._grammar.text(Utterance(event)) for event in [asked, *self._wrong_events(asked, 2)]]
        return self._shuffled(self._grammar.text(self._sampler.utterance(told)), question, answers, when)

    def causal(self) -> CausalExample:
        """Draw an XCOPA example: an event, and the step of its script before or after it."""
        first = self._sampler.action()
        second = self._sampler.following(first)
        asked = self._rng.choice(("cause", "effect"))
        premise, right = (first, second) if asked == "effect" else (second, first)
        choices = [Utterance(right), Utterance(self._wrong_events(right, 1)[0])]
        label = self._rng.randrange(2)
        pair = (choices[label], choices[1 - label])
        return CausalExample(self._sampler.utterance(premise), asked, pair, label)

    def _with_none_of_the_above(self, choice: ChoiceExample) -> ChoiceExample:
        """Replace one choice, the correct one as often as any other, by "None of the above choices"."""
        choices = list(choice.choices)
        choices[self._rng.randrange(len(choices))] = NONE_OF_THE_ABOVE
        label = choices.index(NONE_OF_THE_ABOVE) if choice.choices[choice.label] not in choices else choice.label
        return choice._replace(choices=tuple(choices), label=label)

    def _wrong_events(self, correct: Event, count: int) -> list[Event]:
        """Draw wrong choices with another verb, another thing, or both.

        Neither the verb nor the thing alone tells which choice is correct.
        """
        others: list[Event] = []
        changes = self._rng.sample(("verb", "thing", "both", "verb"), 4)
        while len(others) < count:
            change = changes[len(others)]
            other = correct
            if change in ("verb", "both"):
                other = other._replace(verb=self._other_verb(correct))
            if change in ("thing", "both"):
                other = other._replace(patient=self._other_thing(correct))
            if other not in others:
                others.append(other)
        return others

    def _other_verb(self, event: Event) -> str:
        """Draw a verb of another script."""
        scripts = [script for index, script in enumerate(SCRIPTS) if index != SCRIPT_OF[sense(event.verb)]]
        return self._sampler.maybe_synonym(self._rng.choice(self._rng.choice(scripts)))

    def _other_thing(self, event: Event) -> Phrase:
        while True:
            patient = self._sampler.action().patient
            if patient is not None and not same_sense(patient, event.patient):
                return patient

    def _shuffled(self, context: str, question: str, choices: list[str], topic: str) -> ChoiceExample:
        order = self._rng.sample(range(len(choices)), len(choices))
        return ChoiceExample(context, question, tuple(choices[i] for i in order), order.index(0), topic)


class CommonsenseSampler:
    """Draws CommonsenseQA examples: the agent, thing or place that fits best with the rest of a situation."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._sampler = EventSampler(world, rng, topics, STORY_RATES)
        self._rng, self._grammar, self._world = rng, grammar, world

    def draw(self) -> ChoiceExample:
        """Draw an example whose wrong choices fit clearly worse than the correct one."""
        while True:
            role = self._rng.choice(("agent", "patient", "place"))
            situation = self._sampler.situation()
            choices = self._choices(situation, role)
            if choices:
                return self._example(situation, role, choices)

    def _choices(self, situation: Situation, role: str) -> list[str]:
        """Return the best of all concepts for a role, then clearly worse ones; empty if there are too few of these."""
        agent, thing, place = situation.agent, situation.thing, situation.place
        candidates: dict[str, tuple[list[str], Callable[[str], float]]] = {
            "agent": (self._world.agents, lambda word: self._world.fit(word, thing, place)),
            "patient": (self._world.things, lambda word: self._world.fit(agent, word, place)),
            "place": (self._world.places, lambda word: self._world.fit(agent, thing, word)),
        }
        words, fit = candidates[role]
        best = max(words, key=fit)
        worse = [word for word in words if fit(word) < WORSE_FIT * fit(best)]
        if len(worse) < COMMONSENSE_CHOICES - 1:
            return []
        return [best, *self._rng.sample(worse, COMMONSENSE_CHOICES - 1)]

    def _example(self, situation: Situation, role: str, choices: list[str]) -> ChoiceExample:
        sampler = self._sampler
        verb = sampler.maybe_synonym(self._rng.choice(SCRIPTS[situation.script]))
        event = Event(
            verb,
            Phrase(sampler.maybe_synonym(situation.agent)),
            Phrase(sampler.maybe_synonym(situation.thing)),
            place=Phrase(sampler.maybe_synonym(situation.place)),
        )
        stem = self._grammar.text(Utterance(event, fronted=self._rng.random() < 0.3, asks=role))
        concept = situation.agent if role == "patient" else situation.thing
        order = self._rng.sample(range(len(choices)), len(choices))
        words = tuple(self._grammar.word(sampler.maybe_synonym(choices[i])).form for i in order)
        return ChoiceExample("", stem, words, order.index(0), self._grammar.word(concept).form)
