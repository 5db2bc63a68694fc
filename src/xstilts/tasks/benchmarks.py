"""Benchmarks: which tasks and languages they have, how they sort tasks into groups, and the averages that papers print.

XTREME (Hu et al. 2020, arXiv 2003.11080) sorts its tasks into four groups; its ``evaluate.py`` prints the unweighted
mean of each, and of all nine tasks. XTREME-R (Ruder et al. 2021, arXiv 2104.07412) has ten tasks, some of XTREME's
in more languages, and five groups: XCOPA is in two of them, and LAReQA, which is not submitted, in none. Other papers
average over fewer tasks, or over groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from xstilts.tasks.registry import TARGET_TASKS, TASKS
from xstilts.tasks.task import Task, codes

BenchmarkName = Literal["xtreme", "xtreme_r"]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        name: What configs call it.
        title: What readers call it.
        source: The publication, for readers.
        targets: Its tasks, in the order of its table. Its overall score is the unweighted mean of theirs.
        groups: The tasks of each group, whose score is the unweighted mean over them.
        official_groups: What its ``evaluate.py`` calls the groups.
        languages: The languages of tasks that the catalogue has in others.
        not_on_hub: Languages of tasks that the pinned repositories of the Hub lack.
    """

    name: BenchmarkName
    title: str
    source: str
    targets: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    official_groups: Mapping[str, str]
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_on_hub: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def task(self, task: Task) -> Task:
        """Return a built-in task with the languages that it has in this benchmark."""
        if task.name not in self.languages:
            return task
        return replace(task, languages=self.languages[task.name], hub_lacks=self.not_on_hub.get(task.name, ()))

    @property
    def submitted(self) -> tuple[str, ...]:
        """Its tasks that predictions are submitted of."""
        return tuple(name for name in self.targets if TASKS[name].submission)


_OF_TYPE = {
    "sentence_pairs": "classification",
    "structured_prediction": "tagging",
    "question_answering": "span_qa",
    "retrieval": "retrieval",
}

#: The tasks of each of XTREME's groups, in the catalogue's order.
GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name in TARGET_TASKS if TASKS[name].type == form) for group, form in _OF_TYPE.items()
}

XTREME = Benchmark(
    name="xtreme",
    title="XTREME",
    source="Hu et al. 2020",
    targets=TARGET_TASKS,
    groups=GROUPS,
    official_groups={
        "sentence_pairs": "classification",
        "structured_prediction": "tagging",
        "question_answering": "qa",
        "retrieval": "retrieval",
    },
)


def _also(task: str, more: str) -> tuple[str, ...]:
    """The languages of a task in XTREME, and more."""
    return codes(f"{' '.join(TASKS[task].languages)} {more}")


_PANX_MORE = "az gu lt pa pl qu ro uk"
_UDPOS_MORE = "lt pl ro uk wo"

XTREME_R = Benchmark(
    name="xtreme_r",
    title="XTREME-R",
    source="Ruder et al. 2021",
    targets=("xnli", "xcopa", "udpos", "panx", "xquad", "mlqa", "tydiqa", "tatoeba", "mewslix", "lareqa"),
    groups={
        "classification": ("xnli", "xcopa"),
        "structured_prediction": ("udpos", "panx"),
        "question_answering": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("tatoeba", "mewslix"),
        "multiple_choice": ("xcopa",),
    },
    official_groups={
        "classification": "classification",
        "structured_prediction": "tagging",
        "question_answering": "qa",
        "retrieval": "retrieval",
        "multiple_choice": "multi_choice",
    },
    languages={
        "udpos": _also("udpos", _UDPOS_MORE),
        "panx": _also("panx", _PANX_MORE),
        "xquad": _also("xquad", "ro"),
        "tatoeba": _also("tatoeba", "az lt pl ro uk"),
    },
    not_on_hub={"udpos": codes(_UDPOS_MORE), "panx": codes(_PANX_MORE)},
)

BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for benchmark in (XTREME, XTREME_R)}

AVERAGE = "average"  # over all of a benchmark's target tasks

#: Published aggregates of XTREME as a mean of means: of the scores of each inner tuple's tasks, then of these.
AGGREGATES: dict[str, tuple[tuple[str, ...], ...]] = {
    **{group: (tasks,) for group, tasks in GROUPS.items()},
    AVERAGE: (TARGET_TASKS,),
    "average_without_retrieval": (tuple(name for name in TARGET_TASKS if name not in GROUPS["retrieval"]),),
    "average_of_three_groups": tuple(tasks for group, tasks in GROUPS.items() if group != "retrieval"),
}

#: Every name of a group or an average, of any benchmark.
MEANS: tuple[str, ...] = tuple(dict.fromkeys((*AGGREGATES, *(g for one in BENCHMARKS.values() for g in one.groups))))


def title_of(target: str) -> str:
    """A target's or an aggregate's name for readers."""
    return TASKS[target].title if target in TASKS else target.replace("_", " ").capitalize()
