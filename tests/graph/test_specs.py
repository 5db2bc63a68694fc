"""What the ids of a study's jobs depend on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from configs import SMALL, own, ready_made

import xstilts
from xstilts.config.settings import Hyperparameters
from xstilts.config.study import load
from xstilts.graph.fingerprints import code
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Specs

Config = dict[str, Any]


def runs_of(config: Config) -> Runs:
    return Runs(load(config))


def ids(config: Config) -> dict[str, str]:
    """The id of every job of a study, by the job's name."""
    runs = runs_of(config)
    specs = Specs(runs)
    found = {f"prepare {task}": specs.prepare(task) for task in runs.study.tasks()}
    if runs.study.source.kind == "synthetic":
        found["generate"] = specs.generate()
    for model in runs.study.models:
        found[f"tokenizer {model}"] = specs.tokenizer(model)
        found |= {f"encode {model} {task}": specs.encode(model, task) for task in runs.study.tasks()}
        if runs.pretrains(model):
            found[f"pretrain {model}"] = specs.pretrain(model)
        for seed in runs.study.seeds:
            for arm in (name for name, arm in runs.study.arms.items() if arm.trains):
                found[f"intermediate {model} {arm} {seed}"] = specs.intermediate(model, arm, seed)
    for model, arm, evaluation, seed in runs.jobs():
        if evaluation == RETRIEVAL:
            found[f"retrieve {model} {arm} {seed}"] = specs.retrieve(model, arm, seed)
        else:
            found[f"finetune {model} {arm} {evaluation} {seed}"] = specs.finetune(model, arm, evaluation, seed)
    found |= {"report": specs.report(), "answer": specs.answer(), "submission": specs.submission()}
    found["similarity"] = specs.similarity()
    for name, spec in found.items():
        assert json.loads(json.dumps(spec)) == spec, f"{name}: Snakemake stores params as JSON"
    return {name: spec["id"] for name, spec in found.items()}


def changed(before: Config, after: Config) -> set[str]:
    """The jobs of both studies that would not give the same result."""
    old, new = ids(before), ids(after)
    return {name for name in old.keys() & new.keys() if old[name] != new[name]}


def named(*starts: str, config: Config) -> set[str]:
    """The jobs whose names start so."""
    return {name for name in ids(config) if name.startswith(starts)}


DOWNSTREAM = "intermediate", "finetune", "retrieve"
READ = {"report", "answer"}  # what people read, and depends on all that the tables show


def test_ids_are_unique_and_stable() -> None:
    found = ids(own())
    assert len(set(found.values())) == len(found)
    assert found == ids(own())
    assert all(len(identifier) == 12 for identifier in found.values())


def test_a_default_spelt_out_changes_nothing() -> None:
    assert changed(own(), own(compute={"precision": "auto"}, training={"target": {"epochs": 3}})) == set()


def test_hyperparameters_of_a_training_set_are_its_own_business() -> None:
    after = own(training={"target": {"tasks": {"xnli": {"epochs": 1}}}})
    assert changed(own(), after) == READ | {
        f"finetune tiny {arm} xnli {seed}" for arm in ("none", "mnli", "pair") for seed in (1, 2)
    }


def test_hyperparameters_of_an_intermediate_task_reach_the_arm_of_that_task() -> None:
    for after in (
        own(training={"intermediate": {"tasks": {"mnli": {"epochs": 1}}}}),
        own(arms={**own()["arms"], "mnli": {"tasks": ["mnli"], "training": {"epochs": 1}}}),
    ):
        expected = named("intermediate tiny mnli", "finetune tiny mnli", "retrieve tiny mnli", config=after)
        assert changed(own(), after) == expected


