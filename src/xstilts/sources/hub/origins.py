"""Which splits of which repositories the canonical files of a task are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import UserError
from xstilts.tasks.hub import Part, parts_of, refusal
from xstilts.tasks.languages import Language
from xstilts.tasks.registry import Task

#: What a file's record says in place of a revision where it was read from a mirror: a clone may be at any.
MIRROR = "mirror"

#: What Universal Dependencies calls languages that the catalogue calls otherwise.
_UD_NAMES = {
    "ar": "Arabic", "el": "Greek", "fa": "Persian", "he": "Hebrew", "id": "Indonesian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """One split of one config of a repository: what is downloaded as one file.

    ``rows`` is their number, None where it is not known; see :class:`Part` for the other fields.
    """

    repository: str
    revision: str
    config: str | None
    split: str
    rows: int | None
    prefix: str
    read_as: str
    loss: str
    note: str

    def __str__(self) -> str:
        return f"{self.repository} (config {self.config or 'default'}, split {self.split}, revision {self.revision})"

    def file(self, folder: Path, task: str) -> Path:
        """Where the rows are kept below the folder of all downloads."""
        name = self.repository.replace("/", "--")
        return folder / "datasets" / task / name / (self.config or "default") / f"{self.split}.parquet"


def origins(task: Task, split: str, language: Language) -> tuple[Origin, ...]:
    """What the examples of one task, split and language are read from, one origin for each of the task's parts.

    Raises:
        UserError: the Hub does not have the task, the language or the split, or not in a state to be used.
    """
    parts = parts_of(task.name)
    if reason := refusal(task.name, language.code):
        raise UserError(reason)
    if split not in parts[0].splits:
        raise UserError(
            f"{task.title} has no {split} split on the Hugging Face Hub, only {', '.join(parts[0].splits)}."
        )
    if split == "dev" and language.code in task.without_dev:
        raise UserError(f"{task.title} has no {split} split in '{language.code}'.")
    return tuple(_origin(task.name, part, split, language) for part in parts)


def _origin(task_name: str, part: Part, split: str, language: Language) -> Origin:
    name = _UD_NAMES.get(language.code, language.name)
    return Origin(
        repository=part.repository,
        revision=part.revision,
        config=part.config and part.config.format(code=language.code, iso3=language.iso3, name=name),
        split=part.splits[split],
        rows=part.rows.get((split, language.code), part.rows.get(split)),
        prefix=part.prefix,
        read_as=part.read_as or task_name,
        loss=part.loss,
        note=part.note,
    )
