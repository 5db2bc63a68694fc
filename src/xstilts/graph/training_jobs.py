"""The jobs that use a GPU where there is one: what each is called, reads and leaves behind. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xstilts.graph.paths import Paths
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.graph.specs import Spec, Specs
from xstilts.tasks.registry import TEXT

Rule = Literal["pretrain", "intermediate", "finetune", "retrieve"]


@dataclass(frozen=True)
class TrainingJob:
    """One job of a study; pretraining a model has neither arm nor seed."""

    rule: Rule
    model: str
    arm: str = ""
    #: The training set, ``RETRIEVAL`` or ``INTERMEDIATE``; empty for pretraining.
    what: str = ""
    seed: int | None = None

    def __str__(self) -> str:
        return " ".join([self.model, *filter(None, (self.arm, self.what or "pretraining")), *self._seeded()])

    @property
    def kind(self) -> tuple[str, ...]:
        """What jobs that take about the same time have in common."""
        return self.rule, self.model, self.arm if self.rule == "intermediate" else self.what

    def spec(self, specs: Specs) -> Spec:
        """Of the run that the config asks for now."""
        if self.seed is None:
            return specs.pretrain(self.model)
        if self.rule == "intermediate":
            return specs.intermediate(self.model, self.arm, self.seed)
        if self.rule == "retrieve":
            return specs.retrieve(self.model, self.arm, self.seed)
        return specs.finetune(self.model, self.arm, self.what, self.seed)

    def reads(self, runs: Runs) -> list[Path]:
        """The files that say what it learns from and is scored on, and what it starts from."""
        tokenizer = runs.paths.tokenizer_file(self.model)
        if self.seed is None:
            return [tokenizer, *runs.inputs(self.model, (TEXT.name,))]
        if self.rule == "intermediate":
            tasks = tuple(runs.study.arms[self.arm].tasks)
            return [tokenizer, *runs.starting_weights(self.model, self.arm), *runs.inputs(self.model, tasks)]
        weights = runs.encoder_weights(self.model, self.arm, self.seed)
        return [tokenizer, weights, *runs.inputs(self.model, runs.evaluated(self.what))]

    def makes(self, paths: Paths) -> list[Path]:
        """Its record first, then the result that others wait for, then what else it leaves."""
        if self.seed is None:
            return _encoder_files(paths.pretrained(self.model))
        job = self.model, self.arm, self.what, self.seed
        dev_scores = paths.part("dev_scores", *job)
        if self.rule == "intermediate":
            return [*_encoder_files(paths.encoder(self.model, self.arm, self.seed)), dev_scores]
        scores, predictions = paths.part("scores", *job), paths.part("predictions", *job)
        return [paths.part("records", *job, "json"), scores, predictions, dev_scores]

    def attempts(self, paths: Paths) -> Path:
        """The file that says what has been tried of it."""
        if self.seed is None:
            return paths.attempts(self.model)
        return paths.attempts(self.model, self.arm, self.what, self.seed)

    def _seeded(self) -> list[str]:
        return [] if self.seed is None else [f"seed {self.seed}"]


def training_jobs(runs: Runs) -> Iterator[TrainingJob]:
    """In the order in which they depend on each other: pretraining, training of arms, then what makes scores."""
    study = runs.study
    yield from (TrainingJob("pretrain", model) for model in study.models if runs.pretrains(model))
    for model in study.models:
        for arm in (name for name, arm in study.arms.items() if arm.trains):
            yield from (TrainingJob("intermediate", model, arm, INTERMEDIATE, seed) for seed in study.seeds)
    for model, arm, what, seed in runs.jobs():
        yield TrainingJob("retrieve" if what == RETRIEVAL else "finetune", model, arm, what, seed)


def _encoder_files(folder: Path) -> list[Path]:
    return [folder / name for name in ("record.json", "model.safetensors", "config.json")]
