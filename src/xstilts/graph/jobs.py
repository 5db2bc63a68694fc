"""Jobs that train or score, one per run: their names, and the files that each makes and leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from xstilts.graph.paths import Paths

#: Stand in a job's name for the training set of a fine-tuning job.
PRETRAINING = "pretraining"
INTERMEDIATE = "intermediate"
RETRIEVAL = "retrieval"

#: Beside an encoder's weights: what makes the folder one that transformers and the Hugging Face Hub take.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
CARD = "README.md"
_BESIDE_WEIGHTS = ("config.json", *TOKENIZER_FILES, CARD, "lm_head.safetensors")

Rule = Literal["pretrain", "intermediate", "finetune", "retrieve"]
_RULES: dict[str, Rule] = {PRETRAINING: "pretrain", INTERMEDIATE: "intermediate", RETRIEVAL: "retrieve"}


class Job(NamedTuple):
    """A job that trains or scores, on a GPU if there is one.

    Attributes:
        model: The name of a model of the study.
        arm: The name of an arm; empty for pretraining, which precedes all arms.
        what: The training set of a fine-tuning job, otherwise ``PRETRAINING``, ``INTERMEDIATE`` or ``RETRIEVAL``.
        seed: A seed of the study; 0 for pretraining, whose seed is the model's.
    """

    model: str
    arm: str
    what: str
    seed: int

    @classmethod
    def pretraining(cls, model: str) -> Job:
        """Create the job that pretrains a model."""
        return cls(model, "", PRETRAINING, 0)

    @classmethod
    def of_record(cls, record: str) -> Job | None:
        """Return the job of a record, given by its path in the study's folder; None if it is no record."""
        match record.removesuffix(".json").split("/"):
            case ["encoders", model, "pretrained", "record"] | ["records", model, "pretraining"]:
                return cls.pretraining(model)
            case ["encoders", model, arm, seed, "record"]:
                what = INTERMEDIATE
            case ["records", model, arm, what, seed]:
                pass
            case _:
                return None
        number = seed.removeprefix("seed")
        return cls(model, arm, what, int(number)) if number.isdecimal() else None

    def __str__(self) -> str:
        if self.is_pretraining:
            return f"{self.model} {self.what}"
        return f"{self.model} {self.arm} {self.what} seed {self.seed}"

    @property
    def is_pretraining(self) -> bool:
        """Whether the job has neither arm nor seed."""
        return self.what == PRETRAINING

    @property
    def makes_encoder(self) -> bool:
        """Whether the job trains an encoder that other jobs start from; the others make scores."""
        return self.what in (PRETRAINING, INTERMEDIATE)

    @property
    def rule(self) -> Rule:
        """The rule of the workflow that runs the job."""
        return _RULES.get(self.what, "finetune")

    @property
    def kind(self) -> tuple[str, ...]:
        """What jobs that take about the same time have in common: rule, model, and arm or training set."""
        return self.rule, self.model, self.arm if self.makes_encoder else self.what

    def record(self, paths: Paths) -> Path:
        """Return the path of the JSON file with the job's spec, time, hardware and learning curve."""
        if self.makes_encoder:
            return self._encoder(paths) / "record.json"
        return self._part_record(paths)

    def record_apart(self, paths: Paths) -> Path:
        """Return the path of the record outside the encoder's folder, where it can be read without the encoder.

        Of a job that makes scores this is :meth:`record` itself. Of one that trains an encoder it is a copy, which a
        storage hands over without the encoder, and which stays when the encoder is deleted.
        """
        return paths.record_of_pretraining(self.model) if self.is_pretraining else self._part_record(paths)

    def result(self, paths: Paths) -> Path:
        """Return the path of the file that other jobs wait for: scores, pretrained weights, or the record of an arm.

        An arm leaves a whole encoder or an adapter; its record, written last, lists the files.
        """
        if self.is_pretraining:
            return self._encoder(paths) / "model.safetensors"
        return self.record(paths) if self.makes_encoder else paths.part("scores", *self)

    def makes(self, paths: Paths) -> list[Path]:
        """Return the paths of the files that the job makes, its record first; of an arm, without the encoder's."""
        if self.is_pretraining:
            beside = [self._encoder(paths) / name for name in _BESIDE_WEIGHTS]
            return [self.record(paths), self.result(paths), *beside]
        scores = [] if self.makes_encoder else [self.result(paths), paths.part("predictions", *self)]
        return [self.record(paths), *scores, paths.part("dev_scores", *self)]

    def attempts(self, paths: Paths) -> Path:
        """Return the path of the job's attempts file."""
        return paths.attempts(self.model) if self.is_pretraining else paths.attempts(*self)

    def log(self, paths: Paths) -> Path:
        """Return the path of the job's log."""
        if self.is_pretraining:
            return paths.log("pretrain", self.model)
        if self.rule == "intermediate":
            return paths.log("intermediate", self.model, self.arm, f"seed{self.seed}")
        return paths.part("logs", *self, suffix="log")

    def _part_record(self, paths: Paths) -> Path:
        return paths.part("records", *self, suffix="json")

    def _encoder(self, paths: Paths) -> Path:
        return paths.pretrained(self.model) if self.is_pretraining else paths.encoder(self.model, self.arm, self.seed)
