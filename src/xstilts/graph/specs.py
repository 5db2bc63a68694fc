"""What determines each job's result.

A run spec is a plain dict of everything that a job's result depends on, upstream runs included by their ids. It is the
single ``params`` entry of the job's rule (Snakemake compares it between invocations), its hash is the run's id, and it
is stored with the scores. File contents are not in it: Snakemake compares the manifests that list their checksums.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from xstilts.graph.fingerprints import code
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TASKS, TEXT

Spec = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


def _once(method: Callable[Concatenate[Specs, P], T]) -> Callable[Concatenate[Specs, P], T]:
    """Work out a part of specs once per study and arguments: thousands of jobs have it in common."""

    @wraps(method)
    def known(self: Specs, *args: P.args, **kwargs: P.kwargs) -> T:
        key = method.__name__, args
        if key not in self._known:
            self._known[key] = method(self, *args, **kwargs)
        found: T = self._known[key]
        return found

    return known


@dataclass(frozen=True)
class Specs:
    """The run specs of one study."""

    runs: Runs
    #: By method and arguments, what :func:`_once` remembers.
    _known: dict[tuple[str, tuple[object, ...]], Any] = field(default_factory=dict, repr=False, compare=False)

    def generate(self) -> Spec:
        facts = {task: self._facts(task) for task in TASKS}
        return self._spec("generate", source=self.runs.study.source.model_dump(), facts=facts, code=code("generate"))

    def prefetch(self, task: str) -> Spec:
        facts = self._facts(task)
        return self._spec("prefetch", task=task, files=self._file_names(task), facts=facts, code=code("prefetch"))

    def prepare(self, task: str) -> Spec:
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
        chosen = self.runs.study.models[model]
        shape = chosen.architecture and chosen.architecture.model_dump(include={"vocabulary_size", "max_length"})
        learnt_from = self._text() if shape else None
        return self._spec("tokenizer", path=chosen.path, architecture=shape, text=learnt_from, code=code("tokenizer"))

    def encode(self, model: str, task: str) -> Spec:
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
        return self._spec(
            "pretrain",
            model=self.runs.study.models[model].model_dump(),
            text=self._text(),
            training=self.runs.study.training.pretraining.model_dump(),
            encoding=self._encoding(TEXT.name),
            compute=self._compute(),
            code=code("training"),
        )

    def intermediate(self, model: str, arm: str, seed: int) -> Spec:
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
        return self._spec("answer", **self._shown(), code=code("answer"))

    def report(self) -> Spec:
        return self._spec("report", **self._shown(), code=code("report"))

    def submission(self) -> Spec:
        study = self.runs.study
        targets = {target: [study.languages(target, "test"), study.splits_of(target)] for target in study.targets}
        return self._spec(
            "submission", models=list(study.models), arms=list(study.arms), targets=targets, code=code("submission")
        )

    def _shown(self) -> Spec:
        """What people are shown beside the scores; models and arms stand in the study's order."""
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
        """A spec with its id, a hash of all the rest."""
        text = json.dumps({"job": job, "study": str(self.runs.paths.study), **values}, sort_keys=True)
        return {"id": hashlib.sha256(text.encode()).hexdigest()[:12], **json.loads(text)}

    @_once
    def _data(self, *tasks: str) -> Spec:
        """What the labelled data of some tasks is, wherever it lies."""
        study = self.runs.study
        return {
            "source": study.source.model_dump(exclude={"root", "text", "documents", "files", "mirror"}),
            "examples": study.examples.model_dump(),
            "hub": [task for task in tasks if study.from_hub(task)],
            "facts": {task: self._facts(task) for task in tasks},
        }

    @_once
    def _facts(self, task: str) -> str:
        """A hash of what a task's declaration says that matters to results."""
        text = json.dumps(self.runs.study.task(task).facts(), sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @_once
    def _text(self) -> Spec:
        """What unlabelled text a study's own models learn from."""
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
        """The encoding settings that matter to a task: a new doc_stride concerns span QA alone."""
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
        """Of how training runs, what may change its results."""
        return self.runs.study.compute.model_dump(include={"precision", "attention"})

    @_once
    def _tokenizer_id(self, model: str) -> str:
        return str(self.tokenizer(model)["id"])

    @_once
    def _pretrained_id(self, model: str) -> str:
        return str(self.pretrain(model)["id"] if self.runs.pretrains(model) else self.runs.study.models[model].path)

    @_once
    def _start(self, model: str, arm: str) -> str | Spec:
        """What an arm's training starts from: a pretrained encoder's id, or what gives random weights their shape."""
        shape = self.runs.study.models[model].architecture
        if shape is None or self.runs.starting_weights(model, arm):
            return self._pretrained_id(model)
        return {"architecture": shape.model_dump(exclude={"seed"}), "text": self._text()}

    @_once
    def _encoder_id(self, model: str, arm: str, seed: int) -> str:
        if self.runs.study.arms[arm].trains:
            return str(self.intermediate(model, arm, seed)["id"])
        return self._pretrained_id(model)
