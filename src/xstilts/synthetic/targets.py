"""Writes the nine target tasks: training data in English, evaluation data in every language."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from xstilts.atomic import write_text
from xstilts.synthetic import releases
from xstilts.synthetic.inference import Inference
from xstilts.synthetic.pairs import Pair
from xstilts.synthetic.paraphrases import DIFFERENT, PARAPHRASE, Paraphrases
from xstilts.synthetic.questions import Passage, Passages, in_language
from xstilts.synthetic.sentences import NAME_RATES, RETRIEVAL_RATES, TAGGING_RATES, Sentence, Sentences
from xstilts.synthetic.workshop import BY_CODE, Workshop, pair_key, unseen
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
#: TyDiQA's mixed train file also has this share of examples in each of these languages.
TYDIQA_TRAIN_OTHERS, TYDIQA_OTHER_SHARE = ("qab", "qae"), 0.05
#: Share of a BUCC pool that has a translation in the other pool, and how much room the numbers of its ids have.
BUCC_PAIRED, BUCC_ID_ROOM = 2 / 3, 10


def xnli(shop: Workshop) -> None:
    evaluation = inference_evaluation(shop)
    seen: set[Hashable] = {pair_key(pair) for pairs in evaluation.values() for pair in pairs}
    draw = Inference(shop.world, shop.rng("xnli", "train"), DOMAINS["xnli"]).draw
    _write_pairs(shop, "xnli", evaluation | shop.labelled("xnli", NLI, draw, ("train",), seen))


def inference_evaluation(shop: Workshop) -> dict[str, list[Pair]]:
    """XNLI's dev and test pairs; intermediate tasks have to keep off them."""
    draw = Inference(shop.world, shop.rng("xnli", "evaluation"), DOMAINS["xnli"]).draw
    return shop.labelled("xnli", NLI, draw, ("dev", "test"), set())


def pawsx(shop: Workshop) -> None:
    draw = Paraphrases(shop.world, shop.rng("pawsx"), DOMAINS["pawsx"]).statements
    splits = ("dev", "test", "train")
    _write_pairs(shop, "pawsx", shop.labelled("pawsx", (DIFFERENT, PARAPHRASE), draw, splits, set()))


def udpos(shop: Workshop) -> None:
    _tagging(shop, "udpos", Sentences(shop.world, shop.rng("udpos"), TAGGING_RATES, DOMAINS["udpos"]), "upos")


def panx(shop: Workshop) -> None:
    _tagging(shop, "panx", Sentences(shop.world, shop.rng("panx"), NAME_RATES, DOMAINS["panx"]), "entity")


def xquad(shop: Workshop) -> None:
    _write_parallel_questions(shop, "xquad", xquad_evaluation(shop), "1.1", id_length=24)


def mlqa(shop: Workshop) -> None:
    _write_parallel_questions(shop, "mlqa", mlqa_evaluation(shop), 1.0, id_length=40)


def xquad_evaluation(shop: Workshop) -> dict[str, list[Passage]]:
    """By split; SQuAD has to keep off these passages."""
    source = Passages(shop.world, shop.rng("xquad"), DOMAINS["xquad"])
    return {"test": shop.passages(source, shop.size("test"), set())}


def mlqa_evaluation(shop: Workshop) -> dict[str, list[Passage]]:
    """By split; SQuAD has to keep off these passages."""
    source = Passages(shop.world, shop.rng("mlqa"), DOMAINS["mlqa"])
    seen: set[Hashable] = set()
    return {split: shop.passages(source, shop.size(split), seen) for split in ("dev", "test")}


def tydiqa(shop: Workshop) -> None:
    """Not parallel: every language has passages of its own. The train file mixes languages, as the release does."""
    source = Passages(shop.world, shop.rng("tydiqa"), DOMAINS["tydiqa"], questions=1)
    seen: set[Hashable] = set()
    for code in shop.grammars:
        articles = _tydiqa_articles(shop, code, "dev", source, shop.size("dev"), seen)
        shop.write("tydiqa", "dev", releases.squad(articles, None), code)
    train = _tydiqa_articles(shop, ENGLISH, "train", source, shop.size("train"), seen)
    for code in TYDIQA_TRAIN_OTHERS:
        number = max(1, round(TYDIQA_OTHER_SHARE * shop.size("train")))
        train += _tydiqa_articles(shop, code, "train", source, number, seen)
    shop.rng("tydiqa", "order").shuffle(train)
    shop.write("tydiqa", "train", releases.squad(train, "TyDiQA-GoldP-1.1-for-SQuAD-1.1"))


