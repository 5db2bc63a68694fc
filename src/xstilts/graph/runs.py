"""What jobs a study needs, and which files they read. :mod:`xstilts.graph.specs` has what determines their results."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xstilts.config.sources import FilesSource, SyntheticSource
from xstilts.config.study import Study
from xstilts.graph.paths import MODELS, Paths
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT

RETRIEVAL = "retrieval"  # stands where a training set would in the names of jobs that train nothing
INTERMEDIATE = "intermediate"  # and here for the training of an arm itself

#: Model, arm, training set or ``RETRIEVAL``, seed: what names a job that makes scores.
Job = tuple[str, str, str, int]


def job_of(path: Path) -> Job:
    """The job that a file of :meth:`Paths.part` belongs to."""
    model, arm, what, _ = path.parts[-4:]
    return model, arm, what, int(path.stem.removeprefix("seed"))


def evaluation_of(study: Study, target: str) -> str:
    """What names the job that scores a target: the training set it is fine-tuned on, or ``RETRIEVAL``."""
    return study.task(target).trained_on or RETRIEVAL


@dataclass(frozen=True)
class Runs:
    """The jobs of one study. Paths are relative to where snakemake runs."""

    study: Study
    #: The jobs that the study is summed up from before all of them are done; None: from all, as the rules do.
    finished: frozenset[Job] | None = None

    @cached_property
    def paths(self) -> Paths:
        return Paths(Path("results") / self.study.study, partial=self.finished is not None)

    # What there is to do

    def targets_of(self, training_set: str) -> tuple[str, ...]:
        """The targets that one fine-tuning serves; those that need none for ``RETRIEVAL``."""
        wanted = None if training_set == RETRIEVAL else training_set
        return tuple(target for target in self.study.targets if self.study.task(target).trained_on == wanted)

    def evaluations(self) -> tuple[str, ...]:
        """Training sets, and ``RETRIEVAL`` where a target needs it: the jobs of a model, arm and seed."""
        return (*self.study.training_sets(), *((RETRIEVAL,) if self.targets_of(RETRIEVAL) else ()))

    def files(self, task: str) -> tuple[tuple[str, str], ...]:
        """(split, language) of every canonical file of a task."""
        if task == TEXT.name:
            languages = {ENGLISH, *(code for target in self.study.targets for code in self.study.languages(target))}
            return tuple(("train", code) for code in sorted(languages))
        wanted: list[tuple[str, str]] = []
        if task in self.study.intermediate_tasks() or task in self.study.training_sets():
            wanted += [("train", ENGLISH), ("dev", ENGLISH)]
        if task in self.study.targets:
            splits = self.study.splits_of(task)
            if self.study.task(task).tuned_on_dev:
                splits = ("dev", *(split for split in splits if split != "dev"))
            wanted += [(split, code) for split in splits for code in self.study.languages(task, split)]
        return tuple(dict.fromkeys(wanted))

    def pretrains(self, model: str) -> bool:
        return self.study.models[model].architecture is not None

    def any_pretraining(self) -> bool:
        return any(self.pretrains(model) for model in self.study.models)

    def text_from_tasks(self) -> bool:
        source = self.study.source
        return isinstance(source, FilesSource) and source.text == "tasks"

    # What the jobs read and write

    def source_files(self, task: str) -> list[Path]:
        """What ``prepare`` reads. Files that are missing are left for it to complain about, which it does better."""
        if isinstance(self.study.source, SyntheticSource):
            return [self.paths.generated]
        if self.study.from_hub(task):
            return [self.paths.prefetched(task)]
        table, root = self.study.language_table(), Path(self.study.source.root)
        found = (
            path for split, code in self.files(task) for path in self.study.task(task).paths(root, split, table[code])
        )
        return [path for path in dict.fromkeys(found) if path.is_file()]

    def text_sources(self) -> list[Path]:
        """What the unlabelled text is made from."""
        if self.text_from_tasks():
            return [self.paths.data_manifest(task) for task in self.study.tasks()]
        return self.source_files(TEXT.name)

    def prefetched(self) -> list[Path]:
        """What has to be downloaded before anything else, on a machine with network."""
        records = [self.paths.prefetched(task) for task in self.study.tasks() if self.study.from_hub(task)]
        return records + [self.ready_made(name) / "xstilts.json" for name, m in self.study.models.items() if m.snapshot]

    def ready_made(self, model: str) -> Path:
        """The folder of an encoder that the study does not make itself."""
        chosen = self.study.models[model]
        return MODELS / chosen.snapshot.folder if chosen.snapshot else Path(str(chosen.path))

    def tokenizer_source(self, model: str) -> Path:
        if self.pretrains(model):
            return self.paths.data_manifest(TEXT.name)
        return self.ready_made(model) / "tokenizer.json"

    def pretrained_weights(self, model: str) -> Path:
        folder = self.paths.pretrained(model) if self.pretrains(model) else self.ready_made(model)
        return folder / "model.safetensors"

    def starting_weights(self, model: str, arm: str) -> list[Path]:
        """What an arm's training starts from; nothing where it draws random weights in a shape that the study gives."""
        if self.study.arms[arm].weights == "random" and self.pretrains(model):
            return []
        return [self.pretrained_weights(model)]

    def encoder_weights(self, model: str, arm: str, seed: int | str) -> Path:
        """Where an arm's encoder is: what the arm trained, or the pretrained one."""
        if self.study.arms[arm].trains:
            return self.paths.encoder(model, arm, seed) / "model.safetensors"
        return self.pretrained_weights(model)

    def inputs(self, model: str, tasks: tuple[str, ...]) -> list[Path]:
        """Manifests of the encoded examples of ``tasks``, which also change with the canonical ones."""
        return [self.paths.tokens_manifest(model, task) for task in tasks]

    def evaluated(self, training_set: str) -> tuple[str, ...]:
        """Every task whose examples a fine-tuning or retrieval job reads."""
        own = () if training_set == RETRIEVAL else (training_set,)
        return tuple(dict.fromkeys((*own, *self.targets_of(training_set))))

    def jobs(self) -> Iterator[Job]:
        """Every job that makes scores."""
        for model in self.study.models:
            for arm in self.study.arms:
                for evaluation in self.evaluations():
                    for seed in self.study.seeds:
                        yield model, arm, evaluation, seed

    def score_files(self) -> list[Path]:
        return [self.paths.part("scores", *job) for job in self._summed()]

    def dev_score_files(self) -> list[Path]:
        """Of the same jobs, and of the training of arms."""
        trained = [(model, arm) for model in self.study.models for arm, a in self.study.arms.items() if a.trains]
        arms = [(model, arm, INTERMEDIATE, seed) for model, arm in trained for seed in self.study.seeds]
        of_arms = [self.paths.part("dev_scores", *job) for job in arms]
        if self.finished is not None:
            of_arms = [path for path in of_arms if path.is_file()]
        return of_arms + [self.paths.part("dev_scores", *job) for job in self._summed()]

    def prediction_files(self, left_out: Collection[Job] = ()) -> list[Path]:
        return [self.paths.part("predictions", *job) for job in self._summed() if job not in left_out]

    def compared(self) -> list[Path]:
        """What the similarity of tasks is measured on: encoded examples, and the encoders before any arm."""
        encoded = [path for model in self.study.models for path in self.inputs(model, self.study.tasks())]
        return list(dict.fromkeys([*encoded, *map(self.pretrained_weights, self.study.models)]))

    def records(self, left_out: Collection[Job] = ()) -> list[Path]:
        return [self.paths.part("records", *job, "json") for job in self._summed() if job not in left_out]

    def _summed(self) -> list[Job]:
        return [job for job in self.jobs() if self.finished is None or job in self.finished]

    def manifests(self) -> dict[str, dict[str, Any]]:
        """By task, what its canonical files are; of those that have been prepared."""
        paths = {task: self.paths.data_manifest(task) for task in (*self.study.tasks(), TEXT.name)}
        return {task: json.loads(path.read_bytes()) for task, path in paths.items() if path.is_file()}
