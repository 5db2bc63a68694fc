"""Groups of target tasks, and the averages that papers print.

XTREME (Hu et al. 2020, arXiv 2003.11080) sorts its tasks into four groups; ``evaluate.py`` prints the unweighted mean
of each, and of all nine tasks. Other papers average over fewer tasks, or over groups.
"""

from __future__ import annotations

from xstilts.tasks.registry import TARGET_TASKS, TASKS

_OF_FORMAT = {
    "sentence_pairs": "classification",
    "structured_prediction": "tagging",
    "question_answering": "span_qa",
    "retrieval": "retrieval",
}

#: The tasks of each group, in the catalogue's order.
GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name in TARGET_TASKS if TASKS[name].type == form) for group, form in _OF_FORMAT.items()
}

AVERAGE = "average"  # over all target tasks

#: Published aggregates as a mean of means: of the scores of each inner tuple's tasks, then of these.
AGGREGATES: dict[str, tuple[tuple[str, ...], ...]] = {
    **{group: (tasks,) for group, tasks in GROUPS.items()},
    AVERAGE: (TARGET_TASKS,),
    "average_without_retrieval": (tuple(name for name in TARGET_TASKS if name not in GROUPS["retrieval"]),),
    "average_of_three_groups": tuple(tasks for group, tasks in GROUPS.items() if group != "retrieval"),
}


def title_of(target: str) -> str:
    """A target's or an aggregate's name for readers."""
    return TASKS[target].title if target in TASKS else target.replace("_", " ").capitalize()