#: By hyper-parameter, a value other than the default.
HYPERPARAMETERS: Config = {
    "learning_rate": 1e-3, "batch_size": 8, "batch_tokens": 512, "micro_batch_size": 2, "epochs": 1, "max_steps": 9,
    "warmup_share": 0.2, "warmup_steps": 3, "weight_decay": 0.1, "adam_beta2": 0.9, "adam_epsilon": 1e-6,
    "clip_norm": 2.0, "clip_each": "micro_batch", "selection": "last", "eval_every": 7, "eval_examples": 5,
    "sentence_vector": "first_token", "patience": 2, "restarts": 1, "examples_cap": 50,
    "lora": {"rank": 4},
}  # fmt: skip


def test_every_hyperparameter_is_tried() -> None:
    assert HYPERPARAMETERS.keys() == Hyperparameters.model_fields.keys()


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_every_hyperparameter_of_a_stage_reaches_its_jobs(name: str) -> None:
    for stage, job in (("pretraining", "pretrain"), ("intermediate", "intermediate"), ("target", "finetune")):
        if name in (("lora", "patience") if stage == "pretraining" else ("batch_tokens",)):
            continue  # refused
        after = own(training={stage: {name: HYPERPARAMETERS[name]}})
        assert named(job, config=own()) <= changed(own(), after)


def test_settings_of_span_questions_reach_no_other_task() -> None:
    after = {**own(), "encoding": {"max_length": 32, "n_best": 5}}
    assert changed(own(), after) & named("encode", "pretrain", *DOWNSTREAM, config=own()) == {
        *(f"encode tiny {task}" for task in ("squad_v1", "xquad", "mlqa")),
        *(f"finetune tiny {arm} squad_v1 {seed}" for arm in ("none", "mnli", "pair") for seed in (1, 2)),
    }


def test_the_number_of_an_arm_s_examples_is_its_own_business() -> None:
    after = own(arms={**own()["arms"], "mnli": {"tasks": ["mnli"], "train_examples": 8}})
    expected = named("intermediate tiny mnli", "finetune tiny mnli", "retrieve tiny mnli", *READ, config=after)
    assert changed(own(), after) == expected


def test_the_domain_of_an_arm_reaches_the_similarity_of_texts() -> None:
    before, after = (
        own(arms={"none": {}, "mnli": {"tasks": ["mnli"], "choose": {"how": "domain", "where": {"genre": [genre]}}}})
        for genre in ("fiction", "travel")
    )
    of_arm = named("intermediate tiny mnli", "finetune tiny mnli", "retrieve tiny mnli", *READ, config=after)
    assert changed(before, after) == of_arm | {"similarity"}


@pytest.mark.parametrize("base", [own(), ready_made(), own(source={"kind": "synthetic"}, targets={"xnli": {}})])
def test_a_new_arm_leaves_the_others_alone(base: Config) -> None:
    after = {**base, "arms": {**base["arms"], "ccg": {"tasks": ["ccg"]}}}
    assert changed(base, after) == READ | {"submission", "similarity"}
    assert "prepare ccg" in ids(after)


def test_a_new_seed_leaves_the_others_alone() -> None:
    assert changed(own(), own(seeds=[1, 2, 3])) == READ


def test_the_order_of_arms_is_for_what_people_read() -> None:
    assert changed(own(), own(arms=dict(reversed(own()["arms"].items())))) == READ | {"submission"}


def test_encoding_of_a_target_reaches_its_fine_tuning() -> None:
    after = {**own(), "encoding": {"max_length": 32, "tasks": {"xquad": {"max_length": 16}}}}
    assert changed(own(), after) == READ | {"encode tiny xquad", "similarity"} | {
        f"finetune tiny {arm} squad_v1 {seed}" for arm in ("none", "mnli", "pair") for seed in (1, 2)
    }


def test_retrieval_settings_reach_retrieval() -> None:
    assert changed(own(), {**own(), "retrieval": {"layer": 2}}) == named("retrieve", *READ, config=own())


def test_pretraining_reaches_all_training_but_no_tokens() -> None:
    after = own(training={"pretraining": {"max_steps": 5}})
    assert changed(own(), after) == named("pretrain", *DOWNSTREAM, "similarity", config=own())
    after = {**own(), "models": {"tiny": {"architecture": {**SMALL, "dropout": 0.1}}}}
    assert changed(own(), after) == named("pretrain", *DOWNSTREAM, "similarity", config=own())


