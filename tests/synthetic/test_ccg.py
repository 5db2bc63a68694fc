from __future__ import annotations

import random
import re

from xstilts.synthetic.ccg import DerivationSampler, Node
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.world import World


def without_features(category: str) -> str:
    """Remove the features of a category: NP[nb] becomes NP."""
    return re.sub(r"\[\w+\]", "", category)


def split(category: str) -> tuple[str, str, str] | None:
    """Split a functor into (result, slash, argument); None for an atom. Slashes associate to the left."""
    depth = 0
    for at in range(len(category) - 1, -1, -1):
        depth += (category[at] == ")") - (category[at] == "(")
        if depth == 0 and category[at] in "/\\":
            return bare(category[:at]), category[at], bare(category[at + 1 :])
    return None


def bare(category: str) -> str:
    """Remove brackets around the whole category."""
    if not category.startswith("("):
        return category
    depth = 0
    for at, letter in enumerate(category):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return bare(category[1:-1]) if at == len(category) - 1 else category
    raise ValueError(category)


def licensed(node: Node) -> bool:
    """Return whether application, coordination, punctuation or N -> NP licenses a constituent."""
    result = without_features(node.category)
    if len(node.children) == 1:
        return (without_features(node.children[0].category), result) == ("N", "NP")
    left, right = (without_features(child.category) for child in node.children)
    if right == "." or left == "conj":
        return result == (left if right == "." else right)
    if node.children[1].category.endswith("[conj]"):
        return left == right == result
    forward, backward = split(left), split(right)
    if forward and forward[1] == "/" and forward[2] == bare(right):
        return forward[0] == bare(result)
    return bool(backward and backward[1] == "\\" and _fits(bare(left), backward[2], backward[0], bare(result)))


def _fits(argument: str, expected: str, gives: str, result: str) -> bool:
    """Backward application; a modifier X\\X also takes a functor into X, as adverbs do auxiliaries."""
    if argument == expected:
        return gives == result
    head = split(argument)
    return gives == expected and head is not None and head[0] == expected and argument == result


def test_derivations_are_licensed_by_the_grammar(world: World, grammars: dict[str, Grammar]) -> None:
    source = DerivationSampler(world, random.Random("ccg"), grammars["en"])

    def check(node: Node) -> None:
        if node.children:
            assert licensed(node), (node.category, [child.category for child in node.children])
            assert 0 <= node.head < len(node.children)
            for child in node.children:
                check(child)

    for _ in range(500):
        node = source.draw()
        assert node.category == "S[dcl]"
        check(node)


def test_brackets_match_and_leaves_can_be_read_back(world: World, grammars: dict[str, Grammar]) -> None:
    source = DerivationSampler(world, random.Random("auto"), grammars["en"])
    for _ in range(100):
        node = source.draw()
        line = node.bracketed()
        assert line.count("(<") == line.count(" )") + line.count(">)")
        leaves = [match.groups() for match in re.finditer(r"<L (\S+) (\S+) (\S+) (\S+) (\S+)>", line)]
        assert [(word, category) for category, _, _, word, _ in leaves] == node.leaves()


def test_words_have_several_categories(world: World, grammars: dict[str, Grammar]) -> None:
    source = DerivationSampler(world, random.Random("many"), grammars["en"])
    categories: dict[str, set[str]] = {}
    for _ in range(1000):
        for word, category in source.draw().leaves():
            categories.setdefault(word, set()).add(category)
    assert len(categories["in"]) == 3
    assert 15 <= len(set.union(*categories.values())) <= 60
