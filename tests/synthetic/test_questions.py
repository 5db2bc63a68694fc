from __future__ import annotations

import random

import pytest

from xstilts.synthetic.concepts import sense
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.meaning import Event, Phrase
from xstilts.synthetic.questions import PassageSampler, render_passage
from xstilts.synthetic.world import World


def fits(event: Event, question: Event, role: str) -> bool:
    """Return whether an event has everything that the question mentions."""
    for slot in ("agent", "patient", "source", "goal", "place"):
        expected: Phrase | None = getattr(question, slot)
        actual: Phrase | None = getattr(event, slot)
        if slot == role or expected is None:
            continue
        if actual is None or sense(actual.head) != sense(expected.head) or actual.extra != expected.extra:
            return False
    return sense(event.verb) == sense(question.verb)


@pytest.mark.parametrize("unanswerable", [False, True])
def test_exactly_one_sentence_answers_an_answerable_question(
    world: World, rng: random.Random, unanswerable: bool
) -> None:
    source = PassageSampler(world, rng, unanswerable=unanswerable)
    impossible = 0
    for _ in range(1000):
        passage = source.draw()
        for question in passage.questions:
            answering = [
                number
                for number, utterance in enumerate(passage.utterances)
                if fits(utterance.event, question.utterance.event, question.role)
            ]
            assert answering == ([question.sentence] if question.answerable else []), passage
            impossible += not question.answerable
    assert impossible == 0 if not unanswerable else 0.28 < impossible / 2000 < 0.39


def test_answers_stand_in_the_context_in_every_language(world: World, grammars: dict[str, Grammar]) -> None:
    source = PassageSampler(world, random.Random("answers"))
    for _ in range(100):
        passage = source.draw()
        for grammar in grammars.values():
            context, answers = render_passage(grammar, passage)
            assert len(answers) == len(passage.questions) and len(context.split()) <= 60
            for answer in answers:
                assert context[answer.start : answer.start + len(answer.text)] == answer.text
                assert answer.text and answer.question.endswith("?")
                assert (context + " ")[answer.start + len(answer.text)] == " "
                assert answer.start == 0 or context[answer.start - 1] == " "
