from __future__ import annotations

import random
from collections import Counter

from xstilts.synthetic.choices import NONE_OF_THE_ABOVE, CommonsenseSampler, StorySampler
from xstilts.synthetic.concepts import NEXT_VERB, sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.world import World

#: English forms of verbs are their lexemes.
VERBS = set(NEXT_VERB)


def test_the_correct_ending_is_the_next_step(world: World, grammars: dict[str, Grammar]) -> None:
    source = StorySampler(world, random.Random("ending"), grammars["en"])
    labels: Counter[int] = Counter()
    for _ in range(600):
        choice = source.ending()
        labels[choice.label] += 1
        assert len(set(choice.choices)) == 4
        context_verbs = [sense(word) for word in choice.context.split() if sense(word) in VERBS]
        right = [sense(word) for word in choice.choices[choice.label].split() if sense(word) in VERBS]
        assert (
            len(context_verbs) == 2
            and right == [NEXT_VERB[context_verbs[1]]]
            and context_verbs[1] == NEXT_VERB[context_verbs[0]]
        )
    assert min(labels.values()) > 100


def test_verbs_of_endings_do_not_reveal_the_correct_one(world: World, grammars: dict[str, Grammar]) -> None:
    """The verb that is most typical of correct endings is not correct much more often than chance."""
    source = StorySampler(world, random.Random("bias"), grammars["en"])
    right: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    for _ in range(2000):
        choice = source.ending()
        verbs = [next(sense(word) for word in text.split() if sense(word) in VERBS) for text in choice.choices]
        offered.update(verbs)
        right[verbs[choice.label]] += 1
    assert max(right[verb] / offered[verb] for verb in right) < 0.5


def test_none_of_the_above_is_correct_as_often_as_any_choice(world: World, grammars: dict[str, Grammar]) -> None:
    source = StorySampler(world, random.Random("none"), grammars["en"])
    choices = [source.inference() for _ in range(3000)]
    offered = [choice for choice in choices if NONE_OF_THE_ABOVE in choice.choices]
    right = sum(choice.choices[choice.label] == NONE_OF_THE_ABOVE for choice in offered)
    assert 0.15 < len(offered) / len(choices) < 0.25
    assert 0.18 < right / len(offered) < 0.32


def test_common_sense_follows_the_world(world: World, grammars: dict[str, Grammar]) -> None:
    source = CommonsenseSampler(world, random.Random("sense"), grammars["en"])
    for _ in range(300):
        choice = source.draw()
        assert len(set(choice.choices)) == 5 and 0 <= choice.label < 5
        words = [sense(word) for word in choice.choices]
        mentioned = {sense(word) for word in choice.question.split()}
        agents, things, places = (mentioned & set(group) for group in (world.agents, world.things, world.places))
        if choice.question.startswith("where") or not places:
            (agent,), (thing,) = agents, things
            fits = [world.fit(agent, thing, word) for word in words]
        elif not agents:
            (thing,), (place,) = things, places
            fits = [world.fit(word, thing, place) for word in words]
        else:
            (agent,), (place,) = agents, places
            fits = [world.fit(agent, word, place) for word in words]
        assert fits.index(max(fits)) == choice.label
