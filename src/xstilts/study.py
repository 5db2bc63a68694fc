"""The study config: what a study consists of, and clear sentences about what is wrong with it.

A study file holds exactly the keys of :class:`Study`; unknown ones are errors. The sections that only hold settings are
in :mod:`xstilts.settings`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from xstilts.atomic import write_text
from xstilts.catalogue.languages import ENGLISH, Language, languages_of
from xstilts.catalogue.tasks import TASKS, Task
from xstilts.errors import UserError, nearest
from xstilts.mistakes import sentences
from xstilts.settings import (
    Architecture,
    Compute,
    Embedding,
    Encoding,
    Encodings,
    FilesSource,
    HubSource,
    Hyperparameters,
    HyperparametersOverride,
    IntermediateTask,
    Limits,
    Name,
    RetrievalSettings,
    Section,
    SyntheticSource,
    TargetTask,
    Training,
    Whole,
    merged,
    unique,
)
from xstilts.sources import layout

BASELINE = "none"
SYNTHETIC = "Synthetic languages and tasks: these scores say nothing about real languages."


class Model(Section):
    """An encoder: either ready-made, or pretrained by the workflow on the study's own text."""

    path: str | None = Field(None, description="Folder of a ready-made encoder with its tokenizer (safetensors only).")
    architecture: Architecture | None = Field(None, description="Shape of an encoder to pretrain on the study's text.")

    @model_validator(mode="after")
    def _one_origin(self) -> Model:
        if (self.path is None) == (self.architecture is None):
            raise ValueError("give either 'path' (a ready-made encoder) or 'architecture' (one to pretrain), not both")
        return self


class Arm(Section):
    """What happens to the encoder between pretraining and the target task."""

    tasks: Annotated[list[IntermediateTask], AfterValidator(unique)] = Field(
        [], description="English intermediate tasks to train on; several are mixed. Empty: none."
    )
    weights: Literal["pretrained", "random"] = Field(
        "pretrained", description="Where the arm starts. 'random' discards pretraining: the untrained control."
    )
    training: HyperparametersOverride | None = Field(None, description="Hyper-parameters of this arm alone.")

    @property
    def trains(self) -> bool:
        """Whether an encoder other than the pretrained one comes out of the arm."""
        return bool(self.tasks) or self.weights == "random"


class Target(Section):
    """A target task of the study."""

    languages: Annotated[list[str], AfterValidator(unique)] | None = Field(
        None, min_length=1, description="Languages to score; all that the task has where left out."
    )


