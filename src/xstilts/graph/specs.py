"""Run specs: what determines each job's result.

A run spec is a plain dict of everything that a job's result depends on, upstream runs by their ids. It is the only
``params`` entry of the job's rule, so that Snakemake reruns the job when it changes. Its hash is the run's id, which is
stored with the scores. It has checksums of data files and local encoders, but none of what other jobs make: Snakemake
compares the manifests that list those.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xstilts.config.factors import Arm, Model
from xstilts.config.translation import translated_name
from xstilts.errors import UserError
from xstilts.graph import contents
from xstilts.graph.fingerprints import code
from xstilts.graph.jobs import RETRIEVAL, Job
from xstilts.graph.spec_parts import Cached, Spec, SpecParts, hash_of, once
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.registry import TASKS, TEXT

#: Comes before the hash of an encoder's files where a spec names an encoder in a local folder.
FILES = "files "


@dataclass(frozen=True)
class Specs(Cached):
    """The run specs of one study."""

    @cached_property
    def _parts(self) -> SpecParts:
        return SpecParts(self.runs)

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
        facts, source = {task: self._parts.facts(task) for task in TASKS}, self.runs.study.source.model_dump()
        more = {task: codes for task, codes in self.runs.rendered().items() if codes}
        asked = {"rendered": more} if more else {}
        return self._spec("generate", source=source, **asked, facts=facts, code=code("generate"))

    def prefetch(self, task: str) -> Spec:
        """Return the spec of downloading a task's data."""
        facts = self._parts.facts(task)
        return self._spec("prefetch", task=task, files=self._parts.file_names(task), facts=facts, code=code("prefetch"))

    def prepare(self, task: str) -> Spec:
        """Return the spec of reading and checking a task's data."""
        study = self.runs.study
        if task in study.corpora:
            return self._spec("prepare", task=task, **self._parts.text(task), code=code("prepare"))
        return self._spec(
            "prepare",
            task=task,
            files=self._parts.file_names(task),
            contents=contents.of_task(self.runs, task),
            source=study.source.model_dump(),
            examples=study.examples.model_dump(),
            facts=self._parts.facts(task),
            code=code("prepare"),
        )

    def translate(self, task: str, language: str) -> Spec:
        """Return the spec of translating a task's training data into a language."""
        return self._spec("translate", task=task, **self._parts.translation(translated_name(task, language)))

    def translator(self, language: str) -> Spec:
        """Return the spec of the translation of single texts into a language, which studies share."""
        return {"id": hash_of(self._parts.translator(language)), **self._parts.translator(language)}

    def tokenizer(self, model: str) -> Spec:
        """Return the spec of a model's tokenizer."""
        chosen = self.runs.study.models[model]
        shape = chosen.architecture and chosen.architecture.model_dump(include={"vocabulary_size", "max_length"})
        text = self._parts.text() if shape else None
        path = None if shape or chosen.continues else self._pretrained_id(model)
        parent = {"tokenizer": self._tokenizer_id(chosen.continues.parent)} if chosen.continues else {}
        return self._spec("tokenizer", path=path, architecture=shape, text=text, **parent, code=code("tokenizer"))

    def encode(self, model: str, task: str) -> Spec:
        """Return the spec of encoding a task for a model."""
        return self._spec(
            "encode",
            tokenizer=self._tokenizer_id(model),
            task=task,
            files=self._parts.file_names(task),
            data=self._data_to_encode(task),
            encoding=self._parts.encoding(model, task),
            code=code("encode"),
        )

    def _data_to_encode(self, task: str) -> Spec:
        if task in self.runs.study.translations:
            return self._parts.translations(task)
        return self._parts.text(task) if task in self.runs.study.corpora else self._parts.data(task)

    def pretrain(self, model: str) -> Spec:
        """Return the spec of pretraining a model, or of pretraining another one further."""
        chosen = self.runs.study.models[model]
        if continues := chosen.continues:
            return self._spec(
                "pretrain",
                start=self._pretrained_id(continues.parent, chosen.causal_mask),
                masked_lm=self._parts.masked_lm(model, continues),
                training=self.runs.study.pretraining(model).model_dump(),
                seed=continues.seed,
                compute=self._parts.training_compute(model),
                code=code("training"),
            )
        return self._spec(
            "pretrain",
            model=chosen.model_dump(exclude={"causal_mask", "prefix", "prefixed", "continues", "gpus"}),
            text=self._parts.text(),
            training=self.runs.study.training.pretraining.model_dump(),
            encoding=self._parts.encoding(model, TEXT.name),
            compute=self._parts.training_compute(model),
            code=code("training"),
        )

    def intermediate(self, model: str, arm: str, seed: int) -> Spec:
        """Return the spec of an arm's intermediate training."""
        chosen = self.runs.study.arms[arm]
        return self._spec(
            "intermediate",
            start=self._start(model, arm),
            weights=chosen.weights,
            **self._trainings(model, arm),
            seed=seed,
            compute=self._parts.training_compute(model),
            code=code("training"),
        )

    def _trainings(self, model: str, arm: str) -> Spec:
        """Return what determines the trainings of an arm; several are numbered as in the study's ``stages``."""
        stages = self._parts.stages(model, arm)
        if not stages:
            examples = self.runs.study.arms[arm].train_examples
            nothing: Spec = {"training": None, "encoding": {}, "selection": {}}
            return {"tasks": [], "train_examples": examples, "data": self._parts.data(), **nothing}
        if len(stages) == 1:
            return stages[0]
        return {"stages": {str(number): stage for number, stage in enumerate(stages)}}

    def finetune(self, model: str, arm: str, training_set: str, seed: int) -> Spec:
        """Return the spec of fine-tuning on a training set and scoring its targets."""
        targets = self.runs.targets_of(training_set)
        return self._spec(
            "finetune",
            encoder=self._encoder_id(model, arm, seed),
            training_set=training_set,
            **self._parts.taught(training_set),
            evaluated=self._parts.evaluated_files(targets),
            data=self._parts.data(*self.runs.evaluated(training_set)),
            training=self._parts.target(training_set),
            encoding={task: self._parts.encoding(model, task) for task in self.runs.evaluated(training_set)},
            selection=list(self.runs.study.task(training_set).primary_metrics),
            seed=seed,
            compute=self._parts.training_compute(model),
            code=code("training"),
        )

    def retrieve(self, model: str, arm: str, seed: int) -> Spec:
        """Return the spec of scoring the retrieval targets."""
        targets = self.runs.targets_of(RETRIEVAL)
        return self._spec(
            "retrieve",
            encoder=self._encoder_id(model, arm, seed),
            evaluated=self._parts.evaluated_files(targets),
            data=self._parts.data(*targets),
            retrieval={task: self._parts.embedding(task) for task in targets},
            encoding={task: self._parts.encoding(model, task) for task in targets},
            seed=seed,
            compute=self._parts.compute(),
            code=code("retrieval"),
        )

    def similarity(self) -> Spec:
        """Return the spec of the similarity of tasks."""
        study = self.runs.study
        domains = {name: [*arm.all_tasks, arm.domain.model_dump()] for name, arm in study.arms.items() if arm.domain}
        return self._spec(
            "similarity",
            models={model: self._pretrained_id(model) for model in study.models},
            tasks={task: self._parts.file_names(task) for task in study.tasks()},
            intermediate=sorted(study.intermediate_tasks()),
            **({"domains": domains} if domains else {}),
            targets=list(study.targets),
            data=self._parts.data(*study.tasks()),
            encoding={model: {t: self._parts.encoding(model, t) for t in study.tasks()} for model in study.models},
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
            "submission",
            benchmark=study.benchmark,
            models=list(study.models),
            arms=list(study.arms),
            targets=targets,
            code=code("submission"),
        )

    def _shown(self) -> Spec:
        """Everything beside the scores that the report shows; models and arms in the study's order."""
        study = self.runs.study
        return {
            "source": study.source.kind,
            "benchmark": study.benchmark,
            "languages": {code: own.model_dump() for code, own in study.declared_languages.items()},
            "tasks": {name: own.model_dump() for name, own in study.declared_tasks.items()},
            "models": [[name, *_shown_model(model)] for name, model in study.models.items()],
            "hub": [task for task in study.tasks() if study.from_hub(task)],
            "precision": study.compute.precision,
            "seeds": study.seeds,
            "arms": [[name, _shown_arm(arm)] for name, arm in study.arms.items()],
            "targets": {target: list(study.languages(target)) for target in study.targets},
            "taught": {name: sorted(codes) for name in study.targets if (codes := study.taught(name)) != {ENGLISH}},
            **self._translated(),
            "absent": {target: chosen.absent for target, chosen in study.targets.items()},
            "splits": study.splits,
            "settings": study.model_dump(include={"examples": True, "encoding": True, "retrieval": True}),
            "training": study.training.target.model_dump(),
        }

    def _translated(self) -> Spec:
        chosen = self.runs.study.translation
        codes = sorted({code for codes in self.runs.study.translated.values() for code in codes})
        return {"translated": {code: chosen.path(code) for code in codes}} if chosen and codes else {}

    def _spec(self, job: str, **values: Any) -> Spec:
        """Return a spec with its id, a hash of everything else in it."""
        spec = {"job": job, "study": self.runs.study.study, **values}
        return {"id": hash_of(spec), **json.loads(json.dumps(spec, sort_keys=True))}

    @once
    def _tokenizer_id(self, model: str) -> str:
        return str(self.tokenizer(model)["id"])

    @once
    def _pretrained_id(self, model: str, causal_mask: str = "") -> str:
        """Return what an encoder is known by: as the model has it, or with another causal mask."""
        chosen = self.runs.study.models[model]
        files = contents.of_model(self.runs, model)
        started = self.pretrain(model)["id"] if self.runs.pretrains(model) else chosen.path
        masked = " without its causal mask" if (causal_mask or chosen.causal_mask) == "remove" else ""
        return (f"{FILES}{hash_of(files)}" if files else str(started)) + masked

    @once
    def _start(self, model: str, arm: str) -> str | Spec:
        """Return what an arm's training starts from: the id of a pretrained encoder, or the shape of random weights."""
        shape = self.runs.study.models[model].architecture
        if shape is None or self.runs.starting_weights(model, arm):
            return self._pretrained_id(model)
        return {"architecture": shape.model_dump(exclude={"seed"}), "text": self._parts.text()}

    @once
    def _encoder_id(self, model: str, arm: str, seed: int) -> str:
        if self.runs.study.arms[arm].trains:
            return str(self.intermediate(model, arm, seed)["id"])
        return self._pretrained_id(model)


def _shown_model(model: Model) -> list[Any]:
    """Return the origin of a model; of one that continues another also what it is trained on."""
    return [model.path, model.code_of, *([model.continues.model_dump()] if model.continues else [])]


def _shown_arm(arm: Arm) -> Spec:
    """Return an arm without its hyper-parameters, and its later keys only where they are set."""
    first = arm.model_dump(include={"tasks", "weights", "train_examples"})
    return {**first, **arm.model_dump(exclude={"training"}, exclude_defaults=True)}


def check_planned(spec: Spec, planned: str) -> None:
    """Refuse a job that is no longer the one that was planned.

    Args:
        spec: The job's run spec as the study and the code are now.
        planned: The id of the run that the job was planned as; not checked if empty.

    Raises:
        UserError: The study or the code has changed since.
    """
    if planned and spec["id"] != planned:
        raise UserError(
            f"This job was planned as run {planned}, but the study or the code has changed since: it would now be "
            f"run {spec['id']}. Start snakemake again."
        )
