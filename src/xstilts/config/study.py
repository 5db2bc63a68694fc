"""The study config: what a study consists of, and clear sentences about what is wrong with it.

A study file holds exactly the keys of :class:`Study`; unknown ones are errors. Models, arms and targets are in
:mod:`xstilts.config.factors`, other sections in :mod:`xstilts.config.settings` and :mod:`xstilts.config.sources`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from xstilts.atomic import write_text
from xstilts.config.consistency import problems_of
from xstilts.config.factors import Arm, Model, Shots, Target
from xstilts.config.messages import sentences
from xstilts.config.own import LanguageCode, OwnLanguage, OwnTask, OwnTaskName
from xstilts.config.section import Name, Section, Seed, merged, unique
from xstilts.config.settings import (
    Compute,
    Embedding,
    Encoding,
    Encodings,
    Hyperparameters,
    Limits,
    RetrievalSettings,
    Training,
)
from xstilts.config.sources import FilesSource, HubSource, SyntheticSource
from xstilts.config.task_names import TargetTask, TaskNames
from xstilts.config.text import Corpus, CorpusName, TextUse
from xstilts.config.text_uses import uses_of_text
from xstilts.config.training_data import trainings
from xstilts.config.translation import Translation, translated_name, translated_task
from xstilts.errors import UserError, UserErrors
from xstilts.tasks.benchmarks import BENCHMARKS, Benchmark, BenchmarkName, title_of
from xstilts.tasks.languages import ENGLISH, Language
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.tasks.task import Task

BASELINE = "none"
SYNTHETIC = "Synthetic languages and tasks: these scores say nothing about real languages."
BEST = "best"  # the submission that takes the best arm for each target


def _off(value: Any) -> Any:
    """YAML reads ``off`` as false."""
    return "off" if value is False else value


class Study(Section):
    """A transfer study: models x arms x targets x seeds."""

    study: Name = Field(description="Name of the study; results lie in results/{study}/.")
    source: Annotated[SyntheticSource | FilesSource | HubSource, Field(discriminator="kind")] = Field(
        description="Where the examples come from."
    )
    benchmark: BenchmarkName = Field(
        "xtreme",
        description="XTREME, or XTREME-R: the languages that a task of both has where a target names none, the groups "
        "and averages in tables, and the form of submissions.",
    )
    models: dict[Name, Model] = Field(min_length=1, description="Encoders by name.")
    seeds: Annotated[list[Seed], AfterValidator(unique)] = Field(
        [1], min_length=1, description="Every cell of the study is run once per seed."
    )
    declared_languages: dict[LanguageCode, OwnLanguage] = Field(
        {}, alias="languages", description="Languages that the built-in table lacks, by code."
    )
    declared_tasks: dict[OwnTaskName, OwnTask] = Field(
        {}, alias="tasks", description="Tasks of the study's own, by name: for arms, as targets, or both."
    )
    text: dict[CorpusName, Corpus] = Field(
        {}, description="Corpora of unlabelled text, by name: for arms' masked_lm, and for models that continue."
    )
    translation: Translation | None = Field(
        None, description="Translates English training data where its source has none in a language; null: nothing."
    )
    translated: dict[str, list[str]] = Field(
        {},
        description="By task, the languages whose training data is translated. Filled in by the workflow when it plans "
        "the study: files that are there are used in place of a translation.",
    )
    examples: Limits = Field(Limits(), description="How much of each file to use.")
    arms: dict[Name, Arm] = Field(description="What happens before the target task, by name; 'none' is the baseline.")
    targets: dict[TargetTask, Target] = Field(min_length=1, description="Target tasks, by the task's name.")
    splits: Annotated[list[Literal["dev", "test"]], AfterValidator(unique)] = Field(
        ["test"], min_length=1, description="Splits to score in every language."
    )
    training: Training = Field(Training(), description="Hyper-parameters by stage.")
    encoding: Encodings = Field(Encodings(), description="How examples become tokens.")
    retrieval: RetrievalSettings = Field(RetrievalSettings(), description="How sentences are embedded and matched.")
    compute: Compute = Field(Compute(), description="Precision, checkpoints, sharing of GPUs.")
    tracking: Annotated[Literal["off", "tensorboard", "wandb", "mlflow"], BeforeValidator(_off)] = Field(
        "off",
        description="Where training jobs also write their learning curves while they run; the library must be "
        "installed (docs/tracking.md). Changing it reruns nothing.",
    )
    contents: dict[str, str] = Field(
        {},
        description="SHA-256 of the data files and encoders that the study reads, by path. Filled in by the workflow "
        "when it plans the study.",
    )

    @model_validator(mode="after")
    def _has_baseline(self) -> Study:
        if BASELINE not in self.arms:
            raise ValueError(f"arms: gains need the baseline; add '{BASELINE}: {{}}' to arms")
        if self.arms[BASELINE].trains:
            raise ValueError(f"arms.{BASELINE}: is the baseline, which trains nothing; give this arm another name")
        if BEST in self.arms:
            raise ValueError(f"arms.{BEST}: so is the submission of the best arms called; give this arm another name")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Study:
        if problem := next(problems_of(self), ""):
            raise ValueError(problem)
        return self

    @property
    def warning(self) -> str:
        """What stands wherever a person reads a score of the study; empty where nothing needs to."""
        used = [
            f"{'all' if count is None else f'the first {count}'} {what}"
            for count, what in ((self.examples.train, "training"), (self.examples.eval, "dev and test"))
        ]
        partial = f"Of each file, {' and '.join(used)} examples are used: no score here is one of the whole dataset."
        limited = self.examples != Limits()
        return " ".join([SYNTHETIC] * (self.source.kind == "synthetic") + [partial] * limited)

    def task(self, name: str) -> Task:
        """The declaration of a task, the study's own or a built-in one."""
        found = self.own_tasks.get(name) or self.corpora.get(name) or self._built_in.get(name)
        return found or self.translations[name]

    @cached_property
    def _built_in(self) -> dict[str, Task]:
        return {name: self.suite.task(task) for name, task in TASKS.items()}

    @property
    def suite(self) -> Benchmark:
        """The benchmark whose languages, groups and averages the study has."""
        return BENCHMARKS[self.benchmark]

    @cached_property
    def own_tasks(self) -> dict[str, Task]:
        """By name, the tasks that the study declares itself."""
        return {name: task.task(name) for name, task in self.declared_tasks.items()}

    @cached_property
    def corpora(self) -> dict[str, Task]:
        """The study's corpora as tasks, by the name that their files have."""
        tasks = [corpus.task(name) for name, corpus in self.text.items()]
        return {task.name: task for task in tasks}

    @property  # not cached: a copy with other values of ``translated`` would take over what is
    def translations(self) -> dict[str, Task]:
        """The translated training data as tasks of their own, by the name that their files have."""
        table = self.language_table()
        made = [
            translated_task(self.task(name), table[code]) for name, codes in self.translated.items() for code in codes
        ]
        return {task.name: task for task in made}

    def training_data(self, task: str, code: str) -> str:
        """Return the name that the files of a task's training data in a language have."""
        return translated_name(task, code) if code in self.translated.get(task, ()) else task

    def text_uses(self) -> dict[str, TextUse]:
        """What models and arms do with unlabelled text, by key."""
        return uses_of_text(self.models, self.arms)

    def text_languages(self, text: str) -> tuple[str, ...]:
        """The languages of a text; the study's own has those of its targets, and English."""
        if text in self.corpora:
            return self.corpora[text].languages
        return tuple(sorted({ENGLISH, *(code for target in self.targets for code in self.languages(target))}))

    def text_key(self, text: str, language: str) -> str:
        """The key of the files of a corpus in a language."""
        name = text.partition("_")[2]
        return f"text.{name}." + (f"languages.{language}" if self.text[name].languages else "files")

    def title_of(self, name: str) -> str:
        """The name for readers of a task or of an aggregate over tasks."""
        own = self.own_tasks.get(name) or self.corpora.get(name) or self.translations.get(name)
        return own.title if own else title_of(name)

    def shots_from(self, target: str, code: str) -> tuple[str, str]:
        """Task and split that a target's shots in a language are drawn from."""
        task = self.task(target)
        lacks_dev = code in task.without_dev and self.source.kind != "synthetic"
        if task.has("dev") and not task.dev_is_test and not lacks_dev:
            return target, "dev"
        return task.trained_on or target, "train"

    def shots(self, training_set: str) -> tuple[Shots, ...]:
        """The few examples in other languages that are mixed into a training set's English ones."""
        return tuple(
            Shots(target, *self.shots_from(target, code), code, count)
            for target, chosen in self.targets.items()
            if self.task(target).trained_on == training_set
            for code, count in chosen.shots.items()
        )

    def shots_of(self, task: str) -> tuple[Shots, ...]:
        """Those that are drawn from a task's files."""
        return tuple(shot for name in self.training_sets() for shot in self.shots(name) if shot.task == task)

    def train_languages(self, training_set: str) -> tuple[str, ...]:
        """The languages that are trained on, English first, for the targets of a training set."""
        chosen = (self.targets[target] for target in self.targets if self.task(target).trained_on == training_set)
        return tuple(dict.fromkeys((ENGLISH, *(code for target in chosen for code in target.train_languages))))

    def languages_trained(self, task: str) -> tuple[str, ...]:
        """The languages of the training files of a task that arms and fine-tuning use.

        Few-shot training and what is translated are not among them.
        """
        of_arms = (code for stage, _ in trainings(self) if task in stage.tasks for code in stage.languages)
        of_targets = self.train_languages(task) if task in self.training_sets() else ()
        languages = dict.fromkeys((*of_targets, *of_arms))
        return tuple(code for code in languages if code not in self.translated.get(task, ()))

    def taught(self, target: str) -> frozenset[str]:
        """The languages that a target's fine-tuning has examples of: English, and those that are not zero-shot."""
        if (training_set := self.task(target).trained_on) is None:
            return frozenset({ENGLISH})
        few = (shots.language for shots in self.shots(training_set))
        return frozenset((*self.train_languages(training_set), *few))

    def training_sets(self) -> tuple[str, ...]:
        """The tasks whose English training data the targets are fine-tuned on."""
        training_sets = (self.task(target).trained_on for target in self.targets)
        return tuple(dict.fromkeys(name for name in training_sets if name))

    def intermediate_tasks(self) -> tuple[str, ...]:
        """The tasks that arms train on."""
        return tuple(dict.fromkeys(task for arm in self.arms.values() for task in arm.all_tasks))

    def tasks(self) -> tuple[str, ...]:
        """Every labelled task that the study uses."""
        return tuple(dict.fromkeys((*self.intermediate_tasks(), *self.training_sets(), *self.targets)))

    def from_hub(self, task: str) -> bool:
        """Whether a task's examples come from the Hugging Face Hub, and not from files."""
        from_files = (*self.own_tasks, *self.corpora, *self.translations, TEXT.name)
        return isinstance(self.source, HubSource) and task not in (*self.source.files, *from_files)

    @property
    def mirror(self) -> str | None:
        """A folder that stands for the Hub."""
        return self.source.mirror if isinstance(self.source, HubSource) else None

    def language_table(self) -> dict[str, Language]:
        """By code, every language that the study's source can have."""
        own = {code: language.language(code) for code, language in self.declared_languages.items()}
        return {**self.source.languages(), **own}

    def languages_of_task(self, task: Task) -> tuple[str, ...]:
        """The languages that a task can be scored in."""
        if self.source.kind != "synthetic":
            return task.languages
        return tuple(code for code in self.language_table() if code != ENGLISH or ENGLISH in task.languages)

    def languages(self, target: str, split: str | None = None) -> tuple[str, ...]:
        """The languages in which the study scores a target, in alphabetical order; of a split, those that it has."""
        wanted = self.targets[target].languages or self.languages_of_task(self.task(target))
        lacking = {code for of, codes in self.targets[target].absent.items() if of == split for code in codes}
        if split == "dev":
            lacking |= {code for code in self.targets[target].shots if self.shots_from(target, code)[1] == "dev"}
            lacking |= set(self.task(target).without_dev) if self.source.kind != "synthetic" else set()
        return tuple(sorted(set(wanted) - lacking))

    def splits_of(self, target: str) -> tuple[str, ...]:
        """The splits to score: those the study asks for, or the test split where the release has none of them."""
        return tuple(split for split in self.splits if self.task(target).has(split)) or ("test",)

    def encoding_of(self, task: str) -> Encoding:
        """The encoding settings of a task, its own over those of all; those of all unlabelled text are of 'text'."""
        name = TEXT.name if task in self.corpora else task.partition(".")[0]  # of a translation, its task
        return merged(Encoding, self.encoding, self.encoding.tasks.get(name))

    def embedding_of(self, task: str) -> Embedding:
        """The embedding settings of a retrieval task, its own over those of all."""
        return merged(Embedding, self.retrieval, self.retrieval.tasks.get(task))

    def intermediate(self, arm: str) -> tuple[Hyperparameters, ...]:
        """Of each stage of an arm: all arms', then its single task's, the arm's, its own; mixtures have no task's."""
        whole, chosen = self.training.intermediate, self.arms[arm]
        of_task = [whole.tasks.get(stage.tasks[0]) if len(stage.tasks) == 1 else None for stage in chosen.sequence]
        return tuple(
            merged(Hyperparameters, whole, task, chosen.training, stage.training)
            for task, stage in zip(of_task, chosen.sequence, strict=True)
        )

    def pretraining(self, model: str) -> Hyperparameters:
        """Of the pretraining of a model of the study's own, or of its continuation."""
        continues = self.models[model].continues
        if continues is None:
            return self.training.pretraining
        steps = Hyperparameters(max_steps=continues.steps)
        return merged(Hyperparameters, self.training.pretraining, continues.training, steps)

    def stores_adapter(self, arm: str) -> bool:
        """Whether an arm's encoder is stored as an adapter to the pretrained one."""
        return any(hyper.lora for hyper in self.intermediate(arm))

    def target(self, training_task: str) -> Hyperparameters:
        """Of fine-tuning on the English training data of a task."""
        stage = self.training.target
        return merged(Hyperparameters, stage, stage.tasks.get(training_task))


def load(config: Mapping[str, Any]) -> Study:
    """Check a config as Snakemake or YAML hands it over.

    Raises:
        UserErrors: one sentence for each thing that is wrong, naming the key's path.
    """
    try:
        return Study.model_validate(dict(config), context=TaskNames.of(config))
    except ValidationError as error:
        raise UserErrors("The study config is not valid:", sentences(error, Study)) from None


def as_text(study: Study) -> str:
    """The text of a study's file: JSON with the keys that are set, and no defaults."""
    return study.model_dump_json(indent=2, exclude_unset=True, by_alias=True) + "\n"


def store(study: Study, path: Path) -> None:
    """Write a checked study to a file; a file that says the same already is left alone."""
    text = as_text(study)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def load_file(path: Path) -> Study:
    """The study that a run of the workflow has checked and stored.

    Raises:
        UserError: There is no such file, or it is no valid study.
    """
    if not path.is_file():
        raise UserError(
            f"{path}: no such study file. snakemake writes it when it starts to run a study: run 'snakemake' with the "
            "study's YAML file first. Before that, 'xstilts check' and 'xstilts plan' take the YAML file as --study."
        )
    try:
        return load(json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise UserError(f"{path}: not a study that snakemake has checked; these are results/*/study.json.") from None
