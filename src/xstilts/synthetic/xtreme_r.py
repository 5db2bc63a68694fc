"""The tasks that XTREME-R adds to XTREME's, and those that they are trained on."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from xstilts.synthetic import intermediate, releases, targets
from xstilts.synthetic.builder import DatasetBuilder, draw_unseen
from xstilts.synthetic.choices import CausalExample, StorySampler
from xstilts.synthetic.entities import EntitySampler, context_record, entity_record, mention_record, sentence_spans
from xstilts.synthetic.meaning import Phrase

DOMAINS: dict[str, tuple[str, ...]] = {
    "siqa": ("school", "kitchen"),
    "copa": ("farm", "town"),
    "xcopa": ("castle", "sea"),
    "wikipedia_pairs": ("school", "farm", "castle"),
    "mewslix": ("town", "sea", "kitchen"),
}
#: Entities at most, by split: there are little more than 100 names of two words.
ENTITIES = {"dev": 10, "train": 35, "test": 35}


def write_siqa(builder: DatasetBuilder) -> None:
    """Write Social IQa."""
    draw = StorySampler(builder.world, builder.rng("siqa"), builder.english, DOMAINS["siqa"]).reaction
    for split, examples in builder.draw_dev_and_train(draw, lambda one: (one.context, one.question)).items():
        builder.write("siqa", split, releases.siqa_jsonl(examples))


def write_copa(builder: DatasetBuilder) -> None:
    """Write COPA; XCOPA has none of its examples."""
    seen: set[Hashable] = {_key(one) for examples in _xcopa(builder).values() for one in examples}
    draw = StorySampler(builder.world, builder.rng("copa"), builder.english, DOMAINS["copa"]).causal
    for split in ("dev", "train"):
        examples = draw_unseen(draw, builder.size(split), seen, _key)
        builder.write("copa", split, releases.xcopa_jsonl(examples, builder.english))


def write_xcopa(builder: DatasetBuilder) -> None:
    """Write XCOPA: the same examples in every language but English, whose dev set is COPA's."""
    for split, examples in _xcopa(builder).items():
        for code in builder.foreign_codes():
            builder.write("xcopa", split, releases.xcopa_jsonl(examples, builder.grammars[code]), code)


def _xcopa(builder: DatasetBuilder) -> dict[str, list[CausalExample]]:
    draw = StorySampler(builder.world, builder.rng("xcopa"), builder.english, DOMAINS["xcopa"]).causal
    seen: set[Hashable] = set()
    return {split: draw_unseen(draw, builder.size(split), seen, _key) for split in ("dev", "test")}


def _key(example: CausalExample) -> Hashable:
    return example.premise, example.asked


def write_lareqa(builder: DatasetBuilder) -> None:
    """Write LAReQA: XQuAD, with the places where sentences begin and end."""
    passages = targets.xquad_evaluation(builder)["test"]
    for code, grammar in builder.grammars.items():
        articles = builder.squad_articles(code, passages, "xquad/test", 24)
        paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
        for paragraph, passage in zip(paragraphs, passages, strict=True):
            paragraph["sentence_breaks"] = [list(span) for span in sentence_spans(grammar, passage.utterances)]
        builder.write("lareqa", "test", releases.squad_json(articles, "1.1"), code)


def write_wikipedia_pairs(builder: DatasetBuilder) -> None:
    """Write the English pairs of mentions and entities that Mewsli-X is trained on."""
    sampler = EntitySampler(builder.world, builder.rng("wikipedia_pairs", "text"), DOMAINS["wikipedia_pairs"])
    entities, number = _trained_entities(builder), 0
    for split, of_split in entities.items():
        records = []
        for _ in range(builder.size(split)):
            number += 1
            place = sampler.rng.randrange(len(of_split))
            identifier, entity = f"Q{split[0]}{place}", of_split[place]
            text = sampler.mentioning(entity)
            mentioned = {
                "context": context_record(f"wikipedia-{number}", text, builder.english),
                "mention": mention_record(f"wikipedia-{number}", identifier, text, builder.english),
            }
            described = entity_record(identifier, entity, sampler.about(entity), builder.english)
            records.append({"contextual_mention": mentioned, "entity": described})
        builder.write("wikipedia_pairs", split, releases.jsonl(records))


def write_mewslix(builder: DatasetBuilder) -> None:
    """Write Mewsli-X: mentions in every language, of entities that are described in one language each."""
    seen: set[Hashable] = {entity for entities in _trained_entities(builder).values() for entity in entities}
    sampler = EntitySampler(builder.world, builder.rng("mewslix"), DOMAINS["mewslix"])
    count = min(ENTITIES["test"], builder.size("test"))
    entities = draw_unseen(sampler.entity, count, seen, lambda entity: entity)
    pool = []
    for place, entity in enumerate(entities):
        grammar = builder.grammars[sampler.rng.choice(list(builder.grammars))]
        pool.append(entity_record(f"Q{place}", entity, sampler.about(entity), grammar))
    builder.write("mewslix", "pool", releases.jsonl(pool))
    for code, grammar in builder.grammars.items():
        for split in ("dev", "test"):
            records = []
            for number in range(builder.size(split)):
                place, document = sampler.rng.randrange(len(entities)), f"{split}-{code}-{number}"
                text = sampler.mentioning(entities[place])
                mention = mention_record(document, f"Q{place}", text, grammar)
                records.append({"context": context_record(document, text, grammar), "mentions": [mention]})
            builder.write("mewslix", split, releases.jsonl(records), code)


def _trained_entities(builder: DatasetBuilder) -> dict[str, list[Phrase]]:
    """The entities of the training and dev pairs, none of which Mewsli-X asks for."""
    sampler = EntitySampler(builder.world, builder.rng("wikipedia_pairs"), DOMAINS["wikipedia_pairs"])
    seen: set[Hashable] = set()
    sizes = {split: min(ENTITIES[split], builder.size(split)) for split in ("dev", "train")}
    return {split: draw_unseen(sampler.entity, size, seen, lambda entity: entity) for split, size in sizes.items()}


#: By task, the function that writes its files.
WRITERS: dict[str, Callable[[DatasetBuilder], None]] = {
    "siqa": write_siqa,
    "copa": write_copa,
    "xcopa": write_xcopa,
    "squad_sentences": intermediate.write_squad_v1,
    "lareqa": write_lareqa,
    "wikipedia_pairs": write_wikipedia_pairs,
    "mewslix": write_mewslix,
}
