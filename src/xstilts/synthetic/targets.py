"""The nine target tasks: training data in English, evaluation data in every language."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from xstilts.atomic import write_text
from xstilts.synthetic import releases
from xstilts.synthetic.builder import BY_CODE, DatasetBuilder, draw_unseen, pair_key
from xstilts.synthetic.inference import InferenceSampler
from xstilts.synthetic.pairs import LabelledPair
from xstilts.synthetic.paraphrases import DIFFERENT, PARAPHRASE, ParaphraseSampler
from xstilts.synthetic.questions import Passage, PassageSampler, render_passage
from xstilts.synthetic.sentences import NAME_RATES, RETRIEVAL_RATES, TAGGING_RATES, Sentence, SentenceSampler
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.nli import NLI
from xstilts.tasks.registry import TASKS

DOMAINS: dict[str, tuple[str, ...]] = {
    "xnli": ("farm", "castle", "sea"),
    "pawsx": ("castle", "sea"),
    "udpos": ("farm", "school", "kitchen"),
    "panx": ("sea", "town", "castle"),
    "xquad": ("castle", "school", "town"),
    "mlqa": ("castle", "sea"),
    "tydiqa": ("farm", "sea", "kitchen"),
    "bucc2018": ("town", "school", "castle"),
    "tatoeba": ("farm", "kitchen", "town"),
}
#: Other languages in TyDiQA's training file, and the number of examples in each, relative to English.
TYDIQA_TRAIN_OTHERS, TYDIQA_OTHER_SHARE = ("qab", "qae"), 0.05
#: Share of a BUCC2018 pool that has a translation in the other pool.
BUCC_PAIRED_SHARE = 2 / 3
#: The numbers in BUCC2018's ids are drawn from a range this many times as large as the pool.
BUCC_ID_RANGE = 10


def write_xnli(builder: DatasetBuilder) -> None:
    """Write XNLI."""
    evaluation = inference_evaluation(builder)
    seen: set[Hashable] = {pair_key(pair) for pairs in evaluation.values() for pair in pairs}
    draw = InferenceSampler(builder.world, builder.rng("xnli", "train"), DOMAINS["xnli"]).draw
    _write_pairs(builder, "xnli", evaluation | builder.draw_pairs("xnli", NLI, draw, ("train",), seen))


def inference_evaluation(builder: DatasetBuilder) -> dict[str, list[LabelledPair]]:
    """Draw the dev and test pairs of XNLI by split; intermediate tasks must not contain them."""
    draw = InferenceSampler(builder.world, builder.rng("xnli", "evaluation"), DOMAINS["xnli"]).draw
    return builder.draw_pairs("xnli", NLI, draw, ("dev", "test"), set())


def write_pawsx(builder: DatasetBuilder) -> None:
    """Write PAWS-X."""
    draw = ParaphraseSampler(builder.world, builder.rng("pawsx"), DOMAINS["pawsx"]).statements
    splits = ("dev", "test", "train")
    _write_pairs(builder, "pawsx", builder.draw_pairs("pawsx", (DIFFERENT, PARAPHRASE), draw, splits, set()))


def write_udpos(builder: DatasetBuilder) -> None:
    """Write UDPOS."""
    _write_tagging(
        builder, "udpos", SentenceSampler(builder.world, builder.rng("udpos"), TAGGING_RATES, DOMAINS["udpos"]), "upos"
    )


def write_panx(builder: DatasetBuilder) -> None:
    """Write PAN-X."""
    _write_tagging(
        builder, "panx", SentenceSampler(builder.world, builder.rng("panx"), NAME_RATES, DOMAINS["panx"]), "entity"
    )


def write_xquad(builder: DatasetBuilder) -> None:
    """Write XQuAD."""
    _write_parallel_questions(builder, "xquad", xquad_evaluation(builder), "1.1", id_length=24)


def write_mlqa(builder: DatasetBuilder) -> None:
    """Write MLQA."""
    _write_parallel_questions(builder, "mlqa", mlqa_evaluation(builder), 1.0, id_length=40)


def xquad_evaluation(builder: DatasetBuilder) -> dict[str, list[Passage]]:
    """Draw the passages of XQuAD by split; SQuAD must not contain them."""
    sampler = PassageSampler(builder.world, builder.rng("xquad"), DOMAINS["xquad"])
    return {"test": builder.draw_passages(sampler, builder.size("test"), set())}


def mlqa_evaluation(builder: DatasetBuilder) -> dict[str, list[Passage]]:
    """Draw the passages of MLQA by split; SQuAD must not contain them."""
    sampler = PassageSampler(builder.world, builder.rng("mlqa"), DOMAINS["mlqa"])
    seen: set[Hashable] = set()
    return {split: builder.draw_passages(sampler, builder.size(split), seen) for split in ("dev", "test")}


def write_tydiqa(builder: DatasetBuilder) -> None:
    """Write TyDiQA-GoldP: not parallel, with several languages in the training file, as in the release."""
    sampler = PassageSampler(builder.world, builder.rng("tydiqa"), DOMAINS["tydiqa"], questions=1)
    seen: set[Hashable] = set()
    for code in builder.grammars:
        articles = _tydiqa_articles(builder, code, "dev", sampler, builder.size("dev"), seen)
        builder.write("tydiqa", "dev", releases.squad_json(articles, None), code)
    train = _tydiqa_articles(builder, ENGLISH, "train", sampler, builder.size("train"), seen)
    for code in TYDIQA_TRAIN_OTHERS:
        count = max(1, round(TYDIQA_OTHER_SHARE * builder.size("train")))
        train += _tydiqa_articles(builder, code, "train", sampler, count, seen)
    builder.rng("tydiqa", "order").shuffle(train)
    builder.write("tydiqa", "train", releases.squad_json(train, "TyDiQA-GoldP-1.1-for-SQuAD-1.1"))


def write_bucc2018(builder: DatasetBuilder) -> None:
    """Write BUCC2018."""
    for code in builder.foreign_codes():
        sampler = SentenceSampler(builder.world, builder.rng("bucc2018", code), RETRIEVAL_RATES, DOMAINS["bucc2018"])
        seen: set[Hashable] = set()
        for split in ("dev", "test"):
            _mining_pools(builder, code, split, sampler, seen)


def write_tatoeba(builder: DatasetBuilder) -> None:
    """Write Tatoeba: the same sentences in every language."""
    sampler = SentenceSampler(builder.world, builder.rng("tatoeba"), RETRIEVAL_RATES, DOMAINS["tatoeba"])
    sentences = draw_unseen(sampler.draw, builder.size("test"), set(), lambda sentence: sentence)
    for code in builder.foreign_codes():
        for path, side in zip(builder.files("tatoeba", "test", code), (code, ENGLISH), strict=True):
            write_text(path, "".join(builder.grammars[side].text(*sentence) + "\n" for sentence in sentences))


def _write_pairs(builder: DatasetBuilder, task: str, pairs_by_split: Mapping[str, Sequence[LabelledPair]]) -> None:
    """Write training pairs in English and what else is asked for, and dev and test pairs in every language."""
    for split, pairs in pairs_by_split.items():
        for code in builder.training_languages(task) if split == "train" else builder.grammars:
            builder.write(task, split, releases.tsv(builder.render(pair, code) for pair in pairs), code)


def _write_parallel_questions(
    builder: DatasetBuilder,
    task: str,
    passages_by_split: Mapping[str, Sequence[Passage]],
    version: str | float,
    id_length: int,
) -> None:
    for split, passages in passages_by_split.items():
        for code in builder.grammars:
            articles = builder.squad_articles(code, passages, f"{task}/{split}", id_length)
            builder.write(task, split, releases.squad_json(articles, version), code)


def _write_tagging(builder: DatasetBuilder, task: str, sampler: SentenceSampler, column: str) -> None:
    """Write training and dev sets in English and a test set in every language; no sentence occurs twice.

    Training and dev sets in other languages that are asked for have the sentences of the English ones.
    """
    files = [("dev", ENGLISH), *(("test", code) for code in builder.grammars), ("train", ENGLISH)]
    seen: set[Hashable] = set()
    for split, code in files:
        sentences = draw_unseen(sampler.draw, builder.size(split), seen, lambda sentence: sentence)
        for rendered in [code] if split == "test" else builder.training_languages(task):
            tokens = [builder.grammars[rendered].tokens(sentence) for sentence in sentences]
            builder.write(task, split, releases.tagged_tsv(tokens, column), rendered)


def _tydiqa_articles(
    builder: DatasetBuilder, code: str, split: str, sampler: PassageSampler, questions: int, seen: set[Hashable]
) -> list[dict[str, Any]]:
    """Build one article per question; ids begin with the name of the language."""
    name, rng = TASKS["tydiqa"].language_name(BY_CODE[code]), builder.rng("tydiqa", code, split, "ids")
    articles = []
    for passage in builder.draw_passages(sampler, questions, seen):
        context, (question,) = render_passage(builder.grammars[code], passage)
        entry = {
            "question": question.question,
            "answers": [{"text": question.text, "answer_start": question.start}],
            "id": f"{name}-{rng.getrandbits(63)}-0",
        }
        articles.append({"title": f"Synthetic {name}", "paragraphs": [{"context": context, "qas": [entry]}]})
    return articles


def _mining_pools(
    builder: DatasetBuilder, code: str, split: str, sampler: SentenceSampler, seen: set[Hashable]
) -> None:
    """Write two pools of sentences in random order, part of which are translations of each other."""
    rng, size = builder.rng("bucc2018", code, split), builder.size(split)
    paired = max(1, round(BUCC_PAIRED_SHARE * size))
    drawn: list[Sentence] = draw_unseen(sampler.draw, 2 * size - paired, seen, lambda sentence: sentence)
    pools = {code: drawn[:size], ENGLISH: drawn[:paired] + drawn[size:]}
    ids = {side: [f"{side}-{n:09d}" for n in rng.sample(range(BUCC_ID_RANGE * size), size)] for side in pools}
    paths = dict(zip((code, ENGLISH, "gold"), builder.files("bucc2018", split, code), strict=True))
    for side, pool in pools.items():
        rows = [(name, builder.grammars[side].text(*sentence)) for name, sentence in zip(ids[side], pool, strict=True)]
        write_text(paths[side], releases.tsv(rng.sample(rows, size)))
    write_text(paths["gold"], releases.tsv(sorted(zip(ids[code][:paired], ids[ENGLISH][:paired], strict=True))))


#: By task, the function that writes its files.
WRITERS: dict[str, Callable[[DatasetBuilder], None]] = {
    "xnli": write_xnli,
    "pawsx": write_pawsx,
    "udpos": write_udpos,
    "panx": write_panx,
    "xquad": write_xquad,
    "mlqa": write_mlqa,
    "tydiqa": write_tydiqa,
    "bucc2018": write_bucc2018,
    "tatoeba": write_tatoeba,
}
