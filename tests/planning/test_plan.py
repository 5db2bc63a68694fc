"""A study's plan as a whole: what is to do, what was measured, what will not fit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from configs import own, ready_made
from xlmr import large

from xstilts.config.reading import read_config
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.jobs import INTERMEDIATE, Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Specs
from xstilts.planning.gpus import GPUS
from xstilts.planning.jobs import JobGroup
from xstilts.planning.plan import StudyPlan, plan, total

pytestmark = pytest.mark.usefixtures("folder")


def planned(runs: Runs, gpu: str = "a100-80", at_once: int = 1) -> StudyPlan:
    return plan(runs, GPUS[gpu], at_once)


def finish(runs: Runs, arm: str, what: str, seed: int, seconds: float, device: str, **hardware: Any) -> None:
    """Leave what a job leaves: fine-tuning on ``what``, or an arm's own training."""
    job = Job("xlmr", arm, what, seed)
    record = {
        "spec": Specs(runs).of(job),
        "seconds": seconds,
        "hardware": {"device": device, "precision": "bfloat16", "peak_gpu_bytes": 0, **hardware},
    }
    for path in job.makes(runs.paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record) if path.suffix == ".json" else "", encoding="utf-8")


def group(study_plan: StudyPlan, rule: str, arm: str, what: str = "") -> JobGroup:
    return next(one for one in study_plan.groups if (one.rule, one.arm, one.what) == (rule, arm, what))


class TestBeforeAnythingRan:
    def test_all_jobs_are_to_do(self) -> None:
        study_plan = planned(large())
        assert study_plan.jobs() == study_plan.jobs(left=True)
        assert study_plan.jobs()["intermediate"] == 2 * 2
        assert study_plan.jobs()["finetune"] == 3 * 2 * 2
        assert study_plan.jobs()["retrieve"] == 3 * 2
        assert study_plan.jobs()["prefetch_model"] == 1

    def test_a_modelled_estimate_has_a_range_of_a_factor_of_two(self) -> None:
        one = group(planned(large()), "finetune", "none", "xnli").cost
        assert (one.low, one.high, one.source) == (one.seconds / 2, one.seconds * 2, "model")

    def test_more_at_once_take_less_time_down_to_the_longest_chain(self) -> None:
        plans = [planned(large(), at_once=number) for number in (1, 4, 1000)]
        walls = [one.wall.value for one in plans]
        on_gpu = [one for one in plans[0].groups if one.on_gpu]
        assert walls[0] == pytest.approx(total(on_gpu).value)
        assert walls[0] > walls[1] > walls[2]
        longest = group(plans[0], "intermediate", "pair").cost.seconds
        last = max(one.cost.seconds for one in on_gpu if one.arm == "pair" and one.rule != "intermediate")
        assert walls[2] == pytest.approx(longest + last)

    def test_pretraining_comes_first(self) -> None:
        study_plan = planned(Runs(load(own())), "cpu", at_once=1000)
        seconds = {
            rule: max(one.cost.seconds for one in study_plan.groups if one.rule == rule)
            for rule in ("pretrain", "intermediate")
        }
        assert study_plan.wall.value > sum(seconds.values())

    def test_encoders_of_all_trained_arms_stay_on_disk(self) -> None:
        disk = {item.what: item for item in planned(large()).disk}
        assert disk["trained encoders"].bytes == 2 * 2 * 4 * 559_890_432
        adapted = {item.what: item for item in planned(large(training={"intermediate": {"lora": {}}})).disk}
        assert adapted["trained encoders"].bytes == 2 * 2 * 4 * 4_588_544
        assert disk["downloaded encoders"].bytes == 4 * 559_890_432
        assert disk["checkpoints of running jobs"].temporary

    def test_an_unknown_encoder_must_be_in_its_folder(self) -> None:
        with pytest.raises(UserError, match=r"models\.xlmr: models/xlmr/config\.json is not there"):
            planned(Runs(load(ready_made())))

    def test_the_shape_of_an_encoder_is_read_from_its_config(self, folder: Path) -> None:
        (folder / "models" / "xlmr").mkdir(parents=True)
        config = {
            "vocab_size": 10, "hidden_size": 4, "num_hidden_layers": 1, "intermediate_size": 8,
            "num_attention_heads": 1, "max_position_embeddings": 16, "type_vocab_size": 1,
        }  # fmt: skip
        path = folder / "models" / "xlmr" / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        disk = {item.what: item.bytes for item in planned(Runs(load(ready_made()))).disk}
        # (10 + 16 + 1 + 2) x 4, 4 x (16 + 4) + (32 + 8) + (32 + 4) + 16, 16 + 4
        assert disk["trained encoders"] == 2 * 2 * 4 * (116 + 172 + 20)
        path.write_text(json.dumps({**config, "hidden_size": None}), encoding="utf-8")
        with pytest.raises(UserError, match="not the config of a transformers encoder"):
            planned(Runs(load(ready_made())))
        path.write_text("{}", encoding="utf-8")
        with pytest.raises(UserError, match="has no 'vocab_size'"):
            planned(Runs(load(ready_made())))

    def test_ten_thousand_jobs_are_planned_in_seconds(self) -> None:
        arms = {"none": {}, **{f"mnli-{n}": {"tasks": ["mnli"], "train_examples": n} for n in range(1, 41)}}
        runs, started = large(arms=arms, seeds=list(range(1, 65))), time.process_time()
        study_plan = planned(runs, at_once=64)
        assert study_plan.jobs().total() > 10_000
        assert time.process_time() - started < 10


