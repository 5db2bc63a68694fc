"""Natural language inference: sentence pairs labelled entailment, neutral or contradiction."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task, codes

NLI = ("entailment", "neutral", "contradiction")

_PAIR = {"premise": "premise", "hypothesis": "hypothesis", "label": "label"}
_MNLI_TRAIN, _MNLI_DEV = "intermediate/mnli/train.tsv", "intermediate/mnli/dev_matched.tsv"
_SNLI_TRAIN, _SNLI_DEV = "intermediate/snli/train.tsv", "intermediate/snli/dev.tsv"
_ANLI_FILES = tuple(f"intermediate/anli/R{n}/{{split}}.jsonl" for n in (1, 2, 3))
_ANLI_ROWS = {1: (16946, 1000), 2: (45460, 1000), 3: (100459, 1200)}


def _mnli_part(prefix: str = "") -> HubPart:
    return HubPart(
        repository="nyu-mll/multi_nli",
        revision="da70db2af9d09693783c3320c4249840212ee221",
        splits={"train": "train", "dev": "validation_matched"},
        converter="pairs",
        columns={**_PAIR, "id": "pairID"},
        rows={"train": 392702, "dev": 9815},
        prefix=prefix,
    )


def _snli_part(prefix: str = "") -> HubPart:
    return HubPart(
        repository="stanfordnlp/snli",
        revision="cdb5c3d5eed6ead6e5a341c8e56e669bb666725b",
        splits={"train": "train", "dev": "validation"},
        converter="pairs",
        columns=_PAIR,
        config="plain_text",
        rows={"train": 550152, "dev": 10000},
        skip_unlabelled=True,
        prefix=prefix,
        note="rows that annotators did not agree on are left out",
    )


_SNLI_CITATION = """@inproceedings{bowman-etal-2015-large,
  title = {A large annotated corpus for learning natural language inference},
  author = {Bowman, Samuel R. and Angeli, Gabor and Potts, Christopher and Manning, Christopher D.},
  booktitle = {Proceedings of EMNLP},
  year = {2015}
}"""
_MNLI_CITATION = """@inproceedings{williams-etal-2018-broad,
  title = {A Broad-Coverage Challenge Corpus for Sentence Understanding through Inference},
  author = {Williams, Adina and Nangia, Nikita and Bowman, Samuel},
  booktitle = {Proceedings of NAACL-HLT},
  year = {2018}
}"""

ANLI = Task(
    name="anli",
    title="ANLI+",
    type="classification",
    licence="CC BY-NC 4.0 (ANLI)",
    homepage="https://github.com/facebookresearch/anli",
    citation="""@inproceedings{nie-etal-2020-adversarial,
  title = {Adversarial {NLI}: A New Benchmark for Natural Language Understanding},
  author = {Nie, Yixin and Williams, Adina and Dinan, Emily and Bansal, Mohit and Weston, Jason and Kiela, Douwe},
  booktitle = {Proceedings of ACL},
  year = {2020}
}""",
    files={"train": ((*_ANLI_FILES, _MNLI_TRAIN, _SNLI_TRAIN),), "dev": ((*_ANLI_FILES, _MNLI_DEV, _SNLI_DEV),)},
    reader="pairs.anli_plus",
    primary_metrics=("accuracy",),
    labels=NLI,
    scored_by_part=True,
    examples={"train": 1104934, "dev": 22857},
    tokens_per_input=40,
    hub=(
        *(
            HubPart(
                repository="facebook/anli",
                revision="8e4813d81f46d313dac7892e1c28076917cfcdf9",
                splits={"train": f"train_r{n}", "dev": f"dev_r{n}"},
                converter="pairs",
                columns={**_PAIR, "id": "uid"},
                config="plain_text",
                rows={"train": train, "dev": dev},
                prefix=f"R{n}/",
            )
            for n, (train, dev) in _ANLI_ROWS.items()
        ),
        _mnli_part("mnli/"),
        _snli_part("snli/"),
    ),
)

MNLI = Task(
    name="mnli",
    title="MNLI",
    type="classification",
    licence="OANC; CC BY-SA 3.0; CC BY 3.0",
    homepage="https://cims.nyu.edu/~sbowman/multinli/",
    citation=_MNLI_CITATION,
    files={"train": ((_MNLI_TRAIN,),), "dev": ((_MNLI_DEV,),)},
    reader="pairs.mnli",
    primary_metrics=("accuracy",),
    labels=NLI,
    examples={"train": 392702, "dev": 9815},
    tokens_per_input=40,
    hub=(_mnli_part(),),
    metadata=("genre",),
)

SNLI = Task(
    name="snli",
    title="SNLI",
    type="classification",
    licence="CC BY-SA 4.0",
    homepage="https://nlp.stanford.edu/projects/snli/",
    citation=_SNLI_CITATION,
    files={"train": ((_SNLI_TRAIN,),), "dev": ((_SNLI_DEV,),)},
    reader="pairs.mnli",
    primary_metrics=("accuracy",),
    labels=NLI,
    examples={"train": 549367, "dev": 9842},
    tokens_per_input=30,
    hub=(_snli_part(),),
)

XNLI = Task(
    name="xnli",
    title="XNLI",
    type="classification",
    licence="CC BY-NC 4.0",
    homepage="https://github.com/facebookresearch/XNLI",
    citation="""@inproceedings{conneau-etal-2018-xnli,
  title = {{XNLI}: Evaluating Cross-lingual Sentence Representations},
  author = {Conneau, Alexis and Rinott, Ruty and Lample, Guillaume and Williams, Adina and Bowman, Samuel
            and Schwenk, Holger and Stoyanov, Veselin},
  booktitle = {Proceedings of EMNLP},
  year = {2018}
}""",
    files=dict.fromkeys(("train", "dev", "test"), (("xtreme/xnli/{split}-{code}.tsv",),)),
    reader="pairs.xtreme",
    primary_metrics=("accuracy",),
    languages=codes("ar bg de el en es fr hi ru sw th tr ur vi zh"),
    labels=NLI,
    trained_on="xnli",
    examples={"train": 392702, "dev": 2490, "test": 5010},
    tokens_per_input=45,
    hub=(
        HubPart(
            repository="facebook/xnli",
            revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
            splits={"train": "train", "dev": "validation", "test": "test"},
            converter="pairs",
            columns=_PAIR,
            config="{code}",
        ),
    ),
    submission="labels",
)
