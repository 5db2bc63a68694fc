"""Grammars of languages: word order, adpositions, articles, case, questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from xstilts.synthetic.concepts import COPULA, SOCIAL_VERBS, UPOS_OF, sense
from xstilts.synthetic.lexicon import OBJECT_SUFFIX
from xstilts.synthetic.meaning import ORGANISATION, PERSON, PLACE, Event, Phrase, Utterance
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.synthetic_languages import Design

_ADPOSITIONS = {"source": "from", "goal": "to", "place": "in", "time": "at"}
_ADJUNCTS = ("source", "goal", "place", "time", "manner")


class Token(NamedTuple):
    """A word in a sentence.

    Attributes:
        form: The written form.
        upos: The universal part of speech.
        lexeme: The lexeme.
        entity: The named-entity tag in the IOB2 scheme.
    """

    form: str
    upos: str
    lexeme: str
    entity: str = "O"


class Chunk(NamedTuple):
    """The words of one participant or of the predicate.

    Attributes:
        role: The role of the participant, or "verb", "link", "topic" or "stop".
        tokens: The words.
        start: The first word of the part that would answer a question about the role.
        stop: The word after the last one of that part; 0 if there is no such part.
    """

    role: str
    tokens: tuple[Token, ...]
    start: int = 0
    stop: int = 0


class Grammar:
    """The grammar of one language; it renders utterances deterministically.

    Args:
        design: The parameters of the language.
        forms: The written form of each lexeme.
    """

    def __init__(self, design: Design, forms: Mapping[str, str]) -> None:
        self.design = design
        self.forms = forms
        self._tokens: dict[str, Token] = {}
        self._chunks: dict[tuple[str, str | Phrase], Chunk] = {}

    def chunks(self, utterance: Utterance) -> list[Chunk]:
        """Return the parts of an utterance in the order of the language, including punctuation."""
        event, asks = utterance.event, utterance.asks
        parts = {role: self._chunk(role, value) for role, value in _filled_roles(event) if role != asks}
        if utterance.only:
            return [parts[utterance.only], self._words("stop", utterance.stop)]
        initial: list[Chunk] = [self._words("link", utterance.link)] if utterance.link else []
        if utterance.topical and "patient" in parts:
            initial += [parts.pop("patient"), self._words("topic", ",")]
        if utterance.fronted and ("place" in parts or "time" in parts):
            initial.append(parts.pop("place" if "place" in parts else "time"))
        if asks:
            question = self._words(asks, _question_word(event, asks))
            if self.design.order == "SOV":
                parts[asks] = question
            else:
                initial.append(question)
        clause = self._clause(event, parts, inverted=asks not in (None, "agent"))
        return [*initial, *clause, self._words("stop", "?" if asks else utterance.stop)]

    def tokens(self, utterances: Iterable[Utterance]) -> list[Token]:
        """Return the words of utterances."""
        return [token for utterance in utterances for chunk in self.chunks(utterance) for token in chunk.tokens]

    def text(self, *utterances: Utterance) -> str:
        """Return utterances as text, words separated by spaces."""
        return " ".join([token.form for token in self.tokens(utterances)])

    def passage(self, utterances: Sequence[Utterance]) -> tuple[str, list[dict[str, tuple[int, str]]]]:
        """Render a passage.

        Returns:
            The text, and for each utterance, by role, the character offset and the text of the answer to a question
            about the role.
        """
        words: list[str] = []
        offset = 0
        answers: list[dict[str, tuple[int, str]]] = []
        for utterance in utterances:
            answers_by_role: dict[str, tuple[int, str]] = {}
            for chunk in self.chunks(utterance):
                forms = [token.form for token in chunk.tokens]
                if chunk.stop:
                    before = sum(len(form) + 1 for form in forms[: chunk.start])
                    answers_by_role[chunk.role] = offset + before, " ".join(forms[chunk.start : chunk.stop])
                words += forms
                offset += sum(len(form) + 1 for form in forms)
            answers.append(answers_by_role)
        return " ".join(words), answers

    def phrase(self, phrase: Phrase) -> str:
        """Return a participant as text, in the form of an agent."""
        return " ".join(token.form for token in self._chunk("agent", phrase).tokens)

    def predicate(self, event: Event) -> str:
        """Return a sentence without its agent as text."""
        chunks = [chunk for chunk in self.chunks(Utterance(event)) if chunk.role != "agent"]
        return " ".join(token.form for chunk in chunks for token in chunk.tokens)

    def word(self, lexeme: str) -> Token:
        """Return the word of a lexeme."""
        token = self._tokens.get(lexeme)
        if token is None:
            token = self._tokens[lexeme] = Token(self.forms[lexeme], UPOS_OF.get(lexeme, "PROPN"), lexeme)
        return token

    def _clause(self, event: Event, parts: Mapping[str, Chunk], inverted: bool) -> list[Chunk]:
        """Order predicate and participants; ``inverted``: auxiliary before agent, as in English questions."""
        adjuncts = [parts[role] for role in _ADJUNCTS if role in parts]
        agent = [parts["agent"]] if "agent" in parts else []
        objects = [parts[role] for role in ("patient", "quality") if role in parts]
        negation = ("not",) if event.negated else ()
        auxiliary = COPULA if event.verb == COPULA else "will"
        verb = () if event.verb == COPULA else (event.verb,)
        if self.design.order == "SOV":
            return [*agent, *adjuncts, *objects, self._words("verb", *verb, *negation, auxiliary)]
        if self.design.order == "VSO":
            return [self._words("verb", auxiliary, *negation, *verb), *agent, *objects, *adjuncts]
        if inverted:
            rest = self._words("verb", *negation, *verb)
            return [self._words("verb", auxiliary), *agent, rest, *objects, *adjuncts]
        return [*agent, self._words("verb", auxiliary, *negation, *verb), *objects, *adjuncts]

    def _words(self, role: str, *lexemes: str) -> Chunk:
        return Chunk(role, tuple(self.word(lexeme) for lexeme in lexemes))

    def _chunk(self, role: str, value: str | Phrase) -> Chunk:
        chunk = self._chunks.get((role, value))
        if chunk is None:
            chunk = self._chunks[role, value] = self._make_chunk(role, value)
        return chunk

    def _make_chunk(self, role: str, value: str | Phrase) -> Chunk:
        core = self._noun_phrase(value, role) if isinstance(value, Phrase) else (self.word(value),)
        article: tuple[Token, ...] = ()
        if self.design.article and isinstance(value, Phrase) and not value.name:
            article = (self.word("the"),)
        elif self.design.article and role == "quality" and UPOS_OF[str(value)] == "NOUN":
            article = (self.word("a"),)
        tokens = (*article, *core)
        if role not in _ADPOSITIONS:
            return Chunk(role, tokens, len(article), len(tokens))
        adposition = self.word(_ADPOSITIONS[role])
        if self.design.adposition == "after":
            return Chunk(role, (*tokens, adposition), len(article), len(tokens))
        return Chunk(role, (adposition, *tokens), 1 + len(article), 1 + len(tokens))

    def _noun_phrase(self, phrase: Phrase, role: str) -> tuple[Token, ...]:
        if phrase.name:
            return self._name(phrase, role)
        noun = self._head(phrase.head, role)
        if phrase.number and self.design.code == ENGLISH:
            noun = noun._replace(form=noun.form + "s")
        count = (self.word(phrase.number),) if phrase.number else ()
        if phrase.adjective is None:
            return (*count, noun)
        adjective = self.word(phrase.adjective)
        pair = (adjective, noun) if self.design.adjective == "before" else (noun, adjective)
        return (*count, *pair)

    def _name(self, phrase: Phrase, role: str) -> tuple[Token, ...]:
        """Return the words of a name.

        Family names follow given names in all languages; other modifiers of names are placed like adjectives.
        """
        head = self._head(phrase.head, role)._replace(upos="PROPN")
        words = [head]
        if phrase.extra:
            extra = self.word(phrase.extra)._replace(upos="PROPN")
            modifier_first = self.design.adjective == "before"
            words = {
                PERSON: [head, extra],
                PLACE: [extra, head] if modifier_first else [head, extra],
                ORGANISATION: [head, extra] if modifier_first else [extra, head],
            }[phrase.name]
        marks = ["B", *["I"] * (len(words) - 1)]
        return tuple(word._replace(entity=f"{mark}-{phrase.name}") for word, mark in zip(words, marks, strict=True))

    def _head(self, lexeme: str, role: str) -> Token:
        token = self.word(lexeme)
        if role == "patient" and self.design.case:
            return token._replace(form=token.form + self.forms[OBJECT_SUFFIX])
        return token


def _filled_roles(event: Event) -> list[tuple[str, str | Phrase]]:
    """Return the roles of an event that are filled, with their values."""
    roles = ("agent", "patient", "source", "goal", "place", "time", "manner", "quality")
    return [(role, value) for role in roles if (value := getattr(event, role)) is not None]


def _question_word(event: Event, asks: str) -> str:
    if asks == "agent":
        return "what" if event.verb == COPULA else "who"
    if asks == "patient":
        return "who" if sense(event.verb) in SOCIAL_VERBS else "what"
    return "when" if asks == "time" else "where"
