from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from xstilts.synthetic.concepts import sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Phrase, Utterance
from xstilts.synthetic.paraphrases import DIFFERENT, PARAPHRASE, ParaphraseSampler
from xstilts.synthetic.world import World


def senses(utterances: tuple[Utterance, ...]) -> list[tuple[object, ...]]:
    """Return the meaning without its wording: every lexeme by its sense, participants by role."""
    return [(utterance.asks, *(_sense(value) for value in utterance.event)) for utterance in utterances]


def _sense(value: object) -> object:
    if isinstance(value, Phrase):
        return tuple(part and sense(part) for part in value)
    return sense(value) if isinstance(value, str) else value


@pytest.fixture(params=["statements", "questions"])
def draws(request: pytest.FixtureRequest, world: World, rng: random.Random) -> Iterator[object]:
    yield getattr(ParaphraseSampler(world, rng), request.param)


def test_paraphrases_mean_the_same_in_other_words(draws, grammars: dict[str, Grammar]) -> None:  # type: ignore[no-untyped-def]
    for _ in range(1000):
        pair = draws(PARAPHRASE)
        assert senses(pair.first) == senses(pair.second)
        assert grammars["en"].text(*pair.first) != grammars["en"].text(*pair.second)


def test_different_pairs_mean_something_else(draws) -> None:  # type: ignore[no-untyped-def]
    for _ in range(1000):
        pair = draws(DIFFERENT)
        assert senses(pair.first) != senses(pair.second)


def test_half_of_the_different_statements_have_the_same_words(world: World, rng: random.Random) -> None:
    """Word overlap does not reveal the label: participants are swapped."""
    source, same = ParaphraseSampler(world, rng), 0
    for _ in range(1000):
        pair = source.statements(DIFFERENT)
        same += sorted(map(str, _words(pair.first))) == sorted(map(str, _words(pair.second)))
    assert 0.4 < same / 1000 < 0.6


def _words(utterances: tuple[Utterance, ...]) -> list[object]:
    """Return the senses in the sentences, regardless of their roles."""
    values = [value for utterance in utterances for value in utterance.event]
    flat = [part for value in values for part in (value if isinstance(value, Phrase) else [value])]
    return [_sense(part) for part in flat]