def bucc2018(shop: Workshop) -> None:
    for code in shop.foreign():
        source = Sentences(shop.world, shop.rng("bucc2018", code), RETRIEVAL_RATES, DOMAINS["bucc2018"])
        seen: set[Hashable] = set()
        for split in ("dev", "test"):
            _mining_pools(shop, code, split, source, seen)


def tatoeba(shop: Workshop) -> None:
    source = Sentences(shop.world, shop.rng("tatoeba"), RETRIEVAL_RATES, DOMAINS["tatoeba"])
    sentences = unseen(source.draw, shop.size("test"), set(), lambda sentence: sentence)
    for code in shop.foreign():
        for path, side in zip(shop.files("tatoeba", "test", code), (code, ENGLISH), strict=True):
            write_text(path, "".join(shop.grammars[side].text(*sentence) + "\n" for sentence in sentences))


def _write_pairs(shop: Workshop, task: str, pairs_of: Mapping[str, Sequence[Pair]]) -> None:
    """Train in English; dev and test, of one meaning, in every language."""
    for split, pairs in pairs_of.items():
        for code in [ENGLISH] if split == "train" else shop.grammars:
            shop.write(task, split, releases.tsv(shop.texts(pair, code) for pair in pairs), code)


def _write_parallel_questions(
    shop: Workshop, task: str, passages_of: Mapping[str, Sequence[Passage]], version: str | float, id_length: int
) -> None:
    for split, passages in passages_of.items():
        for code in shop.grammars:
            articles = shop.articles(code, passages, f"{task}/{split}", id_length)
            shop.write(task, split, releases.squad(articles, version), code)


def _tagging(shop: Workshop, task: str, source: Sentences, column: str) -> None:
    """Train and dev in English; a test set of its own in every language. No meaning occurs twice."""
    files = [("dev", ENGLISH), *(("test", code) for code in shop.grammars), ("train", ENGLISH)]
    seen: set[Hashable] = set()
    for split, code in files:
        sentences = unseen(source.draw, shop.size(split), seen, lambda sentence: sentence)
        tokens = [shop.grammars[code].tokens(sentence) for sentence in sentences]
        shop.write(task, split, releases.tagged(tokens, column), code)


def _tydiqa_articles(
    shop: Workshop, code: str, split: str, source: Passages, questions: int, seen: set[Hashable]
) -> list[dict[str, Any]]:
    """An article per question; ids begin with the language's name."""
    name, rng = TASKS["tydiqa"].language_name(BY_CODE[code]), shop.rng("tydiqa", code, split, "ids")
    articles = []
    for passage in shop.passages(source, questions, seen):
        context, (answer,) = in_language(shop.grammars[code], passage)
        question = {
            "question": answer.question,
            "answers": [{"text": answer.text, "answer_start": answer.start}],
            "id": f"{name}-{rng.getrandbits(63)}-0",
        }
        articles.append({"title": f"Synthetic {name}", "paragraphs": [{"context": context, "qas": [question]}]})
    return articles


def _mining_pools(shop: Workshop, code: str, split: str, source: Sentences, seen: set[Hashable]) -> None:
    """Two pools of single sentences, in random order, of which a part are translations of each other."""
    rng, size = shop.rng("bucc2018", code, split), shop.size(split)
    paired = max(1, round(BUCC_PAIRED * size))
    drawn: list[Sentence] = unseen(source.draw, 2 * size - paired, seen, lambda sentence: sentence)
    pools = {code: drawn[:size], ENGLISH: drawn[:paired] + drawn[size:]}
    ids = {side: [f"{side}-{n:09d}" for n in rng.sample(range(BUCC_ID_ROOM * size), size)] for side in pools}
    paths = dict(zip((code, ENGLISH, "gold"), shop.files("bucc2018", split, code), strict=True))
    for side, pool in pools.items():
        rows = [(name, shop.grammars[side].text(*said)) for name, said in zip(ids[side], pool, strict=True)]
        write_text(paths[side], releases.tsv(rng.sample(rows, size)))
    write_text(paths["gold"], releases.tsv(sorted(zip(ids[code][:paired], ids[ENGLISH][:paired], strict=True))))


WRITERS: dict[str, Callable[[Workshop], None]] = {
    writer.__name__: writer for writer in (xnli, pawsx, udpos, panx, xquad, mlqa, tydiqa, bucc2018, tatoeba)
}
