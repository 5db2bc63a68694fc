"""Tasks and languages that a study declares itself."""

from __future__ import annotations

import re
import string
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from xstilts.config.section import NonNegative, Section, number, unique
from xstilts.tasks.benchmarks import MEANS
from xstilts.tasks.geography import geographic_distance
from xstilts.tasks.languages import Language
from xstilts.tasks.registry import TASKS
from xstilts.tasks.task import Task

Column = str | int
#: Names that jobs, tables and means over tasks have.
_RESERVED = {
    *("retrieval", "intermediate", "main", "groups", "languages", "dev", "published", "ledger", "data", "fine_tuned"),
    *MEANS,
}
Distance = Annotated[float, Field(ge=0, le=1), BeforeValidator(number)]
#: By task type, the fields of an example that a file may have; those that it must have come first, up to the number.
_FIELDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "classification": (2, ("premise", "label", "hypothesis", "id")),
    "tagging": (2, ("tokens", "tags")),
    "span_qa": (4, ("context", "question", "answers", "answer_starts", "id")),
    "multiple_choice": (3, ("prompt", "choices", "label", "id")),
    "retrieval": (0, ()),
}
_FORMATS = {
    "classification": ("tsv", "csv", "jsonl"),
    "tagging": ("conll", "jsonl"),
    "span_qa": ("squad", "jsonl"),
    "multiple_choice": ("tsv", "csv", "jsonl"),
    "retrieval": ("lines",),
}
_READERS = {
    "conll": "own.conll",
    "tsv": "own.tsv_table",
    "csv": "own.csv_table",
    "jsonl": "own.jsonl",
    "squad": "questions.squad",
    "lines": "own.parallel_lines",
}
_BY_SUFFIX = {"conll": "conll", "txt": "conll", "tsv": "tsv", "csv": "csv", "jsonl": "jsonl", "json": "squad"}
_METRICS = {
    "classification": ("accuracy", "f1"),
    "tagging": ("accuracy", "f1"),
    "span_qa": ("exact_match", "f1"),
    "multiple_choice": ("accuracy",),
    "retrieval": ("accuracy",),
}


class OwnLanguage(Section):
    """A language that the built-in table lacks. What is left out is not known, and analyses that need it say so."""

    name: str = Field(description="Its English name.")
    iso3: str | None = Field(None, description="ISO 639-3 code, for file names; the language's key where left out.")
    family: str = Field("", description="Language family, as Glottolog names it.")
    genus: str = Field("", description="Subfamily, as Glottolog names it.")
    script: str = Field("", description="ISO 15924 code of its script, such as Latn.")
    coordinates: tuple[float, float] | None = Field(
        None, description="Latitude and longitude in degrees, from which its geographic distance to English follows."
    )
    distance: Distance | None = Field(None, description="Syntactic distance to English, 0 to 1 (URIEL's syntax_knn).")
    distance_observed: Distance | None = Field(None, description="The same on observed features only.")
    observed: Distance | None = Field(None, description="Share of the syntactic features that are observed.")
    genetic: Distance | None = Field(None, description="Genetic distance to English, 0 to 1.")
    geographic: Distance | None = Field(None, description="Geographic distance to English, 0 to 1.")
    inventory: Distance | None = Field(None, description="Distance of phoneme inventories to English's, 0 to 1.")
    phonological: Distance | None = Field(None, description="Phonological distance to English, 0 to 1.")
    featural: Distance | None = Field(None, description="Distance over all features to English, 0 to 1.")
    cc100_gib: NonNegative | None = Field(None, description="Its part of XLM-R's pretraining data in GiB; 0 for none.")

    @model_validator(mode="after")
    def _has_one_geographic_distance(self) -> OwnLanguage:
        if self.coordinates is None:
            return self
        if self.geographic is not None:
            raise ValueError("give either 'coordinates' or 'geographic', which follows from them, not both")
        latitude, longitude = self.coordinates
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError(f"coordinates: latitude {latitude:g}, longitude {longitude:g} is no place on Earth")
        return self

    def language(self, code: str) -> Language:
        """The language as a row of the table."""
        values = self.model_dump(exclude={"coordinates", "iso3"})
        if self.coordinates:
            values["geographic"] = geographic_distance(*self.coordinates)
        return Language(code=code, iso3=self.iso3 or code, **values)


