"""Sentences with derivations of combinatory categorial grammar, in CCGbank's notation; English only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import COPULA, TOPICS, UPOS_OF
from xstilts.synthetic.event_sampler import EventRates, EventSampler
from xstilts.synthetic.grammar import Grammar, Token
from xstilts.synthetic.meaning import Event, Phrase
from xstilts.synthetic.world import World

CCG_RATES = EventRates(manner=0.15, adjective=0.3, topical=0.0)
#: Shares of noun phrases with a place or a relative clause after the noun.
PLACE_SHARE, RELATIVE_SHARE = 0.12, 0.08
#: Share of agents that are two coordinated noun phrases.
COORDINATED_SHARE = 0.1
TWO_CLAUSES_SHARE = 0.15
NEGATED_SHARE = 0.25

_DECLARATIVE, _BARE, _VP_MODIFIER = r"S[dcl]\NP", r"S[b]\NP", r"(S\NP)\(S\NP)"


class Node(NamedTuple):
    """A constituent of a derivation.

    Attributes:
        category: The CCG category.
        children: Empty for a leaf, one for a unary rule, two for a binary rule.
        head: The index of the head among the children.
        token: The word of a leaf.
    """

    category: str
    children: tuple[Node, ...] = ()
    head: int = 0
    token: Token | None = None

    def leaves(self) -> list[tuple[str, str]]:
        """Return (word, category) of every leaf, from left to right."""
        if self.token is not None:
            return [(self.token.form, self.category)]
        return [leaf for child in self.children for leaf in child.leaves()]

    def bracketed(self) -> str:
        """Return the derivation as a line of an ``.auto`` file of CCGbank.

        A leaf has the category, two part-of-speech tags, the word and the category again.
        """
        if self.token is not None:
            word, tag = self.token.form, self.token.upos
            return f"(<L {self.category} {tag} {tag} {word} {self.category}>)"
        inner = " ".join(child.bracketed() for child in self.children)
        return f"(<T {self.category} {self.head} {len(self.children)}> {inner} )"


class DerivationSampler:
    """Draws sentences with their derivations."""

    def __init__(self, world: World, rng: random.Random, grammar: Grammar, topics: Sequence[str] = TOPICS) -> None:
        self._sampler = EventSampler(world, rng, topics, CCG_RATES)
        self._rng, self._grammar = rng, grammar

    def draw(self) -> Node:
        """Draw the derivation of a sentence of one or two clauses."""
        clause = self._sentence(self._sampler.event())
        if self._rng.random() < TWO_CLAUSES_SHARE:
            clause = self._two_clauses(clause, self._sentence(self._sampler.event()))
        return Node("S[dcl]", (clause, self._leaf(".", ".")))

    def _two_clauses(self, first: Node, second: Node) -> Node:
        if self._rng.random() < 0.5:
            link = self._leaf(r"(S\S)/S[dcl]", "because")
            return Node("S[dcl]", (first, Node(r"S\S", (link, second))))
        link = self._leaf("conj", self._rng.choice(("and", "but")))
        return Node("S[dcl]", (first, Node("S[dcl][conj]", (link, second), 1)))

    def _sentence(self, event: Event) -> Node:
        event = event._replace(negated=self._rng.random() < NEGATED_SHARE)
        fronted = None
        if event.place is not None and self._rng.random() < self._sampler.rates.fronted:
            fronted, event = event.place, event._replace(place=None)
        clause = Node("S[dcl]", (self._agent(event), self._verb_phrase(event)), 1)
        if fronted is None:
            return clause
        return Node("S[dcl]", (self._adpositional("S/S", "in", self._noun_phrase(fronted)), clause), 1)

    def _agent(self, event: Event) -> Node:
        noun_phrase = self._noun_phrase(
            event.agent, modifier_share=0.0 if event.verb == COPULA else PLACE_SHARE + RELATIVE_SHARE
        )
        if event.verb == COPULA or self._rng.random() >= COORDINATED_SHARE:
            return noun_phrase
        other = self._noun_phrase(self._sampler.actor(self._sampler.situation().agent))
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
        """Return the verb phrase without auxiliary: the verb with its objects, then the adjuncts one by one."""
        if event.patient is not None:
            verb = self._leaf(rf"({_BARE})/NP", event.verb)
            phrase = Node(_BARE, (verb, self._noun_phrase(event.patient, modifier_share=PLACE_SHARE)))
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

    def _noun_phrase(self, phrase: Phrase, modifier_share: float = 0.0) -> Node:
        """Return a noun phrase; common nouns may get a modifier after the noun with the given probability."""
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
        return self._modified(noun_phrase, modifier_share)

    def _modified(self, noun_phrase: Node, modifier_share: float) -> Node:
        """Add a place or a relative clause after the noun, with probability ``modifier_share``.

        The first ``PLACE_SHARE`` of the probability is for places, the rest for relative clauses.
        """
        draw = self._rng.random()
        if draw >= modifier_share:
            return noun_phrase
        if draw < PLACE_SHARE:
            place = self._sampler.place(self._sampler.situation().place)
            return Node("NP", (noun_phrase, self._adpositional(r"NP\NP", "in", self._noun_phrase(place))))
        action = self._sampler.action()._replace(place=None, time=None, manner=None)
        relative = self._leaf(r"(NP\NP)/(S[dcl]\NP)", "who")
        return Node("NP", (noun_phrase, Node(r"NP\NP", (relative, self._simple_verb_phrase(action)))))

    def _simple_verb_phrase(self, action: Event) -> Node:
        """Return a verb phrase whose object has no modifier after its noun."""
        assert action.patient is not None
        verb = Node(_BARE, (self._leaf(rf"({_BARE})/NP", action.verb), self._noun_phrase(action.patient)))
        return Node(_DECLARATIVE, (self._leaf(rf"({_DECLARATIVE})/({_BARE})", "will"), verb))

    def _adpositional(self, category: str, adposition: str, noun_phrase: Node) -> Node:
        functor = f"({category})/NP" if "/" in category or "\\" in category else f"{category}/NP"
        return Node(category, (self._leaf(functor, adposition), noun_phrase))

    def _leaf(self, category: str, lexeme: str) -> Node:
        return Node(category, token=self._grammar.word(lexeme))
