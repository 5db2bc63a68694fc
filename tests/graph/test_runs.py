"""The jobs of a study and what they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from configs import own, ready_made

from xstilts.config.study import load
from xstilts.errors import DataError
from xstilts.graph.jobs import Job
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS

Config = dict[str, Any]


def runs_of(config: Config) -> Runs:
    return Runs(load(config))


class TestJobs:
    def test_one_fine_tuning_serves_all_targets_of_its_training_set(self) -> None:
        runs = runs_of(ready_made())
        assert runs.study.training_sets() == ("xnli", "squad_v1")
        assert runs.targets_of("squad_v1") == ("xquad", "mlqa")
        assert runs.targets_of(RETRIEVAL) == ("tatoeba",)
        assert runs.evaluations() == ("xnli", "squad_v1", RETRIEVAL)

    def test_count_is_models_times_arms_times_evaluations_times_seeds(self) -> None:
        models = {"a": {"path": "a"}, "b": {"path": "b"}}
        jobs = list(runs_of(ready_made(models=models)).jobs())
        assert len(jobs) == len(set(jobs)) == 2 * 3 * 3 * 2

    def test_the_paper_s_study(self) -> None:
        single = {task: {"tasks": [task]} for task in INTERMEDIATE_TASKS}
        arms = {"none": {}, **single, "all": {"tasks": list(INTERMEDIATE_TASKS)}}
        runs = runs_of(ready_made(arms=arms, targets={target: {} for target in TARGET_TASKS}, seeds=[1]))
        assert len(runs.evaluations()) == 6 + 1
        assert len(runs.score_files()) == 11 * 7
        assert len(runs.study.tasks()) == 18

    def test_without_retrieval_targets_there_is_no_retrieval(self) -> None:
        assert runs_of(ready_made(targets={"xnli": {}})).evaluations() == ("xnli",)

    def test_retrieval_alone_trains_nothing(self) -> None:
        runs = runs_of(ready_made(targets={"tatoeba": {}}, arms={"none": {}}))
        assert runs.evaluations() == (RETRIEVAL,)
        assert runs.study.tasks() == ("tatoeba",)

    def test_score_files_are_where_the_jobs_put_them(self) -> None:
        runs = runs_of(ready_made(seeds=[3], arms={"none": {}}))
        assert [str(path) for path in runs.score_files()] == [
            "results/trial/scores/xlmr/none/xnli/seed3.parquet",
            "results/trial/scores/xlmr/none/squad_v1/seed3.parquet",
            "results/trial/scores/xlmr/none/retrieval/seed3.parquet",
        ]


class TestFiles:
    def test_english_training_data_and_the_languages_of_the_study(self) -> None:
        runs = runs_of(ready_made())
        assert runs.files("mnli") == (("train", "en"), ("dev", "en"))
        assert runs.files("xnli") == (("train", "en"), ("dev", "en"), ("test", "de"), ("test", "en"))
        assert runs.files("squad_v1") == (("train", "en"), ("dev", "en"))
        assert runs.files("xquad") == (("test", "en"),)
        assert runs.files("tatoeba") == (("test", "de"),)

    def test_dev_data_is_listed_once(self) -> None:
        files = runs_of(ready_made(splits=["dev", "test"])).files("xnli")
        assert len(files) == len(set(files)) == 5

    def test_bucc_s_threshold_needs_dev(self) -> None:
        targets = {"bucc2018": {"languages": ["de"]}}
        for splits in (["test"], ["dev", "test"]):
            assert runs_of(ready_made(targets=targets, splits=splits)).files("bucc2018") == (
                ("dev", "de"),
                ("test", "de"),
            )

    def test_text_is_in_every_language_scored_and_english(self) -> None:
        assert runs_of(ready_made(targets={"mlqa": {"languages": ["zh", "de"]}})).files("text") == (
            ("train", "de"), ("train", "en"), ("train", "zh"),
        )  # fmt: skip

    def test_data_files_are_listed_once_and_are_no_inputs_of_rules(self) -> None:
        runs = runs_of(ready_made(targets={"tydiqa": {"languages": ["en"]}}))
        english = [path.name for path in runs.data_files("tydiqa") if "dev" in path.name]
        assert english and len(english) == len(set(english)), "English is both the dev and the test data"
        assert runs.source_files("tydiqa") == runs.text_sources() == []

    def test_synthetic_data_is_generated_first(self) -> None:
        runs = runs_of(own(source={"kind": "synthetic"}, targets={"xnli": {}}))
        assert runs.source_files("xnli") == runs.text_sources() == [runs.paths.generated]

    def test_text_from_tasks_waits_for_the_tasks(self) -> None:
        runs = runs_of(own(source={"kind": "files", "root": "data", "text": "tasks"}))
        assert runs.text_sources() == [runs.paths.data_manifest(task) for task in runs.study.tasks()]


class TestEncoders:
    def test_arms_that_train_nothing_take_the_pretrained_one(self) -> None:
        arms = {"none": {}, "mnli": {"tasks": ["mnli"]}, "control": {"weights": "random"}}
        runs = runs_of(own(arms=arms))
        assert runs.encoder_weights("tiny", "none", 1) == runs.pretrained_weights("tiny")
        assert str(runs.pretrained_weights("tiny")).startswith("results/trial/encoders/tiny/pretrained/")
        for arm in ("mnli", "control"):
            assert f"/{arm}/seed1/" in str(runs.encoder_weights("tiny", arm, 1))

    def test_random_weights_of_a_ready_made_one_take_its_shape(self) -> None:
        arms = {"none": {}, "control": {"weights": "random"}, "mnli": {"tasks": ["mnli"]}}
        ready, pretrained = runs_of(ready_made(arms=arms)), runs_of(own(arms=arms))
        assert ready.starting_weights("xlmr", "control") == [Path("models/xlmr/model.safetensors")]
        assert pretrained.starting_weights("tiny", "control") == []
        assert pretrained.starting_weights("tiny", "mnli") == [pretrained.pretrained_weights("tiny")]

    def test_an_adapter_needs_its_pretrained_encoder(self) -> None:
        arms = {"none": {}, "mnli": {"tasks": ["mnli"]}, "lora": {"tasks": ["mnli"], "training": {"lora": {}}}}
        runs = runs_of(own(arms=arms))
        base, record = runs.pretrained_weights("tiny"), runs.encoder_weights("tiny", "lora", 1)
        assert record == runs.paths.encoder("tiny", "lora", 1) / "record.json"
        assert runs.encoder_files("tiny", "none", 1) == [base]
        assert runs.encoder_files("tiny", "mnli", 1) == [runs.encoder_weights("tiny", "mnli", 1)]
        assert runs.encoder_files("tiny", "lora", 1) == [base, record]
        assert {base, record} <= set(runs.reads(Job("tiny", "lora", "xnli", 1)))

    def test_ready_made_ones_lie_where_the_study_says(self) -> None:
        runs = runs_of(ready_made())
        assert runs.pretrained_weights("xlmr") == Path("models/xlmr/model.safetensors")
        assert runs.tokenizer_source("xlmr") == Path("models/xlmr/tokenizer.json")
        assert runs.made([runs.tokenizer_source("xlmr"), runs.pretrained_weights("xlmr")]) == []
        assert runs.texts() == ()

    def test_inputs_are_manifests_of_what_a_job_reads(self) -> None:
        runs = runs_of(ready_made())
        assert runs.evaluated("squad_v1") == ("squad_v1", "xquad", "mlqa")
        assert runs.evaluated("xnli") == ("xnli",)
        inputs = runs.inputs("xlmr", runs.evaluated("xnli"))
        assert inputs == [runs.paths.tokens_manifest("xlmr", "xnli")]


class TestHub:
    COMMIT = "0123456789" * 4

    def runs(self) -> Runs:
        models = {"xlmr": {"path": f"hf://FacebookAI/xlm-roberta-large@{self.COMMIT}"}, "local": {"path": "models/a"}}
        arms = {"none": {}, "mnli": {"tasks": ["mnli"]}}
        targets = {"xnli": {}, "bucc2018": {"languages": ["de"]}}
        return runs_of(ready_made(source={"kind": "hub", "root": "data"}, models=models, arms=arms, targets=targets))

    def test_what_comes_from_there_is_downloaded_first(self) -> None:
        folder = Path(f"hub/models/FacebookAI--xlm-roberta-large--{self.COMMIT}")
        runs = self.runs()
        records = [Path(f"results/trial/prefetched/{task}.json") for task in ("mnli", "xnli")]
        assert runs.prefetched() == [*records, folder / "xstilts.json"]
        assert runs.source_files("mnli") == records[:1]
        assert runs.pretrained_weights("xlmr") == folder / "model.safetensors"
        assert runs.tokenizer_source("xlmr") == folder / "tokenizer.json"
        assert runs.ready_made("local") == Path("models/a")

    def test_nothing_is_downloaded_for_files_and_folders(self) -> None:
        assert runs_of(ready_made()).prefetched() == []


def test_dev_scores_are_of_arms_that_train_and_of_all_that_makes_scores() -> None:
    runs = runs_of(ready_made(seeds=[1], arms={"none": {}, "mnli": {"tasks": ["mnli"]}}))
    found = [path.relative_to(runs.paths.root / "dev_scores/xlmr").as_posix() for path in runs.dev_score_files()]
    evaluations = [f"{arm}/{what}" for arm in ("none", "mnli") for what in ("xnli", "squad_v1", "retrieval")]
    assert found == [f"{name}/seed1.parquet" for name in ("mnli/intermediate", *evaluations)]


@pytest.mark.parametrize("content", ["", "{half", "[]"])
def test_a_damaged_manifest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.chdir(tmp_path)
    runs = runs_of(ready_made())
    path = runs.paths.data_manifest("xnli")
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"xnli.*: it is no JSON object\. Delete it"):
        runs.manifests()
