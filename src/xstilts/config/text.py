"""Unlabelled text: corpora of a study, and what masked language modelling on one of them may be told."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from xstilts.config.section import Count, Section, Seed, number, unique
from xstilts.config.settings import HyperparametersOverride
from xstilts.tasks.registry import TEXT
from xstilts.tasks.task import Task

#: What arms and models call the study's own unlabelled text, the one that encoders with an architecture learn from.
OWN_TEXT = "study"
#: Tokens of a passage of a corpus, for planning: of 4,000 characters.
_TOKENS = 1000
#: The language of a corpus that does not say which its files are in: ISO 639's code for that.
UNDETERMINED = "und"


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", value):
        raise ValueError("names of corpora become folder names: use lower-case letters, digits and '_'")
    if value == OWN_TEXT:
        raise ValueError("the name stands for the study's own unlabelled text; give this corpus another one")
    return value


def _within(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError(
            f"must be more than 0 and less than 1, but is {value:g}: for no text leave 'masked_lm' out, for text alone "
            "leave out 'tasks' and 'share'"
        )
    return value


CorpusName = Annotated[str, AfterValidator(_name)]
Exponent = Annotated[float, Field(ge=0, le=1), BeforeValidator(number)]
Within = Annotated[float, BeforeValidator(number), AfterValidator(_within)]


class Corpus(Section):
    """Unlabelled text in files, plain ones in UTF-8."""

    files: str | None = Field(
        None,
        description="The files, as a pattern such as 'corpora/code/**/*.py'; relative to source.root, if any.",
    )
    languages: dict[str, str] = Field(
        {}, description="By language code, such a pattern, for text in several languages in place of 'files'."
    )
    licence: str = Field("not stated", description="Of the text; shown in tables and reports.")

    @model_validator(mode="after")
    def _has_files(self) -> Corpus:
        if (self.files is None) == (not self.languages):
            raise ValueError("give either 'files', or 'languages' with the files of each")
        return self

    @property
    def patterns(self) -> dict[str, str]:
        """The pattern of the files by language."""
        return {UNDETERMINED: self.files} if self.files is not None else dict(sorted(self.languages.items()))

    def task(self, name: str) -> Task:
        """The declaration of its text, as the study's own has one."""
        return Task(
            name=text_task(name),
            title=f"Text '{name}'",
            type="masked_lm",
            licence=self.licence,
            files={"train": ()},
            reader="",
            languages=tuple(self.patterns),
            tokens_per_input=_TOKENS,
        )


def text_task(corpus: str) -> str:
    """The name that files have of a corpus, or of the study's own text."""
    return TEXT.name if corpus == OWN_TEXT else f"{TEXT.name}_{corpus}"


class Sampling(Section):
    """How often each language of a text is drawn."""

    exponent: Exponent = Field(
        0.3,
        description="A row of a batch is of a language with a probability in proportion to this power of its number of "
        "rows: 1 draws all rows alike, 0 all languages; 0.3 is XLM-R's.",
    )


class TextUse(Section):
    """Masked language modelling on a text."""

    text: str = Field(
        description="A corpus under 'text'; or 'study', the study's own unlabelled text: text/ of the source, the "
        "synthetic one's, or with source.text: tasks the sentences of its tasks."
    )
    languages: Annotated[list[str], AfterValidator(unique)] | None = Field(
        None, min_length=1, description="Languages of the text to use; all where left out."
    )
    sampling: Sampling = Field(Sampling(), description="How languages are drawn.")

    @property
    def task(self) -> str:
        """The name that files have of the text."""
        return text_task(self.text)


class MaskedLM(TextUse):
    """Masked language modelling beside the tasks of a training, or alone."""

    share: Within = Field(0.5, description="Beside tasks, the probability that a step is on text and not on a task.")


class Continuation(TextUse):
    """Further pretraining of another model of the study."""

    parent: str = Field(alias="from", description="The model of the study to start from; its tokenizer is kept.")
    steps: Count = Field(description="Optimiser steps.")
    training: HyperparametersOverride | None = Field(None, description="Hyper-parameters over training.pretraining.")
    seed: Seed = Field(1, description="Seed of the order of the text, of the masks and of dropout.")

    @model_validator(mode="after")
    def _has_one_number_of_steps(self) -> Continuation:
        given: Any = self.training
        for key in ("max_steps", "lora"):
            if given is not None and key in given.model_fields_set:
                instead = "give 'steps'" if key == "max_steps" else "all weights train"
                raise ValueError(f"training.{key}: leave it out; {instead}")
        return self
