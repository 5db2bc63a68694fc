"""The study config: what a study consists of, and clear sentences about what is wrong with it.

A study file holds exactly the keys of :class:`Study`; unknown ones are errors. The sections that only hold settings are
in :mod:`xstilts.settings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from xstilts.atomic import write_text
from xstilts.catalogue.languages import ENGLISH, Language, languages_of
from xstilts.catalogue.tasks import TASKS, Task
from xstilts.errors import UserError, nearest
from xstilts.settings import (
    Architecture,
    Compute,
    Encoding,
    Encodings,
    FilesSource,
    Hyperparameters,
    HyperparametersOverride,
    IntermediateTask,
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

T = TypeVar("T")
#: A section whose keys may all be left out: ``xnli:`` in YAML means ``xnli: {}``.
OrEmpty = Annotated[T, BeforeValidator(lambda value: {} if value is None else value)]


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
    source: Annotated[SyntheticSource | FilesSource, Field(discriminator="kind")]
    models: dict[Name, Model] = Field(min_length=1, description="Encoders by name.")
    seeds: Annotated[list[Whole], AfterValidator(unique)] = Field([1], min_length=1)
    arms: dict[Name, OrEmpty[Arm]] = Field(
        description="What happens before the target task, by name; 'none' is the baseline."
    )
    targets: dict[TargetTask, OrEmpty[Target]] = Field(min_length=1)
    splits: Annotated[list[Literal["dev", "test"]], AfterValidator(unique)] = Field(
        ["test"], min_length=1, description="Splits to score in every language."
    )
    training: Training = Training()
    encoding: Encodings = Encodings()
    retrieval: RetrievalSettings = RetrievalSettings()
    compute: Compute = Compute()

    @model_validator(mode="after")
    def _has_baseline(self) -> Study:
        if BASELINE not in self.arms or self.arms[BASELINE].trains:
            raise ValueError(f"arms: gains need the baseline; add '{BASELINE}: {{}}' to arms")
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

    def pretraining(self) -> Hyperparameters:
        return self.training.pretraining

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
        sentences = list(dict.fromkeys(_sentences(error)))
        raise UserError("The study config is not valid:\n" + "\n".join(f"  - {s}" for s in sentences)) from None


def store(study: Study, path: Path) -> None:
    """Write the checked study where jobs read it; a file that says the same already is left alone."""
    text = study.model_dump_json(indent=2, exclude_unset=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def load_file(path: Path) -> Study:
    """The study that a run of the workflow has checked and stored."""
    if not path.is_file():
        raise UserError(f"{path}: no such study file. It is written when snakemake reads the config.")
    return Study.model_validate_json(path.read_bytes())


def _sentences(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        path = [part for part in problem["loc"] if part not in ("[key]", "synthetic", "files")]
        where, found = ".".join(map(str, path)), problem["input"]
        match problem["type"]:
            case "missing":
                yield f"{where}: this key is required."
            case "extra_forbidden":
                yield f"{where}: unknown key. {nearest(path[-1], _keys_at(path[:-1]))}"
            case "value_error":
                text = str(problem["ctx"]["error"])
                yield f"{where}: {text}." if where else f"{text}."
            case "union_tag_invalid" | "union_tag_not_found":
                yield f"{where}.kind: must be 'synthetic' or 'files'."
            case _:
                message = problem["msg"].removeprefix("Input ")
                yield f"{where}: {message}, but is {found!r}."


def _keys_at(path: list[Any]) -> list[str]:
    """The valid keys of the section at ``path``, found by walking down the models."""
    found: list[type[Section]] = [Study]
    for part in path:
        found = [kind for section in found for kind in _sections_in(section, str(part))] or found
    return sorted({name for section in found for name in section.model_fields})


def _sections_in(section: type[Section], key: str) -> Iterator[type[Section]]:
    field = section.model_fields.get(key)
    if field is None:
        return
    pending: list[Any] = [field.annotation]
    while pending:
        kind = pending.pop()
        if isinstance(kind, type) and issubclass(kind, Section):
            yield kind
        pending.extend(getattr(kind, "__args__", ()))
