"""The training jobs: what they pass to ``train`` and ``predict``, and the rows of their scores. Nothing is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from labelled_study import (
    EXAMPLES,
    SHAPE,
    TRAINED,
    RecordingPredictor,
    RecordingTrainer,
    TrainingCall,
    filled,
    ids,
    same_weights,
    subset,
    texts,
    texts_of,
    weights_of,
)
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from xstilts.config.settings import Architecture, Compute
from xstilts.encoders import storage as encoders
from xstilts.graph.runs import INTERMEDIATE, Runs
from xstilts.jobs import training
from xstilts.scores.dev_scores import TARGET
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.training.session import Session

#: How many of each file's examples are predicted rightly: no two files the same.
RIGHT = {
    "xnli.dev.en": 1, "xnli.dev.de": 2, "xnli.test.en": 3, "xnli.test.de": 4,
    "squad_v1.dev.en": 0, "xquad.test.en": 1, "xquad.test.de": 2, "mlqa.dev.de": 3, "mlqa.test.de": 4,
    "mnli.dev.en": 5,
}  # fmt: skip
XNLI = ["xnli.dev.de", "xnli.dev.en", "xnli.test.de", "xnli.test.en"]
SPEC: dict[str, Any] = {"id": "0123456789ab"}


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> RecordingTrainer:
    recorder = RecordingTrainer()
    for module in ("training", "supervised"):
        monkeypatch.setattr(f"xstilts.jobs.{module}.train", recorder)
    return recorder


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> RecordingPredictor:
    recorder = RecordingPredictor(RIGHT)
    for module in ("training", "supervised"):
        monkeypatch.setattr(f"xstilts.jobs.{module}.predict", recorder)
    return recorder


@pytest.fixture
def pretrain(runs: Runs, trainer: RecordingTrainer) -> TrainingCall:
    training.pretrain(runs, SPEC, "own", 1, Session())
    (call,) = trainer.calls
    return call


@pytest.fixture
def intermediate(runs: Runs, trainer: RecordingTrainer, predictor: RecordingPredictor) -> Any:
    """Run the job; returns the call of ``train``, None if it was not called."""

    def run(model: str, arm: str, seed: int) -> TrainingCall | None:
        training.intermediate(runs, SPEC, model, arm, seed, 1, Session())
        return trainer.calls.pop() if trainer.calls else None

    return run


@pytest.fixture
def finetune(runs: Runs, trainer: RecordingTrainer, predictor: RecordingPredictor) -> Any:
    """Run the job; returns the call of ``train``."""

    def run(arm: str, training_set: str, seed: int = 1, model: str = "ready") -> TrainingCall:
        training.finetune(runs, SPEC, model, arm, training_set, seed, 1, Session())
        return trainer.calls.pop()

    return run


def fresh(pieces: PreTrainedTokenizerFast, seed: int) -> PreTrainedModel:
    torch.manual_seed(seed)
    return encoders.fresh(Architecture(**SHAPE), pieces, Compute())


def reinitialised(pieces: PreTrainedTokenizerFast, seed: int) -> PreTrainedModel:
    encoder = encoders.load(Path("models/ready"), Compute())
    torch.manual_seed(seed)
    return encoders.reinitialised(encoder)


def saved(folder: Path) -> PreTrainedModel:
    return encoders.load(folder, Compute())


def rows_of(path: Path, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in columns) for row in pq.read_table(path).to_pylist()}


class TestPretraining:
    def test_starts_from_random_weights_of_the_architectures_seed(
        self, pretrain: TrainingCall, pieces: PreTrainedTokenizerFast
    ) -> None:
        assert same_weights(pretrain.state, fresh(pieces, SHAPE["seed"]))
        assert not same_weights(pretrain.state, fresh(pieces, 1))

    def test_reads_the_text_of_every_language(self, pretrain: TrainingCall, pieces: PreTrainedTokenizerFast) -> None:
        (data,) = pretrain.task_data
        assert data.task_type.task is TEXT
        expected = [text for language in ("de", "en", "fr") for text in texts("text", "train", language)]
        assert texts_of(data.train, pieces) == expected
        assert data.dev is None and data.dev_examples is None

    def test_has_its_own_stage_and_the_architectures_seed(self, pretrain: TrainingCall, runs: Runs) -> None:
        assert pretrain.hyper == runs.study.training.pretraining
        assert pretrain.seed == SHAPE["seed"] == pretrain.tokens.generator.initial_seed()  # type: ignore[union-attr]

    def test_leaves_the_trained_encoder_and_a_record(self, pretrain: TrainingCall, runs: Runs) -> None:
        assert weights_of(saved(runs.paths.pretrained("own"))) == {TRAINED}
        record = json.loads((runs.paths.pretrained("own") / "record.json").read_bytes())
        assert record["spec"] == SPEC and record["training"]["steps"] == 4


class TestIntermediate:
    @pytest.mark.parametrize(("model", "weights"), [("ready", 0.25), ("own", 0.5)])
    def test_starts_from_the_pretrained_encoder(self, intermediate: Any, model: str, weights: float) -> None:
        assert intermediate(model, "mnli", 1).weights == {weights}

    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_ready_made_encoder_without_pretraining_is_drawn_anew_by_the_seed(
        self, intermediate: Any, runs: Runs, pieces: PreTrainedTokenizerFast, seed: int
    ) -> None:
        assert intermediate("ready", "control", seed) is None, "nothing is trained"
        encoder = saved(runs.paths.encoder("ready", "control", seed))
        assert same_weights(encoder.state_dict(), reinitialised(pieces, seed))
        assert 0.25 not in weights_of(encoder)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_an_encoder_of_the_studys_own_without_pretraining_is_drawn_anew_by_the_seed(
        self, intermediate: Any, runs: Runs, pieces: PreTrainedTokenizerFast, seed: int
    ) -> None:
        shutil.rmtree(runs.paths.pretrained("own"))  # the job does not wait for pretraining
        assert intermediate("own", "control", seed) is None
        encoder = saved(runs.paths.encoder("own", "control", seed))
        assert same_weights(encoder.state_dict(), fresh(pieces, seed))

    def test_random_weights_may_be_trained_on_tasks(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        assert same_weights(intermediate("ready", "scratch", 2).state, reinitialised(pieces, 2))
        assert same_weights(intermediate("own", "scratch", 2).state, fresh(pieces, 2))

    def test_reads_the_arms_task(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        (data,) = intermediate("ready", "mnli", 1).task_data
        assert (data.name, data.task_type.labels) == ("mnli", TASKS["mnli"].labels)
        assert texts_of(data.train, pieces) == texts("mnli", "train", "en")

    def test_evaluates_on_the_first_dev_examples(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        (data,) = intermediate("ready", "mnli", 1).task_data
        assert texts_of(data.dev, pieces) == texts("mnli", "dev", "en")[:2]
        assert data.dev_examples.column("id").to_pylist() == ids("mnli", "dev", "en")[:2]

    @pytest.mark.parametrize("seed", [1, 2])
    def test_an_arm_with_fewer_examples_has_them_drawn_by_the_seed(
        self, intermediate: Any, pieces: PreTrainedTokenizerFast, seed: int
    ) -> None:
        mnli, ccg = intermediate("ready", "few", seed).task_data
        expected = [texts("mnli", "train", "en")[index] for index in subset(seed, 3)]
        assert texts_of(mnli.train, pieces) == expected
        assert ccg.train[range(3)] and len(ccg.train) == 3
        assert [row["example"] for row in ccg.train[range(3)]] == subset(seed, 3).tolist()
        assert len(mnli.dev) == len(ccg.dev) == 2

    def test_labels_of_an_open_set_are_those_of_the_training_data(self, intermediate: Any) -> None:
        _, ccg = intermediate("ready", "few", 1).task_data
        assert ccg.task_type.labels == ("(S/N)/L", "L", "N", "S")

    def test_has_the_hyper_parameters_of_stage_task_and_arm(self, intermediate: Any) -> None:
        single, mixture = (intermediate("ready", arm, 1).hyper for arm in ("mnli", "few"))
        assert (single.learning_rate, single.batch_size, single.eval_examples) == (0.013, 32, 2)
        assert (mixture.learning_rate, mixture.batch_size, mixture.eval_examples) == (0.012, 5, 2)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_has_the_runs_seed(self, intermediate: Any, seed: int) -> None:
        call = intermediate("ready", "mnli", seed)
        assert call.seed == seed == call.tokens.generator.initial_seed()

    def test_leaves_the_trained_encoder_and_scores_on_all_of_dev(
        self, intermediate: Any, runs: Runs, predictor: RecordingPredictor, pieces: PreTrainedTokenizerFast
    ) -> None:
        call = intermediate("ready", "mnli", 2)
        assert weights_of(saved(runs.paths.encoder("ready", "mnli", 2))) == {TRAINED}
        (prediction,) = predictor.calls
        assert prediction.head is call.heads["mnli"] and prediction.encoder is call.encoder
        assert texts_of(prediction.rows, pieces) == texts("mnli", "dev", "en")
        path = runs.paths.part("dev_scores", "ready", "mnli", INTERMEDIATE, 2)
        assert rows_of(path, "stage", "model", "arm", "seed", "task", "language", "n", "score", "run") == {
            (INTERMEDIATE, "ready", "mnli", 2, "mnli", "en", EXAMPLES, 62.5, SPEC["id"])
        }


class TestFineTuning:
    @pytest.mark.parametrize(
        ("model", "arm", "seed", "weights"),
        [("ready", "none", 1, 0.25), ("own", "none", 1, 0.5), ("ready", "mnli", 1, 0.625), ("ready", "mnli", 2, 0.75)],
    )
    def test_starts_from_the_arms_encoder(self, finetune: Any, model: str, arm: str, seed: int, weights: float) -> None:
        assert finetune(arm, "xnli", seed, model).weights == {weights}

    def test_an_untrained_arm_with_random_weights_is_what_its_own_job_has_left(self, finetune: Any, runs: Runs) -> None:
        folder = runs.paths.encoder("ready", "control", 1)
        encoders.save(filled(saved(Path("models/ready")), 0.125), folder)
        assert finetune("control", "xnli").weights == {0.125}

    @pytest.mark.parametrize(("training_set", "dev"), [("xnli", EXAMPLES), ("squad_v1", 3)])
    def test_reads_english_training_data_and_the_first_dev_examples(
        self, finetune: Any, pieces: PreTrainedTokenizerFast, training_set: str, dev: int
    ) -> None:
        (data,) = finetune("none", training_set).task_data
        assert data.name == training_set
        assert texts_of(data.train, pieces) == texts(training_set, "train", "en")
        assert texts_of(data.dev, pieces) == texts(training_set, "dev", "en")[:dev]
        assert data.dev_examples.column("id").to_pylist() == ids(training_set, "dev", "en")[:dev]

    @pytest.mark.parametrize(("training_set", "rate"), [("xnli", 0.014), ("squad_v1", 0.015)])
    def test_has_the_hyper_parameters_of_the_training_set(self, finetune: Any, training_set: str, rate: float) -> None:
        hyper = finetune("none", training_set).hyper
        assert (hyper.learning_rate, hyper.batch_size) == (rate, 7)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_has_the_runs_seed(self, finetune: Any, seed: int) -> None:
        call = finetune("none", "xnli", seed)
        assert call.seed == seed == call.tokens.generator.initial_seed()

    @pytest.mark.parametrize(
        ("training_set", "files"),
        [
            ("xnli", XNLI),
            ("squad_v1", ["xquad.test.de", "xquad.test.en", "mlqa.dev.de", "mlqa.test.de"]),
        ],
    )
    def test_scores_every_file_of_every_target_with_the_trained_encoder(
        self,
        finetune: Any,
        predictor: RecordingPredictor,
        pieces: PreTrainedTokenizerFast,
        training_set: str,
        files: list[str],
    ) -> None:
        call = finetune("none", training_set)
        dev, *scored = predictor.calls
        assert dev.file == f"{training_set}.dev.en"
        assert [prediction.file for prediction in scored] == files
        for prediction in (dev, *scored):
            task, split, language = prediction.file.split(".")
            assert prediction.task_type.task.name == task
            assert prediction.task_type.labels == (TASKS["xnli"].labels if task == "xnli" else ())
            assert prediction.encoder is call.encoder and prediction.head is call.heads[training_set]
            assert texts_of(prediction.rows, pieces) == texts(task, split, language)
            assert prediction.examples.column("id").to_pylist() == ids(task, split, language)
            assert prediction.batch_size == 7

    def test_scores_land_in_the_rows_of_their_files(self, finetune: Any, runs: Runs) -> None:
        finetune("mnli", "xnli", seed=2)
        path = runs.paths.part("scores", "ready", "mnli", "xnli", 2)
        assert rows_of(path, "study", "model", "arm", "seed", "run", "n") == {
            ("wired", "ready", "mnli", 2, SPEC["id"], EXAMPLES)
        }
        assert rows_of(path, "target", "split", "language", "metric", "score") == {
            (*file.split("."), "accuracy", points(file)) for file in XNLI
        }

    def test_scores_of_two_targets_of_one_training_set(self, finetune: Any, runs: Runs) -> None:
        finetune("none", "squad_v1")
        path = runs.paths.part("scores", "ready", "none", "squad_v1", 1)
        assert rows_of(path, "target", "split", "language", "metric", "score") == {
            (*file.split("."), metric, points(file))
            for file in ("xquad.test.de", "xquad.test.en", "mlqa.dev.de", "mlqa.test.de")
            for metric in ("exact_match", "f1")
        }

    def test_predictions_are_kept_by_the_ids_of_their_examples(self, finetune: Any, runs: Runs) -> None:
        finetune("none", "xnli")
        path = runs.paths.part("predictions", "ready", "none", "xnli", 1)
        gold = ["entailment", "neutral"] * (EXAMPLES // 2)
        assert rows_of(path, "target", "split", "language", "example", "prediction", "gold") == {
            (*file.split("."), example, answer if number < RIGHT[file] else "contradiction", answer)
            for file in XNLI
            for number, (example, answer) in enumerate(zip(ids(*file.split(".")), gold, strict=True))
        }

    def test_english_dev_scores_are_of_the_training_set(self, finetune: Any, runs: Runs) -> None:
        finetune("none", "squad_v1")
        path = runs.paths.part("dev_scores", "ready", "none", "squad_v1", 1)
        assert rows_of(path, "stage", "task", "language", "metric", "n", "score") == {
            (TARGET, "squad_v1", "en", metric, EXAMPLES, 0.0) for metric in ("exact_match", "f1")
        }

    def test_record_says_how_it_went(self, finetune: Any, runs: Runs) -> None:
        finetune("none", "xnli")
        record = json.loads(runs.paths.part("records", "ready", "none", "xnli", 1, "json").read_bytes())
        assert record["spec"] == SPEC
        assert record["training"]["seed"] == 1 and record["training"]["best_step"] == 2
        assert record["training"]["learnt"]["xnli"]["score"] == points("xnli.dev.en")


def points(file: str) -> float:
    return 100 * RIGHT[file] / EXAMPLES
