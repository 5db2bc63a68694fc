"""Which splits of which repositories the canonical files of a task are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xstilts.errors import UserError
from xstilts.tasks.languages import Language
from xstilts.tasks.task import HubPart, Task

#: What a file's record says in place of a revision where it was read from a mirror: a clone may be at any.
MIRROR = "mirror"


@dataclass(frozen=True)
class Origin:
    """One split of one config of a repository: what is downloaded as one file.

    Attributes:
        part: The repository and how it is read.
        config: Its config for the language; None where the repository has one unnamed config.
        split: The repository's name of the split.
        rows: Number of rows; None where it is not known.
    """

    part: HubPart
    config: str | None
    split: str
    rows: int | None

    def __str__(self) -> str:
        part = self.part
        return f"{part.repository} (config {self.config or 'default'}, split {self.split}, revision {part.revision})"

    def file(self, folder: Path, task: str) -> Path:
        """Where the rows are kept below the folder of all downloads."""
        name = self.part.repository.replace("/", "--")
        return folder / "datasets" / task / name / (self.config or "default") / f"{self.split}.parquet"


def origins(task: Task, split: str, language: Language) -> tuple[Origin, ...]:
    """What the examples of one task, split and language are read from, one origin for each of the task's parts.

    Raises:
        UserError: the Hub does not have the task, the language or the split, or not in a state to be used.
    """
    if reason := task.hub_refusal(language.code):
        raise UserError(reason if task.hub else f"{reason} docs/data.md says where its files come from.")
    if split not in task.hub[0].splits:
        splits = ", ".join(task.hub[0].splits)
        raise UserError(f"{task.title} has no {split} split on the Hugging Face Hub, only {splits}.")
    if split == "dev" and language.code in task.without_dev:
        raise UserError(f"{task.title} has no {split} split in '{language.code}'.")
    return tuple(_origin(task, part, split, language) for part in task.hub)


def _origin(task: Task, part: HubPart, split: str, language: Language) -> Origin:
    name = part.language_names.get(language.code, language.name)
    config = part.config and part.config.format(code=language.code, iso3=language.iso3, name=name)
    if part.rows is None:
        rows = task.known_examples(split, language.code)
    else:
        rows = part.rows.get((split, language.code), part.rows.get(split))
    return Origin(part, config, part.splits[split], rows)
