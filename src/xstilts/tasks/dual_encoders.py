"""Queries and what answers them, found by comparing embeddings: one encoder for both sides, trained on pairs."""

from __future__ import annotations

from xstilts.tasks.question_answering import SQUAD_V1
from xstilts.tasks.task import Task, by_language, codes

_METRICS = ("map@20",)

SQUAD_SENTENCES = Task(
    name="squad_sentences",
    title="SQuAD 1.1 as retrieval",
    type="dual_encoder",
    licence=SQUAD_V1.licence,
    homepage=SQUAD_V1.homepage,
    citation=SQUAD_V1.citation,
    files=SQUAD_V1.files,
    reader="retrieval.squad_sentences",
    primary_metrics=_METRICS,
    examples=SQUAD_V1.examples,
    inputs_per_example=2,
    tokens_per_input=110,
    hub_missing="SQuAD 1.1 as retrieval is read from SQuAD's own JSON files, not from the Hugging Face Hub.",
)

LAREQA = Task(
    name="lareqa",
    title="LAReQA",
    type="dual_encoder",
    licence="CC BY-SA 4.0",
    homepage="https://github.com/google-research-datasets/lareqa",
    citation="""@inproceedings{roy-etal-2020-lareqa,
  title = {{LAR}e{QA}: Language-Agnostic Answer Retrieval from a Multilingual Pool},
  author = {Roy, Uma and Constant, Noah and Al-Rfou, Rami and Barua, Aditya and Phillips, Aaron and Yang, Yinfei},
  booktitle = {Proceedings of EMNLP},
  year = {2020}
}""",
    files={"test": (("xtreme/lareqa/xquad-r/{code}.json",),)},
    reader="retrieval.xquad_r",
    primary_metrics=_METRICS,
    languages=codes("ar de el en es hi ru th tr vi zh"),
    trained_on="squad_sentences",
    unlabelled_splits=(),
    matching="in_every_language",
    examples={"test": 2390},  # questions, and sentences of all paragraphs
    presumed=frozenset({"test"}),
    tokens_per_input=110,
    hub_missing="LAReQA cannot come from the Hugging Face Hub: its copy there has lost where sentences begin and end.",
)

# of mewsli-x_20220518_6, the one release; the paper's own data were another version
_DEV_MENTIONS = {
    "ar": 318, "de": 326, "en": 316, "es": 311, "fa": 72, "ja": 310, "pl": 304, "ro": 145, "ta": 312, "tr": 262,
    "uk": 315,
}  # fmt: skip
_TEST_MENTIONS = {
    "ar": 1501, "de": 1551, "en": 1490, "es": 1552, "fa": 458, "ja": 1519, "pl": 1562, "ro": 672, "ta": 1567,
    "tr": 1215, "uk": 1537,
}  # fmt: skip

WIKIPEDIA_PAIRS = Task(
    name="wikipedia_pairs",
    title="Wikipedia mentions",
    type="dual_encoder",
    licence="CC BY-SA",
    homepage="https://github.com/google-research/google-research/tree/master/dense_representations_for_entity_retrieval",
    citation="""@inproceedings{ruder-etal-2021-xtreme,
  title = {{XTREME-R}: Towards More Challenging and Nuanced Multilingual Evaluation},
  author = {Ruder, Sebastian and Constant, Noah and Botha, Jan and Siddhant, Aditya and Firat, Orhan and Fu, Jinlan
            and Liu, Pengfei and Hu, Junjie and Garrette, Dan and Neubig, Graham and Johnson, Melvin},
  booktitle = {Proceedings of EMNLP},
  year = {2021}
}""",
    files={split: ((f"xtreme/mewslix/wikipedia_pairs-{split}.jsonl",),) for split in ("train", "dev")},
    reader="retrieval.mewslix",
    primary_metrics=_METRICS,
    examples={"train": 167719, "dev": 14051},
    inputs_per_example=2,
    tokens_per_input=60,
    hub_missing="Mewsli-X has no pinned copy on the Hugging Face Hub: its scripts make it from Wikipedia and Wikinews.",
)

MEWSLIX = Task(
    name="mewslix",
    title="Mewsli-X",
    type="dual_encoder",
    licence="CC BY-SA; CC BY 2.5 (Wikinews)",
    homepage=WIKIPEDIA_PAIRS.homepage,
    citation=WIKIPEDIA_PAIRS.citation,
    files={
        **{split: ((f"xtreme/mewslix/wikinews_mentions-{{code}}-{split}.jsonl",),) for split in ("dev", "test")},
        "pool": (("xtreme/mewslix/candidate_set_entities.jsonl",),),
    },
    reader="retrieval.mewslix",
    primary_metrics=_METRICS,
    languages=codes("ar de en es fa ja pl ro ta tr uk"),
    trained_on="wikipedia_pairs",
    examples={**by_language("dev", _DEV_MENTIONS), **by_language("test", _TEST_MENTIONS), "pool": 1003893},
    tokens_per_input=60,
    hub_missing=WIKIPEDIA_PAIRS.hub_missing,
    submission="entities",
)
