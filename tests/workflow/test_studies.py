"""The published studies: that they plan exactly what the papers did, and run when only their material is exchanged."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small_corpora
import tiny_encoder
import yaml
from transformers import PreTrainedTokenizerFast
from workspace import REPOSITORY, Workspace

from xstilts.config.study import load
from xstilts.report.differences import differences
from xstilts.tasks.protocols import PROTOCOLS
from xstilts.tasks.registry import TASKS

STUDIES = REPOSITORY / "workflow" / "studies"
ONCE = [
    *("all", "answer", "collect", "figures", "prefetch_model", "prepared", "report", "similarity", "submission"),
    *("tables", "tokenizer"),
]


def config_of(study: str) -> dict[str, Any]:
    return dict(yaml.safe_load((STUDIES / f"{study}.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("study", "jobs"),
    [
        # nine intermediate tasks and their mixture, six training sets and retrieval, eleven arms, three seeds
        (
            "phang2020",
            {"prepare": 18, "encode": 18, "intermediate": 10 * 3, "finetune": 11 * 6 * 3, "retrieve": 11 * 3},
        ),
        # nine targets and SQuAD, which two of them are trained on; the baseline alone
        ("xtreme_baseline", {"prepare": 10, "encode": 10, "finetune": 6 * 3, "retrieve": 3}),
        # ten targets, their training sets that are none themselves, Social IQa; two arms beside the baseline
        (
            "xtreme_r_baseline",
            {"prepare": 15, "encode": 15, "intermediate": 2 * 3, "finetune": 3 * 8 * 3, "retrieve": 3 * 3},
        ),
        # three intermediate tasks, one of which is a training set, and nine targets
        (
            "q1_typology",
            {"prepare": 12, "encode": 12, "intermediate": 3 * 3, "finetune": 4 * 6 * 3, "retrieve": 4 * 3},
        ),
        # eight tasks for each of three models, two of which are continued on a corpus each
        (
            "q2_code",
            {
                "prepare": 8 + 2, "encode": 3 * 8 + 2, "tokenizer": 2, "pretrain": 2, "intermediate": 3 * 2 * 3,
                "finetune": 3 * 3 * 5 * 3, "retrieve": 3 * 3 * 3,
            },
        ),
        # six intermediate tasks; seven more arms are on parts of MNLI
        (
            "q3_domain",
            {"prepare": 15, "encode": 15, "intermediate": 13 * 3, "finetune": 14 * 6 * 3, "retrieve": 14 * 3},
        ),
        # two tasks whole, and in five sizes chosen in two ways
        (
            "q4_size_diversity",
            {"prepare": 8, "encode": 8, "intermediate": 22 * 3, "finetune": 23 * 5 * 3, "retrieve": 23 * 3},
        ),
        # ten targets with eight training sets, three of them no targets; five intermediate tasks, one of them MNLI
        (
            "q5_xtreme_r",
            {"prepare": 18, "encode": 18, "intermediate": 5 * 3, "finetune": 6 * 8 * 3, "retrieve": 6 * 3},
        ),
        # the tasks of q1_typology, and unlabelled text, which is encoded, too
        (
            "phang2020_alternatives",
            {
                "prepare": 12, "text": 1, "encode": 13, "intermediate": 9 * 3, "finetune": 10 * 6 * 3,
                "retrieve": 10 * 3,
            },
        ),
    ],
)  # fmt: skip
def test_plans_the_jobs_that_the_study_describes(tmp_path: Path, study: str, jobs: dict[str, int]) -> None:
    made = Workspace(tmp_path, config_of(study))
    small_corpora.write(made)
    assert made.counts() == Counter(jobs) + Counter(ONCE)


@pytest.fixture(scope="module")
def run(slices: Path, tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two arms and one seed of the study, on the slices and with a tiny encoder in place of XLM-R Large."""
    config = config_of("phang2020")
    config |= {"seeds": [1], "arms": {name: config["arms"][name] for name in ("none", "squad_v1")}}
    study = Workspace(tmp_path_factory.mktemp("phang2020"), config)
    tiny_encoder.write(study.folder / "tiny", tokenizer)
    models, source = "models={xlmr_large: {path: tiny}}", f"source={{root: '{slices}'}}"
    wanted = [f"results/phang2020/{name}" for name in ("tables/main.md", "submission")]  # the rest: test_real_slices
    study.snakemake(*wanted, "--config", models, source, "examples={train: 16, eval: 3}").ok()
    return study


@pytest.mark.parametrize(
    ("study", "protocol", "split"),
    [("phang2020_as_published", "phang2020", "dev"), ("xtreme_baseline", "xtreme", "test")],
)
def test_differs_from_its_protocol_only_in_what_the_sources_leave_open(study: str, protocol: str, split: str) -> None:
    checked = load(config_of(study))
    remarks = PROTOCOLS[protocol].remarks
    for target in checked.targets:
        open_points = [remarks[target]] if target in remarks else []
        open_points += [PROTOCOLS[protocol].seeds] if TASKS[target].trained_on else []
        assert differences(checked, target, protocol, "xlm-roberta-large", split) == open_points


