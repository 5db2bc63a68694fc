"""Writes the nine intermediate tasks: English only, each about topics of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from xstilts.atomic import write_text
from xstilts.synthetic import releases, targets
from xstilts.synthetic.ccg import Derivations
from xstilts.synthetic.choices import Choice, CommonSense, Stories
from xstilts.synthetic.concepts import TOPICS
from xstilts.synthetic.inference import Inference
from xstilts.synthetic.pairs import Pair
from xstilts.synthetic.paraphrases import DIFFERENT, PARAPHRASE, Paraphrases
from xstilts.synthetic.questions import Passages
from xstilts.synthetic.workshop import Workshop, pair_key
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.nli import NLI

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
    "commonsenseqa": TOPICS,
    "ccg": ("town", "castle"),
}
#: Sizes of each of ANLI's three rounds and of SNLI, as shares of MNLI's.
ANLI_ROUND_SHARE, SNLI_SHARE = 0.125, 0.25
#: One row in so many of SNLI has no gold label, as in the release; these come on top.
WITHOUT_GOLD = 100


def anli(shop: Workshop) -> None:
    """The three rounds; MNLI and SNLI belong to it, too."""
    mnli(shop)
    for number in (1, 2, 3):
        for split, pairs in _inference(shop, f"anli/R{number}", ANLI_ROUND_SHARE, adversarial=True).items():
            content = releases.anli([shop.texts(pair) for pair in pairs], f"r{number}_{split}")
            write_text(shop.files("anli", split)[number - 1], content)
    for split, pairs in _inference(shop, "snli", SNLI_SHARE).items():
        texts = [shop.texts(pair) for pair in pairs]
        unlabelled = [(*text[:2], releases.NO_GOLD_LABEL) for text in texts[::WITHOUT_GOLD]]
        write_text(shop.files("anli", split)[-1], releases.glue_nli(texts + unlabelled))


def mnli(shop: Workshop) -> None:
    for split, pairs in _inference(shop, "mnli").items():
        shop.write("mnli", split, releases.glue_nli([shop.texts(pair) for pair in pairs], genre="synthetic"))


def qqp(shop: Workshop) -> None:
    draw = Paraphrases(shop.world, shop.rng("qqp"), DOMAINS["qqp"]).questions
    for split, pairs in shop.labelled("qqp", (DIFFERENT, PARAPHRASE), draw, ("dev", "train"), set()).items():
        shop.write("qqp", split, releases.glue_qqp([shop.texts(pair) for pair in pairs]))


def squad_v1(shop: Workshop) -> None:
    _squad(shop, "squad_v1", unanswerable=False)


def squad_v2(shop: Workshop) -> None:
    _squad(shop, "squad_v2", unanswerable=True)


def hellaswag(shop: Workshop) -> None:
    draw = Stories(shop.world, shop.rng("hellaswag"), shop.english, DOMAINS["hellaswag"]).ending
    for split, choices in shop.dev_and_train(draw, _choice_key).items():
        shop.write("hellaswag", split, releases.hellaswag(choices, {"dev": "val"}.get(split, split)))


def cosmosqa(shop: Workshop) -> None:
    draw = Stories(shop.world, shop.rng("cosmosqa"), shop.english, DOMAINS["cosmosqa"]).inference
    for split, choices in shop.dev_and_train(draw, _choice_key).items():
        shop.write("cosmosqa", split, releases.cosmosqa(choices, split))


def commonsenseqa(shop: Workshop) -> None:
    draw = CommonSense(shop.world, shop.rng("commonsenseqa"), shop.english, DOMAINS["commonsenseqa"]).draw
    for split, choices in shop.dev_and_train(draw, _choice_key).items():
        shop.write("commonsenseqa", split, releases.commonsenseqa(choices, split))


def ccg(shop: Workshop) -> None:
    draw = Derivations(shop.world, shop.rng("ccg"), shop.english, DOMAINS["ccg"]).draw
    for split, nodes in shop.dev_and_train(draw, lambda node: tuple(node.leaves())).items():
        shop.write("ccg", split, releases.auto(nodes, split))


def _inference(shop: Workshop, domain: str, share: float = 1.0, adversarial: bool = False) -> dict[str, list[Pair]]:
    """Dev and train pairs, none of which XNLI is evaluated on."""
    source = Inference(shop.world, shop.rng(domain), DOMAINS[domain], adversarial)
    reserved = {pair_key(pair) for pairs in targets.inference_evaluation(shop).values() for pair in pairs}
    return shop.labelled(domain, NLI, source.draw, ("dev", "train"), reserved, share)


def _squad(shop: Workshop, task: str, unanswerable: bool) -> None:
    """The dev passages first; a train passage never is one of them, nor of those that XQuAD and MLQA ask about."""
    source = Passages(shop.world, shop.rng(task), DOMAINS["squad"], unanswerable)
    evaluation = [*targets.xquad_evaluation(shop).values(), *targets.mlqa_evaluation(shop).values()]
    seen: set[Hashable] = {passage.utterances for passages in evaluation for passage in passages}
    for split in ("dev", "train"):
        passages = shop.passages(source, shop.size(split), seen)
        articles = shop.articles(ENGLISH, passages, f"{task}/{split}", 24, impossible=unanswerable)
        shop.write(task, split, releases.squad(articles, "v2.0" if unanswerable else "1.1"))


def _choice_key(choice: Choice) -> Hashable:
    return choice.context, choice.question


WRITERS: dict[str, Callable[[Workshop], None]] = {
    writer.__name__: writer for writer in (anli, mnli, qqp, squad_v1, squad_v2, hellaswag, cosmosqa, commonsenseqa, ccg)
}
