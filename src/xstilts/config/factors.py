"""What a study crosses: models, arms and target tasks."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from xstilts.config.section import Count, Section, number, unique
from xstilts.config.settings import Architecture, HyperparametersOverride
from xstilts.config.task_names import IntermediateTask
from xstilts.config.text import Continuation, MaskedLM
from xstilts.tasks.languages import ENGLISH

_HUB = "hf://"
_PART = r"\w+(?:[.-]\w+)*"  # of a repository's name; the Hub allows no two dashes or dots in a row
_NAME = re.compile(f"({_PART}/)?{_PART}")
_SNAPSHOT = re.compile(f"{_HUB}(?P<repository>{_PART}/{_PART})@(?P<revision>[0-9a-f]{{40}})")


class Snapshot(NamedTuple):
    """A model on the Hugging Face Hub: ``repository`` is namespace/name, ``revision`` a commit."""

    repository: str
    revision: str

    @property
    def folder(self) -> str:
        """The name of the folder that it is downloaded to."""
        return f"{self.repository.replace('/', '--')}--{self.revision}"

    @classmethod
    def of_path(cls, path: str | None) -> Snapshot | None:
        """What a model's ``path`` in a config names; None where it is a folder or nothing."""
        match = _SNAPSHOT.fullmatch(path or "")
        return cls(match["repository"], match["revision"]) if match else None

    @classmethod
    def problem_of_path(cls, path: str) -> str:
        """What is wrong with a ``path`` that is meant for the Hub, as a sentence's end; empty where nothing is."""
        if not path.startswith(_HUB) or cls.of_path(path):
            return ""
        return (
            f"'{path}' must be {_HUB}namespace/name@commit, with all 40 digits of the commit: a branch such as 'main' "
            "may change between two runs"
        )

    @classmethod
    def of_folder(cls, name: str) -> Snapshot | None:
        """The snapshot that a folder's name tells; None for any other name."""
        return cls.of_path(_HUB + "@".join(name.replace("--", "/", 1).rsplit("--", 1)))


def is_hub_name(path: str) -> bool:
    """Whether a model's ``path`` looks like a repository's name, as transformers takes it; some have no namespace."""
    return _NAME.fullmatch(path) is not None


PrefixedType = Literal["retrieval", "classification", "multiple_choice", "span_qa", "dual_encoder"]


class Model(Section):
    """An encoder: ready-made, pretrained by the workflow on the study's own text, or another one trained further."""

    path: str | None = Field(
        None,
        description="Folder of a ready-made encoder with its tokenizer (safetensors only); or "
        "hf://{namespace}/{name}@{commit}, which 'snakemake prefetch' downloads.",
    )
    architecture: Architecture | None = Field(None, description="Shape of an encoder to pretrain on the study's text.")
    continues: Continuation | None = Field(
        None, alias="continue", description="Another model of the study, and the text to pretrain it on further."
    )
    causal_mask: Literal["keep", "remove"] = Field(
        "keep",
        description="Of a decoder: whether tokens see only those before them, as in pretraining, or all others.",
    )
    prefix: str = Field("", description="What stands before a text, as some encoders want it: 'query: '.")
    prefixed: Annotated[list[PrefixedType], AfterValidator(unique)] = Field(
        ["retrieval"],
        description="Task types whose inputs begin with the prefix: a pair's first sentence, a prompt, a question.",
    )
    gpus: int = Field(
        1,
        ge=1,
        description="How many GPUs of one machine each of its trainings uses, over which its weights are divided: for "
        "encoders that do not fit on one.",
    )
    code_of: str | None = Field(
        None, description="Name of the text-only counterpart in the study; this model was further pretrained on code."
    )

    @model_validator(mode="after")
    def _has_a_mask(self) -> Model:
        if self.causal_mask == "remove" and self.architecture:
            raise ValueError("causal_mask: an encoder of the study's own has no causal mask; leave the key out")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> Model:
        if sum(origin is not None for origin in (self.path, self.architecture, self.continues)) != 1:
            raise ValueError(
                "give one of 'path' (a ready-made encoder), 'architecture' (one to pretrain) and 'continue' (another "
                "model of the study, trained further)"
            )
        if problem := Snapshot.problem_of_path(self.path or ""):
            raise ValueError(f"path {problem}")
        return self

    def prefix_of(self, task_type: str) -> str:
        """What stands before the inputs of tasks of a type; empty where nothing does."""
        return self.prefix if task_type in self.prefixed else ""

    @property
    def snapshot(self) -> Snapshot | None:
        """Which model of the Hub it is; None for a folder's or a model of the study's own."""
        return Snapshot.of_path(self.path)


