"""Names of tasks in a config: those of built-in tasks, and of the tasks that the study declares itself.

Which names are valid depends on the study, so its own ones are handed to the checks as pydantic's validation context.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from xstilts.errors import did_you_mean
from xstilts.tasks.registry import POSSIBLE_TARGETS, RETRIEVAL_TASKS, TASKS, TRAINABLE_TASKS, TRAINING_SETS


@dataclass(frozen=True)
class TaskNames:
    """The names that may stand where a config asks for a kind of task."""

    intermediate: tuple[str, ...] = TRAINABLE_TASKS
    target: tuple[str, ...] = POSSIBLE_TARGETS
    training_set: tuple[str, ...] = TRAINING_SETS
    retrieval: tuple[str, ...] = RETRIEVAL_TASKS
    any: tuple[str, ...] = tuple(TASKS)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TaskNames:
        """Those of a config that has not been checked yet: whatever is wrong with its own tasks is said elsewhere."""
        own = config.get("tasks")
        if not isinstance(own, Mapping):
            return cls()
        trains, targets, trained_on, retrieval = [], [], [], []
        for name, task in own.items():
            values = task if isinstance(task, Mapping) else {}
            files = values.get("files")
            splits = set(files) if isinstance(files, Mapping) else {"train", "dev", "test"}
            trains += [str(name)] * ({"train", "dev"} <= splits)
            targets += [str(name)] * bool({"dev", "test"} & splits)
            trained_on += [str(values["trained_on"])] if values.get("trained_on") else []
            retrieval += [str(name)] * (values.get("type") == "retrieval")
        return cls(
            intermediate=(*TRAINABLE_TASKS, *trains),
            target=(*POSSIBLE_TARGETS, *targets),
            training_set=tuple(dict.fromkeys((*TRAINING_SETS, *trains, *trained_on))),
            retrieval=(*RETRIEVAL_TASKS, *retrieval),
            any=(*TASKS, *map(str, own)),
        )


def _known(kind: str, what: str) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        names = info.context if isinstance(info.context, TaskNames) else TaskNames()
        valid = getattr(names, kind)
        if value not in valid:
            raise ValueError(f"there is no {what} '{value}'. {did_you_mean(value, valid)}")
        return value

    return AfterValidator(check)


def _suggested(kind: str) -> Any:
    """What an editor offers, through the JSON schema of a study file."""
    return Field(examples=[*getattr(TaskNames(), kind)])


IntermediateTask = Annotated[str, _known("intermediate", "intermediate task"), _suggested("intermediate")]
TargetTask = Annotated[str, _known("target", "target task"), _suggested("target")]
TrainingSet = Annotated[str, _known("training_set", "training set"), _suggested("training_set")]
RetrievalTask = Annotated[str, _known("retrieval", "retrieval task"), _suggested("retrieval")]
AnyTask = Annotated[str, _known("any", "task"), _suggested("any")]
