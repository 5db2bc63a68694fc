"""Paraphrases: sentence pairs labelled 1 where both say the same, else 0."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task, codes

_LABELS = ("0", "1")

QQP = Task(
    name="qqp",
    title="QQP",
    type="classification",
    licence="Quora's terms of use",
    homepage="https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    citation="""@misc{iyer-etal-2017-first,
  title = {First {Q}uora Dataset Release: Question Pairs},
  author = {Iyer, Shankar and Dandekar, Nikhil and Csernai, Korn{\\'e}l},
  year = {2017}
}""",
    files={"train": (("intermediate/qqp/train.tsv",),), "dev": (("intermediate/qqp/dev.tsv",),)},
    reader="pairs.qqp",
    primary_metrics=("accuracy", "f1"),
    labels=_LABELS,
    examples={"train": 363846, "dev": 40430},
    tokens_per_input=32,
    hub=(
        HubPart(
            repository="nyu-mll/glue",
            revision="bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c",
            splits={"train": "train", "dev": "validation"},
            converter="pairs",
            columns={"premise": "question1", "hypothesis": "question2", "label": "label"},
            config="qqp",
            label_names={"not_duplicate": "0", "duplicate": "1"},
        ),
    ),
)

PAWSX = Task(
    name="pawsx",
    title="PAWS-X",
    type="classification",
    licence="free for any purpose",
    homepage="https://github.com/google-research-datasets/paws/tree/master/pawsx",
    citation="""@inproceedings{yang-etal-2019-paws,
  title = {{PAWS-X}: A Cross-lingual Adversarial Dataset for Paraphrase Identification},
  author = {Yang, Yinfei and Zhang, Yuan and Tar, Chris and Baldridge, Jason},
  booktitle = {Proceedings of EMNLP-IJCNLP},
  year = {2019}
}""",
    files=dict.fromkeys(("train", "dev", "test"), (("xtreme/pawsx/{split}-{code}.tsv",),)),
    reader="pairs.xtreme",
    primary_metrics=("accuracy",),
    languages=codes("de en es fr ja ko zh"),
    labels=_LABELS,
    trained_on="pawsx",
    examples={"train": 49401, "dev": 2000, "test": 2000},
    tokens_per_input=60,
    hub=(
        HubPart(
            repository="google-research-datasets/paws-x",
            revision="4cd8187c404bda33cb1f62b49b001115862acf37",
            splits={"train": "train", "dev": "validation", "test": "test"},
            converter="pairs",
            columns={"premise": "sentence1", "hypothesis": "sentence2", "label": "label"},
            config="{code}",
            loss="Copies that were read as CSV with quotes, such as that in google/xtreme, have lost rows.",
        ),
    ),
    submission="labels",
)
