"""The builder of a synthetic data root: world, grammars, random streams, file paths and draws without repetition."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from xstilts.atomic import write_text
from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import lexicon
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.pairs import LabelledPair
from xstilts.synthetic.questions import Passage, PassageSampler, render_passage
from xstilts.synthetic.releases import TextPair
from xstilts.synthetic.world import World
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS
from xstilts.tasks.synthetic_languages import DESIGNS, LANGUAGES

PARAGRAPHS_PER_ARTICLE = 10
BY_CODE = {language.code: language for language in LANGUAGES}

T = TypeVar("T")


@dataclass(frozen=True)
class DatasetBuilder:
    """Builds the files of a data root.

    Every purpose has a random stream of its own, so that the data of a task does not depend on the other tasks.

    Attributes:
        root: The folder of the data root.
        settings: The study's settings of the synthetic source.
        world: The world that events are drawn from.
        grammars: The grammar of each language, by code.
        more: By task, the languages beside English that its training data is also rendered in.
    """

    root: Path
    settings: SyntheticSource
    world: World
    grammars: dict[str, Grammar]
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, root: Path, settings: SyntheticSource, more: Mapping[str, Sequence[str]] | None = None
    ) -> DatasetBuilder:
        """Create the world and the grammars from the seed of the settings."""
        world = World(settings.seed)
        forms = lexicon.forms(settings.seed, world.names.all())
        grammars = {design.code: Grammar(design, forms[design.code]) for design in DESIGNS}
        return cls(root, settings, world, grammars, more or {})

    @property
    def english(self) -> Grammar:
        """The grammar of English."""
        return self.grammars[ENGLISH]

    def foreign_codes(self) -> list[str]:
        """Return the codes of all languages but English."""
        return [code for code in self.grammars if code != ENGLISH]

    def rng(self, *purpose: str) -> random.Random:
        """Return a new random stream for a purpose, seeded with the seed of the settings and the purpose."""
        return random.Random("/".join((str(self.settings.seed), *purpose)))

    def size(self, split: str) -> int:
        """Return the number of examples of a split."""
        return self.settings.train_examples if split == "train" else self.settings.eval_examples

    def files(self, task: str, split: str, code: str = ENGLISH) -> tuple[Path, ...]:
        """Return the paths of the files of a split in a language."""
        return TASKS[task].paths(self.root, split, BY_CODE[code])

    def write(self, task: str, split: str, content: str, code: str = ENGLISH) -> None:
        """Write the only file of a split in a language."""
        (path,) = self.files(task, split, code)
        write_text(path, content)

    def training_languages(self, task: str) -> list[str]:
        """Return the languages that a task's training data is written in: the same examples in each."""
        return [ENGLISH, *self.more.get(task, ())]

    def render(self, pair: LabelledPair, code: str = ENGLISH) -> TextPair:
        """Render a pair in a language."""
        grammar = self.grammars[code]
        return grammar.text(*pair.first), grammar.text(*pair.second), pair.label

    def draw_pairs(
        self,
        purpose: str,
        labels: Sequence[str],
        draw: Callable[[str], LabelledPair],
        splits: Sequence[str],
        seen: set[Hashable],
        share: float = 1.0,
    ) -> dict[str, list[LabelledPair]]:
        """Draw unseen pairs, equally many of every label, in random order.

        Training pairs may repeat. Otherwise labels with fewer distinct pairs would run out of pairs of frequent words,
        and rare words would reveal the label.

        Args:
            purpose: The purpose of the random stream for the order of the labels.
            labels: The labels.
            draw: Draws a pair with a given label.
            splits: The splits to draw, in this order.
            seen: Keys of pairs that must not be drawn; those of drawn evaluation pairs are added.
            share: Factor for the sizes of the splits.

        Returns:
            The pairs by split.
        """
        pairs: dict[str, list[LabelledPair]] = {}
        for split in splits:
            count = max(len(labels), round(share * self.size(split)))
            order = [labels[i % len(labels)] for i in range(count)]
            self.rng(purpose, split, "labels").shuffle(order)
            pairs[split] = []
            for label in order:
                pairs[split] += draw_unseen(partial(draw, label), 1, seen, pair_key, repeat=split == "train")
        return pairs

    def draw_dev_and_train(self, draw: Callable[[], T], key: Callable[[T], Hashable]) -> dict[str, list[T]]:
        """Draw the examples of an English task by split; none occurs twice."""
        seen: set[Hashable] = set()
        return {split: draw_unseen(draw, self.size(split), seen, key) for split in ("dev", "train")}

    def draw_passages(self, sampler: PassageSampler, questions: int, seen: set[Hashable]) -> list[Passage]:
        """Draw unseen passages with ``questions`` questions in all; the last one may have fewer than the others."""
        passages: list[Passage] = []
        while questions > 0:
            (passage,) = draw_unseen(sampler.draw, 1, seen, lambda passage: passage.utterances)
            passages.append(passage._replace(questions=passage.questions[:questions]))
            questions -= len(passages[-1].questions)
        return passages

    def squad_articles(
        self, code: str, passages: Sequence[Passage], purpose: str, id_length: int, impossible: bool = False
    ) -> list[dict[str, Any]]:
        """Build articles in SQuAD's format.

        Args:
            code: The language.
            passages: The passages.
            purpose: The purpose of the random stream for the ids, which are the same in every language.
            id_length: The number of hexadecimal digits of an id.
            impossible: Whether to add the keys of SQuAD 2.0 for unanswerable questions.

        Returns:
            The ``data`` of a SQuAD file.
        """
        rng = self.rng(purpose, "ids")
        paragraphs = []
        for passage in passages:
            context, questions = render_passage(self.grammars[code], passage)
            entries = []
            for question in questions:
                answers = [{"text": question.text, "answer_start": question.start}]
                entry: dict[str, Any] = {
                    "question": question.question,
                    "id": f"{rng.getrandbits(4 * id_length):0{id_length}x}",
                    "answers": answers if question.answerable else [],
                }
                if impossible:
                    entry["is_impossible"] = not question.answerable
                    if not question.answerable:
                        entry["plausible_answers"] = answers
                entries.append(entry)
            paragraphs.append({"context": context, "qas": entries})
        starts = range(0, len(paragraphs), PARAGRAPHS_PER_ARTICLE)
        return [
            {"title": f"Synthetic_{number}", "paragraphs": paragraphs[start : start + PARAGRAPHS_PER_ARTICLE]}
            for number, start in enumerate(starts, 1)
        ]


def draw_unseen(
    draw: Callable[[], T], count: int, seen: set[Hashable], key: Callable[[T], Hashable], repeat: bool = False
) -> list[T]:
    """Draw examples, rejecting those that were seen before.

    Args:
        draw: Draws an example.
        count: The number of examples.
        seen: Keys of examples to reject; those of drawn examples are added unless ``repeat`` is set.
        key: The key of an example.
        repeat: Whether examples may occur several times.
    """
    examples: list[T] = []
    while len(examples) < count:
        example = draw()
        example_key = key(example)
        if example_key not in seen:
            examples.append(example)
            if not repeat:
                seen.add(example_key)
    return examples


def pair_key(pair: LabelledPair) -> Hashable:
    """Return what identifies a pair: its texts, without the label."""
    return pair.first, pair.second
