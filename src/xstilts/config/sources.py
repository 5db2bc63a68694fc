"""Where a study's examples come from: the kinds of ``source`` in a config."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer

from xstilts.config.section import Count, Section, Seed, unique
from xstilts.config.task_names import AnyTask
from xstilts.tasks.languages import Language, languages_of
from xstilts.tasks.planted_languages import MOST
from xstilts.tasks.registry import TASKS, TEXT


class Planted(Section):
    """A world made for one research question, whose answer is therefore known."""

    question: Literal["q1", "q2", "q3", "q4", "q5"] = Field(description="The question.")
    effect: bool = Field(True, description="Whether the world has the effect that the question asks for.")
    languages: Annotated[Count, Field(le=MOST)] = Field(12, description="Number of languages beside English.")


class SyntheticSource(Section):
    """Generated languages and tasks, written in the official file formats."""

    kind: Literal["synthetic"] = Field(description="Generated languages and tasks.")
    seed: Seed = Field(1, description="Seed of everything that is generated.")
    train_examples: Count = Field(6400, description="English training examples per task.")
    eval_examples: Count = Field(200, description="Examples per evaluation split and language.")
    documents: Count = Field(100_000, description="Documents of unlabelled text, over all languages.")
    planted: Planted | None = Field(
        None,
        description="Generate a world in which a research question's effect is planted, in place of the tasks of the "
        "benchmarks (docs/questions.md).",
    )

    @model_serializer(mode="wrap")
    def _without_planted(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the key out of the run specs of studies that do without it."""
        values: dict[str, Any] = serialise(self)
        return {key: value for key, value in values.items() if key != "planted" or value}

    def languages(self) -> dict[str, Language]:
        """By code, the languages that are generated."""
        return languages_of(self.kind, self.planted.languages if self.planted else 0)


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

    def languages(self) -> dict[str, Language]:
        """By code, the languages of the catalogue."""
        return languages_of(self.kind)


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
