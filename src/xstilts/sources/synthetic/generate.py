"""Writes a whole synthetic data root: every task, in every synthetic language, in the official file formats."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from xstilts.atomic import write_text
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import NLI, TASKS
from xstilts.settings import SyntheticSource
from xstilts.sources import layout
from xstilts.sources.synthetic import documents, lexicon, releases
from xstilts.sources.synthetic.ccg import Derivations
from xstilts.sources.synthetic.choices import Choice, CommonSense, Stories
from xstilts.sources.synthetic.grammar import Grammar
from xstilts.sources.synthetic.languages import DESIGNS, LANGUAGES
from xstilts.sources.synthetic.pairs import DIFFERENT, PARAPHRASE, Inference, Pair, Paraphrases
from xstilts.sources.synthetic.questions import Passage, Passages, in_language
from xstilts.sources.synthetic.scenes import Scenes
from xstilts.sources.synthetic.sentences import NAME_RATES, RETRIEVAL_RATES, TAGGING_RATES, Sentences
from xstilts.sources.synthetic.world import World

#: What each dataset is about; targets and intermediate tasks differ, as they do in reality.
DOMAINS: dict[str, tuple[str, ...]] = {
    "anli/R1": ("castle",),
    "anli/R2": ("kitchen",),
    "anli/R3": ("school",),
    "mnli": ("town", "school"),
    "snli": ("sea", "farm"),
    "qqp": ("kitchen", "town"),
    "squad": ("castle", "school", "town"),
    "hellaswag": ("kitchen", "farm"),
    "cosmosqa": ("sea", "school"),
    "commonsenseqa": ("farm", "sea", "town", "kitchen", "school", "castle"),
    "ccg": ("town", "castle"),
    "xnli": ("farm", "castle", "sea"),
    "pawsx": ("castle", "sea"),
    "udpos": ("farm", "school", "kitchen"),
    "panx": ("sea", "town", "castle"),
    "mlqa": ("castle", "sea"),
    "tydiqa": ("farm", "sea", "kitchen"),
    "bucc2018": ("town", "school", "castle"),
    "tatoeba": ("farm", "kitchen", "town"),
}
#: Sizes of ANLI's three rounds and of SNLI, as shares of MNLI's.
ANLI_ROUND_SIZE, SNLI_SIZE = 0.125, 0.25
#: One row in so many of SNLI has no gold label, as in the release.
WITHOUT_GOLD = 100
#: TyDiQA's mixed train file also holds this share of examples in each of these languages.
TYDIQA_TRAIN_OTHERS, TYDIQA_OTHER_SHARE = ("qab", "qae"), 0.05
#: Share of a BUCC pool that has a translation in the other pool.
BUCC_PAIRED = 2 / 3
PARAGRAPHS_PER_ARTICLE = 10

_T = TypeVar("_T")
_BY_CODE = {language.code: language for language in LANGUAGES}


def generate(root: Path, settings: SyntheticSource, tasks: Collection[str] | None = None) -> None:
    """Write the data of the given tasks (default: all, and the unlabelled text) below ``root``.

    The files are those of :mod:`xstilts.sources.layout`, and ``languages.csv`` with the columns of the catalogue's. The
    same settings give the same bytes, whichever tasks are asked for; a seed changes the world, words and examples, but
    not the design of the languages.
    """
    world = World(settings.seed)
    forms = lexicon.forms(settings.seed, world.names.all())
    grammars = {design.code: Grammar(design, forms[design.code]) for design in DESIGNS}
    generator = _Generator(root, settings, world, grammars)
    write_text(root / "languages.csv", releases.language_table(LANGUAGES))
    for task in sorted(TASKS if tasks is None else set(tasks)):
        getattr(generator, task)()


class _Generator:
    """One method per task, named like it; each writes all files of the task."""

    def __init__(self, root: Path, settings: SyntheticSource, world: World, grammars: dict[str, Grammar]) -> None:
        self._root, self._settings, self._world, self._grammars = root, settings, world, grammars
        self._english = grammars[ENGLISH]

    def text(self) -> None:
        for code, number in documents.counts(self._settings.documents, list(self._grammars)).items():
            scenes = Scenes(self._world, self._rng("text", code))
            lines = documents.documents(number, self._grammars[code], self._grammars, scenes)
            self._write("text", "train", "\n".join(lines) + "\n", code)

    def anli(self) -> None:
        """The three rounds; MNLI and SNLI belong to it, too."""
        self.mnli()
        for number in (1, 2, 3):
            for split, pairs in self._inference(f"anli/R{number}", ANLI_ROUND_SIZE, adversarial=True).items():
                content = releases.anli([self._texts(pair) for pair in pairs], f"r{number}_{split}")
                write_text(self._files("anli", split)[number - 1], content)
        for split, pairs in self._inference("snli", SNLI_SIZE).items():
            texts = [self._texts(pair) for pair in pairs]
            unlabelled = [(*text[:2], releases.NO_GOLD_LABEL) for text in texts[::WITHOUT_GOLD]]
            write_text(self._files("anli", split)[-1], releases.glue_nli(texts + unlabelled))

    def mnli(self) -> None:
        for split, pairs in self._inference("mnli").items():
            content = releases.glue_nli([self._texts(pair) for pair in pairs], genre="synthetic")
            self._write("mnli", split, content)

    def qqp(self) -> None:
        draw = Paraphrases(self._world, self._rng("qqp"), DOMAINS["qqp"], questions=True).draw
        for split, pairs in self._labelled("qqp", (DIFFERENT, PARAPHRASE), draw, ("dev", "train")).items():
            self._write("qqp", split, releases.glue_qqp([self._texts(pair) for pair in pairs]))

    def squad_v1(self) -> None:
        self._squad("squad_v1", unanswerable=False)

    def squad_v2(self) -> None:
        self._squad("squad_v2", unanswerable=True)

    def hellaswag(self) -> None:
        draw = Stories(self._world, self._rng("hellaswag"), self._english, DOMAINS["hellaswag"]).ending
        for split, choices in self._splits(draw, _choice_key).items():
            self._write("hellaswag", split, releases.hellaswag(choices, {"dev": "val"}.get(split, split)))

    def cosmosqa(self) -> None:
        draw = Stories(self._world, self._rng("cosmosqa"), self._english, DOMAINS["cosmosqa"]).inference
        for split, choices in self._splits(draw, _choice_key).items():
            self._write("cosmosqa", split, releases.cosmosqa(choices, split))

    def commonsenseqa(self) -> None:
        draw = CommonSense(self._world, self._rng("commonsenseqa"), self._english, DOMAINS["commonsenseqa"]).draw
        for split, choices in self._splits(draw, lambda choice: choice.question).items():
            self._write("commonsenseqa", split, releases.commonsenseqa(choices, split))

    def ccg(self) -> None:
        draw = Derivations(self._world, self._rng("ccg"), self._english, DOMAINS["ccg"]).draw
        for split, nodes in self._splits(draw, lambda node: tuple(node.leaves())).items():
            self._write("ccg", split, releases.auto(nodes, split))

    def xnli(self) -> None:
        self._pairs("xnli", NLI, Inference(self._world, self._rng("xnli"), DOMAINS["xnli"]).draw)

    def pawsx(self) -> None:
        draw = Paraphrases(self._world, self._rng("pawsx"), DOMAINS["pawsx"]).draw
        self._pairs("pawsx", (DIFFERENT, PARAPHRASE), draw)

    def udpos(self) -> None:
        self._tagging("udpos", Sentences(self._world, self._rng("udpos"), TAGGING_RATES, DOMAINS["udpos"]), "upos")

    def panx(self) -> None:
        self._tagging("panx", Sentences(self._world, self._rng("panx"), NAME_RATES, DOMAINS["panx"]), "entity")

    def xquad(self) -> None:
        passages = self._passages(Passages(self._world, self._rng("xquad"), DOMAINS["squad"]))
        for code in self._grammars:
            self._write("xquad", "test", releases.squad(self._articles(code, passages, "xquad", 24), "1.1"), code)

    def mlqa(self) -> None:
        source = Passages(self._world, self._rng("mlqa"), DOMAINS["mlqa"])
        for split in ("dev", "test"):
            passages = self._passages(source)
            for code in self._grammars:
                articles = self._articles(code, passages, f"mlqa/{split}", 40)
                self._write("mlqa", split, releases.squad(articles, 1.0), code)

    def tydiqa(self) -> None:
        """Not parallel: every language has passages of its own."""
        source = Passages(self._world, self._rng("tydiqa"), DOMAINS["tydiqa"], questions=1)
        seen: set[Hashable] = set()
        for code in self._grammars:
            articles = self._tydiqa_articles(code, source, self._settings.eval_examples, seen)
            self._write("tydiqa", "dev", releases.squad(articles, None), code)
        train = self._tydiqa_articles(ENGLISH, source, self._settings.train_examples, seen)
        for code in TYDIQA_TRAIN_OTHERS:
            number = max(1, round(TYDIQA_OTHER_SHARE * self._settings.train_examples))
            train += self._tydiqa_articles(code, source, number, seen)
        self._rng("tydiqa", "order").shuffle(train)
        self._write("tydiqa", "train", releases.squad(train, "TyDiQA-GoldP-1.1-for-SQuAD-1.1"))

    def bucc2018(self) -> None:
        """Two pools of single sentences per language, of which a part are translations."""
        size = self._settings.eval_examples
        paired = max(1, round(BUCC_PAIRED * size))
        for code in self._foreign():
            rng = self._rng("bucc2018", code)
            source = Sentences(self._world, rng, RETRIEVAL_RATES, DOMAINS["bucc2018"])
            seen: set[Hashable] = set()
            for split in ("dev", "test"):
                sentences = _unseen(source.draw, 2 * size - paired, seen, self._english_key)
                pools = {code: sentences[:size], ENGLISH: sentences[:paired] + sentences[size:]}
                numbers = {side: rng.sample(range(10 * size), size) for side in pools}
                files = dict(zip((code, ENGLISH, "gold"), self._files("bucc2018", split, code), strict=True))
                for side, pool in pools.items():
                    rows = [
                        (_bucc_id(side, number), self._grammars[side].text(*sentence))
                        for number, sentence in zip(numbers[side], pool, strict=True)
                    ]
                    write_text(files[side], releases.tsv(rng.sample(rows, size)))
                gold = sorted(
                    (_bucc_id(code, foreign), _bucc_id(ENGLISH, english))
                    for foreign, english in zip(numbers[code][:paired], numbers[ENGLISH][:paired], strict=True)
                )
                write_text(files["gold"], releases.tsv(gold))

    def tatoeba(self) -> None:
        source = Sentences(self._world, self._rng("tatoeba"), RETRIEVAL_RATES, DOMAINS["tatoeba"])
        sentences = _unseen(source.draw, self._settings.eval_examples, set(), self._english_key)
        for code in self._foreign():
            for path, side in zip(self._files("tatoeba", "test", code), (code, ENGLISH), strict=True):
                write_text(path, "".join(self._grammars[side].text(*sentence) + "\n" for sentence in sentences))

    def _inference(self, domain: str, size: float = 1.0, adversarial: bool = False) -> dict[str, list[Pair]]:
        source = Inference(self._world, self._rng(domain), DOMAINS[domain], adversarial)
        return self._labelled(domain, NLI, source.draw, ("dev", "train"), size)

    def _pairs(self, task: str, labels: Sequence[str], draw: Callable[[str], Pair]) -> None:
        """Train in English; dev and test, of one meaning, in every language."""
        for split, pairs in self._labelled(task, labels, draw, ("dev", "test", "train")).items():
            for code in [ENGLISH] if split == "train" else self._grammars:
                self._write(task, split, releases.tsv(self._texts(pair, code) for pair in pairs), code)

    def _tagging(self, task: str, source: Sentences, column: str) -> None:
        """Train and dev in English; a test set of its own in every language."""
        sizes = {(split, ENGLISH): self._settings.eval_examples for split in ("dev", "test")}
        sizes |= {("test", code): self._settings.eval_examples for code in self._foreign()}
        sizes["train", ENGLISH] = self._settings.train_examples
        seen: set[Hashable] = set()
        for (split, code), size in sizes.items():
            sentences = _unseen(source.draw, size, seen, lambda sentence: sentence)
            tokens = [self._grammars[code].tokens(sentence) for sentence in sentences]
            self._write(task, split, releases.tagged(tokens, column), code)

    def _squad(self, task: str, unanswerable: bool) -> None:
        """The dev passages first; a train passage never is one of them."""
        source = Passages(self._world, self._rng(task), DOMAINS["squad"], unanswerable)
        seen: set[Hashable] = set()
        for split, size in (("dev", self._settings.eval_examples), ("train", self._settings.train_examples)):
            passages = self._passages(source, size, seen)
            articles = self._articles(ENGLISH, passages, f"{task}/{split}", 24, impossible=unanswerable)
            self._write(task, split, releases.squad(articles, "v2.0" if unanswerable else "1.1"))

    def _passages(
        self, source: Passages, questions: int | None = None, seen: set[Hashable] | None = None
    ) -> list[Passage]:
        """As many passages as have so many questions (default: an evaluation split's); the last one may be cut."""
        left = self._settings.eval_examples if questions is None else questions
        seen = set() if seen is None else seen
        passages: list[Passage] = []
        while left > 0:
            (passage,) = _unseen(source.draw, 1, seen, lambda passage: passage.utterances)
            passages.append(passage._replace(questions=passage.questions[:left]))
            left -= len(passages[-1].questions)
        return passages

    def _articles(
        self, code: str, passages: Sequence[Passage], purpose: str, id_length: int, impossible: bool = False
    ) -> list[dict[str, Any]]:
        """SQuAD's articles; ids are the same in every language."""
        rng = self._rng(purpose, "ids")
        paragraphs = []
        for passage in passages:
            context, answers = in_language(self._grammars[code], passage)
            questions = []
            for answer in answers:
                found = [{"text": answer.text, "answer_start": answer.start}]
                question = {"question": answer.question, "id": f"{rng.getrandbits(4 * id_length):0{id_length}x}"}
                question["answers"] = found if answer.answerable else []
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

    def _tydiqa_articles(
        self, code: str, source: Passages, questions: int, seen: set[Hashable]
    ) -> list[dict[str, Any]]:
        """An article per question; ids begin with the language's name."""
        name, rng = layout.tydiqa_name(_BY_CODE[code]), self._rng("tydiqa", code, str(len(seen)))
        articles = []
        for passage in self._passages(source, questions, seen):
            context, (answer,) = in_language(self._grammars[code], passage)
            question = {
                "question": answer.question,
                "answers": [{"text": answer.text, "answer_start": answer.start}],
                "id": f"{name}-{rng.getrandbits(63)}-0",
            }
            articles.append({"title": f"Synthetic {name}", "paragraphs": [{"context": context, "qas": [question]}]})
        return articles

    def _labelled(
        self,
        purpose: str,
        labels: Sequence[str],
        draw: Callable[[str], Pair],
        splits: Sequence[str],
        size: float = 1.0,
    ) -> dict[str, list[Pair]]:
        """Pairs with equally many of every label, in random order; none occurs twice."""
        seen: set[Hashable] = set()
        found: dict[str, list[Pair]] = {}
        for split in splits:
            number = self._settings.train_examples if split == "train" else self._settings.eval_examples
            order = [labels[i % len(labels)] for i in range(max(len(labels), round(size * number)))]
            self._rng(purpose, split, "labels").shuffle(order)
            found[split] = [
                _unseen(lambda label=label: draw(label), 1, seen, lambda pair: pair[:2])[0]  # type: ignore[misc]
                for label in order
            ]
        return found

    def _splits(self, draw: Callable[[], _T], key: Callable[[_T], Hashable]) -> dict[str, list[_T]]:
        """Dev and train examples of an English task; none occurs twice."""
        seen: set[Hashable] = set()
        sizes = {"dev": self._settings.eval_examples, "train": self._settings.train_examples}
        return {split: _unseen(draw, size, seen, key) for split, size in sizes.items()}

    def _texts(self, pair: Pair, code: str = ENGLISH) -> releases.Texts:
        grammar = self._grammars[code]
        return grammar.text(*pair.first), grammar.text(*pair.second), pair.label

    def _english_key(self, sentence: tuple[Any, ...]) -> str:
        return self._english.text(*sentence)

    def _foreign(self) -> list[str]:
        return [code for code in self._grammars if code != ENGLISH]

    def _rng(self, *purpose: str) -> random.Random:
        return random.Random("/".join((str(self._settings.seed), *purpose)))

    def _files(self, task: str, split: str, code: str = ENGLISH) -> tuple[Path, ...]:
        return layout.files(self._root, task, split, _BY_CODE[code])

    def _write(self, task: str, split: str, content: str, code: str = ENGLISH) -> None:
        (path,) = self._files(task, split, code)
        write_text(path, content)


def _unseen(draw: Callable[[], _T], number: int, seen: set[Hashable], key: Callable[[_T], Hashable]) -> list[_T]:
    """So many draws whose keys are not in ``seen``, and now are."""
    found: list[_T] = []
    while len(found) < number:
        example = draw()
        identity = key(example)
        if identity not in seen:
            seen.add(identity)
            found.append(example)
    return found


def _choice_key(choice: Choice) -> Hashable:
    return choice.context, choice.question


def _bucc_id(side: str, number: int) -> str:
    return f"{side}-{number:09d}"
