"""Unlabelled text for pretraining: short documents of related sentences.

Documents are generated for each language independently; there is no parallel text. Languages share cognates, names,
digits, punctuation and code-switched words: documents in other languages contain some English words, and English
documents some foreign words. The texts of the tasks contain no code-switching.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from xstilts.synthetic.concepts import COPULA, SOCIAL_VERBS, sense
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.grammar import Grammar, Token
from xstilts.synthetic.meaning import Event, Utterance, generalised, opposite, reworded
from xstilts.tasks.languages import ENGLISH

ENGLISH_SHARE = 0.25
#: Share of English words in documents in other languages.
ENGLISH_WORD_SHARE = 0.14
#: Share of foreign words in English documents.
FOREIGN_WORD_SHARE = 0.08
#: Share of second sentences without a connective.
UNLINKED_SHARE = 0.25
#: How documents continue after their first sentence, with probabilities.
DOCUMENT_TYPES = {
    "next": 0.32,
    "restatement": 0.20,
    "contrast": 0.12,
    "other": 0.08,
    "answer": 0.08,
    "exchange": 0.14,
    "kind": 0.06,
}
NEGATED_SHARE = 0.2
#: Share of sequences with a third step.
THIRD_STEP_SHARE = 0.5

_ANSWERABLE = ("agent", "patient", "place", "time")


def documents_per_language(total: int, codes: list[str]) -> dict[str, int]:
    """Divide a number of documents: ``ENGLISH_SHARE`` in English, the rest equally among the other languages."""
    others = [code for code in codes if code != ENGLISH]
    english = round(total * ENGLISH_SHARE)
    each, remainder = divmod(total - english, len(others))
    return {ENGLISH: english, **{code: each + (i < remainder) for i, code in enumerate(others)}}


def documents(count: int, grammar: Grammar, grammars: Mapping[str, Grammar], sampler: EventSampler) -> Iterator[str]:
    """Generate documents of one language.

    Args:
        count: The number of documents.
        grammar: The language's grammar.
        grammars: The grammars of all languages, by code.
        sampler: Draws the events.

    Yields:
        Documents, each on one line.
    """
    others = [other for other in grammars.values() if other.design.code != ENGLISH]
    switcher = _CodeSwitcher(grammar, [grammars[ENGLISH]], ENGLISH_WORD_SHARE, sampler.rng)
    if grammar.design.code == ENGLISH:
        switcher = _CodeSwitcher(grammar, others, FOREIGN_WORD_SHARE, sampler.rng)
    for _ in range(count):
        yield switcher.text(_document(sampler))


class _CodeSwitcher:
    """Renders utterances in a language, with some words replaced by those of other languages."""

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


def _document(sampler: EventSampler) -> list[Utterance]:
    rng = sampler.rng
    document_type = rng.choices(tuple(DOCUMENT_TYPES), tuple(DOCUMENT_TYPES.values()))[0]
    if document_type == "next":
        return _sequence(sampler)
    if document_type == "restatement":
        return _restatement(sampler)
    if document_type == "contrast":
        return _contrast(sampler)
    if document_type == "kind":
        if rng.random() < 0.5:
            return [Utterance(sampler.kind()), sampler.utterance(sampler.event())]
        event = sampler.action()
        return _linked(sampler, sampler.utterance(event), Utterance(generalised(event)), "so")
    if document_type == "exchange":
        return _exchange(sampler)
    event = sampler.event()
    if document_type == "other":
        event = event._replace(negated=rng.random() < NEGATED_SHARE)
        return _linked(sampler, sampler.utterance(event), sampler.utterance(sampler.event()), "also")
    statements = [sampler.utterance(event), sampler.utterance(sampler.event())]
    return [_question(event, rng), *rng.sample(statements, 2)]


def _sequence(sampler: EventSampler) -> list[Utterance]:
    """Draw two or three steps of a script."""
    first = sampler.action()
    second = sampler.following(first)
    steps = _linked(sampler, sampler.utterance(first), sampler.utterance(second), "then")
    if sampler.rng.random() < THIRD_STEP_SHARE:
        steps += _linked(sampler, steps[1], sampler.utterance(sampler.following(second)), "then")[1:]
    return steps


def _restatement(sampler: EventSampler) -> list[Utterance]:
    """Draw a sentence and a restatement: synonyms, another order, the negated opposite, or less detail."""
    event = sampler.event()
    negated = event._replace(negated=sampler.rng.random() < NEGATED_SHARE)
    if (other := opposite(event)) is not None and sampler.rng.random() < 0.5:
        return _linked(sampler, Utterance(event), Utterance(other._replace(negated=True)), "so")
    restated = reworded(negated)
    if not negated.negated and sampler.rng.random() < 0.5:
        restated = restated._replace(time=None, manner=None, agent=restated.agent._replace(adjective=None))
    return _linked(sampler, sampler.utterance(negated), sampler.utterance(restated), "so")


def _exchange(sampler: EventSampler) -> list[Utterance]:
    """Draw two events, a question about one of them, and a short answer."""
    events = [sampler.event(), sampler.event()]
    event = sampler.rng.choice(events)
    question = _question(event, sampler.rng)
    return [*map(sampler.utterance, events), question, Utterance(event, only=question.asks)]


def _contrast(sampler: EventSampler) -> list[Utterance]:
    """Draw an event and a contrast: another agent does not do it, the roles are not reversed, or the opposite holds."""
    event = sampler.event()
    other = sampler.state() if event.verb == COPULA else sampler.action()
    contrary = opposite(event)
    if sense(event.verb) in SOCIAL_VERBS and event.patient is not None and sampler.rng.random() < 0.5:
        second = event._replace(agent=event.patient, patient=event.agent, negated=True)
    elif contrary is not None:
        second = contrary._replace(agent=other.agent)
    else:
        second = event._replace(agent=other.agent, negated=True)
    pair = [event, second] if sampler.rng.random() < 0.5 else [second, event]
    return _linked(sampler, sampler.utterance(pair[0]), sampler.utterance(pair[1]), "but")


def _linked(sampler: EventSampler, first: Utterance, second: Utterance, link: str) -> list[Utterance]:
    return [first, second if sampler.rng.random() < UNLINKED_SHARE else second._replace(link=link)]


def _question(event: Event, rng: random.Random) -> Utterance:
    """Draw a question about any participant of the event; details that are not asked for may be left out."""
    role = rng.choice([role for role in _ANSWERABLE if getattr(event, role) is not None])
    kept = {"time": None, "manner": None} if role != "time" else {"manner": None}
    if role != "place" and rng.random() < 0.5:
        kept["place"] = None
    return Utterance(event._replace(**kept), asks=role)  # type: ignore[arg-type]