#: The key of ``Choose.where`` for clusters of texts, which every task has.
TOPIC = "topic"


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: What examples may have under a key; numbers are read as text.
Value = Annotated[str, BeforeValidator(_as_text)]


class Choose(Section):
    """How the examples of an arm are chosen among those of its tasks."""

    how: Literal["random", "diverse", "narrow", "domain"] = Field(
        "random",
        description="'random': drawn by the seed. 'diverse': so that they cover the task's texts (greedy k-centre). "
        "'narrow': those nearest to an example that the seed draws. 'domain': drawn by the seed among those that "
        "'where' describes.",
    )
    where: dict[str, Annotated[list[Value], Field(min_length=1)]] = Field(
        {},
        description="Domain: the values that examples must have, by a key that the task's data has (genre of MNLI, "
        "title of SQuAD), or 'topic', a cluster of texts by its number.",
    )
    topics: Count | None = Field(
        None, description="Domain: how many clusters (k-means) the task's texts are divided into for 'topic'."
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Choose:
        if self.how != "domain" and (self.where or self.topics):
            raise ValueError(f"'where' and 'topics' describe a domain; with how: {self.how}, leave them out")
        if self.how == "domain" and not self.where:
            raise ValueError("a domain needs 'where': {genre: [fiction]} or {topic: [0]}")
        if (TOPIC in self.where) != (self.topics is not None):
            raise ValueError(f"'topics', the number of clusters, and 'where.{TOPIC}', their numbers, need each other")
        for topic in self.where.get(TOPIC, ()):
            if not topic.isdecimal() or int(topic) >= (self.topics or 0):
                raise ValueError(f"where.{TOPIC}: '{topic}' is none of 0 to {(self.topics or 0) - 1}")
        return self


class Temperature(Section):
    """Mixing of tasks by temperature."""

    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False), BeforeValidator(number)] = Field(
        description="A task is drawn in proportion to its size to the power of 1 / temperature; 1: to its size."
    )


def _is_mixing(value: Any) -> Any:
    """Say in one sentence what may stand here; of a union, each part would have one of its own."""
    known = value in ("size", "equal") or isinstance(value, Temperature)
    number_of = value.get("temperature") if isinstance(value, dict) and set(value) == {"temperature"} else None
    if not known and (not isinstance(number_of, int | float) or not 1 <= number_of < float("inf")):
        raise ValueError(f"must be size, equal or {{temperature: T}} with a T of 1 or more, but is {value!r}")
    return value


class Stage(Section):
    """One training of an arm's encoder: on a task, on a mixture of several, on text, or on text beside tasks."""

    tasks: Annotated[list[IntermediateTask], AfterValidator(unique)] = Field(
        [], description="English intermediate tasks to train on; several are mixed. Empty: none."
    )
    train_examples: Count | None = Field(
        None,
        description="Train on this many examples of each task, drawn by the seed; with the same seed, the examples of "
        "a smaller arm are a subset of those of a larger one. null: all.",
    )
    languages: Annotated[list[str], AfterValidator(unique)] = Field(
        [ENGLISH],
        min_length=1,
        description="Languages of the tasks' training data; train_examples are of each task and language. Others than "
        "English are the release's own, files below translated/{language}/, or made by 'translation'.",
    )
    choose: Choose = Field(Choose(), description="Which examples these are.")
    steps: Literal["epochs", "fixed"] = Field(
        "epochs",
        description="'epochs': as many optimiser steps as the epochs over the examples that are used take. 'fixed': as "
        "many as the same epochs over all examples of its tasks would, so that size is not training length.",
    )
    mixing: Annotated[Literal["size", "equal"] | Temperature, BeforeValidator(_is_mixing)] = Field(
        "size",
        description="How often each task of a mixture is drawn: in proportion to its size, up to "
        "training.intermediate.examples_cap; all alike; or with {temperature: T}, in between.",
    )
    masked_lm: MaskedLM | None = Field(
        None, description="Masked language modelling on text beside the tasks, or alone where there are none."
    )
    training: HyperparametersOverride | None = Field(
        None, description="Hyper-parameters of this training alone; beside 'stages', of all of them."
    )

    @model_validator(mode="after")
    def _chooses_some(self) -> Stage:
        if self.choose.how in ("diverse", "narrow") and self.train_examples is None:
            raise ValueError(f"choose.how: '{self.choose.how}' orders examples; say how many with train_examples")
        return self

    @property
    def trains_encoder(self) -> bool:
        """Whether there is anything to train on."""
        return bool(self.tasks) or self.masked_lm is not None

    @property
    def mixing_exponent(self) -> float:
        """The power of a task's size that the probability to draw it is in proportion to."""
        if isinstance(self.mixing, Temperature):
            return 1 / self.mixing.temperature
        return 1.0 if self.mixing == "size" else 0.0

    @property
    def text_share(self) -> float:
        """The share of the steps that are on text."""
        if self.masked_lm is None:
            return 0.0
        return self.masked_lm.share if self.tasks else 1.0

    @model_validator(mode="after")
    def _shares_and_mixes_tasks(self) -> Stage:
        if self.masked_lm and not self.tasks and "share" in self.masked_lm.model_fields_set:
            raise ValueError("masked_lm.share: there are no tasks beside the text; leave it out, or name tasks")
        if self.mixing != "size" and len(self.tasks) < 2:
            raise ValueError("mixing: there is no mixture; leave it out, or name several tasks")
        return self