def test_pretraining_does_not_reach_arms_that_discard_it() -> None:
    arms = {"none": {}, "control": {"weights": "random"}, "scratch": {"weights": "random", "tasks": ["mnli"]}}
    found = changed(own(arms=arms), own(arms=arms, training={"pretraining": {"max_steps": 5}}))
    assert found == named("pretrain", "finetune tiny none", "retrieve tiny none", "similarity", config=own(arms=arms))
    after = {**own(arms=arms), "models": {"tiny": {"architecture": {**SMALL, "initializer_range": 0.1}}}}
    assert changed(own(arms=arms), after) == named("pretrain", *DOWNSTREAM, "similarity", config=own(arms=arms))


def test_the_vocabulary_reaches_all_tokens_and_training() -> None:
    after = {**own(), "models": {"tiny": {"architecture": {**SMALL, "vocabulary_size": 70}}}}
    assert changed(own(), after) == named("tokenizer", "encode", "pretrain", *DOWNSTREAM, "similarity", config=own())


def test_two_models_share_no_id() -> None:
    found = ids(ready_made(models={"a": {"path": "a"}, "b": {"path": "b"}}))
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("compute", [{"jobs_per_gpu": 3}, {"mps": "auto"}, {"gradient_checkpointing": True}])
def test_sharing_a_gpu_and_saving_memory_change_no_result(compute: Config) -> None:
    assert changed(own(), own(compute=compute)) == set()


def test_precision_reaches_everything_that_computes() -> None:
    found = changed(own(), own(compute={"precision": "float32"}))
    assert found == named("pretrain", *DOWNSTREAM, *READ, "similarity", config=own())


def test_compilation_reaches_what_is_trained_and_no_translation() -> None:
    found = changed(ready_made(), ready_made(compute={"compile": "auto"}))
    assert {name.split()[0] for name in found} == {"intermediate", "finetune", "retrieve"}
    assert not [name for name in found if name.startswith("retrieve") and " none " in name]


def test_several_gpus_reach_what_is_trained_of_their_model() -> None:

    def on(gpus: int) -> Config:
        config = own()
        config["models"]["tiny"]["gpus"] = gpus
        return config

    found = changed(own(), on(2))
    assert {name.split()[0] for name in found} >= {"pretrain", "intermediate", "finetune", "retrieve"}
    assert not [name for name in found if name.split()[0] in ("tokenizer", "encode", "prepare")]
    assert changed(own(), on(1)) == set()


def test_a_language_more_reaches_what_is_scored_in_it() -> None:
    targets = {**ready_made()["targets"], "xnli": {"languages": ["de", "en", "fr"]}}
    reached = {f"finetune xlmr {arm} xnli {seed}" for arm in ("none", "mnli", "pair") for seed in (1, 2)}
    assert changed(ready_made(), ready_made(targets=targets)) == reached | {
        "prepare xnli", "encode xlmr xnli", "submission", "similarity", *READ,
    }  # fmt: skip


def test_a_language_more_reaches_the_text_that_an_own_model_learns_from() -> None:
    targets = {**own()["targets"], "xnli": {"languages": ["de", "en", "fr"]}}
    assert changed(own(), own(targets=targets)) >= named("tokenizer", "pretrain", *DOWNSTREAM, config=own())


def test_where_files_lie_does_not_matter_to_training() -> None:
    after = own(source={"kind": "files", "root": "elsewhere"})
    assert changed(own(), after) == named("prepare", config=own())


@pytest.mark.parametrize(
    ("base", "untouched"), [(own, "report answer submission"), (ready_made, "report answer submission tokenizer")]
)
def test_what_is_generated_reaches_everything(base: Callable[..., Config], untouched: str) -> None:
    def config(seed: int) -> Config:
        return base(source={"kind": "synthetic", "seed": seed}, targets={"xnli": {}, "tatoeba": {}})

    unchanged = set(ids(config(1))) - changed(config(1), config(2))
    assert {name.split(" ")[0] for name in unchanged} == set(untouched.split(" "))


