"""Machine translation of English training data, and which of a study's data goes through it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from xstilts.config.factors import Snapshot
from xstilts.config.section import Count, Section
from xstilts.tasks.languages import ENGLISH, Language
from xstilts.tasks.task import Task

#: What a translated example keeps of its original: the texts of the English example, by column, as JSON.
ORIGINAL = "english"


def _model(path: str) -> str:
    if problem := Snapshot.problem_of_path(path):
        raise ValueError(problem)
    return path


ModelPath = Annotated[str, AfterValidator(_model)]


class Translation(Section):
    """Machine translation of English training data into the languages that arms and targets train on."""

    model: ModelPath | None = Field(
        None,
        description="A sequence-to-sequence model of transformers for many languages, such as NLLB or M2M-100: a "
        "folder with its tokenizer (safetensors only), or hf://{namespace}/{name}@{commit}, which 'snakemake prefetch' "
        "downloads.",
    )
    models: dict[str, ModelPath] = Field(
        {}, description="Models by language, such as those of OPUS-MT from English; each stands before 'model'."
    )
    language_codes: dict[str, str] = Field(
        {},
        description="What the model calls a language, where it is not found under its usual codes: {zh: zho_Hant}.",
    )
    beams: Count = Field(4, description="Hypotheses of the beam search; 1: greedy.")
    max_length: Count = Field(
        256, description="Longest translation in tokens. An example with a text that does not end before is left out."
    )
    batch_tokens: Count = Field(
        4096,
        description="Tokens of the source texts in a batch, padding included. Texts of like length are translated "
        "together. More need more memory, in proportion to the beams.",
    )

    @model_validator(mode="after")
    def _names_a_model(self) -> Translation:
        if self.model is None and not self.models:
            raise ValueError("give 'model', one for many languages, or 'models', one per language")
        return self

    def path(self, code: str) -> str | None:
        """Return the model for a language; None where there is none."""
        return self.models.get(code, self.model)

    def key(self, code: str) -> str:
        """Return the key that names the model for a language."""
        return f"translation.models.{code}" if code in self.models else "translation.model"


def translated_name(task: str, code: str) -> str:
    """Return the name that the files of a task's translated training data have."""
    return f"{task}.{code}"


def translated_task(task: Task, language: Language) -> Task:
    """Return a task's training data in a language as a task of its own, which has no other files."""
    known = task.known_examples("train", ENGLISH)
    return replace(
        task,
        name=translated_name(task.name, language.code),
        title=f"{task.title} in {language.name}, translated",
        files={"train": task.files["train"]},
        hub=(),
        examples={"train": known} if known else {},
        metadata=(*task.metadata, ORIGINAL),
    )
