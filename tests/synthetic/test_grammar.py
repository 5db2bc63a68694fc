from __future__ import annotations

import pytest

from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.lexicon import OBJECT_SUFFIX
from xstilts.synthetic.meaning import Event, Phrase, Utterance
from xstilts.tasks.synthetic_languages import Design

WORDS = "the a will not in at baker buy bread old market 3 . , ? where then Mila Rofir Divan bank north"
FORMS = {word: word for word in WORDS.split()} | {OBJECT_SUFFIX: "um", "be": "is"}
BUYS = Event("buy", Phrase("baker", "old"), Phrase("bread"), place=Phrase("market"))


def speaking(**parameters: object) -> Grammar:
    return Grammar(Design("qzz", "Test", 0.5, **parameters), FORMS)  # type: ignore[arg-type]


SVO = speaking()
VSO = speaking(order="VSO", adjective="after")
SOV = speaking(order="SOV", adposition="after", case=True, article=False)


@pytest.mark.parametrize(
    ("grammar", "statement", "question"),
    [
        (SVO, "the old baker will buy the bread in the market .", "where will the old baker buy the bread ?"),
        (VSO, "will buy the baker old the bread in the market .", "where will buy the baker old the bread ?"),
        (SOV, "old baker market in breadum buy will .", "old baker where breadum buy will ?"),
    ],
)
def test_word_order(grammar: Grammar, statement: str, question: str) -> None:
    assert grammar.text(Utterance(BUYS)) == statement
    assert grammar.text(Utterance(BUYS, asks="place")) == question


def test_negation_and_marked_orders() -> None:
    never = BUYS._replace(negated=True)
    assert SVO.text(Utterance(never, topical=True)) == "the bread , the old baker will not buy in the market ."
    assert SVO.text(Utterance(never, fronted=True)) == "in the market the old baker will not buy the bread ."
    assert VSO.text(Utterance(never)) == "will not buy the baker old the bread in the market ."
    assert SOV.text(Utterance(never, link="then")) == "then old baker market in breadum buy not will ."


def test_copula_agrees_with_the_order() -> None:
    state = Event("be", Phrase("bread"), quality="old", negated=True)
    assert SVO.text(Utterance(state)) == "the bread is not old ."
    assert VSO.text(Utterance(state)) == "is not the bread old ."
    assert SOV.text(Utterance(state)) == "bread old not is ."


def test_names_are_tagged_and_modified_as_adjectives_are() -> None:
    event = Event(
        "buy",
        Phrase("Divan", name="ORG", extra="bank"),
        Phrase("bread", number="3"),
        place=Phrase("Rofir", name="LOC", extra="north"),
    )
    tags = [(token.form, token.entity) for token in VSO.tokens([Utterance(event)]) if token.entity != "O"]
    assert tags == [("bank", "B-ORG"), ("Divan", "I-ORG"), ("Rofir", "B-LOC"), ("north", "I-LOC")]
    assert SVO.text(Utterance(event)) == "Divan bank will buy the 3 bread in north Rofir ."
    assert all(token.upos == "PROPN" for token in VSO.tokens([Utterance(event)]) if token.entity != "O")


def test_passage_locates_answers() -> None:
    utterances = [Utterance(BUYS), Utterance(BUYS._replace(agent=Phrase("Mila", name="PER")))]
    for grammar in (SVO, VSO, SOV):
        text, answers = grammar.passage(utterances)
        assert text == grammar.text(*utterances)
        for answers_by_role in answers:
            for start, answer in answers_by_role.values():
                assert text[start : start + len(answer)] == answer
        assert answers[0]["place"][1] == "market" and answers[1]["agent"][1] == "Mila"
    assert VSO.passage(utterances)[1][0]["agent"][1] == "baker old"
    assert SOV.passage(utterances)[1][0]["patient"][1] == "breadum"
