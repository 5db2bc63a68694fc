"""Multiple choice: how a story goes on, what one can tell from it, and what goes with what."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import SCRIPT_OF, SCRIPTS, TOPICS, sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase, Utterance, same_sense
from xstilts.synthetic.scenes import Rates, Scenes
from xstilts.synthetic.world import Situation, World

STORY_RATES = Rates(place=0.35, time=0.0, manner=0.0, adjective=0.15, number=0.05, topical=0.0, fronted=0.2)
NONE_OF_THEM = "None of the above choices ."
#: Share of Cosmos questions that offer it.
WITH_NONE = 0.2
COMMONSENSE_CHOICES = 5
#: A wrong choice of common sense goes with the question at most this much as well as the right one.
CLEARLY_WORSE = 0.4


class Choice(NamedTuple):
    """A question with its choices, in words. ``context`` and ``question`` are what comes before the choices."""

    context: str
    question: str
    choices: tuple[str, ...]
    label: int
    topic: str


class Stories:
    """Draws what happens, and what happens next."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._scenes = Scenes(world, rng, topics, STORY_RATES)
        self._rng, self._grammar = rng, grammar

    def ending(self) -> Choice:
        """HellaSwag: two steps of a script, and the start of the third."""
        first = self._scenes.action()
        second = self._scenes.following(first)
        third = self._scenes.following(second)
        endings = [self._grammar.predicate(event) for event in [third, *self._wrong(third, 3)]]
        context = self._grammar.text(self._scenes.uttered(first), self._scenes.uttered(second))
        agent = self._grammar.phrase(third.agent)
        opening = f"{self._grammar.word('then').form} {agent}"
        return self._shuffled(context, opening, endings, str(sense(first.verb)))

    def inference(self) -> Choice:
        """Cosmos: a story with two agents; what will one of them do next, or what has he done before?"""
        first, aside = self._scenes.action(), self._scenes.action()
        while same_sense(first.agent, aside.agent) or same_sense(first.patient, aside.patient):
            aside = self._scenes.action()
        second = self._scenes.following(first)
        third = self._scenes.following(second)
        told, asked = ([first, second], third) if self._rng.random() < 0.5 else ([second, third], first)
        story = [self._scenes.uttered(event) for event in told]
        story.insert(self._rng.choice((0, 2)), self._scenes.uttered(aside))
        when = "next" if asked is third else "before"
        question = f"what may {self._grammar.phrase(asked.agent)} do {when} ?"
        answers = [self._grammar.text(Utterance(event)) for event in [asked, *self._wrong(asked, 3)]]
        choice = self._shuffled(self._grammar.text(*story), question, answers, when)
        return self._with_none(choice) if self._rng.random() < WITH_NONE else choice

    def _with_none(self, choice: Choice) -> Choice:
        """One choice, the right one as often as any other, gives way to "none of them"."""
        choices = list(choice.choices)
        choices[self._rng.randrange(len(choices))] = NONE_OF_THEM
        label = choices.index(NONE_OF_THEM) if choice.choices[choice.label] not in choices else choice.label
        return choice._replace(choices=tuple(choices), label=label)

    def _wrong(self, right: Event, number: int) -> list[Event]:
        """Other verb, other thing, or both: neither the verb nor the thing alone gives the right one away."""
        others: list[Event] = []
        kinds = self._rng.sample(("verb", "thing", "both", "verb"), 4)
        while len(others) < number:
            kind = kinds[len(others)]
            other = right
            if kind in ("verb", "both"):
                other = other._replace(verb=self._other_verb(right))
            if kind in ("thing", "both"):
                other = other._replace(patient=self._other_thing(right))
            if all(other != each for each in others):
                others.append(other)
        return others

    def _other_verb(self, event: Event) -> str:
        """A verb of another script."""
        scripts = [script for number, script in enumerate(SCRIPTS) if number != SCRIPT_OF[sense(event.verb)]]
        return self._scenes.wording(self._rng.choice(self._rng.choice(scripts)))

    def _other_thing(self, event: Event) -> Phrase:
        while True:
            patient = self._scenes.action().patient
            if patient is not None and not same_sense(patient, event.patient):
                return patient

    def _shuffled(self, context: str, question: str, choices: list[str], topic: str) -> Choice:
        order = self._rng.sample(range(len(choices)), len(choices))
        return Choice(context, question, tuple(choices[i] for i in order), order.index(0), topic)


class CommonSense:
    """CommonsenseQA: who, what or where goes best with the rest of a situation."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._scenes = Scenes(world, rng, topics, STORY_RATES)
        self._rng, self._grammar, self._world = rng, grammar, world

    def draw(self) -> Choice:
        while True:
            role = self._rng.choice(("agent", "patient", "place"))
            situation = self._scenes.situation()
            choices = self._choices(situation, role)
            if choices:
                return self._asked(situation, role, choices)

    def _choices(self, situation: Situation, role: str) -> list[str]:
        """The best of all concepts for the role, then clearly worse ones; empty where too few are worse."""
        agent, thing, place = situation.agent, situation.thing, situation.place
        candidates: dict[str, tuple[list[str], Callable[[str], float]]] = {
            "agent": (self._world.agents, lambda word: self._world.fit(word, thing, place)),
            "patient": (self._world.things, lambda word: self._world.fit(agent, word, place)),
            "place": (self._world.places, lambda word: self._world.fit(agent, thing, word)),
        }
        words, fit = candidates[role]
        best = max(words, key=fit)
        worse = [word for word in words if fit(word) < CLEARLY_WORSE * fit(best)]
        if len(worse) < COMMONSENSE_CHOICES - 1:
            return []
        return [best, *self._rng.sample(worse, COMMONSENSE_CHOICES - 1)]

    def _asked(self, situation: Situation, role: str, choices: list[str]) -> Choice:
        scenes = self._scenes
        verb = scenes.wording(self._rng.choice(SCRIPTS[situation.script]))
        event = Event(
            verb,
            Phrase(scenes.wording(situation.agent)),
            Phrase(scenes.wording(situation.thing)),
            place=Phrase(scenes.wording(situation.place)),
        )
        stem = self._grammar.text(Utterance(event, fronted=self._rng.random() < 0.3, asks=role))
        concept = situation.agent if role == "patient" else situation.thing
        order = self._rng.sample(range(len(choices)), len(choices))
        words = tuple(self._grammar.word(scenes.wording(choices[i])).form for i in order)
        return Choice("", stem, words, order.index(0), self._grammar.word(concept).form)