class Arm(Stage):
    """What happens to the encoder between pretraining and the target task."""

    stages: list[Stage] = Field(
        [], description="Trainings one after another, each on tasks of its own and with new heads, in place of 'tasks'."
    )
    weights: Literal["pretrained", "random"] = Field(
        "pretrained", description="Where the arm starts. 'random' discards pretraining: the untrained control."
    )

    @model_validator(mode="after")
    def _trains_in_stages_or_once(self) -> Arm:
        for key in sorted(self.model_fields_set - {"stages", "weights", "training"} if self.stages else ()):
            raise ValueError(f"{key}: the arm has 'stages'; put '{key}' into the stage that it is meant for")
        for index, stage in enumerate(self.stages):
            if not stage.trains_encoder:
                raise ValueError(f"stages.{index}: the stage names nothing to train on; name a task or masked_lm")
        return self

    @property
    def sequence(self) -> tuple[Stage, ...]:
        """The arm's trainings in order; none where it trains nothing."""
        return tuple(self.stages) or ((self,) if self.trains_encoder else ())

    @property
    def all_tasks(self) -> tuple[str, ...]:
        """The tasks of all stages, each once."""
        return tuple(dict.fromkeys(task for stage in self.sequence for task in stage.tasks))

    @property
    def domain(self) -> Choose | None:
        """How its examples are chosen, if it trains on English examples of one domain of one task and nothing else."""
        if len(self.sequence) != 1 or len(self.all_tasks) != 1 or self.texts or self.weights == "random":
            return None
        (stage,) = self.sequence
        return stage.choose if stage.choose.how == "domain" and tuple(stage.languages) == (ENGLISH,) else None

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of masked language modelling in all stages, each once, by the name that their files have."""
        return tuple(dict.fromkeys(stage.masked_lm.task for stage in self.sequence if stage.masked_lm))

    @property
    def trains(self) -> bool:
        """Whether an encoder other than the pretrained one comes out of the arm."""
        return bool(self.sequence) or self.weights == "random"


class Shots(NamedTuple):
    """Few examples in another language that a target's fine-tuning trains on.

    Attributes:
        target: The target that asks for them.
        task: The task whose file they are drawn from.
        split: The file's split.
        language: The file's language.
        examples: How many.
    """

    target: str
    task: str
    split: str
    language: str
    examples: int


class Target(Section):
    """A target task of the study."""

    languages: Annotated[list[str], AfterValidator(unique)] | None = Field(
        None, min_length=1, description="Languages to score; all that the task has where left out."
    )
    shots: dict[str, Count] = Field(
        {},
        description="Few-shot training: by language, how many of its examples are mixed into the English training "
        "data, drawn by the seed. They are dev examples, and the language's dev set is then not scored; where there is "
        "no dev set beside the test set, they are training examples. The language no longer counts as zero-shot.",
    )
    train_languages: Annotated[list[str], AfterValidator(unique)] = Field(
        [],
        description="Languages whose training data is used beside the English one: the release's own, files below "
        "translated/{language}/, or made by 'translation'. They no longer count as zero-shot.",
    )
    absent: dict[Literal["dev", "test"], list[str]] = Field(
        {}, description="Languages without a file, by split. Filled in by the workflow if source.missing is 'skip'."
    )