class TestPhang2020:
    def test_trains_with_the_authors_values(self) -> None:
        study = load(config_of("phang2020_as_published"))
        rows = {
            name: (hyper.epochs, hyper.batch_size, hyper.micro_batch_size, study.encoding_of(name).max_length)
            for name, hyper in ((name, study.target(name)) for name in study.training_sets())
        }
        assert rows == {
            "xnli": (2, 32, 4, 256),
            "pawsx": (5, 32, 4, 256),
            "udpos": (10, 32, 4, 256),
            "panx": (10, 32, 4, 256),
            "squad_v1": (2, 16, 4, 384),
            "tydiqa": (2, 16, 4, 384),
        }
        of_arms = (hyper for arm in study.arms for hyper in study.intermediate(arm))
        for hyper in (*map(study.target, study.training_sets()), *of_arms):
            assert (hyper.learning_rate, hyper.warmup_share, hyper.weight_decay) == (1e-5, 0.1, 0.01)
            assert (hyper.clip_norm, hyper.clip_each, hyper.eval_every) == (1.0, "micro_batch", 1000)
        assert study.intermediate("anli")[0].eval_examples == 5 * 500

    def test_is_as_published_but_for_what_makes_it_fast(self) -> None:
        fast, published = (config_of(study) for study in ("phang2020", "phang2020_as_published"))
        assert fast["compute"].pop("precision") == "auto" and published["compute"].pop("precision") == "float32"
        for stage in ("intermediate", "target"):
            values = [
                {key: config["training"][stage].pop(key) for key in ("micro_batch_size", "clip_each")}
                for config in (fast, published)
            ]
            assert values == [
                {"micro_batch_size": None, "clip_each": "step"},
                {"micro_batch_size": 4, "clip_each": "micro_batch"},
            ]
        assert fast | {"study": published["study"]} == published

    def test_says_in_the_report_what_differs(self) -> None:
        found = differences(load(config_of("phang2020")), "xnli", "phang2020", "xlm-roberta-large", "dev")
        assert found[:2] == [
            "gradients clipped to 1 per step, published to 1 per micro-batch of 4",
            "precision auto, published float32",
        ]

    def test_runs_with_only_model_data_and_number_of_examples_exchanged(self, run: Workspace) -> None:
        scores = pd.read_parquet(run.results / "scores.parquet")
        assert set(scores["arm"]) == {"none", "squad_v1"}
        assert set(scores["split"]) == {"dev", "test"}
        assert scores["target"].nunique() == 9
        limited = scores[~scores["target"].isin(["bucc2018", "tatoeba"])]
        assert set(limited["n"]) == {3}

    def test_shows_languages_without_files_as_missing(self, run: Workspace) -> None:
        table = pd.read_csv(run.results / "tables" / "panx.csv")
        cells = table[(table["split"] == "test") & (table["arm"] == "none")].set_index("language")
        of_files, others = cells.loc[["de", "en", "pt", "ru", "tl", "zh"]], cells.loc[["af", "sw"]]
        assert (of_files["score"].notna() | (of_files["flagged"] == 1)).all(), "scored, or marked as not learnt"
        assert others["score"].isna().all() and not others["flagged"].any()
        assert "no scores in 34 of 40 languages" in (run.results / "tables" / "panx.md").read_text(encoding="utf-8")

    def test_says_everywhere_that_scores_are_of_parts_of_the_data(self, run: Workspace) -> None:
        for name in ("main", "panx", "dev", "groups", "published"):
            assert "the first 16 training" in (run.results / "tables" / f"{name}.md").read_text(encoding="utf-8")

    def test_keeps_what_the_intermediate_task_scored_itself(self, run: Workspace) -> None:
        dev = pd.read_parquet(run.results / "dev_scores.parquet")
        own = dev[dev["stage"] == "intermediate"]
        assert set(zip(own["arm"], own["task"], strict=True)) == {("squad_v1", "squad_v1")}
        assert {"exact_match", "f1"} <= set(own["metric"])
        assert set(own["n"]) == {3}
        assert set(dev[dev["stage"] == "target"]["task"]) == {"xnli", "pawsx", "udpos", "panx", "squad_v1", "tydiqa"}
        assert set(dev[dev["stage"] == "retrieval"]["language"]) == {"de", "fr", "ru", "zh"}

    def test_submissions_of_arms_and_of_the_best_are_in_order(self, run: Workspace) -> None:
        submission = run.results / "submission"
        for name in ("none", "squad_v1", "best"):
            done = run.xstilts(
                "submit-check", "--study", f"results/{run.study}/study.json", str(submission / name)
            ).ok()
            assert "in order" in done.text
            assert json.loads((submission / f"{name}.json").read_text(encoding="utf-8"))["targets"].keys() == set(
                run.config["targets"]
            )
