"""Parts of run specs that many jobs of a study have in common, each worked out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from xstilts.config.text import TextUse
from xstilts.graph import contents
from xstilts.graph.fingerprints import code
from xstilts.graph.runs import Runs
from xstilts.task_types import task_type_class
from xstilts.tasks.registry import TEXT

Spec = dict[str, Any]
P = ParamSpec("P")
S = TypeVar("S", bound="Cached")
T = TypeVar("T")


@dataclass(frozen=True)
class Cached:
    """The run specs of one study, or parts of them.

    Attributes:
        runs: The study's jobs.
    """

    runs: Runs
    #: Results of the methods that :func:`once` decorates, by method and arguments.
    _cache: dict[tuple[str, tuple[object, ...]], Any] = field(default_factory=dict, repr=False, compare=False)


def once(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Cache a method's results by its arguments: thousands of jobs share these parts of their specs."""

    @wraps(method)
    def cached(self: S, *args: P.args, **kwargs: P.kwargs) -> T:
        key = method.__name__, args
        if key not in self._cache:
            self._cache[key] = method(self, *args, **kwargs)
        value: T = self._cache[key]
        return value

    return cast("Callable[Concatenate[S, P], T]", cached)


@dataclass(frozen=True)
class SpecParts(Cached):
    """Parts of the run specs of one study."""

    @once
    def data(self, *tasks: str) -> Spec:
        """Return what determines the labelled data of some tasks, apart from its location."""
        study = self.runs.study
        return {
            "source": study.source.model_dump(exclude={"root", "text", "documents", "files", "mirror"}),
            "examples": study.examples.model_dump(),
            "hub": [task for task in tasks if study.from_hub(task)],
            "facts": {task: self.facts(task) for task in tasks},
            "contents": {task: hash_of(listed) for task in tasks if (listed := contents.of_task(self.runs, task))},
        }

    @once
    def facts(self, task: str) -> str:
        """Return a hash of the facts in a task's declaration that matter to results."""
        return hash_of(self.runs.study.task(task).facts())

    @once
    def text(self, name: str = TEXT.name) -> Spec:
        """Return what determines an unlabelled text: the study's own, or a corpus."""
        study = self.runs.study
        if name in study.corpora:
            return {"contents": contents.of_corpus(self.runs, name)}
        labelled = study.tasks() if self.runs.text_from_tasks() else ()
        return {
            "source": study.source.model_dump(exclude={"root", "files", "mirror"}),
            "files": self.file_names(TEXT.name),
            "contents": contents.of_task(self.runs, TEXT.name),
            "tasks": {task: self.file_names(task) for task in labelled},
            "labelled": self.data(*labelled) if labelled else None,
        }

    def masked_lm(self, model: str, use: TextUse) -> Spec:
        """Return what determines masked language modelling on a text."""
        languages = self.runs.study.text_languages(use.task) if use.languages is None else use.languages
        return {
            **use.model_dump(include={"share", "sampling"}),
            "languages": sorted(languages),
            "text": self.text(use.task),
            "encoding": self.encoding(model, use.task),
        }

    @once
    def file_names(self, task: str) -> list[str]:
        """Return the names of a task's files of examples: {split}.{language}."""
        return [f"{split}.{language}" for split, language in self.runs.files(task)]

    @once
    def evaluated_files(self, targets: tuple[str, ...]) -> dict[str, list[str]]:
        """Return the names of the files that targets are scored on, by target."""
        return {
            target: [
                f"{split}.{code}"
                for split in self.runs.study.splits_of(target)
                for code in self.runs.study.languages(target, split)
            ]
            for target in targets
        }

    @once
    def encoding(self, model: str, task: str) -> dict[str, Any]:
        """Return the encoding settings that a task's type uses: doc_stride matters to span QA only."""
        declared = self.runs.study.task(task)
        settings = self.runs.study.encoding_of(task).model_dump(include=set(task_type_class(declared).settings))
        prefix = self.runs.study.models[model].prefix_of(declared.type)
        return {**settings, "prefix": prefix} if prefix else settings

    @once
    def embedding(self, task: str) -> dict[str, Any]:
        """Return the embedding settings of a retrieval task."""
        return self.runs.study.embedding_of(task).model_dump()

    @once
    def translator(self, language: str) -> Spec:
        """Return what determines how a text is translated into a language."""
        chosen, folder = self.runs.study.translation, self.runs.translators()[language]
        assert chosen is not None
        return {
            "model": hash_of(files) if (files := contents.of_folder(self.runs, folder)) else chosen.path(language),
            "language": language,
            "language_code": chosen.language_codes.get(language),
            **chosen.model_dump(include={"beams", "max_length", "batch_tokens"}),
            "compute": self.compute(),
            "code": code("translator"),
        }

    @once
    def translation(self, name: str) -> Spec:
        """Return what determines the translated training data of a task."""
        task, language = name.rsplit(".", 1)
        data = self.data(task)
        return {"english": data, "translator": self.translator(language), "code": code("translate")}

    def translations(self, *names: str) -> Spec:
        """Return what determines some translated training data; nothing where there is none."""
        return {"translated": {name: hash_of(self.translation(name)) for name in names}} if names else {}

    @once
    def stages(self, model: str, arm: str) -> list[Spec]:
        """Return what determines each training of an arm, apart from where it starts."""
        study = self.runs.study
        return [
            {
                "tasks": list(stage.tasks),
                "train_examples": stage.train_examples,
                **stage.model_dump(include={"choose", "steps", "languages"}, exclude_defaults=True),
                "data": self.data(*stage.tasks),
                **self.translations(*self.runs.translations_of_stage(stage)),
                "training": hyper.model_dump(),
                "encoding": {task: self.encoding(model, task) for task in stage.tasks},
                "selection": {task: list(study.task(task).primary_metrics) for task in stage.tasks},
                **stage.model_dump(include={"mixing"}, exclude_defaults=True),
                **({"masked_lm": self.masked_lm(model, stage.masked_lm)} if stage.masked_lm else {}),
            }
            for stage, hyper in zip(study.arms[arm].sequence, study.intermediate(arm), strict=True)
        ]

    @once
    def taught(self, training_set: str) -> Spec:
        """Return the files in other languages that fine-tuning trains on beside English; nothing without any."""
        study = self.runs.study
        whole, few = study.train_languages(training_set)[1:], study.shots(training_set)
        shots = {f"{shot.task}.{shot.split}.{shot.language}": shot.examples for shot in few}
        taught = {key: value for key, value in (("train_languages", list(whole)), ("shots", shots)) if value}
        return {**taught, **self.translations(*self.runs.translations_of_training_set(training_set))}

    @once
    def target(self, training_set: str) -> dict[str, Any]:
        """Return the hyper-parameters of fine-tuning on a training set."""
        return self.runs.study.target(training_set).model_dump()

    @once
    def compute(self) -> Spec:
        """Return the compute settings that may change results, but for those of training alone."""
        return self.runs.study.compute.model_dump(include={"precision", "attention", "cpu_kernels"})

    @once
    def training_compute(self, model: str) -> Spec:
        """Return the compute settings that may change what a training of a model results in.

        On several GPUs, dropout masks are others.
        """
        gpus = self.runs.study.models[model].gpus
        return {
            **self.compute(),
            "compile": self.runs.study.compute.compile,
            **({"gpus": gpus} if gpus > 1 else {}),
        }


def hash_of(value: Any) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a value's JSON."""
    text = json.dumps(value, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
