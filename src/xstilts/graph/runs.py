"""The jobs of a study and the files they read. What determines their results is in :mod:`xstilts.graph.specs`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xstilts.atomic import read_object
from xstilts.config.factors import Snapshot, Stage
from xstilts.config.sources import FilesSource, SyntheticSource
from xstilts.config.study import Study, as_text
from xstilts.encoders.weights import weights_file
from xstilts.errors import DataError
from xstilts.graph.jobs import INTERMEDIATE, RETRIEVAL, Job
from xstilts.graph.paths import MODELS, TRANSLATORS, Paths
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TEXT
from xstilts.tasks.task import POOL


def evaluation_of(study: Study, target: str) -> str:
    """Return ``Job.what`` of the job that scores a target: its training set, or ``RETRIEVAL``."""
    return study.task(target).trained_on or RETRIEVAL


def _matching(pattern: Path) -> list[Path]:
    """The files that match a pattern, in alphabetical order."""
    base = Path(pattern.anchor)
    return sorted(path for path in base.glob(str(pattern.relative_to(base))) if path.is_file())


@dataclass(frozen=True)
class Runs:
    """The jobs of one study.

    Attributes:
        study: The study.
        finished: The scoring jobs that a partial summary is made from; None for a summary of all jobs.
        folder: The study's folder; None for results/{study}, relative to where snakemake runs.
    """

    study: Study
    finished: frozenset[Job] | None = None
    folder: Path | None = None

    @cached_property
    def paths(self) -> Paths:
        """The paths of the study's files."""
        return Paths(self.folder or Path("results", self.study.study), partial=self.finished is not None)

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints of unfinished jobs, in folders named after their run ids."""
        chosen = self.study.compute.checkpoints
        return Path(chosen, self.study.study) if chosen else self.paths.checkpoints

    @cached_property
    def frozen(self) -> Path:
        """The path of the study as it is planned, which its jobs read."""
        return self.paths.frozen(hashlib.sha256(as_text(self.study).encode()).hexdigest()[:16])

    # Jobs

    def gpus(self, rule: str, model: str) -> int:
        """Return how many GPUs a job of a rule uses: several where it trains a model that has as many."""
        return self.study.models[model].gpus if rule in ("pretrain", "intermediate", "finetune") else 1

    def jobs(self) -> Iterator[Job]:
        """Iterate over the jobs that make scores: fine-tuning and retrieval."""
        for model in self.study.models:
            for arm in self.study.arms:
                for evaluation in self.evaluations():
                    for seed in self.study.seeds:
                        yield Job(model, arm, evaluation, seed)

    def all_jobs(self) -> Iterator[Job]:
        """Iterate over all jobs that train or score, each after those that it depends on."""
        yield from self.encoder_jobs()
        yield from self.jobs()

    def encoder_jobs(self) -> Iterator[Job]:
        """Iterate over the jobs that train encoders: pretraining, then the arms."""
        yield from map(Job.pretraining, sorted(filter(self.pretrains, self.study.models), key=self._generation))
        yield from self._intermediate_jobs()

    def summarised_jobs(self) -> list[Job]:
        """Return the scoring jobs whose results are summarised: all, or the finished ones."""
        return [job for job in self.jobs() if self.finished is None or job in self.finished]

    def targets_of(self, training_set: str) -> tuple[str, ...]:
        """Return the targets that are scored after fine-tuning on a training set, or by retrieval."""
        wanted = None if training_set == RETRIEVAL else training_set
        return tuple(target for target in self.study.targets if self.study.task(target).trained_on == wanted)

    def evaluations(self) -> tuple[str, ...]:
        """Return ``Job.what`` of the scoring jobs of each model, arm and seed."""
        return (*self.study.training_sets(), *((RETRIEVAL,) if self.targets_of(RETRIEVAL) else ()))

    def files(self, task: str) -> tuple[tuple[str, str], ...]:
        """Return split and language of every file of examples of a task."""
        if task in self.study.translations:
            return (("train", task.rpartition(".")[2]),)
        if self.study.task(task).type == "masked_lm":
            return tuple(("train", code) for code in self.study.text_languages(task))
        wanted: list[tuple[str, str]] = []
        if task in self.study.intermediate_tasks() or task in self.study.training_sets():
            wanted += [("train", ENGLISH), ("dev", ENGLISH)]
        wanted += [("train", code) for code in self.study.languages_trained(task)]
        wanted += [(shot.split, shot.language) for shot in self.study.shots_of(task)]
        if task in self.study.targets:
            splits = self.study.splits_of(task)
            if self.study.task(task).tuned_on_dev:
                splits = ("dev", *(split for split in splits if split != "dev"))
            wanted += [(split, code) for split in splits for code in self.study.languages(task, split)]
            wanted += [(POOL, ENGLISH)] * self.study.task(task).has(POOL)
        return tuple(dict.fromkeys(wanted))

    def rendered(self) -> dict[str, list[str]]:
        """Return, by task, the languages that it has training or few-shot data in, beside English."""
        return {
            task: sorted(
                {*self.study.languages_trained(task), *(s.language for s in self.study.shots_of(task))} - {ENGLISH}
            )
            for task in self.study.tasks()
        }

    def pretrains(self, model: str) -> bool:
        """Whether the study pretrains a model itself, from random weights or from another model."""
        return self.study.models[model].path is None

    def pretraining_text(self, model: str) -> str:
        """Return the text that the study pretrains a model on."""
        continues = self.study.models[model].continues
        return continues.task if continues else TEXT.name

    def texts(self, model: str | None = None) -> tuple[str, ...]:
        """Return the unlabelled texts that the study uses, or those that are encoded for a model."""
        models = self.study.models if model is None else (model,)
        pretraining = (self.pretraining_text(name) for name in models if self.pretrains(name))
        return tuple(dict.fromkeys((*pretraining, *(text for arm in self.study.arms.values() for text in arm.texts))))

    def translators(self) -> dict[str, Path]:
        """Return, by language that training data is translated into, the folder of the model that translates."""
        codes = dict.fromkeys(code for codes in self.study.translated.values() for code in codes)
        paths = {code: self.study.translation and self.study.translation.path(code) for code in codes}
        found = {code: path for code, path in paths.items() if path}
        return {code: TRANSLATORS / s.folder if (s := Snapshot.of_path(p)) else Path(p) for code, p in found.items()}

    def downloaded_translators(self) -> list[Path]:
        """Return the folders of the models for translation that come from the Hub."""
        return list(dict.fromkeys(folder for folder in self.translators().values() if folder.parent == TRANSLATORS))

    def translator_files(self, language: str) -> list[Path]:
        """Return the files that a job makes and a translation waits for: the downloaded weights, or none."""
        return self.made([weights_file(self.translators()[language])])

    def ancestors(self, model: str) -> tuple[str, ...]:
        """Return the model that a model continues, the model that this one continues, and so on."""
        continues = self.study.models[model].continues
        return (continues.parent, *self.ancestors(continues.parent)) if continues else ()

    def _generation(self, model: str) -> int:
        return len(self.ancestors(model))

    def all_data_was_read(self) -> bool:
        """Whether all data has been read once, and not been deleted since."""
        manifests = (self.paths.data_manifest(task) for task in self.study.tasks())
        return self.paths.prepared.exists() and any(manifest.is_file() for manifest in manifests)

    def text_from_tasks(self) -> bool:
        """Whether models are pretrained on the sentences of the study's own tasks."""
        source = self.study.source
        return isinstance(source, FilesSource) and source.text == "tasks"

    # The files that jobs read and make

    def reads(self, job: Job) -> list[Path]:
        """Return the files that a job that trains or scores reads: manifests of its data, and its starting weights."""
        tokenizer = self.paths.tokenizer_file(job.model)
        if job.rule == "pretrain":
            start = [self.pretrained_weights(parent) for parent in self.ancestors(job.model)[:1]]
            return [tokenizer, *start, *self.inputs(job.model, (self.pretraining_text(job.model),))]
        if job.rule == "intermediate":
            weights = self.starting_weights(job.model, job.arm)
            return [tokenizer, *weights, *self.inputs(job.model, self.trained_on(job.arm))]
        encoder = self.encoder_files(job.model, job.arm, job.seed)
        return [tokenizer, *encoder, *self.inputs(job.model, self.read_by(job.what))]

    def read_from_files(self) -> list[str]:
        """Return the tasks whose examples are read from files that no job makes, unlabelled text among them."""
        if isinstance(self.study.source, SyntheticSource):
            return []
        reads_text = TEXT.name in self.texts() and not self.text_from_tasks()
        tasks = [*self.study.tasks(), *([TEXT.name] if reads_text else [])]
        return [task for task in tasks if not self.study.from_hub(task)]

    def data_root(self) -> Path | None:
        """Return the folder that files of the study's tasks lie in; None if no task is read from files."""
        source = self.study.source
        return None if isinstance(source, SyntheticSource) or not self.read_from_files() else Path(source.root)

    def data_files(self, task: str) -> list[Path]:
        """Return the files, existing or not, that a task's examples are read from; none of a task that has no files."""
        source = self.study.source
        if task in self.study.corpora:
            return [path for paths in self.corpus_files(task).values() for path in paths]
        if isinstance(source, SyntheticSource) or self.study.from_hub(task):
            return []
        table, declared = self.study.language_table(), self.study.task(task)
        files = self.files(task)
        paths = (path for split, code in files for path in declared.paths(Path(source.root), split, table[code]))
        return list(dict.fromkeys(paths))

    def corpus_files(self, text: str) -> dict[str, list[Path]]:
        """Return the files of a corpus by language, in alphabetical order: of a planned study, those of its plan.

        Patterns are relative to the folder of the source's files, if it has one.
        """
        root, planned = Path(str(getattr(self.study.source, "root", ""))), self.study.contents
        patterns = self.study.text[text.partition("_")[2]].patterns
        return {
            code: [path for path in _matching(root / pattern) if not planned or str(path) in planned]
            for code, pattern in patterns.items()
        }

    def source_files(self, task: str) -> list[Path]:
        """Return the files that other jobs make and ``prepare`` reads; see :meth:`made` for those that no job makes."""
        if task in self.study.corpora:
            return []
        if isinstance(self.study.source, SyntheticSource):
            return [self.paths.generated]
        return [self.paths.prefetched(task)] if self.study.from_hub(task) else []

    def made(self, paths: Iterable[Path]) -> list[Path]:
        """Return those files that a job makes: the inputs of rules.

        Data files and encoders in local folders are no inputs of rules: Snakemake would compare their dates. Their
        checksums are in the run specs instead.
        """
        local = self.local_models()
        return [path for path in paths if path.parent not in local]

    def local_models(self) -> list[Path]:
        """Return the folders of models that no job makes or downloads: encoders, and those that translate."""
        encoders = [self.ready_made(name) for name, m in self.study.models.items() if m.path and not m.snapshot]
        return list(dict.fromkeys((*encoders, *(f for f in self.translators().values() if f.parent != TRANSLATORS))))

    def text_sources(self) -> list[Path]:
        """Return the files that the unlabelled text is made from."""
        if self.text_from_tasks():
            return [self.paths.data_manifest(task) for task in self.study.tasks()]
        return self.source_files(TEXT.name)

    def prefetched(self) -> list[Path]:
        """Return the files that are downloaded before anything else runs, on a machine with network."""
        records = [self.paths.prefetched(task) for task in self.study.tasks() if self.study.from_hub(task)]
        folders = [self.ready_made(name) for name, model in self.study.models.items() if model.snapshot]
        return records + [folder / "xstilts.json" for folder in (*folders, *self.downloaded_translators())]

    def ready_made(self, model: str) -> Path:
        """Return the folder of an encoder that the study does not pretrain itself."""
        chosen = self.study.models[model]
        return MODELS / chosen.snapshot.folder if chosen.snapshot else Path(str(chosen.path))

    def tokenizer_source(self, model: str) -> Path:
        """Return what a model's tokenizer is made from: unlabelled text, or another tokenizer."""
        if continues := self.study.models[model].continues:
            return self.paths.tokenizer_file(continues.parent)
        if self.pretrains(model):
            return self.paths.data_manifest(TEXT.name)
        return self.ready_made(model) / "tokenizer.json"

    def pretrained_weights(self, model: str) -> Path:
        """Return the weights of a pretrained encoder, the study's own or a ready-made one."""
        return weights_file(self.paths.pretrained(model) if self.pretrains(model) else self.ready_made(model))

    def starting_weights(self, model: str, arm: str) -> list[Path]:
        """Return the weights that an arm's training starts from; none if they are random and need no file."""
        if self.study.arms[arm].weights == "random" and self.study.models[model].architecture:
            return []
        return [self.pretrained_weights(model)]

    def encoder_weights(self, model: str, arm: str, seed: int | str) -> Path:
        """Return the file that stands for a scoring job's encoder: the arm's record, or the pretrained weights."""
        if self.study.arms[arm].trains:
            return self.paths.encoder(model, arm, seed) / "record.json"
        return self.pretrained_weights(model)

    def encoder_files(self, model: str, arm: str, seed: int | str) -> list[Path]:
        """Return the files that a scoring job waits for: an adapter is of no use without the pretrained encoder."""
        base = [self.pretrained_weights(model)] if self.study.stores_adapter(arm) else []
        return [*base, self.encoder_weights(model, arm, seed)]

    def inputs(self, model: str, tasks: tuple[str, ...]) -> list[Path]:
        """Return the manifests of the token ids of some tasks."""
        return [self.paths.tokens_manifest(model, task) for task in tasks]

    def trained_on(self, arm: str) -> tuple[str, ...]:
        """Return the tasks, translations of tasks and texts that an arm trains on."""
        chosen = self.study.arms[arm]
        return (*chosen.all_tasks, *self.translations_of_arm(arm), *chosen.texts)

    def translations_of_arm(self, arm: str) -> tuple[str, ...]:
        """Return the translated training data that an arm trains on."""
        stages = self.study.arms[arm].sequence
        return tuple(dict.fromkeys(name for stage in stages for name in self.translations_of_stage(stage)))

    def translations_of_stage(self, stage: Stage) -> tuple[str, ...]:
        """Return the translated training data of one training of an arm."""
        return self._translated((task, code) for task in stage.tasks for code in stage.languages)

    def translations_of_training_set(self, training_set: str) -> tuple[str, ...]:
        """Return the translated training data that targets are fine-tuned on beside the English one."""
        return self._translated((training_set, code) for code in self.study.train_languages(training_set))

    def _translated(self, wanted: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        names = dict.fromkeys(self.study.training_data(*pair) for pair in wanted)
        return tuple(name for name in names if name in self.study.translations)

    def evaluated(self, training_set: str) -> tuple[str, ...]:
        """Return the tasks whose examples a fine-tuning or retrieval job reads."""
        own = () if training_set == RETRIEVAL else (training_set,)
        return tuple(dict.fromkeys((*own, *self.targets_of(training_set))))

    def read_by(self, training_set: str) -> tuple[str, ...]:
        """Return what a fine-tuning or retrieval job reads: its tasks, and translations to train on."""
        translated = () if training_set == RETRIEVAL else self.translations_of_training_set(training_set)
        return (*self.evaluated(training_set), *translated)

    def score_files(self) -> list[Path]:
        """Return the score files of the summarised jobs."""
        return [self.paths.part("scores", *job) for job in self.summarised_jobs()]

    def dev_score_files(self) -> list[Path]:
        """Return the dev score files of the summarised jobs and of intermediate training."""
        of_arms = [self.paths.part("dev_scores", *job) for job in self._intermediate_jobs()]
        if self.finished is not None:
            of_arms = [path for path in of_arms if path.is_file()]
        return of_arms + [self.paths.part("dev_scores", *job) for job in self.summarised_jobs()]

    def prediction_files(self, left_out: Collection[Job] = ()) -> list[Path]:
        """Return the prediction files of the summarised jobs."""
        return [self.paths.part("predictions", *job) for job in self.summarised_jobs() if job not in left_out]

    def gold(self, tasks: Iterable[str]) -> list[Path]:
        """Return the manifests of the examples of some tasks, whose gold answers jobs read beside the token ids."""
        return [self.paths.data_manifest(task) for task in tasks]

    def beside(self, model: str, training_set: str) -> list[Path]:
        """Return what a scoring job reads beside the encoder and token ids, and what these were made from."""
        return [self.paths.tokenizer_file(model), *self.gold(self.read_by(training_set))]

    def results(self) -> list[Path]:
        """Return all that the summarised jobs have made, and what is summed up with it.

        The latter are the dev scores and the records of encoders, and the manifests of data.
        """
        made = [path for job in self.summarised_jobs() for path in job.makes(self.paths)]
        made += [job.record_apart(self.paths) for job in self.encoder_jobs()]
        prepared = (*self.study.tasks(), *self.study.translations, *self.texts())
        return list(dict.fromkeys((*made, *self.dev_score_files(), *self.gold(prepared))))

    def compared_beside(self) -> list[Path]:
        """Return what the similarity of tasks is measured on beside :meth:`compared`: tokenizers and examples."""
        return [*map(self.paths.tokenizer_file, self.study.models), *self.gold(self.study.tasks())]

    def compared(self) -> list[Path]:
        """Return the files that the similarity of tasks is measured on: token ids and pretrained encoders."""
        encoded = [path for model in self.study.models for path in self.inputs(model, self.study.tasks())]
        return list(dict.fromkeys([*encoded, *map(self.pretrained_weights, self.study.models)]))

    def records(self, left_out: Collection[Job] = ()) -> list[Path]:
        """Return the records of the summarised jobs."""
        return [job.record(self.paths) for job in self.summarised_jobs() if job not in left_out]

    def manifests(self) -> dict[str, dict[str, Any]]:
        """Read the manifests of the tasks that have been prepared, by task.

        Raises:
            DataError: A manifest is damaged.
        """
        tasks = (*self.study.tasks(), *self.study.translations, TEXT.name, *self.study.corpora)
        paths = {task: self.paths.data_manifest(task) for task in tasks}
        manifests = {task: read_object(path) for task, path in paths.items() if path.is_file()}
        for task, manifest in manifests.items():
            if not manifest:
                problem, remedy = "it is no JSON object.", "Delete it: snakemake prepares the task again."
                raise DataError(paths[task], problem, remedy=remedy)
        return manifests

    def _intermediate_jobs(self) -> Iterator[Job]:
        for model in self.study.models:
            for arm in (name for name, arm in self.study.arms.items() if arm.trains):
                yield from (Job(model, arm, INTERMEDIATE, seed) for seed in self.study.seeds)
