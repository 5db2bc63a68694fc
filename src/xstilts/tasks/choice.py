"""Multiple choice: a prompt and some continuations or answers, of which one is right."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task, codes

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

SIQA = Task(
    name="siqa",
    title="Social IQa",
    type="multiple_choice",
    licence="CC BY 4.0",
    homepage="https://allenai.org/data/socialiqa",
    citation="""@inproceedings{sap-etal-2019-social,
  title = {Social {IQ}a: Commonsense Reasoning about Social Interactions},
  author = {Sap, Maarten and Rashkin, Hannah and Chen, Derek and Le Bras, Ronan and Choi, Yejin},
  booktitle = {Proceedings of EMNLP-IJCNLP},
  year = {2019}
}""",
    files={
        "train": (("xtreme/siqa/socialIQa_v1.4_trn.jsonl",),),
        "dev": (("xtreme/siqa/socialIQa_v1.4_dev.jsonl",),),
    },
    reader="choices.siqa",
    primary_metrics=("accuracy",),
    examples={"train": 33410, "dev": 1954},
    inputs_per_example=3,
    tokens_per_input=35,
    hub=(
        HubPart(
            repository="allenai/social_i_qa",
            revision="537a2ec8ec565adc0b70b70752893e59e024df26",
            splits=_TRAIN_DEV,
            converter="siqa",
            note="the commit is on the Hub's branch of converted files, refs/convert/parquet: main is only a script",
        ),
    ),
)

COPA = Task(
    name="copa",
    title="COPA",
    type="multiple_choice",
    licence="BSD 2-Clause",
    homepage="https://people.ict.usc.edu/~gordon/copa.html",
    citation="""@inproceedings{roemmele-etal-2011-choice,
  title = {Choice of Plausible Alternatives: An Evaluation of Commonsense Causal Reasoning},
  author = {Roemmele, Melissa and Bejan, Cosmin Adrian and Gordon, Andrew S.},
  booktitle = {AAAI Spring Symposium on Logical Formalizations of Commonsense Reasoning},
  year = {2011}
}""",
    files={"train": (("xtreme/xcopa/train-en.jsonl",),), "dev": (("xtreme/xcopa/val-en.jsonl",),)},
    reader="choices.xcopa",
    primary_metrics=("accuracy",),
    examples={"train": 400, "dev": 100},
    inputs_per_example=2,
    tokens_per_input=24,
    hub=(
        HubPart(
            repository="aps/super_glue",
            revision="3de24cf8022e94f4ee4b9d55a6f539891524d646",
            splits=_TRAIN_DEV,
            converter="copa",
            config="copa",
        ),
    ),
)

XCOPA = Task(
    name="xcopa",
    title="XCOPA",
    type="multiple_choice",
    licence="CC BY 4.0",
    homepage="https://github.com/cambridgeltl/xcopa",
    citation="""@inproceedings{ponti-etal-2020-xcopa,
  title = {{XCOPA}: A Multilingual Dataset for Causal Commonsense Reasoning},
  author = {Ponti, Edoardo Maria and Glava{\\v{s}}, Goran and Majewska, Olga and Liu, Qianchu and Vuli{\\'c}, Ivan
            and Korhonen, Anna},
  booktitle = {Proceedings of EMNLP},
  year = {2020}
}""",
    files={"dev": (("xtreme/xcopa/val-{code}.jsonl",),), "test": (("xtreme/xcopa/test-{code}.jsonl",),)},
    reader="choices.xcopa",
    primary_metrics=("accuracy",),
    languages=codes("et ht id it qu sw ta th tr vi zh"),
    trained_on="copa",
    examples={"dev": 100, "test": 500},
    inputs_per_example=2,
    tokens_per_input=26,
    hub=(
        HubPart(
            repository="cambridgeltl/xcopa",
            revision="042f78955ba48e6404616762fa6e05e839c3907a",
            splits={"dev": "validation", "test": "test"},
            converter="copa",
            config="{code}",
        ),
    ),
    submission="choices",
)
