"""Which key of a study sets a value: settings of one task or arm stand before those of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xstilts.config.section import Section
from xstilts.config.settings import Hyperparameters
from xstilts.config.study import Study
from xstilts.tasks.registry import TEXT


class Stage(NamedTuple):
    """Training of one arm, or on one training set of targets.

    Attributes:
        tasks: The tasks that are trained on.
        train_examples: How many examples of each are used; None: all.
        settings: Its hyper-parameters.
        places: Sections that may set them, by key; the first that does counts.
    """

    tasks: tuple[str, ...]
    train_examples: int | None
    settings: Hyperparameters
    places: dict[str, Section | None]

    @property
    def task(self) -> str | None:
        """The task that is trained on; None for a mixture or text."""
        return self.tasks[0] if len(self.tasks) == 1 else None

    def key(self, name: str) -> str:
        """The key that sets a hyper-parameter."""
        return set_by(name, self.places)


def set_by(name: str, places: dict[str, Section | None]) -> str:
    """The key of the first place that sets a value; of the last one where it is left to its default."""
    setting = (key for key, section in places.items() if section is not None and name in section.model_fields_set)
    return f"{next(setting, list(places)[-1])}.{name}"


def max_length(study: Study, task: str) -> str:
    """The key that sets the longest input of a task."""
    name = TEXT.name if task in study.corpora else task
    return set_by("max_length", {f"encoding.tasks.{name}": study.encoding.tasks.get(name), "encoding": study.encoding})


def embedding(study: Study, task: str, name: str) -> str:
    """The key that sets how a retrieval task is embedded."""
    return set_by(name, {f"retrieval.tasks.{task}": study.retrieval.tasks.get(task), "retrieval": study.retrieval})


def stages(study: Study) -> Iterator[Stage]:
    """Iterate over the stages of each arm, then the fine-tuning on each training set."""
    intermediate, target = study.training.intermediate, study.training.target
    for name, arm in study.arms.items():
        for number, (stage, settings) in enumerate(zip(arm.sequence, study.intermediate(name), strict=True)):
            task = stage.tasks[0] if len(stage.tasks) == 1 else None
            own = {f"arms.{name}.stages.{number}.training": stage.training} if arm.stages else {}
            places: dict[str, Section | None] = {**own, f"arms.{name}.training": arm.training}
            if task:
                places[f"training.intermediate.tasks.{task}"] = intermediate.tasks.get(task)
            yield Stage(
                tuple(stage.tasks), stage.train_examples, settings, {**places, "training.intermediate": intermediate}
            )
    for task in study.training_sets():
        of_task = {f"training.target.tasks.{task}": target.tasks.get(task)}
        yield Stage((task,), None, study.target(task), {**of_task, "training.target": target})
