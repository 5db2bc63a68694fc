"""Which examples arms and fine-tuning train on: subsets, other languages, few shots. Nothing is trained."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import labelled_study
import numpy as np
import pytest
from labelled_study import CONFIG, EXAMPLES, RecordingPredictor, RecordingTrainer, TrainingCall, subset, texts, texts_of
from transformers import PreTrainedTokenizerFast

from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs import training
from xstilts.training.session import Session
from xstilts.training.steps import steps_of

DOMAIN = {"how": "domain", "where": {"genre": ["travel"]}}


def taught_config() -> dict[str, Any]:
    """The study of ``labelled_study`` with arms and targets that do not train on all of the English data alone."""
    config = copy.deepcopy(CONFIG)
    config["arms"] |= {
        "narrow": {"tasks": ["mnli"], "train_examples": 3, "choose": {"how": "narrow"}},
        "domain": {"tasks": ["mnli"], "choose": DOMAIN},
        "fixed": {"tasks": ["mnli"], "train_examples": 2, "steps": "fixed", "training": {"batch_size": 2, "epochs": 3}},
        "too_many": {"tasks": ["mnli"], "train_examples": 9},
        "german": {"tasks": ["mnli"], "languages": ["de"]},
        "swahili": {"tasks": ["mnli"], "languages": ["sw", "en"]},
        "both": {"stages": [{"tasks": ["ccg"]}, {"tasks": ["mnli"], "languages": ["de", "en"], "train_examples": 2}]},
    }
    config["targets"]["xnli"] |= {"train_languages": ["fr", "sw"], "shots": {"de": 3}}
    config |= {"translation": {"model": "m2m"}, "translated": {"mnli": ["sw"], "xnli": ["sw"]}}
    config["targets"]["mlqa"] |= {"shots": {"de": 2}}
    return config


@pytest.fixture(scope="module")
def taught_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PreTrainedTokenizerFast]:
    return labelled_study.prepared_in(tmp_path_factory.mktemp("taught"), taught_config())


@pytest.fixture
def runs(taught_folder: tuple[Path, PreTrainedTokenizerFast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return labelled_study.copied(taught_folder[0], tmp_path / "study", taught_config(), monkeypatch)


@pytest.fixture
def pieces(taught_folder: tuple[Path, PreTrainedTokenizerFast]) -> PreTrainedTokenizerFast:
    return taught_folder[1]


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> RecordingTrainer:
    recorder = RecordingTrainer()
    monkeypatch.setattr("xstilts.jobs.supervised.train", recorder)
    for module in ("training", "supervised"):
        monkeypatch.setattr(f"xstilts.jobs.{module}.predict", RecordingPredictor({}))
    return recorder


@pytest.fixture
def intermediate(runs: Runs, trainer: RecordingTrainer) -> Any:
    def run(arm: str, seed: int = 1) -> TrainingCall:
        training.intermediate(runs, {"id": "x"}, "ready", arm, seed, 1, Session())
        return trainer.calls[-1]

    return run


@pytest.fixture
def finetune(runs: Runs, trainer: RecordingTrainer) -> Any:
    def run(training_set: str, seed: int = 1) -> TrainingCall:
        training.finetune(runs, {"id": "x"}, "ready", "none", training_set, seed, 1, Session())
        return trainer.calls[-1]

    return run


def record(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes())["training"])


class TestArms:
    def test_narrow_examples_reach_the_trainer_and_their_diversity_the_record(
        self, intermediate: Any, runs: Runs
    ) -> None:
        (data,) = intermediate("narrow").task_data
        assert len(data.train) == 3
        entry = record(runs.paths.encoder("ready", "narrow", 1) / "record.json")["subsets"]["mnli.train.en"]
        assert (entry["examples"], entry["how"], entry["measured"]) == (3, "narrow", 3) and entry["vendi"] >= 1

    def test_a_domain_has_its_rows_alone(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        (data,) = intermediate("domain").task_data
        assert texts_of(data.train, pieces) == texts("mnli", "train", "en")[1::2]

    def test_random_subsets_are_those_of_before(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        mnli, _ = intermediate("few", 2).task_data
        assert texts_of(mnli.train, pieces) == [texts("mnli", "train", "en")[index] for index in subset(2, 3)]

    def test_fixed_steps_are_those_of_the_whole_task(self, intermediate: Any, runs: Runs) -> None:
        call = intermediate("fixed")
        assert len(call.task_data[0].train) == 2
        assert call.hyper.max_steps == steps_of([EXAMPLES], runs.study.intermediate("fixed")[0]) == 12

    def test_more_than_there_are_is_refused_before_training(self, intermediate: Any, trainer: RecordingTrainer) -> None:
        with pytest.raises(UserError, match=r"^arms.too_many.train_examples: asks for 9 examples of MNLI, which has 8"):
            intermediate("too_many")
        assert not trainer.calls

    def test_another_language_takes_the_place_of_english(
        self, intermediate: Any, pieces: PreTrainedTokenizerFast
    ) -> None:
        (data,) = intermediate("german").task_data
        assert texts_of(data.train, pieces) == texts("mnli", "train", "de")
        assert texts_of(data.dev, pieces) == texts("mnli", "dev", "en")[:2], "weights are chosen on English"

    def test_translated_data_has_files_of_its_own(self, intermediate: Any, pieces: PreTrainedTokenizerFast) -> None:
        (data,) = intermediate("swahili").task_data
        assert data.name == "mnli"
        assert texts_of(data.train, pieces) == [*texts("mnli.sw", "train", "sw"), *texts("mnli", "train", "en")]

    def test_a_stage_has_so_many_examples_of_each_language(
        self, intermediate: Any, trainer: RecordingTrainer, pieces: PreTrainedTokenizerFast
    ) -> None:
        intermediate("both")
        (first,), (second,) = (call.task_data for call in trainer.calls)
        assert (first.name, len(first.train)) == ("ccg", EXAMPLES)
        chosen = subset(1, 2)
        expected = [texts("mnli", "train", code)[index] for code in ("de", "en") for index in chosen]
        assert texts_of(second.train, pieces) == expected


class TestTargets:
    def test_other_languages_and_few_shots_are_mixed_with_english(
        self, finetune: Any, pieces: PreTrainedTokenizerFast
    ) -> None:
        (data,) = finetune("xnli", 2).task_data
        shots = np.array(texts("xnli", "dev", "de"))[subset(2, 3)].tolist()
        whole = [*texts("xnli", "train", "en"), *texts("xnli", "train", "fr"), *texts("xnli.sw", "train", "sw")]
        assert texts_of(data.train, pieces) == [*whole, *shots]

    def test_few_shots_are_of_the_dev_data_of_the_target_that_asks(
        self, finetune: Any, runs: Runs, pieces: PreTrainedTokenizerFast
    ) -> None:
        (data,) = finetune("squad_v1").task_data
        shots = [texts("mlqa", "dev", "de")[index] for index in subset(1, 2)]
        assert data.name == "squad_v1"
        assert texts_of(data.train, pieces) == [*texts("squad_v1", "train", "en"), *shots]
        kept = record(runs.paths.part("records", "ready", "none", "squad_v1", 1, "json"))["subsets"]
        assert kept["mlqa.dev.de"]["examples"] == 2

    def test_dev_data_that_is_trained_on_is_not_scored(self, runs: Runs, finetune: Any) -> None:
        import pyarrow.parquet as pq

        finetune("xnli")
        scored = pq.read_table(runs.paths.part("scores", "ready", "none", "xnli", 1)).to_pylist()
        assert {(row["split"], row["language"]) for row in scored} == {("dev", "en"), ("test", "de"), ("test", "en")}
