"""Cells of a study, (model, arm, target, seed), written as few lines: 'xnli · all arms · all models · seed 1'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from xstilts.errors import UserError, nearest
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.why.plan import Job
from xstilts.wording import counted


class Cell(NamedTuple):
    """What one score is of."""

    model: str
    arm: str
    target: str
    seed: str


@dataclass(frozen=True)
class Chosen:
    """The cells that are asked for: those that have all given names; empty for any."""

    model: str = ""
    arm: str = ""
    target: str = ""
    seed: str = ""

    @classmethod
    def of(cls, runs: Runs, cell: str, **names: str) -> Chosen:
        """From 'model/arm/target/seed' or single names.

        Raises:
            UserError: if the study has no such cell.
        """
        parts = cell.split("/") if cell else [""] * 4
        if len(parts) != 4:
            raise UserError(f"--cell {cell}: a cell is written model/arm/target/seed, such as {_example(runs)}.")
        chosen = cls(**{**dict(zip(Cell._fields, parts, strict=True)), **{k: v for k, v in names.items() if v}})
        for what, valid in levels(runs).items():
            name = getattr(chosen, what)
            if name and name not in valid:
                raise UserError(f"the study has no {what} '{name}'. {nearest(name, valid)}")
        return chosen

    def __bool__(self) -> bool:
        return any((self.model, self.arm, self.target, self.seed))

    def has(self, cell: Cell) -> bool:
        wanted = (self.model, self.arm, self.target, self.seed)
        return all(not name or name == value for name, value in zip(wanted, cell, strict=True))

    def text(self) -> str:
        return "/".join(name or "*" for name in (self.model, self.arm, self.target, self.seed))


def levels(runs: Runs) -> dict[str, list[str]]:
    """By factor of a cell, all that the study has."""
    study = runs.study
    return {
        "model": list(study.models),
        "arm": list(study.arms),
        "target": list(study.targets),
        "seed": list(map(str, study.seeds)),
    }


def cells_of(job: Job, runs: Runs) -> list[Cell]:
    """The cells that a job makes the scores of; none for other jobs."""
    if job.rule not in ("finetune", "retrieve"):
        return []
    names = job.wildcards
    targets = runs.targets_of(names.get("training_set", RETRIEVAL))
    return [Cell(names["model"], names["arm"], target, names["seed"]) for target in targets]


def condensed(cells: Iterable[Cell], runs: Runs) -> list[str]:
    """Lines that name the cells, each all combinations of some levels."""
    boxes = {tuple(frozenset([value]) for value in cell) for cell in cells}
    for axis in (3, 2, 1, 0):
        merged: dict[tuple[frozenset[str], ...], frozenset[str]] = {}
        for box in boxes:
            rest = box[:axis] + box[axis + 1 :]
            merged[rest] = merged.get(rest, frozenset()) | box[axis]
        boxes = {(*rest[:axis], values, *rest[axis:]) for rest, values in merged.items()}
    return sorted(_line(box, runs) for box in boxes)


def _line(box: tuple[frozenset[str], ...], runs: Runs) -> str:
    parts, count = [], 1
    for (what, valid), values in zip(levels(runs).items(), box, strict=True):
        count *= len(values)
        if len(valid) > 1 and len(values) == len(valid):
            parts.append(f"all {what}s")
        else:
            names = ", ".join(name for name in valid if name in values)
            parts.append(f"{'seed' if len(values) == 1 else 'seeds'} {names}" if what == "seed" else names)
    return f"{' · '.join(parts)} ({counted(count, 'cell')})"


def _example(runs: Runs) -> str:
    return "/".join(values[0] for values in levels(runs).values())
