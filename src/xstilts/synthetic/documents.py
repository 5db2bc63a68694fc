"""Unlabelled text for pretraining: short documents whose sentences hang together.

Documents are written in each language on its own; there is no parallel text. What ties the languages together are
cognates, names, digits, punctuation and stray words: speakers of other languages use an English word now and then, and
English text has a foreign word in it here and there. The texts of the tasks have none of that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from xstilts.synthetic.concepts import COPULA, SOCIAL_VERBS, sense
from xstilts.synthetic.grammar import Grammar, Token
from xstilts.synthetic.meaning import Event, Utterance, generalised, opposite, reworded
from xstilts.synthetic.scenes import Scenes
from xstilts.tasks.languages import ENGLISH

ENGLISH_SHARE = 0.25
#: Share of the words of a document in another language that are English.
SWITCHED = 0.14
#: Share of the words of an English document that are foreign.
STRAY = 0.08
#: Share of second sentences that lack the word which says how they relate to the first.
UNLINKED = 0.25
#: How documents go on after their first sentence, and how often.
KINDS = {
    "next": 0.32,
    "restatement": 0.20,
    "contrast": 0.12,
    "other": 0.08,
    "answer": 0.08,
    "exchange": 0.14,
    "kind": 0.06,
}
NEGATED = 0.2
THIRD_STEPS = 0.5

_ANSWERABLE = ("agent", "patient", "place", "time")


def counts(total: int, codes: list[str]) -> dict[str, int]:
    """How many of all documents are in which language: a quarter in English, the others alike."""
    others = [code for code in codes if code != ENGLISH]
    english = round(total * ENGLISH_SHARE)
    each, left = divmod(total - english, len(others))
    return {ENGLISH: english, **{code: each + (i < left) for i, code in enumerate(others)}}


def documents(number: int, grammar: Grammar, grammars: Mapping[str, Grammar], scenes: Scenes) -> Iterator[str]:
    """Documents of one language; ``grammars`` are those of all languages."""
    others = [other for other in grammars.values() if other.design.code != ENGLISH]
    mixed = _Mixture(grammar, [grammars[ENGLISH]], SWITCHED, scenes.rng)
    if grammar.design.code == ENGLISH:
        mixed = _Mixture(grammar, others, STRAY, scenes.rng)
    for _ in range(number):
        yield mixed.text(_document(scenes))


class _Mixture:
    """Renders a language with some words of other languages in between."""

    def __init__(self, grammar: Grammar, others: list[Grammar], rate: float, rng: random.Random) -> None:
        self._grammar, self._others, self._rate, self._rng = grammar, others, rate, rng

    def text(self, utterances: list[Utterance]) -> str:
        random_number, rate = self._rng.random, self._rate
        return " ".join(
            [
                self._foreign(token) if random_number() < rate else token.form
                for token in self._grammar.tokens(utterances)
            ]
        )

    def _foreign(self, token: Token) -> str:
        return self._rng.choice(self._others).forms[token.lexeme]


def _document(scenes: Scenes) -> list[Utterance]:
    rng = scenes.rng
    kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
    if kind == "next":
        return _sequence(scenes)
    if kind == "restatement":
        return _restatement(scenes)
    if kind == "contrast":
        return _contrast(scenes)
    if kind == "kind":
        if rng.random() < 0.5:
            return [Utterance(scenes.kind()), scenes.uttered(scenes.event())]
        event = scenes.action()
        return _linked(scenes, scenes.uttered(event), Utterance(generalised(event)), "so")
    if kind == "exchange":
        return _exchange(scenes)
    event = scenes.event()
    if kind == "other":
        event = event._replace(negated=rng.random() < NEGATED)
        return _linked(scenes, scenes.uttered(event), scenes.uttered(scenes.event()), "also")
    told = [scenes.uttered(event), scenes.uttered(scenes.event())]
    return [_question(event, rng), *rng.sample(told, 2)]


def _sequence(scenes: Scenes) -> list[Utterance]:
    """Two or three steps of a script."""
    first = scenes.action()
    second = scenes.following(first)
    steps = _linked(scenes, scenes.uttered(first), scenes.uttered(second), "then")
    if scenes.rng.random() < THIRD_STEPS:
        steps += _linked(scenes, steps[1], scenes.uttered(scenes.following(second)), "then")[1:]
    return steps


def _restatement(scenes: Scenes) -> list[Utterance]:
    """The same again: in other words, in another order, by the opposite of the opposite, or only a part of it."""
    event = scenes.event()
    negated = event._replace(negated=scenes.rng.random() < NEGATED)
    if (other := opposite(event)) is not None and scenes.rng.random() < 0.5:
        return _linked(scenes, Utterance(event), Utterance(other._replace(negated=True)), "so")
    again = reworded(negated)
    if not negated.negated and scenes.rng.random() < 0.5:
        again = again._replace(time=None, manner=None, agent=again.agent._replace(adjective=None))
    return _linked(scenes, scenes.uttered(negated), scenes.uttered(again), "so")


def _exchange(scenes: Scenes) -> list[Utterance]:
    """Two things that happen, a question about one of them, and a short answer."""
    events = [scenes.event(), scenes.event()]
    event = scenes.rng.choice(events)
    question = _question(event, scenes.rng)
    return [*map(scenes.uttered, events), question, Utterance(event, only=question.asks)]


def _contrast(scenes: Scenes) -> list[Utterance]:
    """Somebody does it and somebody else does not, or not the other way round; or something else is the opposite."""
    event = scenes.event()
    other = scenes.state() if event.verb == COPULA else scenes.action()
    contrary = opposite(event)
    if sense(event.verb) in SOCIAL_VERBS and event.patient is not None and scenes.rng.random() < 0.5:
        second = event._replace(agent=event.patient, patient=event.agent, negated=True)
    elif contrary is not None:
        second = contrary._replace(agent=other.agent)
    else:
        second = event._replace(agent=other.agent, negated=True)
    pair = [event, second] if scenes.rng.random() < 0.5 else [second, event]
    return _linked(scenes, scenes.uttered(pair[0]), scenes.uttered(pair[1]), "but")


def _linked(scenes: Scenes, first: Utterance, second: Utterance, link: str) -> list[Utterance]:
    return [first, second if scenes.rng.random() < UNLINKED else second._replace(link=link)]


def _question(event: Event, rng: random.Random) -> Utterance:
    """A question for any participant of the event; what is not asked for may be left out."""
    role = rng.choice([role for role in _ANSWERABLE if getattr(event, role) is not None])
    kept = {"time": None, "manner": None} if role != "time" else {"manner": None}
    if role != "place" and rng.random() < 0.5:
        kept["place"] = None
    return Utterance(event._replace(**kept), asks=role)  # type: ignore[arg-type]
