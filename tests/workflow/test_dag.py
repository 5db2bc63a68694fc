"""Which jobs a study has, and which of them run again when something has changed."""

from __future__ import annotations

import os
import shutil
from collections import Counter

import pytest
import tiny_release

NINE = ("anli", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")
TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")

#: What runs again whenever any score may have changed.
REPORT = ["all", "answer", "collect", "figures", "report", "submission", "tables"]
#: The same where data, its encoding or a pretrained encoder may have changed.
AFRESH = [*REPORT, "similarity"]


def arm_jobs(
    arm: str, *, trains: bool = True, sets: tuple[str, ...] = ("squad_v1", "xnli"), seed: int = 1
) -> list[str]:
    """All jobs of one arm and seed of the tiny study."""
    own = [f"intermediate small {arm} {seed}"] if trains else []
    tuned = [f"finetune small {arm} {training_set} {seed}" for training_set in sets]
    return [*own, *tuned, f"retrieve small {arm} {seed}"]


ALL_ARMS = [*arm_jobs("none", trains=False), *arm_jobs("mnli"), *arm_jobs("control")]


# What there is to do


def test_every_job_of_the_tiny_study(workspace):
    tasks = "mnli", "squad_v1", "tatoeba", "xnli", "xquad"
    data = ["text", "prepared", "tokenizer small", *(f"prepare {task}" for task in tasks)]
    tokens = [f"encode small {task}" for task in (*tasks, "text")]
    assert workspace.planned() == sorted([*data, *tokens, "pretrain small", *ALL_ARMS, *AFRESH])


def test_counts_of_a_full_study(workspace):
    """2 models x 12 arms x 3 seeds x 6 training sets; nine targets, nine intermediate tasks; SQuAD 1.1 is one task."""
    small = workspace.config["models"]["small"]
    workspace.config |= {
        "models": {"small": small, "other": small},
        "seeds": [1, 2, 3],
        "arms": {
            "none": {},
            **{task: {"tasks": [task]} for task in NINE},
            "all": {"tasks": list(NINE)},
            "control": {"weights": "random"},
        },
        "targets": dict.fromkeys(TARGETS),
    }
    assert workspace.counts() == {
        "prepare": 9 + 9,
        "text": 1,
        "prepared": 1,
        "tokenizer": 2,
        "encode": 2 * (9 + 9 + 1),
        "pretrain": 2,
        "intermediate": 2 * 11 * 3,
        "finetune": 2 * 12 * 3 * 6,
        "retrieve": 2 * 12 * 3,
        **dict.fromkeys(AFRESH, 1),
    }


def test_squad_serves_an_arm_and_two_targets(workspace):
    workspace.config["arms"] = {"none": {}, "squad": {"tasks": ["squad_v1"]}}
    workspace.config["targets"] = {"xquad": {"languages": ["de", "en"]}, "mlqa": {"languages": ["de", "en"]}}
    jobs = workspace.planned()
    assert [job for job in jobs if job.startswith("prepare ")] == ["prepare mlqa", "prepare squad_v1", "prepare xquad"]
    tuned = [job for job in jobs if job.startswith("finetune")]
    assert tuned == ["finetune small none squad_v1 1", "finetune small squad squad_v1 1"]


def test_a_study_of_retrieval_fine_tunes_nothing(workspace):
    workspace.config["targets"] = {"tatoeba": {"languages": ["de"]}, "bucc2018": {"languages": ["de"]}}
    counts = workspace.counts()
    assert counts["finetune"] == 0 and counts["retrieve"] == 3
    assert counts["prepare"] == len(["mnli", "tatoeba", "bucc2018"])


def test_a_ready_made_model_is_not_pretrained(workspace):
    model = workspace.folder / "model"
    model.mkdir()
    for name in ("tokenizer.json", "config.json", "model.safetensors"):
        (model / name).touch()
    workspace.config["models"] = {"ready": {"path": "model"}}
    counts = workspace.counts()
    assert counts["pretrain"] == counts["text"] == 0 and counts["tokenizer"] == 1
    assert counts["encode"] == counts["prepare"] == 5


def test_synthetic_data_are_generated_once(workspace):
    workspace.config |= {"source": {"kind": "synthetic"}, "targets": {"xnli": {}, "tatoeba": {}}}
    counts = workspace.counts()
    assert counts["generate"] == 1 and counts["text"] == 1 and counts["prepare"] == len(["mnli", "xnli", "tatoeba"])


# What runs again


def test_a_finished_study_has_nothing_to_do(finished):
    assert finished.planned() == []
    assert "Nothing to be done" in finished.snakemake().ok().text


def test_an_arms_own_training(finished):
    finished.config["arms"]["mnli"]["training"] = {"learning_rate": 0.5}
    assert finished.planned() == sorted([*arm_jobs("mnli"), *REPORT])


def test_training_of_one_intermediate_task(finished):
    finished.config["training"]["intermediate"]["tasks"] = {"mnli": {"learning_rate": 0.5}}
    assert finished.planned() == sorted([*arm_jobs("mnli"), *REPORT])


def test_intermediate_training_of_all_arms_spares_the_baseline(finished):
    finished.config["training"]["intermediate"]["learning_rate"] = 0.5
    jobs = finished.planned()
    assert set(arm_jobs("mnli")) <= set(jobs)
    assert not [job for job in jobs if " none " in job]


def test_training_on_one_target(finished):
    finished.config["training"]["target"]["tasks"] = {"xnli": {"learning_rate": 0.5}}
    assert finished.planned() == sorted([*(f"finetune small {arm} xnli 1" for arm in finished.config["arms"]), *REPORT])


def test_pretraining(finished):
    finished.config["training"]["pretraining"]["learning_rate"] = 0.5
    jobs = finished.planned()
    assert jobs == sorted(["pretrain small", *arm_jobs("none", trains=False), *arm_jobs("mnli"), *AFRESH])


def test_swapped_values_are_a_change(finished):
    """Snakemake compares single params as a set; all of a job's are one dict for that reason."""
    finished.config["training"]["pretraining"] |= {"warmup_share": 0.25, "weight_decay": 0.5}
    finished.pretend()
    finished.config["training"]["pretraining"] |= {"warmup_share": 0.5, "weight_decay": 0.25}
    assert "pretrain small" in finished.planned()


def test_retrieval_settings(finished):
    finished.config["retrieval"]["neighbours"] = 2
    assert finished.planned() == sorted([*(f"retrieve small {arm} 1" for arm in finished.config["arms"]), *REPORT])


def test_encoding_of_one_task(finished):
    finished.config["encoding"]["tasks"] = {"xnli": {"max_length": 16}}
    tuned = [f"finetune small {arm} xnli 1" for arm in finished.config["arms"]]
    assert finished.planned() == sorted(["encode small xnli", *tuned, *AFRESH])


def test_a_further_arm(finished):
    finished.config["arms"]["qqp"] = {"tasks": ["qqp"]}
    assert finished.planned() == sorted(["prepare qqp", "encode small qqp", *arm_jobs("qqp"), *AFRESH])


def test_a_further_arm_and_another_change(finished):
    """What is new must not hide from Snakemake that something else has changed."""
    finished.config["arms"]["qqp"] = {"tasks": ["qqp"]}
    finished.config["arms"]["mnli"]["training"] = {"learning_rate": 0.5}
    jobs = ["prepare qqp", "encode small qqp", *arm_jobs("qqp"), *arm_jobs("mnli")]
    assert finished.planned() == sorted([*jobs, *AFRESH])


def test_a_removed_arm(finished):
    del finished.config["arms"]["mnli"]
    assert finished.planned() == sorted(AFRESH)


def test_a_further_seed(finished):
    finished.config["seeds"] = [1, 2]
    arms = [*arm_jobs("none", trains=False, seed=2), *arm_jobs("mnli", seed=2), *arm_jobs("control", seed=2)]
    assert finished.planned() == sorted([*arms, *REPORT])


def test_a_further_target(finished):
    finished.config["targets"]["udpos"] = {"languages": ["de", "en"]}
    tuned = [f"finetune small {arm} udpos 1" for arm in finished.config["arms"]]
    assert finished.planned() == sorted(["prepare udpos", "encode small udpos", *tuned, *AFRESH])


def test_a_further_target_of_a_training_set_is_scored_where_its_model_is(finished):
    """Fine-tuned models are not kept: what MLQA needs is trained anew, together with what XQuAD has."""
    finished.config["targets"]["mlqa"] = {"languages": ["de", "en"]}
    tuned = [f"finetune small {arm} squad_v1 1" for arm in finished.config["arms"]]
    assert finished.planned() == sorted(["prepare mlqa", "encode small mlqa", *tuned, *AFRESH])


def test_a_further_arm_of_a_synthetic_study(workspace):
    workspace.config |= {"source": {"kind": "synthetic"}, "targets": {"xnli": {}}}
    workspace.pretend()
    workspace.config["arms"]["qqp"] = {"tasks": ["qqp"]}
    own = ["intermediate small qqp 1", "finetune small qqp xnli 1"]
    assert workspace.planned() == sorted(["prepare qqp", "encode small qqp", *own, *AFRESH])


def test_a_models_text_is_that_of_its_tasks_if_the_study_says_so(workspace):
    workspace.config["source"]["text"] = "tasks"
    workspace.pretend()
    workspace.config["arms"]["qqp"] = {"tasks": ["qqp"]}
    assert {"prepare qqp", "text", "pretrain small", *ALL_ARMS} <= set(workspace.planned())


def test_lost_scores(finished):
    (finished.results / "scores" / "small" / "none" / "xnli" / "seed1.parquet").unlink()
    (finished.results / "scores.parquet").unlink()
    assert finished.planned() == sorted(["finetune small none xnli 1", *REPORT])


def test_a_changed_source_file(finished):
    path = finished.data / "xtreme" / "xnli" / "test-de.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("Katze", "Kuh"), encoding="utf-8")
    tuned = [f"finetune small {arm} xnli 1" for arm in finished.config["arms"]]
    assert finished.planned() == sorted(["prepare xnli", "encode small xnli", *tuned, *AFRESH])


def test_a_source_file_that_is_only_newer(finished):
    for name in tiny_release.FILES:
        os.utime(finished.data / name)
    assert finished.planned() == []


# What code runs again


@pytest.fixture
def edit(finished, tmp_path):
    """Run the finished study with a copy of the package in which one file has been edited."""

    def edited(name: str) -> list[str]:
        copy = tmp_path / "package"
        shutil.copytree(finished.package / "xstilts", copy / "xstilts")
        file = copy / "xstilts" / name
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        finished.package = copy
        return finished.planned()

    return edited


@pytest.mark.parametrize("name", ["report/figures.py", "report/tables.py", "report/page/style.css"])
def test_report_code_trains_nothing(edit, name):
    assert edit(name) == REPORT


def test_analysis_code_answers_again_and_trains_nothing(edit):
    assert edit("analysis/mixed.py") == ["all", "answer", "figures", "report"]


@pytest.mark.parametrize("name", ["training/loop.py", "training/optimiser.py", "jobs/training.py"])
def test_training_code_trains_everything_and_prepares_nothing(edit, name):
    assert edit(name) == sorted(["pretrain small", *ALL_ARMS, *AFRESH])


def test_retrieval_code_trains_nothing(edit):
    assert edit("retrieval/mining.py") == sorted(
        [*(f"retrieve small {a} 1" for a in ("control", "mnli", "none")), *REPORT]
    )


def test_a_readers_code_prepares_again(edit):
    counts = Counter(job.split(" ")[0] for job in edit("sources/readers/pairs.py"))
    assert counts["prepare"] == 5 and counts["encode"] == 6 and counts["pretrain"] == 1


@pytest.mark.parametrize("name", ["cli/rules.py", "config/study.py", "report/model_card.py"])
def test_code_that_determines_no_result(edit, name):
    assert edit(name) == []
