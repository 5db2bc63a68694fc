from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from xstilts.synthetic.concepts import ANTONYM_PAIRS, KIND_OF, KINDS, sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.inference import InferenceSampler
from xstilts.synthetic.meaning import Event, Phrase
from xstilts.synthetic.world import World
from xstilts.tasks.nli import NLI

OPPOSITES = {frozenset(pair) for pair in ANTONYM_PAIRS}


def implies(special: Event, general: Event) -> bool:
    """Return whether a positive statement entails another one, comparing them slot by slot."""
    if sense(special.verb) != sense(general.verb):
        return False
    for slot in ("agent", "patient", "source", "goal", "place"):
        one, other = getattr(special, slot), getattr(general, slot)
        if other is not None and not (one is not None and is_a(one, other)):
            return False
    details = all(
        expected is None or (actual is not None and sense(actual) == sense(expected))
        for actual, expected in ((special.time, general.time), (special.quality, general.quality))
    )
    return details and general.manner in (None, special.manner)


def is_a(special: Phrase, general: Phrase) -> bool:
    heads = {sense(special.head), KIND_OF.get(sense(special.head))}
    details = all(
        expected is None or (actual is not None and sense(actual) == sense(expected))
        for actual, expected in ((special.adjective, general.adjective), (special.number, general.number))
    )
    return sense(general.head) in heads and special.extra == general.extra and details


def opposed(one: Event, other: Event) -> bool:
    """Return whether two states attribute opposite qualities to the same agent."""
    if not (one.quality and other.quality and implies(one._replace(quality=None), other._replace(quality=None))):
        return False
    return frozenset((sense(one.quality), sense(other.quality))) in OPPOSITES


def inferred_label(premise: Event, hypothesis: Event) -> str:
    """Label a pair: positive statements entail less specific ones, negated statements more specific ones."""
    one, other = premise._replace(negated=False), hypothesis._replace(negated=False)
    entailment, neutral, contradiction = NLI
    if premise.negated and hypothesis.negated:
        return entailment if implies(other, one) else neutral
    if premise.negated:
        return contradiction if implies(other, one) else neutral
    if hypothesis.negated:
        return contradiction if implies(one, other) else entailment if opposed(one, other) else neutral
    return entailment if implies(one, other) else contradiction if opposed(one, other) else neutral


@pytest.mark.parametrize("label", NLI)
def test_labels_follow_from_the_meanings(world: World, rng: random.Random, label: str) -> None:
    source = InferenceSampler(world, rng)
    for _ in range(1500):
        pair = source.draw(label)
        assert inferred_label(pair.first[0].event, pair.second[0].event) == label, pair


@pytest.mark.parametrize("label", NLI)
def test_a_distractor_does_not_change_the_label(world: World, rng: random.Random, label: str) -> None:
    source = InferenceSampler(world, rng, adversarial=True)
    neutral = NLI[1]
    for _ in range(800):
        pair = source.draw(label)
        verdicts = {inferred_label(utterance.event, pair.second[0].event) for utterance in pair.first} - {neutral}
        assert len(pair.first) == 2 and (verdicts or {neutral}) == {label}, pair


def test_the_hypothesis_alone_does_not_reveal_the_label(world: World, grammars: dict[str, Grammar]) -> None:
    """A vote over the words of the hypothesis, trained on one half, is at chance level on the other."""
    source, text = InferenceSampler(world, random.Random("bias")), grammars["en"].text
    pairs = [source.draw(NLI[i % 3]) for i in range(6000)]
    words = [(Counter(text(*pair.second).split()), pair.label) for pair in pairs]
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for bag, label in words[:3000]:
        for word in bag:
            counts[word][label] += 1
    correct = 0
    for bag, label in words[3000:]:
        votes = {each: sum(counts[word][each] / counts[word].total() for word in bag if counts[word]) for each in NLI}
        correct += max(votes, key=votes.__getitem__) == label
    assert correct / 3000 < 1 / 3 + 0.04


def test_kinds_are_not_things() -> None:
    assert not set(KINDS) & set(KIND_OF)
