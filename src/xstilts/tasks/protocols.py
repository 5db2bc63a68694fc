"""How published scores came about, as data.

The keys are those of :mod:`xstilts.config.settings`, so that a study can be compared with a protocol field by field, as
:mod:`xstilts.report.differences` does. What a protocol's sources do not state is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]  # settings by key


@dataclass(frozen=True)
class Protocol:
    """How some published scores came about.

    ``training`` has fields of Hyperparameters by training set, ``encoding`` fields of Encoding by task (training sets
    and targets), ``embedding`` fields of Embedding by retrieval task; ``seeds`` is what is known of the runs' seeds,
    and ``remarks``, by target, what no setting of a study changes.
    """

    citation: str
    training: Mapping[str, Values] = field(default_factory=dict)
    encoding: Mapping[str, Values] = field(default_factory=dict)
    embedding: Mapping[str, Values] = field(default_factory=dict)
    precision: str = "float32"
    seeds: str = "the paper's seeds are not stated"
    remarks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class System:
    """A published system: its encoder, and what its papers leave open about the arms."""

    title: str
    encoder: str
    unstated: tuple[str, ...] = ()


SYSTEMS = {
    "xlm-roberta-large": System("XLM-R Large", "xlm-roberta-large"),
    "x-stilts": System(
        "X-STILTs",
        "xlm-roberta-large",
        (
            "which arm each target's score comes from is not stated",
            "the hyper-parameters of intermediate training are not stated",
        ),
    ),
}

_QA = {"max_length": 384, "doc_stride": 128, "max_query_length": 64, "n_best": 20, "max_answer_length": 30}
_QA_TASKS = ("squad_v1", "xquad", "mlqa", "tydiqa")

# jiant's scripts/benchmarks/xtreme: the same for all, epochs and batch sizes aside; 4 examples per forward pass
_JIANT = {
    "learning_rate": 1e-5,
    "micro_batch_size": 4,
    "warmup_share": 0.1,
    "weight_decay": 0.01,
    "adam_epsilon": 1e-8,
    "clip_norm": 1.0,
    "clip_each": "micro_batch",
    "selection": "best",
    "eval_every": 1000,
    "eval_examples": 500,
}
_JIANT_SENTENCES = {**_JIANT, "batch_size": 32, "sentence_vector": "pooler"}
_JIANT_QA = {**_JIANT, "batch_size": 16, "epochs": 2.0}

# what jiant's code does and no setting changes
_JIANT_CODE = (
    "new heads start from normal weights and zero biases, published from PyTorch's uniform ones; evaluated at steps "
    "1000, 2000 and so on, published at 999, 1999 and so on"
)
_JIANT_SPANS = (
    "contexts tokenised whole by a fast tokenizer, published word by word by a slow one; published answers are one "
    "token to the left in training and decoding; the first 500 dev examples are questions, published windows"
)

_PHANG2020 = Protocol(
    "Phang et al. 2020 (arXiv 2005.13013), as the scripts for XTREME in nyu-mll/jiant run it",
    training={
        "xnli": {**_JIANT_SENTENCES, "epochs": 2.0},
        "pawsx": {**_JIANT_SENTENCES, "epochs": 5.0},
        "udpos": {**_JIANT, "batch_size": 32, "epochs": 10.0},
        "panx": {**_JIANT, "batch_size": 32, "epochs": 10.0},
        "squad_v1": _JIANT_QA,
        "tydiqa": _JIANT_QA,
    },
    encoding={
        "xnli": {"max_length": 256},
        "pawsx": {"max_length": 256},
        "udpos": {"max_length": 256, "long_sentences": "truncate"},
        "panx": {"max_length": 256, "long_sentences": "truncate"},
        **dict.fromkeys(_QA_TASKS, _QA),
        "bucc2018": {"max_length": 512},
        "tatoeba": {"max_length": 512},
    },
    embedding={
        "bucc2018": {
            "layer": 14, "pooling": "mean", "special_tokens": True, "neighbours": 4, "duplicates": "expand",
        },
        "tatoeba": {"layer": 14, "pooling": "mean", "special_tokens": True},
    },
    remarks={
        "xnli": "trained on XTREME's English file, whose text is tokenised, published on GLUE's MNLI (the same "
        "pairs as they were written); checkpoints selected on XNLI's English dev set, published on MNLI's matched one; "
        f"{_JIANT_CODE}",
        "tydiqa": "jiant's download keeps all nine languages in TyDiQA's training file (whether the published score "
        f"comes from that is not stated); {_JIANT_SPANS}; {_JIANT_CODE}",
        "xquad": f"{_JIANT_SPANS}; {_JIANT_CODE}",
        "mlqa": f"{_JIANT_SPANS}; {_JIANT_CODE}",
        **dict.fromkeys(("pawsx", "udpos", "panx"), _JIANT_CODE),
    },
)  # fmt: skip

# google-research/xtreme, scripts/train_*.sh and the defaults of third_party/run_*.py
_XTREME_BEST = {
    "learning_rate": 2e-5,
    "batch_size": 32,
    "warmup_steps": 0,
    "weight_decay": 0.0,
    "adam_epsilon": 1e-8,
    "clip_norm": 1.0,
    "clip_each": "step",
    "selection": "best",
    "eval_examples": None,
}
_XTREME_QA = {
    **{key: value for key, value in _XTREME_BEST.items() if key != "eval_examples"},
    "learning_rate": 3e-5,
    "epochs": 3.0,
    "warmup_steps": 500,
    "weight_decay": 1e-4,
    "selection": "last",
}
_XTREME = Protocol(
    "Hu et al. 2020 (arXiv 2003.11080), as the scripts of google-research/xtreme run it",
    training={
        "xnli": {
            **_XTREME_BEST, "learning_rate": 3e-5, "epochs": 5.0, "eval_every": 100, "sentence_vector": "first_token",
        },
        "pawsx": {**_XTREME_BEST, "epochs": 5.0, "eval_every": 200, "sentence_vector": "first_token"},
        "udpos": {**_XTREME_BEST, "epochs": 10.0, "eval_every": 500},
        "panx": {**_XTREME_BEST, "epochs": 10.0, "eval_every": 1000},
        "squad_v1": _XTREME_QA,
        "tydiqa": _XTREME_QA,
    },
    encoding={
        "xnli": {"max_length": 128},
        "pawsx": {"max_length": 128},
        "udpos": {"max_length": 128, "long_sentences": "split"},
        "panx": {"max_length": 128, "long_sentences": "split"},
        **dict.fromkeys(_QA_TASKS, _QA),
        "bucc2018": {"max_length": 512},
        "tatoeba": {"max_length": 512},
    },
    embedding={
        # --specific_layer counts from 0 after the embedding layer; for BUCC2018, whose script leaves --num_layers at
        # 12, it counts over the upper half of the 24 layers
        "bucc2018": {"layer": 20, "pooling": "first_token", "neighbours": 4, "duplicates": "drop"},
        "tatoeba": {"layer": 14, "pooling": "mean", "special_tokens": True},
    },
    seeds="the paper's seeds are not stated (its scripts set 42, and 1 for tagging)",
    remarks={
        "bucc2018": "whether the script's layer and pooling gave the published score is not certain: its code ignored "
        "--pool_type at first (issue 72), and pull request 104 reads the paper as pooling by the mean",
        "tatoeba": "pull request 104 finds the published score with another layer than the script's: 10, as it counts",
    },
)  # fmt: skip

# google-research/xtreme, scripts/train_{xcopa,lareqa,mewslix}.sh; learning rates warm up over no steps
_XTREME_R = Protocol(
    "Ruder et al. 2021 (arXiv 2104.07412), as the scripts of google-research/xtreme run it",
    training={
        "copa": {
            **_XTREME_BEST, "learning_rate": 3e-5, "micro_batch_size": 2, "epochs": 5.0,
            "sentence_vector": "first_token",
        },
        "squad_sentences": {**_XTREME_BEST, "batch_size": 16, "micro_batch_size": 4, "epochs": 3.0},
        "wikipedia_pairs": {**_XTREME_BEST, "learning_rate": 1e-5, "micro_batch_size": 8, "epochs": 2.0},
    },
    encoding={
        "copa": {"max_length": 128},
        "xcopa": {"max_length": 128},
        "squad_sentences": {"max_length": 256, "max_query_length": 96},
        "lareqa": {"max_length": 256, "max_query_length": 96},
        "wikipedia_pairs": {"max_length": 64, "max_query_length": 64},
        "mewslix": {"max_length": 64, "max_query_length": 64},
    },
    remarks={"xcopa": "fine-tuned on Social IQa before COPA: compare the arm that trains on it"},
)  # fmt: skip

_JIANT_PR128 = Protocol(
    "jiant-dev/jiant-dev, pull request 128: XLM-R Large without fine-tuning",
    encoding={"bucc2018": {"max_length": 256}, "tatoeba": {"max_length": 256}},
    embedding=_PHANG2020.embedding,
)

PROTOCOLS: dict[str, Protocol] = {
    "phang2020": _PHANG2020,
    "xtreme": _XTREME,
    "xtreme_r": _XTREME_R,
    "jiant_pr128": _JIANT_PR128,
}
