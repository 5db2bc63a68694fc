"""The tasks, one declaration each.

Adding a task of an existing format means adding one entry here and telling the sources where its files are.
Language lists, label sets and metrics follow XTREME (Hu et al. 2020, arXiv 2003.11080) and its ``evaluate.py``;
the intermediate tasks are those of Phang et al. 2020 (arXiv 2005.13013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NLI = ("entailment", "neutral", "contradiction")
UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
ENTITIES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

Role = Literal["intermediate", "target", "text"]


@dataclass(frozen=True)
class Task:
    """One dataset in one format.

    ``languages`` are those of its evaluation splits (ISO 639-1); training data is always English. ``labels`` is empty
    where the label set is open (CCG: read off the training split) or has no meaning. ``trained_on`` names the task
    whose English training split a target is fine-tuned on: the target itself, another task (SQuAD serves XQuAD and
    MLQA), or None (retrieval). The task's score is the mean of its primary metrics. ``unanswerable``: a question
    may have no answer. ``tuned_on_dev``: scoring a language needs its dev split, which a threshold is chosen on.
    ``without_dev``: languages that have a test split only.

    The last four decide how a task type treats the task. ``single_sentence``: classification of one sentence; there is
    no hypothesis. ``scored_by_part``: ids have the form ``part/number``, and the accuracy of each part is reported too.
    ``answer_rules``: which official script normalises answers to questions. ``matching``: every English sentence has
    exactly one translation, or pairs are mined from two pools in which most sentences have none.
    """

    name: str
    title: str
    type: str
    role: Role
    licence: str
    primary_metrics: tuple[str, ...]
    languages: tuple[str, ...] = ("en",)
    labels: tuple[str, ...] = ()
    trained_on: str | None = None
    unanswerable: bool = False
    tuned_on_dev: bool = False
    without_dev: tuple[str, ...] = ()
    single_sentence: bool = False
    scored_by_part: bool = False
    answer_rules: Literal["squad", "mlqa"] = "squad"
    matching: Literal["one_to_one", "mined_pairs"] = "one_to_one"

    @property
    def trains(self) -> bool:
        """Whether the task has an English training and dev split of its own."""
        return self.role == "intermediate" or self.trained_on == self.name


def _languages(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split()))


_XNLI = _languages("ar bg de el en es fr hi ru sw th tr ur vi zh")
_UDPOS = _languages(
    "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
)
_PANX = _languages(" ".join(_UDPOS) + " bn jv ka ml ms my sw")
_TATOEBA = tuple(language for language in _PANX if language not in ("en", "ms", "my", "yo"))

_INTERMEDIATE = (
    Task(
        "anli", "ANLI+", "classification", "intermediate", "CC BY-NC 4.0 (ANLI)", ("accuracy",), labels=NLI,
        scored_by_part=True,
    ),
    Task("mnli", "MNLI", "classification", "intermediate", "OANC; CC BY-SA 3.0; CC BY 3.0", ("accuracy",), labels=NLI),
    Task("qqp", "QQP", "classification", "intermediate", "Quora's terms of use", ("accuracy", "f1"), labels=("0", "1")),
    Task("squad_v2", "SQuAD 2.0", "span_qa", "intermediate", "CC BY-SA 4.0", ("exact_match", "f1"), unanswerable=True),
    Task("squad_v1", "SQuAD 1.1", "span_qa", "intermediate", "CC BY-SA 4.0", ("exact_match", "f1")),
    Task("hellaswag", "HellaSwag", "multiple_choice", "intermediate", "MIT", ("accuracy",)),
    Task("ccg", "CCG", "tagging", "intermediate", "LDC user agreement (LDC2005T13)", ("accuracy",)),
    Task("cosmosqa", "Cosmos QA", "multiple_choice", "intermediate", "CC BY 4.0", ("accuracy",)),
    Task("commonsenseqa", "CommonsenseQA", "multiple_choice", "intermediate", "MIT", ("accuracy",)),
)  # fmt: skip

_TARGETS = (
    Task("xnli", "XNLI", "classification", "target", "CC BY-NC 4.0", ("accuracy",), _XNLI, NLI, "xnli"),
    Task(
        "pawsx", "PAWS-X", "classification", "target", "free for any purpose", ("accuracy",),
        _languages("de en es fr ja ko zh"), ("0", "1"), "pawsx",
    ),
    Task(
        "udpos", "UDPOS", "tagging", "target", "per treebank, mostly CC BY-SA 4.0", ("f1",), _UDPOS, UPOS, "udpos",
        without_dev=("kk", "th", "tl", "yo"),
    ),
    Task("panx", "PAN-X", "tagging", "target", "none stated (Wikipedia text)", ("f1",), _PANX, ENTITIES, "panx"),
    Task(
        "xquad", "XQuAD", "span_qa", "target", "CC BY-SA 4.0", ("exact_match", "f1"),
        _languages("ar de el en es hi ru th tr vi zh"), trained_on="squad_v1",
    ),
    Task(
        "mlqa", "MLQA", "span_qa", "target", "CC BY-SA 3.0", ("exact_match", "f1"),
        _languages("ar de en es hi vi zh"), trained_on="squad_v1", answer_rules="mlqa",
    ),
    Task(
        "tydiqa", "TyDiQA-GoldP", "span_qa", "target", "Apache-2.0", ("exact_match", "f1"),
        _languages("ar bn en fi id ko ru sw te"), trained_on="tydiqa",
    ),
    Task(
        "bucc2018", "BUCC2018", "retrieval", "target", "none stated", ("f1",), _languages("de fr ru zh"),
        tuned_on_dev=True, matching="mined_pairs",
    ),
    Task("tatoeba", "Tatoeba", "retrieval", "target", "CC BY 2.0 FR", ("accuracy",), _TATOEBA),
)  # fmt: skip

#: Unlabelled text for masked-LM pretraining; its languages are those of the study.
TEXT = Task("text", "Unlabelled text", "masked_lm", "text", "that of its sources", ())

TASKS: dict[str, Task] = {task.name: task for task in (*_INTERMEDIATE, *_TARGETS, TEXT)}
INTERMEDIATE_TASKS: tuple[str, ...] = tuple(task.name for task in _INTERMEDIATE)
TARGET_TASKS: tuple[str, ...] = tuple(task.name for task in _TARGETS)
RETRIEVAL_TASKS: tuple[str, ...] = tuple(task.name for task in _TARGETS if task.type == "retrieval")
#: The tasks whose English training data targets are fine-tuned on.
TRAINING_SETS: tuple[str, ...] = tuple(dict.fromkeys(task.trained_on for task in _TARGETS if task.trained_on))
