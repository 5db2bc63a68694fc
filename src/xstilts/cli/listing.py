"""What ``xstilts ls`` lists: tasks, languages, models and arms, built-in ones and a study's own."""

from __future__ import annotations

from collections.abc import Sequence

from xstilts.config.factors import Arm
from xstilts.config.shipped import shipped_study
from xstilts.config.study import Study, load
from xstilts.encoders.config_file import Size
from xstilts.encoders.usual import KNOWN, size_of_encoder
from xstilts.graph.runs import Runs
from xstilts.tasks.languages import Language, languages_of
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.tasks.task import Task

Row = Sequence[str]
_PAPER = "phang2020"


def tasks(study: Study | None) -> list[Row]:
    """A row per task: built-in ones, and the study's own."""
    known = [*TASKS.values(), *(study.own_tasks.values() if study else ())]
    head = ("task", "title", "type", "can be", "languages", "from the Hub")
    return [head, *(_task(task) for task in known if task is not TEXT)]


def _task(task: Task) -> Row:
    uses = " and ".join(use for use, can in (("arm", task.trains), ("target", task.is_target)) if can) or "training set"
    return (
        task.name,
        task.title,
        task.type.replace("_", " "),
        uses,
        str(len(task.languages)),
        "yes" if task.hub else "no",
    )


def languages(study: Study | None) -> list[Row]:
    """A row per language that the study's source can have; without a study, of the real ones."""
    table = study.language_table() if study else languages_of("files")
    targets = [task for task in (*TASKS.values(), *(study.own_tasks.values() if study else ())) if task.is_target]
    scored = [study.languages_of_task(task) if study else task.languages for task in targets]
    head = ("code", "language", "family", "genus", "script", "distance", "targets")
    return [head, *(_language(one, scored) for one in table.values())]


def _language(language: Language, scored: Sequence[Sequence[str]]) -> Row:
    distance = "" if language.distance is None else f"{language.distance:.2f}"
    count = sum(language.code in codes for codes in scored)
    where = (language.code, language.name, language.family, language.genus, language.script)
    return (*where, distance, str(count))


def models(runs: Runs | None) -> list[Row]:
    """A row per model of the study; without a study, per encoder of the Hub whose name ``xstilts init`` knows."""
    head = ("model", "layers", "width", "longest input", "from")
    if runs is None:
        known = [(name, *_size(size), f"hf://{name}@{commit}") for name, (commit, size) in KNOWN.items()]
        return [head, *known]
    rows: list[Row] = []
    for name, model in runs.study.models.items():
        if model.path:
            snapshot = model.snapshot
            size = size_of_encoder(runs.ready_made(name), snapshot.repository if snapshot else None)
            rows.append((name, *_size(size), model.path))
        elif shape := model.architecture:
            size = Size(shape.hidden_size, shape.layers, shape.max_length)
            rows.append((name, *_size(size), "pretrained by the study"))
        elif more := model.continues:
            rows.append((name, "", "", "", f"{more.parent}, {more.steps:,} steps on text '{more.text}'"))
    return [head, *rows]


def _size(size: Size) -> tuple[str, str, str]:
    known = (size.layers, size.hidden_size, size.longest_input)
    layers, width, longest = ("?" if number is None else f"{number:,}" for number in known)
    return layers, width, longest


def arms(study: Study | None) -> list[Row]:
    """A row per arm of the study; without a study, of the paper's."""
    chosen = study or load(shipped_study(_PAPER))
    head = ("arm", "trains on", "examples", "languages", "starts from")
    return [head, *(_arm(name, arm) for name, arm in chosen.arms.items())]


def _arm(name: str, arm: Arm) -> Row:
    stages = [" + ".join([*stage.tasks, *(["text"] * bool(stage.masked_lm))]) for stage in arm.sequence]
    limits = [f"{stage.train_examples:,} of each" if stage.train_examples else "all" for stage in arm.sequence]
    codes = dict.fromkeys(code for stage in arm.sequence for code in stage.languages)
    start = f"{arm.weights} weights"
    return name, ", then ".join(stages) or "nothing", ", then ".join(dict.fromkeys(limits)), ", ".join(codes), start


def as_table(rows: Sequence[Row]) -> str:
    """Rows as lines of padded columns, the first row as their heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
