"""The jobs that train or score, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xstilts.paths import Paths
from xstilts.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.specs import Specs

Rule = Literal["pretrain", "intermediate", "finetune", "retrieve"]


@dataclass(frozen=True)
class Job:
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

    def run(self, specs: Specs) -> str:
        """The id of the run that the config asks for now."""
        if self.rule == "pretrain":
            return str(specs.pretrain(self.model)["id"])
        assert self.seed is not None
        if self.rule == "intermediate":
            return str(specs.intermediate(self.model, self.arm, self.seed)["id"])
        if self.rule == "retrieve":
            return str(specs.retrieve(self.model, self.arm, self.seed)["id"])
        return str(specs.finetune(self.model, self.arm, self.what, self.seed)["id"])

    def files(self, paths: Paths) -> tuple[Path, Path]:
        """Its record, and the result that others read."""
        if self.rule == "pretrain":
            folder = paths.pretrained(self.model)
            return folder / "record.json", folder / "model.safetensors"
        assert self.seed is not None
        if self.rule == "intermediate":
            folder = paths.encoder(self.model, self.arm, self.seed)
            return folder / "record.json", folder / "model.safetensors"
        job = self.model, self.arm, self.what, self.seed
        return paths.part("records", *job, "json"), paths.part("scores", *job)

    def attempts(self, paths: Paths) -> Path:
        if self.seed is None:
            return paths.attempts(self.model)
        return paths.attempts(self.model, self.arm, self.what, self.seed)

    def _seeded(self) -> list[str]:
        return [] if self.seed is None else [f"seed {self.seed}"]


def jobs_of(runs: Runs) -> Iterator[Job]:
    """In the order in which they depend on each other: pretraining, training of arms, then what makes scores."""
    study = runs.study
    yield from (Job("pretrain", model) for model in study.models if runs.pretrains(model))
    for model in study.models:
        for arm in (name for name, arm in study.arms.items() if arm.trains):
            yield from (Job("intermediate", model, arm, INTERMEDIATE, seed) for seed in study.seeds)
    for model, arm, what, seed in runs.jobs():
        yield Job("retrieve" if what == RETRIEVAL else "finetune", model, arm, what, seed)