class TestAfterSomeJobs:
    A100 = "NVIDIA A100-SXM4-80GB"

    def test_what_has_ended_is_not_to_do(self) -> None:
        runs = large()
        finish(runs, "none", "xnli", 2, 1000, self.A100)
        study_plan = planned(runs)
        assert study_plan.jobs()["finetune"] - study_plan.jobs(left=True)["finetune"] == 1
        assert group(study_plan, "finetune", "none", "xnli").left == (1,)

    def test_like_jobs_take_as_long_and_as_much_memory(self) -> None:
        runs = large()
        for seed, seconds in ((1, 1000), (2, 3000)):
            finish(runs, "none", "xnli", seed, seconds, self.A100, peak_gpu_bytes=10e9)
        one = group(planned(runs), "finetune", "mnli", "xnli").cost
        assert (one.seconds, one.source) == (2000, f"measured on 2 jobs ({self.A100})")
        assert one.gpu_bytes == pytest.approx(11.5e9)
        assert one.high / one.low < 2

    def test_an_arm_takes_as_long_as_with_another_seed(self) -> None:
        runs = large()
        finish(runs, "mnli", INTERMEDIATE, 1, 5000, self.A100)
        study_plan = planned(runs)
        assert group(study_plan, "intermediate", "mnli").cost.seconds == 5000
        assert group(study_plan, "intermediate", "mnli").left == (2,)
        assert group(study_plan, "intermediate", "pair").cost.source.endswith(", as on 1 measured job")

    def test_other_jobs_are_scaled(self) -> None:
        runs = large()
        before = planned(runs)
        modelled = group(before, "finetune", "none", "xnli").cost.seconds
        finish(runs, "none", "xnli", 1, 3 * modelled, self.A100)
        after = planned(runs)
        other = [group(study_plan, "finetune", "none", "squad_v1").cost for study_plan in (before, after)]
        assert other[1].seconds == pytest.approx(3 * other[0].seconds)
        assert other[1].source == "model x 3, as on 1 measured job"

    @pytest.mark.parametrize(
        "hardware", [{"device": "Tesla T4"}, {"device": A100, "precision": "float32"}], ids=["device", "precision"]
    )
    def test_jobs_on_other_devices_do_not_count(self, hardware: dict[str, str]) -> None:
        runs = large()
        finish(runs, "none", "xnli", 1, 1000, **hardware)
        study_plan = planned(runs)
        assert group(study_plan, "finetune", "none", "xnli").cost.source == "model"
        assert group(study_plan, "finetune", "none", "xnli").left == (2,)
        assert any("1 job measured on another device" in note for note in study_plan.notes)

    def test_notes_say_which_jobs_may_be_shorter_than_they_are_counted(self) -> None:
        assert not any("counted" in note for note in planned(large()).notes)
        arms = {
            "none": {},
            "fiction": {"tasks": ["mnli"], "choose": {"how": "domain", "where": {"genre": ["fiction"]}}},
        }
        notes = planned(large(arms=arms, training={"target": {"patience": 2}})).notes
        assert "Trainings with 'patience' are counted to their last step: they may end earlier." in notes
        assert "Arms of one domain are counted with all rows of their tasks." in notes

    def test_jobs_of_other_settings_are_to_do_again(self) -> None:
        finish(large(), "none", "xnli", 1, 1000, self.A100)
        study_plan = planned(large(training={"target": {"epochs": 1.0}}))
        assert study_plan.jobs() == study_plan.jobs(left=True)

    @pytest.mark.parametrize("damage", [lambda text: "{", lambda text: text.replace("peak_gpu_bytes", "peak")])
    def test_a_damaged_record_counts_as_none(self, damage: Callable[[str], str]) -> None:
        runs = large()
        finish(runs, "none", "xnli", 1, 1000, self.A100)
        record = runs.paths.part("records", "xlmr", "none", "xnli", 1, "json")
        record.write_text(damage(record.read_text(encoding="utf-8")), encoding="utf-8")
        assert planned(runs).jobs() == planned(runs).jobs(left=True)


