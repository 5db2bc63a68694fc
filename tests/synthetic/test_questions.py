from __future__ import annotations

import random

import pytest

from xstilts.synthetic.concepts import sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase
from xstilts.synthetic.questions import Passages, in_language
from xstilts.synthetic.world import World


def fits(told: Event, asked: Event, role: str) -> bool:
    """Whether a told event has everything that the question mentions."""
    for slot in ("agent", "patient", "source", "goal", "place"):
        wanted: Phrase | None = getattr(asked, slot)
        found: Phrase | None = getattr(told, slot)
        if slot == role or wanted is None:
            continue
        if found is None or sense(found.head) != sense(wanted.head) or found.extra != wanted.extra:
            return False
    return sense(told.verb) == sense(asked.verb)


@pytest.mark.parametrize("unanswerable", [False, True])
def test_exactly_one_sentence_answers_an_answerable_question(
    world: World, rng: random.Random, unanswerable: bool
) -> None:
    source = Passages(world, rng, unanswerable=unanswerable)
    impossible = 0
    for _ in range(1000):
        passage = source.draw()
        for question in passage.questions:
            answering = [
                number
                for number, said in enumerate(passage.utterances)
                if fits(said.event, question.utterance.event, question.role)
            ]
            assert answering == ([question.sentence] if question.answerable else []), passage
            impossible += not question.answerable
    assert impossible == 0 if not unanswerable else 0.28 < impossible / 2000 < 0.39


def test_answers_stand_in_the_context_in_every_language(world: World, grammars: dict[str, Grammar]) -> None:
    source = Passages(world, random.Random("answers"))
    for _ in range(100):
        passage = source.draw()
        for grammar in grammars.values():
            context, answers = in_language(grammar, passage)
            assert len(answers) == len(passage.questions) and len(context.split()) <= 60
            for answer in answers:
                assert context[answer.start : answer.start + len(answer.text)] == answer.text
                assert answer.text and answer.question.endswith("?")
                assert (context + " ")[answer.start + len(answer.text)] == " "
                assert answer.start == 0 or context[answer.start - 1] == " "