def test_limits_reach_all_data_and_training() -> None:
    touched = named("prepare", "encode", "similarity", *DOWNSTREAM, *READ, config=ready_made())
    assert changed(ready_made(), ready_made(examples={"eval": 5})) == touched


def test_where_a_task_comes_from_is_its_own_business() -> None:
    def config(*files: str) -> Config:
        return ready_made(source={"kind": "hub", "files": list(files)})

    found = changed(config(), config("xquad"))
    assert {name for name in found if not name.startswith("prepare")} == READ | {"encode xlmr xquad", "similarity"} | {
        f"finetune xlmr {arm} squad_v1 {seed}" for arm in ("none", "mnli", "pair") for seed in (1, 2)
    }


def test_text_of_the_study_s_own_tasks_depends_on_them() -> None:
    base = own(source={"kind": "files", "root": "data", "text": "tasks"})
    after = {**base, "arms": {**base["arms"], "ccg": {"tasks": ["ccg"]}}}
    assert changed(base, after) >= named("tokenizer", "pretrain", *DOWNSTREAM, config=base)


class TestCode:
    """Which edits to the package ask for which jobs again."""

    @pytest.fixture
    def edit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
        """Append a line to a file of a copy of the package that ``code`` looks at."""
        package = tmp_path / "xstilts"
        shutil.copytree(Path(xstilts.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(xstilts, "__file__", str(package / "__init__.py"))
        code.cache_clear()

        def append(name: str) -> None:
            with (package / name).open("a", encoding="utf-8") as file:
                file.write("\n")
            code.cache_clear()

        yield append
        code.cache_clear()

    @pytest.mark.parametrize(
        ("file", "jobs"),
        [
            ("report/tables.py", ("report",)),
            ("analysis/mixed.py", ("answer",)),
            ("tasks/languages.csv", ("report", "answer", "submission")),
            ("submission/lines.py", ("submission",)),
            ("cli/rules.py", ()),
            ("training/loop.py", ("pretrain", "intermediate", "finetune", "retrieve", "similarity")),
            ("retrieval/mining.py", ("retrieve",)),
            ("jobs/retrieval.py", ("retrieve",)),
            (
                "data/tokenizer.py",
                ("tokenizer", "encode", "pretrain", "intermediate", "finetune", "retrieve", "similarity"),
            ),
            ("sources/readers/pairs.py", ("prepare",)),
            (
                "task_types/tagging.py",
                (
                    *("prepare", "tokenizer", "encode", "pretrain", "intermediate", "finetune", "retrieve"),
                    *("submission", "similarity"),
                ),
            ),
        ],
    )
    def test_reaches(self, edit: Callable[[str], None], file: str, jobs: tuple[str, ...]) -> None:
        before = ids(own())
        edit(file)
        after = ids(own())
        assert {name for name in before if before[name] != after[name]} == {
            name for name in before if name.split(" ")[0] in jobs
        }

    def test_compiled_files_do_not_count(self, edit: Callable[[str], None]) -> None:
        before = code("report")
        folder = Path(xstilts.__file__).parent / "report" / "__pycache__"
        folder.mkdir()
        (folder / "tables.cpython.pyc").touch()
        code.cache_clear()
        assert code("report") == before


def test_a_prefix_changes_the_tasks_that_have_it() -> None:
    before = ready_made()
    with_prefix = {"path": "models/xlmr", "prefix": "query: "}
    expected = named("retrieve", "encode xlmr tatoeba", config=before) | {"similarity"}
    assert changed(before, ready_made(models={"xlmr": with_prefix})) == expected
    everywhere = {**with_prefix, "prefixed": ["span_qa"]}
    expected = named("encode xlmr squad_v1", "encode xlmr xquad", "encode xlmr mlqa", config=before) | {"similarity"}
    expected |= {name for name in named("finetune", config=before) if "squad_v1" in name}
    assert changed(before, ready_made(models={"xlmr": everywhere})) == expected
