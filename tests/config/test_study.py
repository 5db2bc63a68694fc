"""The study config: what is accepted, and one clear sentence for each thing that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from configs import SMALL, own, ready_made

from xstilts.config.factors import Snapshot
from xstilts.config.settings import LoRA
from xstilts.config.study import SYNTHETIC, Study, load, load_file, store
from xstilts.errors import UserError
from xstilts.tasks.languages import languages_of


def complaints(config: dict[str, Any]) -> list[str]:
    """The sentences that a config is refused with."""
    with pytest.raises(UserError) as caught:
        load(config)
    head, *sentences = str(caught.value).split("\n  - ")
    assert head == "The study config is not valid:"
    return sentences


SECTION = "must be a section of 'key: value' lines, but is"
TARGET = "training.target"

MISTAKES: list[tuple[dict[str, Any], str]] = [
    # names
    ({"trainin": {}}, "trainin: unknown key. Did you mean 'training'?"),
    ({"study": "My study"}, "study: names become folder names: use lower-case letters, digits, '-' and '_', "
                            "starting with a letter or digit."),
    ({"study": 2020}, "study: must be text, but is 2020: put it in quotes."),
    ({"study": None}, "study: must be text, but is None."),
    # source
    ({"source": {"kind": "hug"}}, "source.kind: must be 'synthetic', 'files' or 'hub'."),
    ({"source": {}}, "source.kind: must be 'synthetic', 'files' or 'hub'."),
    ({"source": {"kind": "hub", "files": ["mlni"]}},
     "source.files.0: there is no task 'mlni'. Did you mean 'mnli'?"),
    ({"source": "files"}, f"source: {SECTION} 'files'."),
    ({"source": {"kind": "files"}}, "source.root: this key is required."),
    ({"source": {"kind": "files", "rot": "data", "root": "data"}}, "source.rot: unknown key. Did you mean 'root'?"),
    ({"source": {"kind": "synthetic", "root": "data"}},
     "source.root: unknown key. Valid names: documents, eval_examples, kind, planted, seed, train_examples."),
    # models
    ({"models": {}}, "models: must not be empty."),
    ({"models": {"m": None}},
     "models.m: give one of 'path' (a ready-made encoder), 'architecture' (one to pretrain) and 'continue' (another "
     "model of the study, trained further)."),
    ({"models": {"m": {"path": "p", "architecture": {}}}},
     "models.m: give one of 'path' (a ready-made encoder), 'architecture' (one to pretrain) and 'continue' (another "
     "model of the study, trained further)."),
    ({"models": {"m": {"path": "hf://FacebookAI/xlm-roberta-large@main"}}},
     "models.m: path 'hf://FacebookAI/xlm-roberta-large@main' must be hf://namespace/name@commit, with all 40 digits "
     "of the commit: a branch such as 'main' may change between two runs."),
    ({"models": {"m": {"architecture": {"heads": 5}}}},
     "models.m.architecture: hidden_size 64 is not a multiple of heads 5."),
    ({"models": {"M": {"path": "p"}}}, "models.M: names become folder names: use lower-case letters, digits, '-' and "
                                       "'_', starting with a letter or digit."),
    # seeds
    ({"seeds": 1}, "seeds: must be a list, but is 1."),
    ({"seeds": []}, "seeds: must not be empty."),
    ({"seeds": [1, "1"]}, "seeds: 1 stands more than once."),
    ({"seeds": [-1]}, "seeds.0: must be at least 0, but is -1."),
    ({"seeds": [True]}, "seeds.0: must be a number, not true or false."),
    ({"seeds": ["one"]}, "seeds.0: must be a whole number, but is 'one'."),
    ({"seeds": [2**63]}, "seeds.0: a seed must be below 2^63."),
    ({"seeds": ["20261127093015123456789"]}, "seeds.0: a seed must be below 2^63."),
    ({"seeds": [10**4500]}, "seeds.0: a seed must be below 2^63."),
    ({"source": {"kind": "synthetic", "seed": 2**63}}, "source.seed: a seed must be below 2^63."),
    ({"seeds": [1.5]}, "seeds.0: must be a whole number, but is 1.5."),
    # arms
    ({"arms": {}}, "arms: gains need the baseline; add 'none: {}' to arms."),
    ({"arms": None}, f"arms: {SECTION} None."),
    ({"arms": ["none"]}, f"arms: {SECTION} ['none']."),
    ({"arms": {"none": {"tasks": ["mnli"]}}},
     "arms.none: is the baseline, which trains nothing; give this arm another name."),
    ({"arms": {"none": {"weights": "random"}}},
     "arms.none: is the baseline, which trains nothing; give this arm another name."),
    ({"arms": {"none": {}, "a": {"tasks": ["mnly"]}}},
     "arms.a.tasks.0: there is no intermediate task 'mnly'. Did you mean 'mnli'?"),
    ({"arms": {"none": {}, "a": {"tasks": "mnli"}}}, "arms.a.tasks: must be a list, but is 'mnli'."),
    ({"arms": {"none": {}, "a": ["mnli"]}}, f"arms.a: {SECTION} ['mnli']."),
    ({"arms": {"none": {}, "a": {"tasks": ["qqp", "mnli", "qqp"]}}}, "arms.a.tasks: qqp stands more than once."),
    ({"arms": {"none": {}, 1: {}}}, "arms.1: must be text, but is 1: put it in quotes."),
    ({"arms": {"none": {}, "files": {"tsaks": []}}}, "arms.files.tsaks: unknown key. Did you mean 'tasks'?"),
    ({"arms": {"none": {}, "a": {"training": {"learning_rat": 1}}}},
     "arms.a.training.learning_rat: unknown key. Did you mean 'learning_rate'?"),
    ({"arms": {"none": {}, "a": {"weights": "randm"}}},
     "arms.a.weights: must be 'pretrained' or 'random', but is 'randm'."),
    # targets
    ({"targets": {}}, "targets: must not be empty."),
    ({"targets": {"xnlli": {}}}, "targets.xnlli: there is no target task 'xnlli'. Did you mean 'xnli'?"),
    ({"targets": {"xnli": ["en"]}}, f"targets.xnli: {SECTION} ['en']."),
    ({"targets": {"xnli": {"languages": []}}}, "targets.xnli.languages: must not be empty."),
    ({"targets": {"xnli": {"languages": "en"}}}, "targets.xnli.languages: must be a list, but is 'en'."),
    ({"targets": {"xnli": {"languages": [False]}}},
     "targets.xnli.languages.0: must be text, but is False: put it in quotes."),
    ({"targets": {"xnli": {"languages": ["eng"]}}},
     "targets.xnli.languages: there is no language 'eng'. Did you mean 'en'?"),
    ({"targets": {"pawsx": {"languages": ["ru"]}}},
     "targets.pawsx.languages: PAWS-X has no 'ru', only de, en, es, fr, ja, ko, zh."),
    ({"splits": ["tset"]}, "splits.0: must be 'dev' or 'test', but is 'tset'."),
    ({"splits": []}, "splits: must not be empty."),
    # numbers
    ({"training": {"target": {"learning_rate": "1e-5"}}},
     f"{TARGET}.learning_rate: YAML reads 1e-5 as text; write 1.0e-5."),
    ({"training": {"target": {"max_steps": "1e3"}}}, f"{TARGET}.max_steps: YAML reads 1e3 as text; write 1000."),
    ({"training": {"target": {"learning_rate": "fast"}}}, f"{TARGET}.learning_rate: must be a number, but is 'fast'."),
    ({"training": {"target": {"learning_rate": 0}}}, f"{TARGET}.learning_rate: must be greater than 0, but is 0."),
    ({"training": {"target": {"learning_rate": "inf"}}},
     f"{TARGET}.learning_rate: must be a finite number, but is 'inf'."),
    ({"training": {"target": {"learning_rate": None}}}, f"{TARGET}.learning_rate: must be a number, but is None."),
    ({"training": {"target": {"warmup_share": 1}}}, f"{TARGET}.warmup_share: must be less than 1, but is 1."),
    ({"training": {"target": {"batch_size": [1]}}}, f"{TARGET}.batch_size: must be a whole number, but is [1]."),
    ({"training": {"target": {"batch_size": 0}}}, f"{TARGET}.batch_size: must be at least 1, but is 0."),
    # overrides
    ({"training": "fast"}, f"training: {SECTION} 'fast'."),
    ({"training": {"target": {"tasks": {"xnli": {"epoch": 3}}}}},
     f"{TARGET}.tasks.xnli.epoch: unknown key. Did you mean 'epochs'?"),
    ({"training": {"target": {"tasks": {"xquad": {"epochs": 3}}}}},
     f"{TARGET}.tasks.xquad: there is no training set 'xquad'. Did you mean 'squad_v1'?"),
    ({"training": {"intermediate": {"tasks": {"xquad": {}}}}},
     "training.intermediate.tasks.xquad: there is no intermediate task 'xquad'. Did you mean 'squad_v2'?"),
    (
        {"encoding": {"max_length": 5}},
        "encoding.max_length: must be at least 6, four special tokens and one of each sentence, but is 5.",
    ),
    (
        {"encoding": {"tasks": {"xnli": {"max_length": 3}}}},
        "encoding.tasks.xnli.max_length: must be at least 6, four special tokens and one of each sentence, but is 3.",
    ),
    ({"encoding": {"tasks": {"txt": {}}}}, "encoding.tasks.txt: there is no task 'txt'. Did you mean 'text'?"),
    # the rest
    ({"retrieval": {"special_tokens": "maybe"}}, "retrieval.special_tokens: must be true or false, but is 'maybe'."),
    ({"compute": {"precision": "fp16"}}, "compute.precision: must be 'auto', 'float32' or 'bfloat16', but is 'fp16'."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES, ids=[sentence.split(" ")[0] for _, sentence in MISTAKES])
def test_a_mistake_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert complaints(ready_made(**changes)) == [sentence]


def test_every_mistake_is_named_at_once() -> None:
    assert complaints({}) == [
        f"{key}: this key is required." for key in ("study", "source", "models", "arms", "targets")
    ]


def test_long_values_are_shown_short() -> None:
    (sentence,) = complaints(ready_made(arms=[f"arm{number}" for number in range(100)]))
    assert len(sentence) < 150


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"encoding": {"max_length": 33}},
            "encoding.max_length: 33 is more than the 32 of models.tiny.architecture.max_length.",
        ),
        (
            {"encoding": {"max_length": 8, "tasks": {"xquad": {"max_length": 64}}}},
            "encoding.tasks.xquad.max_length: 64 is more than the 32 of models.tiny.architecture.max_length.",
        ),
        (
            {"retrieval": {"layer": 3}},
            "retrieval.layer: 3 is more than the 2 of models.tiny.architecture.layers.",
        ),
    ],
)
def test_settings_that_an_encoder_of_the_study_cannot_take(changes: dict[str, Any], sentence: str) -> None:
    assert complaints({**own(), **changes}) == [sentence]


def test_the_layer_does_not_matter_without_retrieval() -> None:
    load({**own(), "retrieval": {}, "targets": {"xnli": {}}})


@pytest.mark.parametrize("section", ["training", "encoding", "retrieval", "compute"])
def test_a_section_may_be_left_empty(section: str) -> None:
    study = load(ready_made(**{section: None}))
    assert getattr(study, section) == getattr(load(ready_made()), section)


def test_yaml_with_empty_sections() -> None:
    text = """
        study: small
        source: {kind: synthetic}
        models: {tiny: {architecture: {}}}
        arms:
          none:
        targets:
          xnli:
        training:
          target:
            tasks:
              xnli:
    """
    study = load(yaml.safe_load(text))
    assert not study.arms["none"].trains
    assert study.target("xnli") == study.target("pawsx")


def test_only_the_text_of_a_number_with_exponent_is_refused() -> None:
    values = yaml.safe_load("{a: 1e-5, b: 1.0e-5, c: 2.5e-4, d: '0.5'}")
    assert values["a"] == "1e-5"
    for key in ("b", "c", "d"):
        study = load(ready_made(training={"target": {"learning_rate": values[key]}}))
        assert study.target("xnli").learning_rate == float(values[key])


def test_numbers_given_as_text_are_numbers() -> None:
    study = load(ready_made(seeds=["7"], training={"target": {"max_steps": "0", "epochs": "0.5"}}))
    assert study.seeds == [7]
    assert (study.target("xnli").max_steps, study.target("xnli").epochs) == (0, 0.5)


class TestHyperparameters:
    @pytest.fixture
    def study(self) -> Study:
        training = {
            "intermediate": {
                "batch_size": 2,
                "epochs": 2,
                "learning_rate": 2e-3,
                "tasks": {"mnli": {"epochs": 3, "warmup_steps": 4}},
            },
            "target": {"batch_size": 4, "tasks": {"squad_v1": {"learning_rate": 3e-5}}},
        }
        override = {"learning_rate": 5e-3, "warmup_steps": 6}
        arms = {
            "none": {},
            "mnli": {"tasks": ["mnli"]},
            "mnli_fast": {"tasks": ["mnli"], "training": override},
            "pair": {"tasks": ["mnli", "qqp"], "training": override},
        }
        return load(ready_made(training=training, arms=arms))

    def test_of_an_arm_come_from_stage_then_task_then_arm(self, study: Study) -> None:
        found = {arm: study.intermediate(arm)[0] for arm in ("mnli", "mnli_fast")}
        assert [(h.batch_size, h.epochs, h.learning_rate) for h in found.values()] == [(2, 3, 2e-3), (2, 3, 5e-3)]
        assert [h.warmup_steps for h in found.values()] == [4, 6]

    def test_of_a_mixture_take_no_task_s_override(self, study: Study) -> None:
        (found,) = study.intermediate("pair")
        assert (found.epochs, found.learning_rate) == (2, 5e-3)

    def test_of_fine_tuning(self, study: Study) -> None:
        assert study.target("squad_v1").learning_rate == 3e-5
        assert study.target("xnli").learning_rate == study.training.target.learning_rate
        assert study.target("squad_v1").batch_size == 4

    def test_adapters_are_overridden_as_a_whole(self) -> None:
        stage = {"lora": {"rank": 4, "dropout": 0.1}, "tasks": {"mnli": {"lora": {"rank": 2}}}}
        arms = {
            "none": {},
            "qqp": {"tasks": ["qqp"]},
            "mnli": {"tasks": ["mnli"]},
            "whole": {"tasks": ["mnli"], "training": {"lora": None}},
            "control": {"weights": "random"},
        }
        study = load(ready_made(training={"intermediate": stage}, arms=arms))
        assert study.intermediate("qqp")[0].lora == LoRA(rank=4, dropout=0.1)
        assert study.intermediate("mnli")[0].lora == LoRA(rank=2)
        assert [arm for arm in arms if study.stores_adapter(arm)] == ["qqp", "mnli"]

    def test_adapters_need_a_pretrained_encoder(self) -> None:
        (sentence,) = complaints(own(training={"pretraining": {"lora": {}}}))
        assert sentence == (
            "training: pretraining.lora: pretraining starts from random weights and trains all; leave lora out."
        )
        arms = {"none": {}, "scratch": {"tasks": ["mnli"], "weights": "random"}}
        (sentence,) = complaints(ready_made(training={"intermediate": {"lora": {}}}, arms=arms))
        assert sentence.startswith("arms.scratch: the arm starts from random weights, which an adapter would leave")

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"training": {"target": {"lora": {}}}}, "training.target.tasks.xnli trains an adapter (lora)"),
            ({"targets": {"lareqa": {"languages": ["de"]}}}, "the rows of a batch of SQuAD 1.1 as retrieval are each"),
        ],
    )
    def test_what_several_gpus_cannot_train(self, changes: dict[str, Any], reason: str) -> None:
        (found,) = complaints(ready_made(models={"xlmr": {"path": "models/xlmr", "gpus": 2}}, **changes))
        assert found.startswith(f"models.xlmr.gpus: {reason}")
        assert found.endswith("; set it to 1.")

    def test_encoding_by_task(self) -> None:
        study = load(ready_made(encoding={"max_length": 64, "tasks": {"xquad": {"max_length": 384}}}))
        assert (study.encoding_of("xquad").max_length, study.encoding_of("xnli").max_length) == (384, 64)
        assert study.encoding_of("xquad").doc_stride == 128


class TestLanguages:
    def test_all_of_the_task_where_left_out(self) -> None:
        study = load(ready_made(targets={"mlqa": {}, "xnli": {"languages": ["zh", "en"]}}))
        assert study.languages("mlqa") == ("ar", "de", "en", "es", "hi", "vi", "zh")
        assert study.languages("xnli") == ("en", "zh")

    def test_synthetic_ones_are_not_real_ones(self) -> None:
        source, table = {"kind": "synthetic"}, languages_of("synthetic")
        study = load({**own(source=source), "targets": {"xnli": {}, "tatoeba": {}}})
        assert set(study.languages("xnli")) == set(table)
        assert set(study.languages("tatoeba")) == set(table) - {"en"}
        (sentence,) = complaints({**own(source=source), "targets": {"xnli": {"languages": ["de"]}}})
        assert sentence.startswith("targets.xnli.languages: there is no language 'de'. ")

    def test_splits_that_a_release_lacks(self) -> None:
        study = load(ready_made(splits=["dev", "test"]))
        assert study.splits_of("xnli") == ("dev", "test")
        assert study.splits_of("xquad") == ("test",)
        assert load(ready_made(splits=["dev"])).splits_of("xquad") == ("test",)

    def test_of_a_split_are_those_that_have_it(self) -> None:
        study = load(ready_made(targets={"udpos": {"languages": ["de", "en", "th", "yo"]}}, splits=["dev", "test"]))
        assert study.languages("udpos") == study.languages("udpos", "test") == ("de", "en", "th", "yo")
        assert study.languages("udpos", "dev") == ("de", "en")

    def test_absent_ones_are_left_out_of_their_split(self) -> None:
        targets = {"xnli": {"languages": ["de", "en", "sw"], "absent": {"test": ["sw"]}}}
        study = load(ready_made(targets=targets))
        assert study.languages("xnli", "test") == ("de", "en")
        assert study.languages("xnli", "dev") == study.languages("xnli") == ("de", "en", "sw")


class TestModels:
    def test_of_the_hub_are_named_by_repository_and_commit(self) -> None:
        commit = "0123456789" * 4
        study = load(ready_made(models={"xlmr": {"path": f"hf://FacebookAI/xlm-roberta-large@{commit}"}}))
        snapshot = study.models["xlmr"].snapshot
        assert snapshot == ("FacebookAI/xlm-roberta-large", commit)
        assert snapshot.folder == f"FacebookAI--xlm-roberta-large--{commit}"
        assert Snapshot.of_folder(snapshot.folder) == snapshot

    def test_in_folders_are_no_snapshots(self) -> None:
        assert load(ready_made()).models["xlmr"].snapshot is None

    @pytest.mark.parametrize("name", ["../up", "a/b/c", "a/..", "-a/b c", "a/$(b)", "a", "a--b/c", "a/b..c"])
    def test_no_repository_becomes_a_path_elsewhere(self, name: str) -> None:
        (sentence,) = complaints(ready_made(models={"m": {"path": f"hf://{name}@{'0' * 40}"}}))
        assert "must be hf://namespace/name@commit" in sentence


class TestHub:
    def hub(self, **changes: Any) -> dict[str, Any]:
        return ready_made(source={"kind": "hub"}, **changes)

    def test_what_it_has_comes_from_there_and_the_rest_from_files(self) -> None:
        arms = {"none": {}, "ccg": {"tasks": ["ccg"]}, "mnli": {"tasks": ["mnli"]}}
        study = load(self.hub(arms=arms, targets={"xnli": {}, "bucc2018": {}}))
        assert [task for task in study.tasks() if study.from_hub(task)] == ["mnli", "xnli"]
        assert not study.from_hub("text")

    def test_a_task_can_be_read_from_files_instead(self) -> None:
        source = {"kind": "hub", "files": ["bucc2018", "ccg", "xnli"]}
        assert not load(ready_made(source=source)).from_hub("xnli")
        assert not load(ready_made()).from_hub("xnli")

    @pytest.mark.parametrize(
        ("changes", "task"),
        [
            ({"arms": {"none": {}, "ccg": {"tasks": ["ccg"]}}}, "ccg"),
            ({"targets": {"bucc2018": {}}}, "bucc2018"),
            ({"targets": {"udpos": {"languages": ["en", "zh"]}}}, "udpos"),
        ],
    )
    def test_what_it_does_not_have_whole_is_refused(self, changes: dict[str, Any], task: str) -> None:
        (sentence,) = complaints(ready_made(source={"kind": "hub", "files": []}, **changes))
        assert sentence.startswith("source: ")
        assert f"add {task} to source.files" in sentence


class TestWarning:
    def test_real_data_used_whole_needs_none(self) -> None:
        assert load(ready_made()).warning == ""

    def test_of_scores_on_parts_of_the_data(self) -> None:
        assert load(ready_made(examples={"train": 64})).warning == (
            "Of each file, the first 64 training and all dev and test examples are used: "
            "no score here is one of the whole dataset."
        )

    def test_of_synthetic_data_comes_first(self) -> None:
        study = load(own(source={"kind": "synthetic"}, targets={"xnli": {}}, examples={"eval": 5}))
        assert study.warning.startswith(SYNTHETIC + " Of each file, all training and the first 5 dev and test")


def test_retrieval_settings_by_task() -> None:
    retrieval = {"layer": 14, "tasks": {"bucc2018": {"layer": 20, "pooling": "first_token"}}}
    study = load(ready_made(retrieval=retrieval))
    bucc, tatoeba = study.embedding_of("bucc2018"), study.embedding_of("tatoeba")
    assert (bucc.layer, bucc.pooling, bucc.neighbours) == (20, "first_token", 4)
    assert (tatoeba.layer, tatoeba.pooling) == (14, "mean")


def test_no_arm_may_be_called_what_the_submission_of_the_best_is() -> None:
    (sentence,) = complaints(ready_made(arms={"none": {}, "best": {"tasks": ["mnli"]}}))
    assert sentence.startswith("arms.best: ")


class TestStored:
    CONFIG = own(
        training={"target": {"learning_rate": 1.1e-5, "tasks": {"xnli": {"max_steps": None}}}},
    ) | {"arms": {"none": None, "mnli": {"tasks": ["mnli"], "training": {"epochs": 1}}}}

    def test_reads_back_the_same(self, tmp_path: Path) -> None:
        study = load(self.CONFIG)
        store(study, tmp_path / "study.json")
        found = load_file(tmp_path / "study.json")
        assert found == study
        assert found.intermediate("mnli") == study.intermediate("mnli")
        assert found.target("xnli") == study.target("xnli")

    def test_holds_what_was_set_and_no_defaults(self, tmp_path: Path) -> None:
        store(load(self.CONFIG), tmp_path / "study.json")
        stored = json.loads((tmp_path / "study.json").read_text())
        assert "compute" not in stored
        assert stored["models"] == {"tiny": {"architecture": SMALL}}

    def test_is_left_alone_where_nothing_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "study.json"
        store(load(self.CONFIG), path)
        before = path.stat().st_mtime_ns
        store(load(self.CONFIG), path)
        assert path.stat().st_mtime_ns == before
        store(load(self.CONFIG | {"seeds": [5]}), path)
        assert load_file(path).seeds == [5]

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"study\.json: no such study file\. snakemake writes it when it starts"):
            load_file(tmp_path / "study.json")

    @pytest.mark.parametrize("content", [b"study: yaml\n", b'{"study": "cut', b"[1]", b'"text"', b"\xff\xfe"])
    def test_file_that_is_no_study(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "study.json").write_bytes(content)
        with pytest.raises(UserError, match="not a study that snakemake has checked"):
            load_file(tmp_path / "study.json")

    def test_file_that_was_edited_into_nonsense(self, tmp_path: Path) -> None:
        (tmp_path / "study.json").write_text(json.dumps({**self.CONFIG, "seeds": 1}))
        with pytest.raises(UserError, match="seeds: must be a list, but is 1"):
            load_file(tmp_path / "study.json")
