"""Multiple choice: a prompt and some continuations or answers, of which one is right."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task

_TRAIN_DEV = {"train": "train", "dev": "validation"}

HELLASWAG = Task(
    name="hellaswag",
    title="HellaSwag",
    type="multiple_choice",
    licence="MIT",
    homepage="https://rowanzellers.com/hellaswag/",
    citation="""@inproceedings{zellers-etal-2019-hellaswag,
  title = {{H}ella{S}wag: Can a Machine Really Finish Your Sentence?},
  author = {Zellers, Rowan and Holtzman, Ari and Bisk, Yonatan and Farhadi, Ali and Choi, Yejin},
  booktitle = {Proceedings of ACL},
  year = {2019}
}""",
    files={
        "train": (("intermediate/hellaswag/hellaswag_train.jsonl",),),
        "dev": (("intermediate/hellaswag/hellaswag_val.jsonl",),),
    },
    reader="choices.hellaswag",
    primary_metrics=("accuracy",),
    examples={"train": 39905, "dev": 10042},
    inputs_per_example=4,
    tokens_per_input=90,
    hub=(
        HubPart(
            repository="Rowan/hellaswag",
            revision="218ec52e09a7e7462a5400043bb9a69a41d06b76",
            splits=_TRAIN_DEV,
            converter="hellaswag",
        ),
    ),
)

COSMOSQA = Task(
    name="cosmosqa",
    title="Cosmos QA",
    type="multiple_choice",
    licence="CC BY 4.0",
    homepage="https://wilburone.github.io/cosmos/",
    citation="""@inproceedings{huang-etal-2019-cosmos,
  title = {Cosmos {QA}: Machine Reading Comprehension with Contextual Commonsense Reasoning},
  author = {Huang, Lifu and Le Bras, Ronan and Bhagavatula, Chandra and Choi, Yejin},
  booktitle = {Proceedings of EMNLP-IJCNLP},
  year = {2019}
}""",
    files={"train": (("intermediate/cosmosqa/train.csv",),), "dev": (("intermediate/cosmosqa/valid.csv",),)},
    reader="choices.cosmosqa",
    primary_metrics=("accuracy",),
    examples={"train": 25262, "dev": 2985},
    inputs_per_example=4,
    tokens_per_input=110,
    hub=(
        HubPart(
            repository="allenai/cosmos_qa",
            revision="ed50fe83db62b355759053b1cd5eef344ee371e0",
            splits=_TRAIN_DEV,
            converter="cosmosqa",
            loss="The 25588 and 3000 that some papers print are counts of a release that is not public.",
            note="the commit is on the Hub's branch of converted files, refs/convert/parquet: main is only a script",
        ),
    ),
)

COMMONSENSEQA = Task(
    name="commonsenseqa",
    title="CommonsenseQA",
    type="multiple_choice",
    licence="MIT",
    homepage="https://www.tau-nlp.sites.tau.ac.il/commonsenseqa",
    citation="""@inproceedings{talmor-etal-2019-commonsenseqa,
  title = {{C}ommonsense{QA}: A Question Answering Challenge Targeting Commonsense Knowledge},
  author = {Talmor, Alon and Herzig, Jonathan and Lourie, Nicholas and Berant, Jonathan},
  booktitle = {Proceedings of NAACL-HLT},
  year = {2019}
}""",
    files={
        "train": (("intermediate/commonsenseqa/train_rand_split.jsonl",),),
        "dev": (("intermediate/commonsenseqa/dev_rand_split.jsonl",),),
    },
    reader="choices.commonsenseqa",
    primary_metrics=("accuracy",),
    examples={"train": 9741, "dev": 1221},
    inputs_per_example=5,
    tokens_per_input=22,
    hub=(
        HubPart(
            repository="tau/commonsense_qa",
            revision="94630fe30dad47192a8546eb75f094926d47e155",
            splits=_TRAIN_DEV,
            converter="commonsenseqa",
        ),
    ),
)
