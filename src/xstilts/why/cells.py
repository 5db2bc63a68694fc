"""Cells of a study, (model, arm, target, seed), summarised as lines: 'xlmr · all arms · xnli · seed 1'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from xstilts.errors import UserError, did_you_mean
from xstilts.graph.jobs import RETRIEVAL
from xstilts.graph.runs import Runs
from xstilts.why.plan import PlannedJob
from xstilts.wording import counted


class Cell(NamedTuple):
    """What one score belongs to."""

    model: str
    arm: str
    target: str
    seed: str


@dataclass(frozen=True)
class CellFilter:
    """Selects the cells that have all given names; an empty name allows any."""

    model: str = ""
    arm: str = ""
    target: str = ""
    seed: str = ""

    @classmethod
    def of(cls, runs: Runs, cell: str, **names: str) -> CellFilter:
        """Create a filter from 'model/arm/target/seed' or from single names.

        Raises:
            UserError: The study has no such cell.
        """
        parts = cell.split("/") if cell else [""] * 4
        if len(parts) != 4:
            raise UserError(f"--cell {cell}: a cell is written model/arm/target/seed, such as {_example(runs)}.")
        chosen = cls(**{**dict(zip(Cell._fields, parts, strict=True)), **{k: v for k, v in names.items() if v}})
        for what, valid in levels(runs).items():
            name = getattr(chosen, what)
            if name and name not in valid:
                raise UserError(f"the study has no {what} '{name}'. {did_you_mean(name, valid)}")
        return chosen

    def __bool__(self) -> bool:
        return any((self.model, self.arm, self.target, self.seed))

    def has(self, cell: Cell) -> bool:
        """Whether a cell is selected."""
        wanted = (self.model, self.arm, self.target, self.seed)
        return all(not name or name == value for name, value in zip(wanted, cell, strict=True))

    def text(self) -> str:
        """Write the filter as 'model/arm/target/seed', with * for any."""
        return "/".join(name or "*" for name in (self.model, self.arm, self.target, self.seed))


def levels(runs: Runs) -> dict[str, list[str]]:
    """Return the names that the study has, by field of :class:`Cell`."""
    study = runs.study
    return {
        "model": list(study.models),
        "arm": list(study.arms),
        "target": list(study.targets),
        "seed": list(map(str, study.seeds)),
    }


def cells_of(job: PlannedJob, runs: Runs) -> list[Cell]:
    """Return the cells that a job makes scores of; none for jobs that make no scores."""
    if job.rule not in ("finetune", "retrieve"):
        return []
    names = job.wildcards
    targets = runs.targets_of(names.get("training_set", RETRIEVAL))
    return [Cell(names["model"], names["arm"], target, names["seed"]) for target in targets]


def summarised_cells(cells: Iterable[Cell], runs: Runs) -> list[str]:
    """Write the cells as few lines, each of which names all combinations of some levels."""
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
