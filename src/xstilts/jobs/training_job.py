"""What is known of a training job before it begins: its run, what it reads, what it makes. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xstilts.catalogue.tasks import TEXT
from xstilts.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.specs import Spec, Specs


@dataclass(frozen=True)
class TrainingJob:
    """One job that uses a GPU where there is one. ``diary`` is the file of its attempts."""

    runs: Runs
    spec: Spec
    diary: Path
    reads: Sequence[Path]
    makes: Sequence[Path]


def pretraining(runs: Runs, model: str) -> TrainingJob:
    reads = [runs.paths.tokenizer_file(model), *runs.inputs(model, (TEXT.name,))]
    makes = _encoder_files(runs.paths.pretrained(model))
    return TrainingJob(runs, Specs(runs).pretrain(model), runs.paths.attempts(model), reads, makes)


def intermediate_training(runs: Runs, model: str, arm: str, seed: int) -> TrainingJob:
    job = model, arm, INTERMEDIATE, seed
    inputs = [*runs.starting_weights(model, arm), *runs.inputs(model, tuple(runs.study.arms[arm].tasks))]
    reads = [runs.paths.tokenizer_file(model), *inputs]
    makes = [*_encoder_files(runs.paths.encoder(model, arm, seed)), runs.paths.part("dev_scores", *job)]
    return TrainingJob(runs, Specs(runs).intermediate(model, arm, seed), runs.paths.attempts(*job), reads, makes)


def fine_tuning(runs: Runs, model: str, arm: str, training_set: str, seed: int) -> TrainingJob:
    return _scoring(runs, Specs(runs).finetune(model, arm, training_set, seed), model, arm, training_set, seed)


def retrieval(runs: Runs, model: str, arm: str, seed: int) -> TrainingJob:
    return _scoring(runs, Specs(runs).retrieve(model, arm, seed), model, arm, RETRIEVAL, seed)


def _scoring(runs: Runs, spec: Spec, model: str, arm: str, what: str, seed: int) -> TrainingJob:
    inputs = [runs.encoder_weights(model, arm, seed), *runs.inputs(model, runs.evaluated(what))]
    kinds = {"scores": "parquet", "predictions": "parquet", "dev_scores": "parquet", "records": "json"}
    makes = [runs.paths.part(kind, model, arm, what, seed, suffix) for kind, suffix in kinds.items()]
    reads = [runs.paths.tokenizer_file(model), *inputs]
    return TrainingJob(runs, spec, runs.paths.attempts(model, arm, what, seed), reads, makes)


def _encoder_files(folder: Path) -> list[Path]:
    return [folder / name for name in ("model.safetensors", "config.json", "record.json")]
