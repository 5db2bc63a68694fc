"""Entities with names, sentences that mention them, and what an encyclopedia says of them: Mewsli-X's files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from xstilts.synthetic.concepts import TOPICS
from xstilts.synthetic.event_sampler import EventSampler
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Phrase, Utterance
from xstilts.synthetic.sentences import NAME_RATES
from xstilts.synthetic.world import World

SENTENCES = 2  # of a description, and of a text with a mention


class EntitySampler:
    """Draws entities and sentences about them.

    Args:
        world: The world.
        rng: Source of random numbers.
        topics: The topics of the domain.
    """

    def __init__(self, world: World, rng: random.Random, topics: Sequence[str] = TOPICS) -> None:
        self._sampler, self.rng = EventSampler(world, rng, topics, NAME_RATES), rng

    def entity(self) -> Phrase:
        """Draw the name of a person or an organisation, of two words."""
        while True:
            name = self._sampler.person() if self.rng.random() < 0.5 else self._sampler.organisation()
            if name.extra is not None:
                return name

    def about(self, entity: Phrase) -> list[Utterance]:
        """Draw sentences in which the entity acts."""
        return [self._sampler.utterance(self._sampler.action()._replace(agent=entity)) for _ in range(SENTENCES)]

    def mentioning(self, entity: Phrase) -> list[Utterance]:
        """Draw sentences of which the first mentions the entity."""
        about, other = self.about(entity)[0], self._sampler.utterance(self._sampler.action())
        return [about, other]


def sentence_spans(grammar: Grammar, utterances: Sequence[Utterance]) -> list[tuple[int, int]]:
    """Return where each sentence of a rendered passage begins and ends, in characters."""
    spans, start = [], 0
    for utterance in utterances:
        end = start + len(grammar.text(utterance))
        spans.append((start, end))
        start = end + 1
    return spans


def entity_record(
    identifier: str, entity: Phrase, description: Sequence[Utterance], grammar: Grammar
) -> dict[str, Any]:
    """Return an entity as Mewsli-X describes it, in the language of a grammar."""
    return {
        "entity_id": identifier,
        "title": grammar.phrase(entity),
        "description": grammar.text(*description),
        "description_language": grammar.design.code,
        "description_url": f"https://example.org/{identifier}",
        "sentence_spans": _spans(grammar, description),
    }


def context_record(document: str, utterances: Sequence[Utterance], grammar: Grammar) -> dict[str, Any]:
    """Return a text as Mewsli-X has it, in the language of a grammar."""
    return {
        "document_title": document,
        "document_id": document,
        "document_url": f"https://example.org/{document}",
        "language": grammar.design.code,
        "text": grammar.text(*utterances),
        "sentence_spans": _spans(grammar, utterances),
    }


def mention_record(
    identifier: str, entity_id: str, utterances: Sequence[Utterance], grammar: Grammar
) -> dict[str, Any]:
    """Return the mention of an entity that acts in the first sentence of a text."""
    _, answers = grammar.passage(utterances)
    start, text = answers[0]["agent"]
    span = {"start": start, "end": start + len(text), "text": text}
    return {"example_id": identifier, "mention_span": span, "entity_id": entity_id, "metadata": {}}


def _spans(grammar: Grammar, utterances: Sequence[Utterance]) -> list[dict[str, int]]:
    return [{"start": start, "end": end} for start, end in sentence_spans(grammar, utterances)]