class TestWarnings:
    def test_a_batch_that_does_not_fit_and_one_that_would(self) -> None:
        target = {"batch_size": 32, "max_steps": 10}
        (warning,) = planned(
            large(training={"target": target, "intermediate": target}, encoding={"max_length": 512}), "l4"
        ).warnings[:1]
        assert "of GPU memory, a L4 has 24 GB" in warning
        assert "micro_batch_size to" in warning
        size = int(warning.split("micro_batch_size to ")[1].split(";")[0])
        smaller = {**target, "micro_batch_size": size}
        again = planned(
            large(training={"target": smaller, "intermediate": smaller}, encoding={"max_length": 512}), "l4"
        )
        assert not any("GPU memory" in warning for warning in again.warnings)

    def test_several_gpus_hold_what_one_does_not(self) -> None:
        models = {"xlmr": {"path": "models/xlm-roberta-xl", "gpus": 8}}
        one, eight = (
            planned(Runs(load(ready_made(**changes))), "a100-40")
            for changes in ({"models": {"xlmr": {"path": "models/xlm-roberta-xl"}}}, {"models": models})
        )
        assert any("finetune on xnli (xlmr) needs" in warning for warning in one.warnings)
        assert not any("of GPU memory" in warning for warning in eight.warnings)
        assert 1 < total(eight.groups).value / total(one.groups).value < 2  # as all wait while jobs start
        on_gpus = {group.rule: group.work.gpus for group in eight.groups if group.on_gpu}
        assert on_gpus["finetune"] == 8 and on_gpus["retrieve"] == on_gpus["similarity"] == 1
        assert [note for note in eight.notes if note not in one.notes] == [
            "Trainings of xlmr are counted as if its 8 GPUs divided all work evenly and never waited for each other."
        ]

    def test_no_batch_fits(self, folder: Path) -> None:
        config = {
            "vocab_size": 250_880, "hidden_size": 2560, "num_hidden_layers": 36, "intermediate_size": 10_240,
            "num_attention_heads": 32, "max_position_embeddings": 514, "type_vocab_size": 1,
        }  # fmt: skip
        (folder / "models" / "xlmr").mkdir(parents=True)
        (folder / "models" / "xlmr" / "config.json").write_text(json.dumps(config), encoding="utf-8")
        warnings = planned(Runs(load(ready_made())), "l4").warnings
        about = next(warning for warning in warnings if warning.startswith("finetune on xnli (xlmr)"))
        assert about.endswith(
            "Not even one example at a time fits: train an adapter (training.target.tasks.xnli.lora), set "
            "compute.gradient_checkpointing to true, set models.xlmr.gpus to 2, take a larger GPU, or a smaller "
            "encoding.max_length."
        )
        smaller = {
            "training": {"target": {"lora": {}, "micro_batch_size": 4}},
            "compute": {"gradient_checkpointing": True},
        }
        warnings = planned(Runs(load(ready_made(**smaller))), "l4").warnings
        assert not [warning for warning in warnings if warning.startswith("finetune on xnli (xlmr) needs")]

    def test_jobs_longer_than_the_rules_say(self) -> None:
        study_plan = planned(large(training={"target": {"max_steps": 1_000_000}}))
        (warning,) = [one for one in study_plan.warnings if one.startswith("finetune:")]
        assert "12 jobs may take longer than the 12 h that the rule asks a cluster for" in warning
        assert "--set-resources finetune:runtime=" in warning

    def test_bfloat16_where_there_is_none(self) -> None:
        study_plan = planned(large(compute={"precision": "bfloat16"}), "t4")
        assert study_plan.warnings[-1] == "compute.precision is bfloat16, which the T4 does not have: jobs will stop."


class TestConfigFile:
    def test_a_study_before_snakemake_has_read_it(self) -> None:
        Path("study.yaml").write_text(json.dumps(ready_made()), encoding="utf-8")
        assert read_config(Path("study.yaml")) == load(ready_made())

    @pytest.mark.parametrize(
        ("text", "message"),
        [("a: [", "not a YAML file"), ("text", "not a study config"), ("study: x", "The study config is not valid")],
    )
    def test_files_that_are_no_study(self, text: str, message: str) -> None:
        Path("study.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=message):
            read_config(Path("study.yaml"))

    def test_a_file_that_is_not_there(self) -> None:
        with pytest.raises(UserError, match="no such config file"):
            read_config(Path("study.yaml"))
