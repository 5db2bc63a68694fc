"""What each job has to do, from a config alone and from the files that are there."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
import yaml
from configs import own, ready_made

from xstilts.config.settings import Hyperparameters
from xstilts.config.sources import SyntheticSource
from xstilts.config.study import load
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.planning.sizes import DataSize, FileSizes
from xstilts.planning.workload import Workloads, planned_steps
from xstilts.training import loop


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def works(config: dict[str, Any]) -> Workloads:
    runs = Runs(load(config))
    return Workloads(runs, FileSizes(runs))


@pytest.mark.parametrize(
    "values",
    [{}, {"epochs": 2.5, "batch_size": 7}, {"max_steps": 11}, {"examples_cap": 50}, {"examples_cap": 50, "epochs": 1}],
)
def test_steps_are_those_of_the_training_loop(values: dict[str, Any]) -> None:
    hyper = Hyperparameters.model_validate(values)
    rows = [10, 64, 1000]
    materials: Any = [SimpleNamespace(train=range(count)) for count in rows]
    assert planned_steps(rows, hyper) == loop.planned_steps(materials, hyper)


@pytest.mark.parametrize(("steps", "evaluations"), [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2)])
def test_evaluations_are_every_so_many_steps_and_at_the_end(steps: int, evaluations: int) -> None:
    hyper = {"max_steps": steps, "eval_every": 100, "eval_examples": 50}
    work = works(ready_made(training={"intermediate": hyper})).of(("intermediate", "xlmr", "mnli"))
    assert work.read.inputs == evaluations * 50 + 9815  # all dev data once more at the end


class TestFromTheConfigAlone:
    def test_examples_are_those_of_the_full_releases(self) -> None:
        work = works(ready_made()).of(("intermediate", "xlmr", "mnli"))
        assert work.steps == 3 * 12_272  # 392,702 examples in batches of 32
        assert work.trained.inputs == pytest.approx(3 * 392_702, rel=1e-4)
        assert work.basis == "sizes assumed"

    def test_limits_cap_them(self) -> None:
        work = works(ready_made(examples={"train": 320, "eval": 10})).of(("finetune", "xlmr", "xnli"))
        assert work.steps == 3 * 10
        assert work.predictions == 2 * 10  # two languages

    def test_arms_cap_them(self) -> None:
        config = ready_made()
        config["arms"]["few"] = {"tasks": ["mnli"], "train_examples": 64, "training": {"epochs": 1.0}}
        assert works(config).of(("intermediate", "xlmr", "few")).steps == 2

    def test_mixtures_draw_in_proportion_to_their_capped_sizes(self) -> None:
        config = ready_made(training={"intermediate": {"examples_cap": 1000, "epochs": 1.0, "batch_size": 10}})
        mixed = works(config).of(("intermediate", "xlmr", "pair"))
        assert mixed.steps == 200
        assert mixed.trained.tokens == pytest.approx(1000 * 40 + 1000 * 32)

    def test_micro_batches_count_as_passes(self) -> None:
        config = ready_made(training={"intermediate": {"micro_batch_size": 5, "max_steps": 10}})
        work = works(config).of(("intermediate", "xlmr", "mnli"))
        assert work.micro_batches == 10 * 7
        assert work.micro_tokens == 5 * 128

    def test_adapters_and_gradient_checkpointing_are_known(self) -> None:
        config = ready_made(training={"target": {"lora": {"rank": 4}}}, compute={"gradient_checkpointing": True})
        whole, adapted = (
            works(config).of(kind) for kind in (("intermediate", "xlmr", "mnli"), ("finetune", "xlmr", "xnli"))
        )
        assert whole.lora is None and adapted.lora is not None and adapted.lora.rank == 4
        assert whole.recomputed and adapted.recomputed

    def test_a_multiple_choice_reads_every_choice(self) -> None:
        config = ready_made(training={"intermediate": {"max_steps": 1, "batch_size": 8}})
        config["arms"]["swag"] = {"tasks": ["hellaswag"]}
        work = works(config).of(("intermediate", "xlmr", "swag"))
        assert work.trained.inputs == pytest.approx(4 * 8)
        assert work.micro_tokens == 4 * 8 * 128

    def test_long_contexts_become_windows(self) -> None:
        short, long = (
            works(ready_made(encoding={"max_length": length, "doc_stride": 64})).of(("finetune", "xlmr", "squad_v1"))
            for length in (100, 384)
        )
        assert short.steps > long.steps == 3 * 2738  # 87,599 examples in batches of 32

    def test_dev_data_is_read_at_every_evaluation(self) -> None:
        hyper = {"max_steps": 100, "eval_examples": 50}
        read = [
            works(ready_made(training={"intermediate": {**hyper, "eval_every": every}}))
            .of(("intermediate", "xlmr", "mnli"))
            .read
            for every in (100, 10)
        ]
        assert read[1].inputs - read[0].inputs == 9 * 50

    def test_all_languages_of_all_targets_of_a_training_set_are_scored(self) -> None:
        work = works(ready_made()).of(("finetune", "xlmr", "squad_v1"))
        assert work.predictions == 1190 + 4517  # XQuAD in English, MLQA in German

    def test_random_weights_cost_no_training(self) -> None:
        config = ready_made()
        config["arms"]["control"] = {"weights": "random"}
        assert works(config).of(("intermediate", "xlmr", "control")).steps == 0

    def test_retrieval_compares_all_sentences_both_ways(self) -> None:
        work = works(ready_made()).of(("retrieve", "xlmr", RETRIEVAL))
        assert (work.read.inputs, work.compared, work.predictions) == (2000, 2 * 1000 * 1000, 1000)

    def test_sizes_of_a_synthetic_source_are_its_settings(self) -> None:
        source = SyntheticSource(kind="synthetic", train_examples=640, eval_examples=20).model_dump()
        work = works(own(source=source, targets={"xnli": {"languages": ["en", "qaa"]}})).of(
            ("finetune", "tiny", "xnli")
        )
        assert (work.steps, work.predictions) == (3 * 20, 2 * 20)

    def test_pretraining_on_batches_of_tokens_has_steps_of_so_many(self) -> None:
        settings = {"batch_tokens": 6400, "epochs": 2}
        work = works(own(training={"pretraining": settings})).of(("pretrain", "tiny", ""))
        assert work.micro_tokens == 6400
        assert work.trained.tokens / work.steps == pytest.approx(6400, rel=0.01)
        halves = works(own(training={"pretraining": {**settings, "micro_batch_size": 10}})).of(("pretrain", "tiny", ""))
        assert halves.steps == work.steps and halves.micro_batches > work.micro_batches
        assert halves.micro_tokens < work.micro_tokens

    def test_pretraining_predicts_a_share_of_the_tokens(self) -> None:
        work = works(own(training={"pretraining": {"max_steps": 10}})).of(("pretrain", "tiny", ""))
        assert work.masked == pytest.approx(0.15 * work.trained.tokens)

    def test_every_file_of_every_task_has_a_size(self) -> None:
        from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS

        arms = {"none": {}, **{task.replace("_", "-"): {"tasks": [task]} for task in INTERMEDIATE_TASKS}}
        runs = Runs(load(ready_made(arms=arms, targets={task: {} for task in TARGET_TASKS}, splits=["dev", "test"])))
        sizes = FileSizes(runs)
        for task in runs.study.tasks():
            for split, language in runs.files(task):
                assert sizes.of("xlmr", task, split, language).tokens > 0
        assert works(ready_made(targets={"bucc2018": {}})).of(("retrieve", "xlmr", RETRIEVAL)).predictions > 1_000_000
        assert sizes.of("xlmr", "mnli", "train", "en").examples == 392_702

    def test_an_own_task_has_assumed_sizes(self) -> None:
        study = Path(__file__).parents[2] / "workflow" / "studies" / "own_tasks.yaml"
        config = yaml.safe_load(study.read_text(encoding="utf-8"))
        runs = Runs(load(config))
        model = next(iter(runs.study.models))
        sizes = [FileSizes(runs).of(model, "intents", split, "en") for split in ("train", "test")]
        assert [(size.examples, size.basis) for size in sizes] == [
            (100_000, "sizes assumed"),
            (2_000, "sizes assumed"),
        ]


class TestFromFiles:
    def test_canonical_files_give_the_numbers_of_examples(self) -> None:
        runs = Runs(load(ready_made()))
        write(runs.paths.data_manifest("mnli"), {"files": {"train.en": {"examples": 320}, "dev.en": {"examples": 5}}})
        work = Workloads(runs, FileSizes(runs)).of(("intermediate", "xlmr", "mnli"))
        assert (work.steps, work.basis) == (30, "examples counted")

    def test_encoded_files_give_the_numbers_of_tokens(self) -> None:
        runs = Runs(load(ready_made()))
        encode(runs, "mnli", {"train.en": [[1] * 10] * 30 + [[1] * 20] * 30, "dev.en": [[1] * 5] * 4})
        work = Workloads(runs, FileSizes(runs)).of(("intermediate", "xlmr", "mnli"))
        assert (work.steps, work.basis) == (3 * 2, "tokens counted")
        assert work.trained.tokens == pytest.approx(6 * 32 * 15)
        assert work.read.tokens == 2 * 4 * 5  # one evaluation, and once at the end

    def test_choices_are_counted_one_by_one(self) -> None:
        config = ready_made()
        config["arms"]["swag"] = {"tasks": ["hellaswag"]}
        runs = Runs(load(config))
        encode(runs, "hellaswag", {"train.en": [[1] * 8] * 3}, lengths=[[2, 6]] * 3)
        assert FileSizes(runs).of("xlmr", "hellaswag", "train", "en") == DataSize(3, 3, 6, 24, "tokens counted")

    def test_tokens_of_other_settings_do_not_count(self) -> None:
        encode(Runs(load(ready_made())), "mnli", {"train.en": [[1]], "dev.en": [[1]]})
        runs = Runs(load(ready_made(encoding={"max_length": 64})))
        assert FileSizes(runs).of("xlmr", "mnli", "train", "en").basis == "sizes assumed"


def write(path: Path, values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def encode(runs: Runs, task: str, files: dict[str, list[list[int]]], **columns: list[list[int]]) -> None:
    """Arrow files and their manifest, as ``xstilts encode`` leaves them."""
    listed = {}
    for name, rows in files.items():
        split, language = name.split(".")
        path = runs.paths.encoded("xlmr", task, split, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"input_ids": pa.array(rows, pa.list_(pa.int32())), **columns})
        with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        listed[name] = {"rows": len(rows), "examples": len(rows)}
    encoding = runs.study.encoding_of(task).model_dump()
    write(runs.paths.tokens_manifest("xlmr", task), {"encoding": encoding, "files": listed})


class TestArms:
    @pytest.mark.parametrize("share", [0.2, 0.75])
    def test_steps_with_text_are_those_of_the_training_loop(self, share: float) -> None:
        hyper = Hyperparameters(epochs=2)
        text: Any = SimpleNamespace(share=share, rows=5)
        materials: Any = [SimpleNamespace(train=range(100))]
        assert planned_steps([100], hyper, share) == loop.planned_steps(materials, hyper, text)
        alone: Any = SimpleNamespace(share=1.0, rows=200)
        assert planned_steps([200], hyper, 1.0) == loop.planned_steps([], hyper, alone)

    def test_the_work_of_stages_adds_up(self) -> None:
        config = ready_made()
        parts = {"a": {"tasks": ["mnli"], "training": {"epochs": 1}}, "b": {"tasks": ["squad_v1"]}}
        config["arms"] = {"none": {}, **parts, "both": {"stages": list(parts.values())}}
        found = works(config)
        one, other, both = (found.of(("intermediate", "xlmr", arm)) for arm in ("a", "b", "both"))
        assert both.steps == one.steps + other.steps
        assert both.trained.tokens == one.trained.tokens + other.trained.tokens
        assert both.micro_tokens == max(one.micro_tokens, other.micro_tokens)

    def test_text_has_its_share_of_the_tokens(self, folder: Path) -> None:
        (folder / "data").mkdir()
        (folder / "data" / "prose.txt").write_text("x" * 400_000, encoding="utf-8")
        config = ready_made(text={"prose": {"files": "prose.txt"}}, training={"intermediate": {"max_steps": 100}})
        config["arms"] = {
            "none": {},
            "mnli": {"tasks": ["mnli"]},
            "beside": {"tasks": ["mnli"], "masked_lm": {"text": "prose", "share": 0.25}},
            "text": {"masked_lm": {"text": "prose"}},
        }
        found = works(config)
        task, beside, text = (found.of(("intermediate", "xlmr", arm)) for arm in ("mnli", "beside", "text"))
        assert text.trained.inputs == 100 * 32 and text.masked == pytest.approx(0.15 * text.trained.tokens)
        expected = 0.75 * task.trained.tokens + 0.25 * text.trained.tokens
        assert beside.trained.tokens == pytest.approx(expected)
        assert beside.masked == pytest.approx(0.25 * text.masked)

    def test_equal_mixing_draws_tasks_alike(self) -> None:
        config = ready_made(training={"intermediate": {"max_steps": 100}})
        config["arms"] = {"none": {}, "pair": {"tasks": ["mnli", "commonsenseqa"], "mixing": "equal"}}
        mixed = works(config).of(("intermediate", "xlmr", "pair"))
        assert mixed.trained.examples == pytest.approx(100 * 32)
        config["arms"]["pair"]["mixing"] = "size"
        by_size = works(config).of(("intermediate", "xlmr", "pair"))
        assert by_size.trained.inputs < mixed.trained.inputs, "each question has five inputs"

    def test_a_continued_model_trains_its_steps(self, folder: Path) -> None:
        (folder / "data").mkdir()
        (folder / "data" / "prose.txt").write_text("x" * 400_000, encoding="utf-8")
        config = own(text={"prose": {"files": "prose.txt"}})
        config["models"]["more"] = {"continue": {"from": "tiny", "text": "prose", "steps": 50}}
        work = works(config).of(("pretrain", "more", "pretraining"))
        assert work.steps == 50 and work.trained.inputs == 50 * 32
