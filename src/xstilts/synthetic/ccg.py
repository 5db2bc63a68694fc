"""Sentences with derivations of combinatory categorial grammar, in CCGbank's notation; English only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import COPULA, TOPICS, UPOS_OF
from xstilts.synthetic.grammar import Grammar, Token
from xstilts.synthetic.meaning import Event, Phrase
from xstilts.synthetic.scenes import Rates, Scenes
from xstilts.synthetic.world import World

CCG_RATES = Rates(manner=0.15, adjective=0.3, topical=0.0)
#: Shares of noun phrases with something behind the noun, of coordinated agents, and of sentences of two clauses.
IN_PLACE, RELATIVE, COORDINATED, TWO_CLAUSES = 0.12, 0.08, 0.1, 0.15

_DECLARATIVE, _BARE, _VP_MODIFIER = r"S[dcl]\NP", r"S[b]\NP", r"(S\NP)\(S\NP)"


class Node(NamedTuple):
    """A constituent: a leaf with a token, or one with two children (one: a unary rule) of which ``head`` leads."""

    category: str
    children: tuple[Node, ...] = ()
    head: int = 0
    token: Token | None = None

    def leaves(self) -> list[tuple[str, str]]:
        """(word, category) of every leaf."""
        if self.token is not None:
            return [(self.token.form, self.category)]
        return [leaf for child in self.children for leaf in child.leaves()]

    def bracketed(self) -> str:
        """The line of an ``.auto`` file: leaves carry category, two part-of-speech tags, word and category again."""
        if self.token is not None:
            word, tag = self.token.form, self.token.upos
            return f"(<L {self.category} {tag} {tag} {word} {self.category}>)"
        inner = " ".join(child.bracketed() for child in self.children)
        return f"(<T {self.category} {self.head} {len(self.children)}> {inner} )"


class Derivations:
    """Draws sentences with their derivations."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._scenes = Scenes(world, rng, topics, CCG_RATES)
        self._rng, self._grammar = rng, grammar

    def draw(self) -> Node:
        clause = self._sentence(self._scenes.event())
        if self._rng.random() < TWO_CLAUSES:
            clause = self._two(clause, self._sentence(self._scenes.event()))
        return Node("S[dcl]", (clause, self._leaf(".", ".")))

    def _two(self, first: Node, second: Node) -> Node:
        if self._rng.random() < 0.5:
            link = self._leaf(r"(S\S)/S[dcl]", "because")
            return Node("S[dcl]", (first, Node(r"S\S", (link, second))))
        link = self._leaf("conj", self._rng.choice(("and", "but")))
        return Node("S[dcl]", (first, Node("S[dcl][conj]", (link, second), 1)))

    def _sentence(self, event: Event) -> Node:
        event = event._replace(negated=self._rng.random() < 0.25)
        fronted = None
        if event.place is not None and self._rng.random() < self._scenes.rates.fronted:
            fronted, event = event.place, event._replace(place=None)
        clause = Node("S[dcl]", (self._agent(event), self._verb_phrase(event)), 1)
        if fronted is None:
            return clause
        return Node("S[dcl]", (self._adpositional("S/S", "in", self._noun_phrase(fronted)), clause), 1)

    def _agent(self, event: Event) -> Node:
        noun_phrase = self._noun_phrase(event.agent, behind=0.0 if event.verb == COPULA else IN_PLACE + RELATIVE)
        if event.verb == COPULA or self._rng.random() >= COORDINATED:
            return noun_phrase
        other = self._noun_phrase(self._scenes.actor(self._scenes.situation().agent))
        return Node("NP", (noun_phrase, Node("NP[conj]", (self._leaf("conj", "and"), other), 1)))

    def _verb_phrase(self, event: Event) -> Node:
        if event.verb == COPULA:
            return self._copular(event)
        auxiliary = self._negated(self._leaf(rf"({_DECLARATIVE})/({_BARE})", "will"), event)
        return Node(_DECLARATIVE, (auxiliary, self._bare(event)))

    def _copular(self, event: Event) -> Node:
        quality = str(event.quality)
        if UPOS_OF[quality] == "ADJ":
            complement = self._leaf(r"S[adj]\NP", quality)
            copula = self._leaf(rf"({_DECLARATIVE})/(S[adj]\NP)", COPULA)
        else:
            complement = Node("NP[nb]", (self._leaf("NP[nb]/N", "a"), self._leaf("N", quality)), 1)
            copula = self._leaf(rf"({_DECLARATIVE})/NP", COPULA)
        return Node(_DECLARATIVE, (self._negated(copula, event), complement))

    def _negated(self, auxiliary: Node, event: Event) -> Node:
        if not event.negated:
            return auxiliary
        return Node(auxiliary.category, (auxiliary, self._leaf(_VP_MODIFIER, "not")))

    def _bare(self, event: Event) -> Node:
        """The verb with its objects, then one adjunct after the other."""
        if event.patient is not None:
            verb = self._leaf(rf"({_BARE})/NP", event.verb)
            phrase = Node(_BARE, (verb, self._noun_phrase(event.patient, behind=IN_PLACE)))
        else:
            assert event.source is not None and event.goal is not None
            verb = self._leaf(rf"(({_BARE})/PP)/PP", event.verb)
            source = self._adpositional("PP", "from", self._noun_phrase(event.source))
            goal = self._adpositional("PP", "to", self._noun_phrase(event.goal))
            phrase = Node(_BARE, (Node(rf"({_BARE})/PP", (verb, source)), goal))
        adjuncts = []
        if event.place is not None:
            adjuncts.append(self._adpositional(_VP_MODIFIER, "in", self._noun_phrase(event.place)))
        if event.time is not None:
            adjuncts.append(self._adpositional(_VP_MODIFIER, "at", Node("NP", (self._leaf("N", event.time),))))
        if event.manner is not None:
            adjuncts.append(self._leaf(_VP_MODIFIER, event.manner))
        for adjunct in adjuncts:
            phrase = Node(_BARE, (phrase, adjunct))
        return phrase

    def _noun_phrase(self, phrase: Phrase, behind: float = 0.0) -> Node:
        if phrase.name:
            noun = self._leaf("N", phrase.extra or phrase.head)
            if phrase.extra:
                noun = self._leaf("N", phrase.head if phrase.name == "LOC" else phrase.extra)
                first = self._leaf("N/N", phrase.extra if phrase.name == "LOC" else phrase.head)
                noun = Node("N", (first, noun), 1)
            return Node("NP", (noun,))
        noun = self._leaf("N", phrase.head)
        if phrase.number is not None:
            assert noun.token is not None
            noun = noun._replace(token=noun.token._replace(form=noun.token.form + "s"))
        for modifier in (phrase.adjective, phrase.number):
            if modifier is not None:
                noun = Node("N", (self._leaf("N/N", modifier), noun), 1)
        noun_phrase = Node("NP[nb]", (self._leaf("NP[nb]/N", "the"), noun), 1)
        return self._modified(noun_phrase, behind)

    def _modified(self, noun_phrase: Node, behind: float) -> Node:
        """With a place or a relative clause behind the noun, in the given share of all cases; places come first."""
        draw = self._rng.random()
        if draw >= behind:
            return noun_phrase
        if draw < IN_PLACE:
            place = self._scenes.place(self._scenes.situation().place)
            return Node("NP", (noun_phrase, self._adpositional(r"NP\NP", "in", self._noun_phrase(place))))
        action = self._scenes.action()._replace(place=None, time=None, manner=None)
        relative = self._leaf(r"(NP\NP)/(S[dcl]\NP)", "who")
        return Node("NP", (noun_phrase, Node(r"NP\NP", (relative, self._plain(action)))))

    def _plain(self, action: Event) -> Node:
        """A verb phrase whose object has nothing behind its noun."""
        assert action.patient is not None
        verb = Node(_BARE, (self._leaf(rf"({_BARE})/NP", action.verb), self._noun_phrase(action.patient)))
        return Node(_DECLARATIVE, (self._leaf(rf"({_DECLARATIVE})/({_BARE})", "will"), verb))

    def _adpositional(self, category: str, adposition: str, noun_phrase: Node) -> Node:
        functor = f"({category})/NP" if "/" in category or "\\" in category else f"{category}/NP"
        return Node(category, (self._leaf(functor, adposition), noun_phrase))

    def _leaf(self, category: str, lexeme: str) -> Node:
        return Node(category, token=self._grammar.word(lexeme))