class Study(Section):
    """A transfer study: models x arms x targets x seeds."""

    study: Name = Field(description="Name of the study; results lie in results/{study}/.")
    source: Annotated[SyntheticSource | FilesSource | HubSource, Field(discriminator="kind")]
    models: dict[Name, Model] = Field(min_length=1, description="Encoders by name.")
    seeds: Annotated[list[Whole], AfterValidator(unique)] = Field([1], min_length=1)
    examples: Limits = Field(Limits(), description="How much of each file to use.")
    arms: dict[Name, Arm] = Field(description="What happens before the target task, by name; 'none' is the baseline.")
    targets: dict[TargetTask, Target] = Field(min_length=1)
    splits: Annotated[list[Literal["dev", "test"]], AfterValidator(unique)] = Field(
        ["test"], min_length=1, description="Splits to score in every language."
    )
    training: Training = Training()
    encoding: Encodings = Encodings()
    retrieval: RetrievalSettings = RetrievalSettings()
    compute: Compute = Compute()

    @model_validator(mode="after")
    def _has_baseline(self) -> Study:
        if BASELINE not in self.arms:
            raise ValueError(f"arms: gains need the baseline; add '{BASELINE}: {{}}' to arms")
        if self.arms[BASELINE].trains:
            raise ValueError(f"arms.{BASELINE}: is the baseline, which trains nothing; give this arm another name")
        return self

    @model_validator(mode="after")
    def _languages_exist(self) -> Study:
        known = self.language_table()
        for name, target in self.targets.items():
            for language in target.languages or ():
                valid = self._languages_of_task(TASKS[name])
                if language not in known:
                    raise ValueError(
                        f"targets.{name}.languages: there is no language '{language}'. {nearest(language, known)}"
                    )
                if language not in valid:
                    raise ValueError(
                        f"targets.{name}.languages: {TASKS[name].title} has no '{language}', only {', '.join(valid)}"
                    )
        return self

    @model_validator(mode="after")
    def _fits_its_models(self) -> Study:
        """What is known before training of the encoders that the study makes itself."""
        lengths = {"encoding.max_length": self.encoding.max_length}
        lengths |= {
            f"encoding.tasks.{task}.max_length": self.encoding_of(task).max_length for task in self.encoding.tasks
        }
        retrieves = any(TASKS[target].format == "retrieval" for target in self.targets)
        layers = {"retrieval.layer": self.retrieval.layer} if retrieves else {}
        for name, model in self.models.items():
            if (shape := model.architecture) is None:
                continue
            for values, limit, what in ((lengths, shape.max_length, "max_length"), (layers, shape.layers, "layers")):
                for key, value in values.items():
                    if value > limit:
                        raise ValueError(
                            f"{key}: {value} is more than the {limit} of models.{name}.architecture.{what}"
                        )
        return self

    @property
    def warning(self) -> str:
        """What stands wherever a person reads a score of the study; empty where nothing needs to."""
        return SYNTHETIC if self.source.kind == "synthetic" else ""

    def language_table(self) -> dict[str, Language]:
        """By code, every language that the study's source can have."""
        return languages_of(self.source.kind)

    def _languages_of_task(self, task: Task) -> tuple[str, ...]:
        if self.source.kind != "synthetic":
            return task.languages
        pairs_with_english = task.format == "retrieval"
        return tuple(code for code in self.language_table() if not (pairs_with_english and code == ENGLISH))

    def languages(self, target: str) -> tuple[str, ...]:
        """The languages in which the study scores a target, in alphabetical order."""
        return tuple(sorted(self.targets[target].languages or self._languages_of_task(TASKS[target])))

    def splits_of(self, target: str) -> tuple[str, ...]:
        """The splits to score: those the study asks for, or the test split where the release has none of them."""
        return tuple(split for split in self.splits if layout.has(target, split)) or ("test",)

    def encoding_of(self, task: str) -> Encoding:
        return merged(Encoding, self.encoding, self.encoding.tasks.get(task))

    def embedding_of(self, task: str) -> Embedding:
        return merged(Embedding, self.retrieval, self.retrieval.tasks.get(task))

    def intermediate(self, arm: str) -> Hyperparameters:
        """Of a single-task arm: stage, then task, then arm; a mixture has no task of its own."""
        tasks = self.arms[arm].tasks
        of_task = self.training.intermediate.tasks.get(tasks[0]) if len(tasks) == 1 else None
        return merged(Hyperparameters, self.training.intermediate, of_task, self.arms[arm].training)

    def target(self, training_task: str) -> Hyperparameters:
        """Of fine-tuning on the English training data of a task."""
        stage = self.training.target
        return merged(Hyperparameters, stage, stage.tasks.get(training_task))


def load(config: Mapping[str, Any]) -> Study:
    """Check a config as Snakemake or YAML hands it over.

    Raises:
        UserError: with one sentence for each thing that is wrong, naming the key's path.
    """
    try:
        return Study.model_validate(dict(config))
    except ValidationError as error:
        listed = "\n".join(f"  - {sentence}" for sentence in sentences(error, Study))
        raise UserError(f"The study config is not valid:\n{listed}") from None


def store(study: Study, path: Path) -> None:
    """Write the checked study where jobs read it; a file that says the same already is left alone."""
    text = study.model_dump_json(indent=2, exclude_unset=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def load_file(path: Path) -> Study:
    """The study that a run of the workflow has checked and stored."""
    if not path.is_file():
        raise UserError(f"{path}: no such study file. It is written when snakemake reads the config.")
    try:
        return load(json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise UserError(f"{path}: not a study that snakemake has checked; these are results/*/study.json.") from None