class OwnTask(Section):
    """A task of an existing type whose files the study brings along: an intermediate task, a target, or both."""

    type: Literal["classification", "tagging", "span_qa", "multiple_choice", "retrieval"] = Field(
        description="The task type: what an example is, how it is encoded, trained on and scored."
    )
    title: str | None = Field(None, description="What tables call it; its key where left out.")
    files: dict[Literal["train", "dev", "test"], str | list[str]] = Field(
        min_length=1,
        description="By split, the file, relative to source.root; {language} stands for the language's code. "
        "Retrieval has two files a split: [foreign, english], a sentence a line, equal lines translating each other.",
    )
    format: Literal["conll", "tsv", "csv", "jsonl", "squad", "lines"] | None = Field(
        None, description="How the files are written; by default told from their ending (.txt and .conll: conll)."
    )
    separator: Literal["tab", "space"] = Field("tab", description="Between the columns of a CoNLL file.")
    columns: dict[str, Column | list[Column]] = Field(
        {},
        description="Where the fields of an example are: names of columns or JSON fields, or column numbers from 0. "
        "Fields: premise, hypothesis (left out for single sentences), label; tokens, tags; context, question, answers, "
        "answer_starts; prompt, choices (one list or several columns), label; and id.",
    )
    labels: Annotated[list[str], AfterValidator(unique)] = Field(
        [], description="The labels or tags; read off the training file where left out, for tagging alone."
    )
    languages: Annotated[list[str], AfterValidator(unique)] = Field(
        ["en"], min_length=1, description="Languages of its dev and test files. Training data is English."
    )
    trained_on: str | None = Field(
        None,
        description="As a target: the task of the same type whose English training data to fine-tune on; itself where "
        "left out.",
    )
    metrics: list[str] | None = Field(
        None, description="The score is their mean. By default accuracy; f1 for entity tags; exact_match and f1."
    )
    unanswerable: bool = Field(False, description="Span QA: whether a question may have no answer.")
    licence: str = Field("not stated", description="Of the data; shown in tables and reports.")
    homepage: str = Field("", description="Where it is described.")
    citation: str = Field("", description="BibTeX of the publication to cite.")

    @property
    def trains(self) -> bool:
        """Whether it has training data of its own."""
        return {"train", "dev"} <= set(self.files)

    @property
    def written_as(self) -> str:
        """The format of its files."""
        first = next(iter(self.files.values()))
        suffix = (first if isinstance(first, str) else first[0]).rpartition(".")[2].lower()
        return self.format or ("lines" if self.type == "retrieval" else _BY_SUFFIX.get(suffix, suffix))

    @model_validator(mode="after")
    def _has_files(self) -> OwnTask:
        for split, files in self.files.items():
            if (self.type == "retrieval") != (isinstance(files, list) and len(files) == 2):
                two = "a list of two files, [foreign, english]" if self.type == "retrieval" else "the name of one file"
                raise ValueError(f"files.{split}: must be {two}")
            for file in [files] if isinstance(files, str) else files:
                _check_placeholders(f"files.{split}", file)
        if "train" in self.files and "dev" not in self.files:
            raise ValueError("files: training needs a 'dev' file too, on which checkpoints are chosen")
        if self.written_as not in _FORMATS[self.type]:
            raise ValueError(
                f"format: files of type {self.type} can be {', '.join(_FORMATS[self.type])}, not '{self.written_as}'"
            )
        return self

    @model_validator(mode="after")
    def _has_columns(self) -> OwnTask:
        required, fields = _FIELDS[self.type]
        if unknown := [name for name in self.columns if name not in fields]:
            raise ValueError(f"columns.{unknown[0]}: {self.type} has no such field, only {', '.join(fields) or 'none'}")
        if self.written_as in ("conll", "squad", "lines"):
            if self.written_as == "squad" and self.columns:
                raise ValueError("columns: SQuAD's JSON has fields of its own; leave 'columns' out")
        elif missing := [name for name in fields[:required] if name not in self.columns]:
            raise ValueError(f"columns: does not say where '{missing[0]}' is")
        if several := [name for name, where in self.columns.items() if isinstance(where, list) and name != "choices"]:
            raise ValueError(f"columns.{several[0]}: must be one column, not a list")
        return self

    @model_validator(mode="after")
    def _can_be_scored(self) -> OwnTask:
        if self.type == "classification" and len(self.labels) < 2:
            raise ValueError("labels: classification needs its labels, at least two")
        if self.type in ("span_qa", "retrieval") and self.labels:
            raise ValueError(f"labels: {self.type} has none")
        known = _METRICS[self.type]
        if self.metrics is not None and (not self.metrics or set(self.metrics) - set(known)):
            raise ValueError(f"metrics: {self.type} has {', '.join(known)}")
        if self.type == "classification" and "f1" in (self.metrics or ()) and len(self.labels) != 2:
            raise ValueError("metrics: f1 is that of the second of two labels")
        return self

    def task(self, name: str) -> Task:
        """The declaration, as built-in tasks have one."""
        patterns: dict[str, tuple[tuple[str, ...], ...]] = {
            split: (tuple(_pattern(file) for file in ([files] if isinstance(files, str) else files)),)
            for split, files in self.files.items()
        }
        columns = {name: tuple(where) if isinstance(where, list) else where for name, where in self.columns.items()}
        entities = any(label.startswith("B-") for label in self.labels)
        default = ("f1",) if self.type == "tagging" and entities else _METRICS[self.type]
        if self.type in ("classification", "tagging") and not entities:
            default = ("accuracy",)
        return Task(
            name=name,
            title=self.title or name,
            type=self.type,
            licence=self.licence,
            homepage=self.homepage,
            citation=self.citation,
            files=patterns,
            reader=_READERS[self.written_as],
            primary_metrics=tuple(self.metrics) if self.metrics else default,
            languages=tuple(sorted(self.languages)),
            labels=tuple(self.labels),
            trained_on=None if self.type == "retrieval" else self.trained_on or name,
            unanswerable=self.unanswerable,
            single_sentence=self.type == "classification" and "hypothesis" not in self.columns,
            inputs_per_example=4 if self.type == "multiple_choice" else 1,
            columns=columns,
            separator=self.separator,
        )


def own_code(value: str) -> str:
    """A code that an own language may have."""
    if not re.fullmatch(r"[a-z]{2,3}", value) or re.fullmatch(r"q[a-t][a-z]", value):
        raise ValueError("codes of languages are two or three lower-case letters of ISO 639 (qaa to qtz are synthetic)")
    return value


def own_name(value: str) -> str:
    """A name that an own task may have."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", value):
        raise ValueError("names of tasks become folder names: use lower-case letters, digits and '_'")
    if value in TASKS:
        raise ValueError(f"the name is taken by {TASKS[value].title}; give this task another one")
    if value in _RESERVED:
        raise ValueError("results have something else of this name; give this task another one")
    return value


LanguageCode = Annotated[str, AfterValidator(own_code)]
OwnTaskName = Annotated[str, AfterValidator(own_name)]


def _check_placeholders(key: str, file: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(file) if name is not None]
    except ValueError:
        names = ["?"]
    if set(names) - {"language"}:
        raise ValueError(f"{key}: '{file}' may contain {{language}} and no other braces")


def _pattern(file: str) -> str:
    return file.replace("{language}", "{code}")
