"""What a study crosses: models, arms and target tasks."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from xstilts.config.settings import Architecture, Count, HyperparametersOverride, Section, unique
from xstilts.config.task_names import IntermediateTask

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
    def of_folder(cls, name: str) -> Snapshot | None:
        """The snapshot that a folder's name tells; None for any other name."""
        return cls.of_path(_HUB + "@".join(name.replace("--", "/", 1).rsplit("--", 1)))


def is_hub_name(path: str) -> bool:
    """Whether a model's ``path`` looks like a repository's name, as transformers takes it; some have no namespace."""
    return _NAME.fullmatch(path) is not None


PrefixedType = Literal["retrieval", "classification", "multiple_choice", "span_qa", "dual_encoder"]


class Model(Section):
    """An encoder: either ready-made, or pretrained by the workflow on the study's own text."""

    path: str | None = Field(
        None,
        description="Folder of a ready-made encoder with its tokenizer (safetensors only); or "
        "hf://{namespace}/{name}@{commit}, which 'snakemake prefetch' downloads.",
    )
    architecture: Architecture | None = Field(None, description="Shape of an encoder to pretrain on the study's text.")
    causal_mask: Literal["keep", "remove"] = Field(
        "keep",
        description="Of a decoder: whether tokens see only those before them, as in pretraining, or all others.",
    )
    prefix: str = Field("", description="What stands before a text, as some encoders want it: 'query: '.")
    prefixed: Annotated[list[PrefixedType], AfterValidator(unique)] = Field(
        ["retrieval"],
        description="Task types whose inputs begin with the prefix: a pair's first sentence, a prompt, a question.",
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
        if (self.path is None) == (self.architecture is None):
            raise ValueError("give either 'path' (a ready-made encoder) or 'architecture' (one to pretrain), not both")
        if self.path and self.path.startswith(_HUB) and not self.snapshot:
            raise ValueError(
                f"path '{self.path}' must be {_HUB}namespace/name@commit, with all 40 digits of the commit: "
                "a branch such as 'main' may change between two runs"
            )
        return self

    def prefix_of(self, task_type: str) -> str:
        """What stands before the inputs of tasks of a type; empty where nothing does."""
        return self.prefix if task_type in self.prefixed else ""

    @property
    def snapshot(self) -> Snapshot | None:
        """Which model of the Hub it is; None for a folder's or a model of the study's own."""
        return Snapshot.of_path(self.path)


class Arm(Section):
    """What happens to the encoder between pretraining and the target task."""

    tasks: Annotated[list[IntermediateTask], AfterValidator(unique)] = Field(
        [], description="English intermediate tasks to train on; several are mixed. Empty: none."
    )
    weights: Literal["pretrained", "random"] = Field(
        "pretrained", description="Where the arm starts. 'random' discards pretraining: the untrained control."
    )
    train_examples: Count | None = Field(
        None,
        description="Train on this many examples of each task, drawn by the seed; with the same seed, the examples of "
        "a smaller arm are a subset of those of a larger one. null: all.",
    )
    training: HyperparametersOverride | None = Field(None, description="Hyper-parameters of this arm alone.")

    @property
    def trains(self) -> bool:
        """Whether an encoder other than the pretrained one comes out of the arm."""
        return bool(self.tasks) or self.weights == "random"


class Target(Section):
    """A target task of the study."""

    languages: Annotated[list[str], AfterValidator(unique)] | None = Field(
        None, min_length=1, description="Languages to score; all that the task has where left out."
    )
    absent: dict[Literal["dev", "test"], list[str]] = Field(
        {}, description="Languages without a file, by split. Filled in by the workflow if source.missing is 'skip'."
    )
