"""Questions about a passage, answered by a span of it."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task, by_language, codes

_METRICS = ("exact_match", "f1")
_TRAIN_DEV = {"train": "train", "dev": "validation"}
_REALIGNED = "the contexts of this copy are stripped: answers' offsets are aligned anew"

_TYDIQA_TRAIN = "tydiqa-goldp-v1.1-train.json"
_TYDIQA_DEV = (
    ("xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json",),
    ("xtreme/tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{code}.dev.json",),
)
_TYDIQA_QUESTIONS = {
    "ar": 921, "bn": 113, "en": 440, "fi": 782, "id": 565, "ko": 276, "ru": 812, "sw": 499, "te": 669,
}  # fmt: skip

SQUAD_V1 = Task(
    name="squad_v1",
    title="SQuAD 1.1",
    type="span_qa",
    licence="CC BY-SA 4.0",
    homepage="https://rajpurkar.github.io/SQuAD-explorer/",
    citation="""@inproceedings{rajpurkar-etal-2016-squad,
  title = {{SQ}u{AD}: 100,000+ Questions for Machine Comprehension of Text},
  author = {Rajpurkar, Pranav and Zhang, Jian and Lopyrev, Konstantin and Liang, Percy},
  booktitle = {Proceedings of EMNLP},
  year = {2016}
}""",
    files={
        split: ((f"intermediate/squad/{split}-v1.1.json",), (f"xtreme/squad/{split}-v1.1.json",))
        for split in ("train", "dev")
    },
    reader="questions.squad",
    primary_metrics=_METRICS,
    examples={"train": 87599, "dev": 10570},
    tokens_per_input=175,
    metadata=("title",),
    hub=(
        HubPart(
            repository="rajpurkar/squad",
            revision="7b6d24c440a36b6815f21b70d25016731768db1f",
            splits=_TRAIN_DEV,
            converter="squad",
            config="plain_text",
        ),
    ),
)

SQUAD_V2 = Task(
    name="squad_v2",
    title="SQuAD 2.0",
    type="span_qa",
    licence="CC BY-SA 4.0",
    homepage="https://rajpurkar.github.io/SQuAD-explorer/",
    citation="""@inproceedings{rajpurkar-etal-2018-know,
  title = {Know What You Don't Know: Unanswerable Questions for {SQ}u{AD}},
  author = {Rajpurkar, Pranav and Jia, Robin and Liang, Percy},
  booktitle = {Proceedings of ACL},
  year = {2018}
}""",
    files={split: ((f"intermediate/squad/{split}-v2.0.json",),) for split in ("train", "dev")},
    reader="questions.squad",
    primary_metrics=_METRICS,
    unanswerable=True,
    examples={"train": 130319, "dev": 11873},
    tokens_per_input=175,
    metadata=("title",),
    hub=(
        HubPart(
            repository="rajpurkar/squad_v2",
            revision="3ffb306f725f7d2ce8394bc1873b24868140c412",
            splits=_TRAIN_DEV,
            converter="squad",
        ),
    ),
)

XQUAD = Task(
    name="xquad",
    title="XQuAD",
    type="span_qa",
    licence="CC BY-SA 4.0",
    homepage="https://github.com/google-deepmind/xquad",
    citation="""@inproceedings{artetxe-etal-2020-cross,
  title = {On the Cross-lingual Transferability of Monolingual Representations},
  author = {Artetxe, Mikel and Ruder, Sebastian and Yogatama, Dani},
  booktitle = {Proceedings of ACL},
  year = {2020}
}""",
    files={"test": (("xtreme/xquad/xquad.{code}.json",),)},
    reader="questions.squad",
    primary_metrics=_METRICS,
    languages=codes("ar de el en es hi ru th tr vi zh"),
    trained_on="squad_v1",
    examples={"test": 1190},
    tokens_per_input=210,
    hub=(
        HubPart(
            repository="google/xquad",
            revision="51adfef1c1287aab1d2d91b5bead9bcfb9c68583",
            splits={"test": "validation"},
            converter="stripped_squad",
            config="xquad.{code}",
            note=_REALIGNED,
        ),
    ),
    submission="answers",
)

MLQA = Task(
    name="mlqa",
    title="MLQA",
    type="span_qa",
    licence="CC BY-SA 3.0",
    homepage="https://github.com/facebookresearch/MLQA",
    citation="""@inproceedings{lewis-etal-2020-mlqa,
  title = {{MLQA}: Evaluating Cross-lingual Extractive Question Answering},
  author = {Lewis, Patrick and O{\\u{g}}uz, Barlas and Rinott, Ruty and Riedel, Sebastian and Schwenk, Holger},
  booktitle = {Proceedings of ACL},
  year = {2020}
}""",
    files={
        split: ((f"xtreme/mlqa/MLQA_V1/{split}/{split}-context-{{code}}-question-{{code}}.json",),)
        for split in ("dev", "test")
    },
    reader="questions.squad",
    primary_metrics=_METRICS,
    languages=codes("ar de en es hi vi zh"),
    trained_on="squad_v1",
    answer_rules="mlqa",
    examples={
        **by_language("dev", {"ar": 517, "de": 512, "en": 1148, "es": 500, "hi": 507, "vi": 511, "zh": 504}),
        **by_language("test", {"ar": 5335, "de": 4517, "en": 11590, "es": 5253, "hi": 4918, "vi": 5495, "zh": 5137}),
    },
    tokens_per_input=190,
    hub=(
        HubPart(
            repository="google/xtreme",
            revision="ec5f1f46e9af79639a90684a7a70a956c4998f04",
            splits={"dev": "validation", "test": "test"},
            converter="stripped_squad",
            config="MLQA.{code}.{code}",
            loss="MLQA's README says 5254 for Spanish, but its test file has 5253.",
            note=_REALIGNED,
        ),
    ),
    submission="answers",
)

TYDIQA = Task(
    name="tydiqa",
    title="TyDiQA-GoldP",
    type="span_qa",
    licence="Apache-2.0",
    homepage="https://github.com/google-research-datasets/tydiqa",
    citation="""@article{clark-etal-2020-tydi,
  title = {{T}y{D}i {QA}: A Benchmark for Information-Seeking Question Answering in Typologically Diverse Languages},
  author = {Clark, Jonathan H. and Choi, Eunsol and Collins, Michael and Garrette, Dan and Kwiatkowski, Tom
            and Nikolaev, Vitaly and Palomaki, Jennimaria},
  journal = {Transactions of the Association for Computational Linguistics},
  volume = {8},
  year = {2020}
}""",
    files={
        # XTREME's train files of single languages are no alternative: their ids are cut short and repeat.
        "train": ((f"xtreme/tydiqa/{_TYDIQA_TRAIN}",), (f"xtreme/tydiqa/tydiqa-goldp-v1.1-train/{_TYDIQA_TRAIN}",)),
        "dev": _TYDIQA_DEV,  # the public dev set is XTREME's test set, and the only one there is
        "test": _TYDIQA_DEV,
    },
    reader="questions.tydiqa",
    mixed_train=True,
    primary_metrics=_METRICS,
    languages=codes("ar bn en fi id ko ru sw te"),
    trained_on="tydiqa",
    unlabelled_splits=("dev", "test"),
    language_names={
        "ar": "arabic", "bn": "bengali", "en": "english", "fi": "finnish", "id": "indonesian", "ko": "korean",
        "ru": "russian", "sw": "swahili", "te": "telugu",
    },
    examples={"train": 3696, **by_language("dev", _TYDIQA_QUESTIONS), **by_language("test", _TYDIQA_QUESTIONS)},
    tokens_per_input=150,
    hub=(
        HubPart(
            repository="google-research-datasets/tydiqa",
            revision="da78f23f9119363459acbaf46bf89426ff26c259",
            splits={**_TRAIN_DEV, "test": "validation"},
            converter="tydiqa",
            config="secondary_task",
            rows={"train": 49881, "dev": 5077, "test": 5077},
            note=f"all nine languages in one file, of which one is read; {_REALIGNED}",
        ),
    ),
    submission="answers",
)  # fmt: skip
