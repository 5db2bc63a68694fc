"""What the tasks share while they are made: the world, the grammars, where files go, and draws that never repeat."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from xstilts.atomic import write_text
from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import lexicon
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.pairs import Pair
from xstilts.synthetic.questions import Passage, Passages, in_language
from xstilts.synthetic.releases import Texts
from xstilts.synthetic.world import World
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS
from xstilts.tasks.synthetic_languages import DESIGNS, LANGUAGES

PARAGRAPHS_PER_ARTICLE = 10
BY_CODE = {language.code: language for language in LANGUAGES}

T = TypeVar("T")


@dataclass(frozen=True)
class Workshop:
    """One data root in the making. Streams of random numbers go by purpose, so no task depends on another."""

    root: Path
    settings: SyntheticSource
    world: World
    grammars: dict[str, Grammar]

    @classmethod
    def of(cls, root: Path, settings: SyntheticSource) -> Workshop:
        world = World(settings.seed)
        forms = lexicon.forms(settings.seed, world.names.all())
        return cls(root, settings, world, {design.code: Grammar(design, forms[design.code]) for design in DESIGNS})

    @property
    def english(self) -> Grammar:
        return self.grammars[ENGLISH]

    def foreign(self) -> list[str]:
        return [code for code in self.grammars if code != ENGLISH]

    def rng(self, *purpose: str) -> random.Random:
        return random.Random("/".join((str(self.settings.seed), *purpose)))

    def size(self, split: str) -> int:
        return self.settings.train_examples if split == "train" else self.settings.eval_examples

    def files(self, task: str, split: str, code: str = ENGLISH) -> tuple[Path, ...]:
        return TASKS[task].paths(self.root, split, BY_CODE[code])

    def write(self, task: str, split: str, content: str, code: str = ENGLISH) -> None:
        (path,) = self.files(task, split, code)
        write_text(path, content)

    def texts(self, pair: Pair, code: str = ENGLISH) -> Texts:
        grammar = self.grammars[code]
        return grammar.text(*pair.first), grammar.text(*pair.second), pair.label

    def labelled(
        self,
        purpose: str,
        labels: Sequence[str],
        draw: Callable[[str], Pair],
        splits: Sequence[str],
        seen: set[Hashable],
        share: float = 1.0,
    ) -> dict[str, list[Pair]]:
        """Unseen pairs with equally many of every label, in random order. ``share`` scales the sizes.

        Train pairs may repeat: labels for which there are fewer different pairs would otherwise run out of common ones,
        and rare words would tell the label.
        """
        found: dict[str, list[Pair]] = {}
        for split in splits:
            number = max(len(labels), round(share * self.size(split)))
            order = [labels[i % len(labels)] for i in range(number)]
            self.rng(purpose, split, "labels").shuffle(order)
            found[split] = []
            for label in order:
                found[split] += unseen(partial(draw, label), 1, seen, pair_key, repeat=split == "train")
        return found

    def dev_and_train(self, draw: Callable[[], T], key: Callable[[T], Hashable]) -> dict[str, list[T]]:
        """Examples of an English task; none occurs twice."""
        seen: set[Hashable] = set()
        return {split: unseen(draw, self.size(split), seen, key) for split in ("dev", "train")}

    def passages(self, source: Passages, questions: int, seen: set[Hashable]) -> list[Passage]:
        """Unseen passages with so many questions in all; the last one may have fewer than the others."""
        passages: list[Passage] = []
        while questions > 0:
            (passage,) = unseen(source.draw, 1, seen, lambda passage: passage.utterances)
            passages.append(passage._replace(questions=passage.questions[:questions]))
            questions -= len(passages[-1].questions)
        return passages

    def articles(
        self, code: str, passages: Sequence[Passage], purpose: str, id_length: int, impossible: bool = False
    ) -> list[dict[str, Any]]:
        """SQuAD's articles; ids are the same in every language. ``impossible``: with SQuAD 2.0's keys."""
        rng = self.rng(purpose, "ids")
        paragraphs = []
        for passage in passages:
            context, answers = in_language(self.grammars[code], passage)
            questions = []
            for answer in answers:
                found = [{"text": answer.text, "answer_start": answer.start}]
                question: dict[str, Any] = {
                    "question": answer.question,
                    "id": f"{rng.getrandbits(4 * id_length):0{id_length}x}",
                    "answers": found if answer.answerable else [],
                }
                if impossible:
                    question["is_impossible"] = not answer.answerable
                    if not answer.answerable:
                        question["plausible_answers"] = found
                questions.append(question)
            paragraphs.append({"context": context, "qas": questions})
        starts = range(0, len(paragraphs), PARAGRAPHS_PER_ARTICLE)
        return [
            {"title": f"Synthetic_{number}", "paragraphs": paragraphs[start : start + PARAGRAPHS_PER_ARTICLE]}
            for number, start in enumerate(starts, 1)
        ]


def unseen(
    draw: Callable[[], T], number: int, seen: set[Hashable], key: Callable[[T], Hashable], repeat: bool = False
) -> list[T]:
    """So many draws whose keys are not in ``seen``, and now are; with ``repeat``, they still are not."""
    found: list[T] = []
    while len(found) < number:
        example = draw()
        identity = key(example)
        if identity not in seen:
            found.append(example)
            if not repeat:
                seen.add(identity)
    return found


def pair_key(pair: Pair) -> Hashable:
    return pair.first, pair.second
