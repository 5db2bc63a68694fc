"""Run specs: what determines each job's result.

A run spec is a plain dict of everything that a job's result depends on, upstream runs by their ids. It is the only
``params`` entry of the job's rule, so that Snakemake reruns the job when it changes. Its hash is the run's id, which is
stored with the scores. File contents are not in it: Snakemake compares the manifests that list their checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from xstilts.graph.fingerprints import code
from xstilts.graph.jobs import RETRIEVAL, Job
from xstilts.graph.runs import Runs
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TASKS, TEXT

Spec = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


def _once(method: Callable[Concatenate[Specs, P], T]) -> Callable[Concatenate[Specs, P], T]:
    """Cache a method's results by its arguments: thousands of jobs share these parts of their specs."""

    @wraps(method)
    def cached(self: Specs, *args: P.args, **kwargs: P.kwargs) -> T:
        key = method.__name__, args
        if key not in self._cache:
            self._cache[key] = method(self, *args, **kwargs)
        value: T = self._cache[key]
        return value

    return cast("Callable[Concatenate[Specs, P], T]", cached)


@dataclass(frozen=True)
class Specs:
    """The run specs of one study."""

    runs: Runs
    #: Results of the methods that :func:`_once` decorates, by method and arguments.
    _cache: dict[tuple[str, tuple[object, ...]], Any] = field(default_factory=dict, repr=False, compare=False)

    def of(self, job: Job) -> Spec:
        """Return the spec of a job that trains or scores."""
        if job.rule == "pretrain":
            return self.pretrain(job.model)
        if job.rule == "intermediate":
            return self.intermediate(job.model, job.arm, job.seed)
        if job.rule == "retrieve":
            return self.retrieve(job.model, job.arm, job.seed)
        return self.finetune(job.model, job.arm, job.what, job.seed)

    def generate(self) -> Spec:
        """Return the spec of generating a synthetic source."""
        facts = {task: self._facts(task) for task in TASKS}
        return self._spec("generate", source=self.runs.study.source.model_dump(), facts=facts, code=code("generate"))

    def prefetch(self, task: str) -> Spec:
        """Return the spec of downloading a task's data."""
        facts = self._facts(task)
        return self._spec("prefetch", task=task, files=self._file_names(task), facts=facts, code=code("prefetch"))

    def prepare(self, task: str) -> Spec:
        """Return the spec of reading and checking a task's data."""
        study = self.runs.study
        return self._spec(
            "prepare",
            task=task,
            files=self._file_names(task),
            source=study.source.model_dump(),
            examples=study.examples.model_dump(),
            facts=self._facts(task),
            code=code("prepare"),
        )

    def tokenizer(self, model: str) -> Spec:
        """Return the spec of a model's tokenizer."""
        chosen = self.runs.study.models[model]
        shape = chosen.architecture and chosen.architecture.model_dump(include={"vocabulary_size", "max_length"})
        text = self._text() if shape else None
        return self._spec("tokenizer", path=chosen.path, architecture=shape, text=text, code=code("tokenizer"))

    def encode(self, model: str, task: str) -> Spec:
        """Return the spec of encoding a task for a model."""
        return self._spec(
            "encode",
            tokenizer=self._tokenizer_id(model),
            task=task,
            files=self._file_names(task),
            data=self._data(task),
            encoding=self._encoding(task),
            code=code("encode"),
        )

    def pretrain(self, model: str) -> Spec:
        """Return the spec of pretraining a model."""
        return self._spec(
            "pretrain",
            model=self.runs.study.models[model].model_dump(exclude={"causal_mask"}),
            text=self._text(),
            training=self.runs.study.training.pretraining.model_dump(),
            encoding=self._encoding(TEXT.name),
            compute=self._compute(),
            code=code("training"),
        )

    def intermediate(self, model: str, arm: str, seed: int) -> Spec:
        """Return the spec of an arm's intermediate training."""
        chosen = self.runs.study.arms[arm]
        return self._spec(
            "intermediate",
            start=self._start(model, arm),
            tasks=list(chosen.tasks),
            weights=chosen.weights,
            train_examples=chosen.train_examples,
            data=self._data(*chosen.tasks),
            training=self._intermediate(arm) if chosen.tasks else None,
            encoding={task: self._encoding(task) for task in chosen.tasks},
            selection={task: list(self.runs.study.task(task).primary_metrics) for task in chosen.tasks},
            seed=seed,
            compute=self._compute(),
            code=code("training"),
        )

    def finetune(self, model: str, arm: str, training_set: str, seed: int) -> Spec:
        """Return the spec of fine-tuning on a training set and scoring its targets."""
        targets = self.runs.targets_of(training_set)
        return self._spec(
            "finetune",
            encoder=self._encoder_id(model, arm, seed),
            training_set=training_set,
            evaluated=self._evaluated_files(targets),
            data=self._data(*self.runs.evaluated(training_set)),
            training=self._target(training_set),
            encoding={task: self._encoding(task) for task in self.runs.evaluated(training_set)},
            selection=list(self.runs.study.task(training_set).primary_metrics),
            seed=seed,
            compute=self._compute(),
            code=code("training"),
        )

    def retrieve(self, model: str, arm: str, seed: int) -> Spec:
        """Return the spec of scoring the retrieval targets."""
        targets = self.runs.targets_of(RETRIEVAL)
        return self._spec(
            "retrieve",
            encoder=self._encoder_id(model, arm, seed),
            evaluated=self._evaluated_files(targets),
            data=self._data(*targets),
            retrieval={task: self._embedding(task) for task in targets},
            encoding={task: self._encoding(task) for task in targets},
            seed=seed,
            compute=self._compute(),
            code=code("retrieval"),
        )

    def similarity(self) -> Spec:
        """Return the spec of the similarity of tasks."""
        study = self.runs.study
        return self._spec(
            "similarity",
            models={model: self._pretrained_id(model) for model in study.models},
            tasks={task: self._file_names(task) for task in study.tasks()},
            intermediate=sorted(study.intermediate_tasks()),
            targets=list(study.targets),
            data=self._data(*study.tasks()),
            encoding={task: self._encoding(task) for task in study.tasks()},
            code=code("similarity"),
        )

    def answer(self) -> Spec:
        """Return the spec of the answers to the research questions."""
        return self._spec("answer", **self._shown(), code=code("answer"))

    def report(self) -> Spec:
        """Return the spec of tables, figures and the report."""
        return self._spec("report", **self._shown(), code=code("report"))

    def submission(self) -> Spec:
        """Return the spec of the submissions to XTREME."""
        study = self.runs.study
        targets = {target: [study.languages(target, "test"), study.splits_of(target)] for target in study.targets}
        return self._spec(
            "submission", models=list(study.models), arms=list(study.arms), targets=targets, code=code("submission")
        )

    def _shown(self) -> Spec:
        """Everything beside the scores that the report shows; models and arms in the study's order."""
        study = self.runs.study
        return {
            "source": study.source.kind,
            "languages": {code: own.model_dump() for code, own in study.declared_languages.items()},
            "tasks": {name: own.model_dump() for name, own in study.declared_tasks.items()},
            "models": [[name, model.path, model.code_of] for name, model in study.models.items()],
            "hub": [task for task in study.tasks() if study.from_hub(task)],
            "precision": study.compute.precision,
            "seeds": study.seeds,
            "arms": [[name, arm.model_dump(exclude={"training"})] for name, arm in study.arms.items()],
            "targets": {target: list(study.languages(target)) for target in study.targets},
            "absent": {target: chosen.absent for target, chosen in study.targets.items()},
            "splits": study.splits,
            "settings": study.model_dump(include={"examples": True, "encoding": True, "retrieval": True}),
            "training": study.training.target.model_dump(),
        }

    def _spec(self, job: str, **values: Any) -> Spec:
        """Return a spec with its id, a hash of everything else in it."""
        text = json.dumps({"job": job, "study": str(self.runs.paths.study), **values}, sort_keys=True)
        return {"id": hashlib.sha256(text.encode()).hexdigest()[:12], **json.loads(text)}

    @_once
    def _data(self, *tasks: str) -> Spec:
        """Return what determines the labelled data of some tasks, apart from its location."""
        study = self.runs.study
        return {
            "source": study.source.model_dump(exclude={"root", "text", "documents", "files", "mirror"}),
            "examples": study.examples.model_dump(),
            "hub": [task for task in tasks if study.from_hub(task)],
            "facts": {task: self._facts(task) for task in tasks},
        }

    @_once
    def _facts(self, task: str) -> str:
        """Return a hash of the facts in a task's declaration that matter to results."""
        text = json.dumps(self.runs.study.task(task).facts(), sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @_once
    def _text(self) -> Spec:
        """Return what determines the unlabelled text that the study's own models are pretrained on."""
        study = self.runs.study
        labelled = study.tasks() if self.runs.text_from_tasks() else ()
        return {
            "source": study.source.model_dump(exclude={"root", "files", "mirror"}),
            "files": self._file_names(TEXT.name),
            "tasks": {task: self._file_names(task) for task in labelled},
            "labelled": self._data(*labelled) if labelled else None,
        }

    @_once
    def _file_names(self, task: str) -> list[str]:
        return [f"{split}.{language}" for split, language in self.runs.files(task)]

    @_once
    def _evaluated_files(self, targets: tuple[str, ...]) -> dict[str, list[str]]:
        return {
            target: [
                f"{split}.{code}"
                for split in self.runs.study.splits_of(target)
                for code in self.runs.study.languages(target, split)
            ]
            for target in targets
        }

    @_once
    def _encoding(self, task: str) -> dict[str, Any]:
        """Return the encoding settings that a task's type uses: doc_stride matters to span QA only."""
        return self.runs.study.encoding_of(task).model_dump(
            include=set(task_type_class(self.runs.study.task(task)).settings)
        )

    @_once
    def _embedding(self, task: str) -> dict[str, Any]:
        return self.runs.study.embedding_of(task).model_dump()

    @_once
    def _intermediate(self, arm: str) -> dict[str, Any]:
        return self.runs.study.intermediate(arm).model_dump()

    @_once
    def _target(self, training_set: str) -> dict[str, Any]:
        return self.runs.study.target(training_set).model_dump()

    @_once
    def _compute(self) -> Spec:
        """Return the compute settings that may change results."""
        return self.runs.study.compute.model_dump(include={"precision", "attention"})

    @_once
    def _tokenizer_id(self, model: str) -> str:
        return str(self.tokenizer(model)["id"])

    @_once
    def _pretrained_id(self, model: str) -> str:
        chosen = self.runs.study.models[model]
        masked = " without its causal mask" if chosen.causal_mask == "remove" else ""
        return str(self.pretrain(model)["id"] if self.runs.pretrains(model) else chosen.path) + masked

    @_once
    def _start(self, model: str, arm: str) -> str | Spec:
        """Return what an arm's training starts from: the id of a pretrained encoder, or the shape of random weights."""
        shape = self.runs.study.models[model].architecture
        if shape is None or self.runs.starting_weights(model, arm):
            return self._pretrained_id(model)
        return {"architecture": shape.model_dump(exclude={"seed"}), "text": self._text()}

    @_once
    def _encoder_id(self, model: str, arm: str, seed: int) -> str:
        if self.runs.study.arms[arm].trains:
            return str(self.intermediate(model, arm, seed)["id"])
        return self._pretrained_id(model)
