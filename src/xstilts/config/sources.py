"""Where a study's examples come from: the kinds of ``source`` in a config."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from xstilts.config.settings import Count, Section, Seed, unique
from xstilts.config.task_names import AnyTask
from xstilts.tasks.registry import TASKS, TEXT


class SyntheticSource(Section):
    """Generated languages and tasks, written in the official file formats."""

    kind: Literal["synthetic"] = Field(description="Generated languages and tasks.")
    seed: Seed = Field(1, description="Seed of everything that is generated.")
    train_examples: Count = Field(6400, description="English training examples per task.")
    eval_examples: Count = Field(200, description="Examples per evaluation split and language.")
    documents: Count = Field(100_000, description="Documents of unlabelled text, over all languages.")


class FilesSource(Section):
    """Official releases in a folder with ``intermediate/`` and ``xtreme/``."""

    kind: Literal["files"] = Field(description="The official releases, in a folder.")
    root: str = Field(description="The folder; relative to where snakemake runs.")
    text: Literal["files", "tasks"] = Field(
        "files",
        description="Unlabelled text for pretraining: 'files' reads text/{language}.txt, one passage a line; "
        "'tasks' takes the sentences of the study's own tasks.",
    )
    missing: Literal["error", "skip"] = Field(
        "error",
        description="A target's language without a file: 'error' stops before anything runs, 'skip' leaves the "
        "language out, and tables show it as missing.",
    )


class HubSource(FilesSource):
    """Datasets of the Hugging Face Hub at pinned revisions; what it does not have is read from files below ``root``."""

    kind: Literal["hub"] = Field(description="The Hugging Face Hub.")  # type: ignore[assignment]
    root: str = Field("data", description="The folder with the files of tasks that do not come from the Hub.")
    files: Annotated[list[AnyTask], AfterValidator(unique)] = Field(
        sorted(name for name, task in TASKS.items() if not task.hub and task is not TEXT),
        description="Tasks to read from files below root: the default ones are missing or incomplete on the Hub.",
    )
    mirror: str | None = Field(
        None,
        description="A folder with clones of the Hub's repositories, {namespace}/{name}, to read instead of the Hub.",
    )
