"""What jobs a study needs, and what determines each one's result.

A run spec is a plain dict of everything that a job's result depends on, upstream runs included by their ids. It is the
single ``params`` entry of the job's rule (Snakemake compares it between invocations), its hash is the run's id, and it
is stored with the scores. File contents are not in it: Snakemake compares the manifests that list their checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import xstilts
from xstilts.catalogue.languages import ENGLISH
from xstilts.catalogue.tasks import TASKS, TEXT
from xstilts.formats import format_class
from xstilts.paths import Paths
from xstilts.settings import FilesSource, SyntheticSource
from xstilts.sources import layout
from xstilts.study import Study

RETRIEVAL = "retrieval"  # stands where a training set would in the names of jobs that train nothing

Spec = dict[str, Any]

#: What of the source code a kind of job depends on, relative to the package.
_CODE = {
    "data": ("catalogue/tasks.py", "sources", "formats", "examples.py", "jobs/data.py"),
    "tokens": ("formats", "encoding.py", "tokenizer.py"),
    "training": ("formats", "training", "encoding.py", "encoders.py", "jobs/training.py", "jobs/results.py"),
    "retrieval": (
        "formats", "retrieval", "training/device.py", "encoding.py", "encoders.py", "jobs/retrieval.py",
        "jobs/results.py",
    ),
    "report": ("report", "catalogue", "jobs/report.py"),
}  # fmt: skip
_CODE_SUFFIXES = {".py", ".csv", ".txt"}


@dataclass(frozen=True)
class Runs:
    """The jobs of one study. Paths are relative to where snakemake runs."""

    study: Study

    @property
    def paths(self) -> Paths:
        return Paths(Path("results") / self.study.study)

    # What there is to do

    def training_sets(self) -> tuple[str, ...]:
        """The tasks whose English training data the study's targets are fine-tuned on."""
        found = (TASKS[target].trained_on for target in self.study.targets)
        return tuple(dict.fromkeys(name for name in found if name))

    def targets_of(self, training_set: str) -> tuple[str, ...]:
        """The targets that one fine-tuning serves; those that need none for ``RETRIEVAL``."""
        wanted = None if training_set == RETRIEVAL else training_set
        return tuple(target for target in self.study.targets if TASKS[target].trained_on == wanted)

    def evaluations(self) -> tuple[str, ...]:
        """Training sets, and ``RETRIEVAL`` where a target needs it: the jobs of a model, arm and seed."""
        return (*self.training_sets(), *((RETRIEVAL,) if self.targets_of(RETRIEVAL) else ()))

    def intermediate_tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(task for arm in self.study.arms.values() for task in arm.tasks))

    def tasks(self) -> tuple[str, ...]:
        """Every labelled task that some job reads."""
        return tuple(dict.fromkeys((*self.intermediate_tasks(), *self.training_sets(), *self.study.targets)))

    def files(self, task: str) -> tuple[tuple[str, str], ...]:
        """(split, language) of every canonical file of a task."""
        if task == TEXT.name:
            languages = {ENGLISH, *(code for target in self.study.targets for code in self.study.languages(target))}
            return tuple(("train", code) for code in sorted(languages))
        wanted: list[tuple[str, str]] = []
        if task in self.intermediate_tasks() or task in self.training_sets():
            wanted += [("train", ENGLISH), ("dev", ENGLISH)]
        if task in self.study.targets:
            splits = self.study.splits_of(task)
            if task == "bucc2018":  # its threshold is tuned on dev
                splits = ("dev", *(split for split in splits if split != "dev"))
            wanted += [(split, code) for split in splits for code in self.study.languages(task)]
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
        table, root = self.study.language_table(), Path(self.study.source.root)
        found = (path for split, code in self.files(task) for path in layout.files(root, task, split, table[code]))
        return [path for path in dict.fromkeys(found) if path.is_file()]

    def text_sources(self) -> list[Path]:
        """What the unlabelled text is made from."""
        if self.text_from_tasks():
            return [self.paths.data_manifest(task) for task in self.tasks()]
        return self.source_files(TEXT.name)

    def tokenizer_source(self, model: str) -> Path:
        path = self.study.models[model].path
        return Path(path) / "tokenizer.json" if path else self.paths.data_manifest(TEXT.name)

    def pretrained_weights(self, model: str) -> Path:
        path = self.study.models[model].path
        return (Path(path) if path else self.paths.pretrained(model)) / "model.safetensors"

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
        """Manifests of the canonical and the encoded examples that a job over ``tasks`` reads."""
        data = [self.paths.data_manifest(task) for task in tasks]
        return data + [self.paths.tokens_manifest(model, task) for task in tasks]

    def evaluated(self, training_set: str) -> tuple[str, ...]:
        """Every task whose examples a fine-tuning or retrieval job reads."""
        own = () if training_set == RETRIEVAL else (training_set,)
        return tuple(dict.fromkeys((*own, *self.targets_of(training_set))))

    def jobs(self) -> Iterator[tuple[str, str, str, int]]:
        """(model, arm, training set or ``RETRIEVAL``, seed) of every job that makes scores."""
        for model in self.study.models:
            for arm in self.study.arms:
                for evaluation in self.evaluations():
                    for seed in self.study.seeds:
                        yield model, arm, evaluation, seed

    def score_files(self) -> list[Path]:
        return [self.paths.part("scores", *job) for job in self.jobs()]

    # What determines a job's result

    def generate_spec(self) -> Spec:
        return self._spec("generate", source=self.study.source.model_dump(), code=code("data"))

    def prepare_spec(self, task: str) -> Spec:
        source = self.study.source.model_dump()
        return self._spec("prepare", task=task, files=self._file_names(task), source=source, code=code("data"))

    def tokenizer_spec(self, model: str) -> Spec:
        chosen = self.study.models[model]
        shape = chosen.architecture and chosen.architecture.model_dump(include={"vocabulary_size", "max_length"})
        learnt_from = self._text() if shape else None
        return self._spec("tokenizer", path=chosen.path, architecture=shape, text=learnt_from, code=code("tokens"))

    def encode_spec(self, model: str, task: str) -> Spec:
        return self._spec(
            "encode",
            tokenizer=self.tokenizer_spec(model)["id"],
            task=task,
            files=self._file_names(task),
            data=self._data(),
            encoding=self._encoding(task),
            code=code("tokens"),
        )

    def pretrain_spec(self, model: str) -> Spec:
        return self._spec(
            "pretrain",
            model=self.study.models[model].model_dump(),
            text=self._text(),
            training=self.study.training.pretraining.model_dump(),
            encoding=self._encoding(TEXT.name),
            compute=self.study.compute.model_dump(),
            code=code("training"),
        )

    def intermediate_spec(self, model: str, arm: str, seed: int) -> Spec:
        chosen = self.study.arms[arm]
        return self._spec(
            "intermediate",
            start=self._start(model, arm),
            tasks=list(chosen.tasks),
            weights=chosen.weights,
            data=self._data(),
            training=self.study.intermediate(arm).model_dump(),
            encoding={task: self._encoding(task) for task in chosen.tasks},
            seed=seed,
            compute=self.study.compute.model_dump(),
            code=code("training"),
        )

    def finetune_spec(self, model: str, arm: str, training_set: str, seed: int) -> Spec:
        targets = self.targets_of(training_set)
        return self._spec(
            "finetune",
            encoder=self._encoder_id(model, arm, seed),
            training_set=training_set,
            evaluated=self._evaluated_files(targets),
            data=self._data(),
            training=self.study.target(training_set).model_dump(),
            encoding={task: self._encoding(task) for task in self.evaluated(training_set)},
            seed=seed,
            compute=self.study.compute.model_dump(),
            code=code("training"),
        )

    def retrieve_spec(self, model: str, arm: str, seed: int) -> Spec:
        targets = self.targets_of(RETRIEVAL)
        return self._spec(
            "retrieve",
            encoder=self._encoder_id(model, arm, seed),
            evaluated=self._evaluated_files(targets),
            data=self._data(),
            retrieval=self.study.retrieval.model_dump(),
            encoding={task: self._encoding(task) for task in targets},
            seed=seed,
            compute=self.study.compute.model_dump(),
            code=code("retrieval"),
        )

    def report_spec(self) -> Spec:
        """What tables and figures show beside the scores; models and arms stand in the study's order."""
        study = self.study
        return self._spec(
            "report",
            source=study.source.kind,
            models=list(study.models),
            seeds=study.seeds,
            arms=[[name, arm.model_dump(exclude={"training"})] for name, arm in study.arms.items()],
            targets={target: list(study.languages(target)) for target in study.targets},
            splits=study.splits,
            layer=study.retrieval.layer,
            code=code("report"),
        )

    def _spec(self, job: str, **values: Any) -> Spec:
        """A spec with its id, a hash of all the rest."""
        text = json.dumps({"job": job, "study": str(self.paths.study), **values}, sort_keys=True)
        return {"id": hashlib.sha256(text.encode()).hexdigest()[:12], **json.loads(text)}

    def _data(self) -> Spec:
        """What the source's labelled data is, wherever it lies."""
        return self.study.source.model_dump(exclude={"root", "text", "documents"})

    def _text(self) -> Spec:
        """What unlabelled text a study's own models learn from."""
        source = self.study.source.model_dump(exclude={"root"})
        tasks = {task: self._file_names(task) for task in self.tasks()} if self.text_from_tasks() else None
        return {"source": source, "files": self._file_names(TEXT.name), "tasks": tasks}

    def _file_names(self, task: str) -> list[str]:
        return [f"{split}.{language}" for split, language in self.files(task)]

    def _evaluated_files(self, targets: tuple[str, ...]) -> dict[str, list[str]]:
        return {
            target: [
                f"{split}.{code}" for split in self.study.splits_of(target) for code in self.study.languages(target)
            ]
            for target in targets
        }

    def _encoding(self, task: str) -> dict[str, Any]:
        """The encoding settings that matter to a task: a new doc_stride concerns span QA alone."""
        return self.study.encoding_of(task).model_dump(include=set(format_class(TASKS[task]).settings))

    def _pretrained_id(self, model: str) -> str:
        return str(self.pretrain_spec(model)["id"] if self.pretrains(model) else self.study.models[model].path)

    def _start(self, model: str, arm: str) -> str | Spec:
        """What an arm's training starts from: a pretrained encoder's id, or what gives random weights their shape."""
        shape = self.study.models[model].architecture
        if shape is None or self.starting_weights(model, arm):
            return self._pretrained_id(model)
        return {"architecture": shape.model_dump(exclude={"seed"}), "text": self._text()}

    def _encoder_id(self, model: str, arm: str, seed: int) -> str:
        if self.study.arms[arm].trains:
            return str(self.intermediate_spec(model, arm, seed)["id"])
        return self._pretrained_id(model)


@cache
def code(part: str) -> str:
    """A hash of the source files that a kind of job depends on: editing plots retrains nothing, the loop does."""
    package = Path(xstilts.__file__).parent
    digest = hashlib.sha256()
    for name in _CODE[part]:
        path = package / name
        found = path.rglob("*") if path.is_dir() else [path]
        for file in sorted(file for file in found if file.suffix in _CODE_SUFFIXES):
            digest.update(f"{file.relative_to(package)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]
