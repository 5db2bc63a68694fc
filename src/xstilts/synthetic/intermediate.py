"""The nine intermediate tasks: English only, each about its own topics."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from xstilts.atomic import write_text
from xstilts.synthetic import releases, targets
from xstilts.synthetic.builder import DatasetBuilder, pair_key
from xstilts.synthetic.ccg import DerivationSampler
from xstilts.synthetic.choices import ChoiceExample, CommonsenseSampler, StorySampler
from xstilts.synthetic.concepts import TOPICS
from xstilts.synthetic.inference import InferenceSampler
from xstilts.synthetic.pairs import LabelledPair
from xstilts.synthetic.paraphrases import DIFFERENT, PARAPHRASE, ParaphraseSampler
from xstilts.synthetic.questions import PassageSampler
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
#: SNLI gets an extra row without gold label for every 100 rows, as such rows occur in the release.
ROWS_PER_UNLABELLED = 100


def write_anli(builder: DatasetBuilder) -> None:
    """Write ANLI+: the three rounds of ANLI, MNLI and SNLI."""
    write_mnli(builder)
    for anli_round in (1, 2, 3):
        for split, pairs in _inference(builder, f"anli/R{anli_round}", ANLI_ROUND_SHARE, adversarial=True).items():
            content = releases.anli_jsonl([builder.render(pair) for pair in pairs], f"r{anli_round}_{split}")
            write_text(builder.files("anli", split)[anli_round - 1], content)
    for split, pairs in _inference(builder, "snli", SNLI_SHARE).items():
        texts = [builder.render(pair) for pair in pairs]
        unlabelled = [(*text[:2], releases.NO_GOLD_LABEL) for text in texts[::ROWS_PER_UNLABELLED]]
        write_text(builder.files("anli", split)[-1], releases.nli_tsv(texts + unlabelled))


def write_mnli(builder: DatasetBuilder) -> None:
    """Write MNLI."""
    for split, pairs in _inference(builder, "mnli").items():
        for code in _languages(builder, "mnli", split):
            texts = [builder.render(pair, code) for pair in pairs]
            builder.write("mnli", split, releases.nli_tsv(texts, genre="synthetic"), code)


def write_qqp(builder: DatasetBuilder) -> None:
    """Write QQP."""
    draw = ParaphraseSampler(builder.world, builder.rng("qqp"), DOMAINS["qqp"]).questions
    for split, pairs in builder.draw_pairs("qqp", (DIFFERENT, PARAPHRASE), draw, ("dev", "train"), set()).items():
        for code in _languages(builder, "qqp", split):
            builder.write("qqp", split, releases.qqp_tsv([builder.render(pair, code) for pair in pairs]), code)


def write_squad_v1(builder: DatasetBuilder) -> None:
    """Write SQuAD 1.1."""
    _squad(builder, "squad_v1", unanswerable=False)


def write_squad_v2(builder: DatasetBuilder) -> None:
    """Write SQuAD 2.0."""
    _squad(builder, "squad_v2", unanswerable=True)


def write_hellaswag(builder: DatasetBuilder) -> None:
    """Write HellaSwag."""
    draw = StorySampler(builder.world, builder.rng("hellaswag"), builder.english, DOMAINS["hellaswag"]).ending
    for split, examples in builder.draw_dev_and_train(draw, _choice_key).items():
        builder.write("hellaswag", split, releases.hellaswag_jsonl(examples, {"dev": "val"}.get(split, split)))


def write_cosmosqa(builder: DatasetBuilder) -> None:
    """Write Cosmos QA."""
    draw = StorySampler(builder.world, builder.rng("cosmosqa"), builder.english, DOMAINS["cosmosqa"]).inference
    for split, examples in builder.draw_dev_and_train(draw, _choice_key).items():
        builder.write("cosmosqa", split, releases.cosmosqa_csv(examples, split))


def write_commonsenseqa(builder: DatasetBuilder) -> None:
    """Write CommonsenseQA."""
    draw = CommonsenseSampler(
        builder.world, builder.rng("commonsenseqa"), builder.english, DOMAINS["commonsenseqa"]
    ).draw
    for split, examples in builder.draw_dev_and_train(draw, _choice_key).items():
        builder.write("commonsenseqa", split, releases.commonsenseqa_jsonl(examples, split))


def write_ccg(builder: DatasetBuilder) -> None:
    """Write CCGbank."""
    draw = DerivationSampler(builder.world, builder.rng("ccg"), builder.english, DOMAINS["ccg"]).draw
    for split, nodes in builder.draw_dev_and_train(draw, lambda node: tuple(node.leaves())).items():
        builder.write("ccg", split, releases.ccg_auto(nodes, split))


def _inference(
    builder: DatasetBuilder, domain: str, share: float = 1.0, adversarial: bool = False
) -> dict[str, list[LabelledPair]]:
    """Draw dev and training pairs; XNLI is evaluated on none of them."""
    sampler = InferenceSampler(builder.world, builder.rng(domain), DOMAINS[domain], adversarial)
    reserved = {pair_key(pair) for pairs in targets.inference_evaluation(builder).values() for pair in pairs}
    return builder.draw_pairs(domain, NLI, sampler.draw, ("dev", "train"), reserved, share)


def _squad(builder: DatasetBuilder, task: str, unanswerable: bool) -> None:
    """Write a version of SQuAD; no training passage is a passage of the dev set, of XQuAD or of MLQA."""
    sampler = PassageSampler(builder.world, builder.rng(task), DOMAINS["squad"], unanswerable)
    evaluation = [*targets.xquad_evaluation(builder).values(), *targets.mlqa_evaluation(builder).values()]
    seen: set[Hashable] = {passage.utterances for passages in evaluation for passage in passages}
    for split in ("dev", "train"):
        passages = builder.draw_passages(sampler, builder.size(split), seen)
        for code in _languages(builder, task, split):
            articles = builder.squad_articles(code, passages, f"{task}/{split}", 24, impossible=unanswerable)
            builder.write(task, split, releases.squad_json(articles, "v2.0" if unanswerable else "1.1"), code)


def _languages(builder: DatasetBuilder, task: str, split: str) -> list[str]:
    """The languages that a split is written in: dev data is English."""
    return builder.training_languages(task) if split == "train" else [ENGLISH]


def _choice_key(example: ChoiceExample) -> Hashable:
    return example.context, example.question


#: By task, the function that writes its files.
WRITERS: dict[str, Callable[[DatasetBuilder], None]] = {
    "anli": write_anli,
    "mnli": write_mnli,
    "qqp": write_qqp,
    "squad_v1": write_squad_v1,
    "squad_v2": write_squad_v2,
    "hellaswag": write_hellaswag,
    "cosmosqa": write_cosmosqa,
    "commonsenseqa": write_commonsenseqa,
    "ccg": write_ccg,
}
