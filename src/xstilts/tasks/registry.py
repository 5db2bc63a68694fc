"""All built-in tasks. Adding one of an existing type means adding one entry to a family's module.

Language lists, label sets and metrics follow XTREME (Hu et al. 2020, arXiv 2003.11080) and its ``evaluate.py``, and
for the tasks that XTREME-R adds, that benchmark (Ruder et al. 2021, arXiv 2104.07412); which languages it adds is in
:mod:`xstilts.tasks.benchmarks`. The nine intermediate tasks are those of Phang et al. 2020 (arXiv 2005.13013).
"""

from __future__ import annotations

from xstilts.tasks import choice, dual_encoders, nli, paraphrase, question_answering, retrieval, tagging
from xstilts.tasks.task import Task

#: The nine intermediate tasks of Phang et al. 2020, in the order of their tables.
INTERMEDIATE_TASKS: tuple[str, ...] = (
    "anli", "mnli", "qqp", "squad_v2", "squad_v1", "hellaswag", "ccg", "cosmosqa", "commonsenseqa",
)  # fmt: skip
#: XTREME's nine tasks, in the order of its table.
TARGET_TASKS: tuple[str, ...] = (
    "xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba",
)  # fmt: skip

#: Unlabelled text for masked-LM pretraining; its languages are those of the study.
TEXT = Task(
    name="text",
    title="Unlabelled text",
    type="masked_lm",
    licence="that of its sources",
    files={"train": (("text/{code}.txt",),)},
    reader="sentences.passages",
    hub_missing="Unlabelled text does not come from the Hugging Face Hub.",
)

_FAMILIES = (nli, paraphrase, tagging, question_answering, choice, retrieval, dual_encoders)
_DECLARED = {task.name: task for family in _FAMILIES for task in vars(family).values() if isinstance(task, Task)}
_ORDER = (*INTERMEDIATE_TASKS, *TARGET_TASKS)

#: Every built-in task by name: those of the two papers in their order, then all others.
TASKS: dict[str, Task] = {
    **{name: _DECLARED[name] for name in _ORDER},
    **{name: task for name, task in _DECLARED.items() if name not in _ORDER},
    TEXT.name: TEXT,
}
#: Every built-in task with English training data: what an arm can train on.
TRAINABLE_TASKS: tuple[str, ...] = tuple(name for name, task in TASKS.items() if task.trains)
#: Every built-in task that can be a target: those of XTREME, XTREME-R, and any other with a test split.
POSSIBLE_TARGETS: tuple[str, ...] = tuple(name for name, task in TASKS.items() if task.is_target)
RETRIEVAL_TASKS: tuple[str, ...] = tuple(name for name in TARGET_TASKS if TASKS[name].type == "retrieval")
#: The tasks whose English training data targets are fine-tuned on.
TRAINING_SETS: tuple[str, ...] = tuple(
    dict.fromkeys(trained_on for name in POSSIBLE_TARGETS if (trained_on := TASKS[name].trained_on))
)
