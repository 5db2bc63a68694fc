"""The best arm and seed of each target: on dev data only, worked by hand."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from xstilts.config.study import Study, load
from xstilts.errors import UserError
from xstilts.submission.choose import ChosenRun, as_json, candidates, choose

CONFIG: dict[str, Any] = {
    "study": "small",
    "source": {"kind": "files", "root": "data"},
    "models": {"xlmr": {"path": "models/xlmr"}, "other": {"path": "models/other"}},
    "seeds": [1, 2],
    "arms": {"none": {}, "control": {"weights": "random"}, "mnli": {"tasks": ["mnli"]}, "qqp": {"tasks": ["qqp"]}},
    "splits": ["dev", "test"],
    "targets": {
        "xnli": {"languages": ["de", "en"]},
        "xquad": {"languages": ["de"]},
        "tydiqa": {"languages": ["en", "ko"]},
        "bucc2018": {"languages": ["de", "fr"]},
        "tatoeba": {"languages": ["de"]},
    },
}
ARMS, SEEDS = ("none", "control", "mnli", "qqp"), (1, 2)
#: Dev scores of none, control, mnli and qqp, with seeds 1 and 2.
XNLI = {"de": [50, 51, 90, 90, 58, 66, 64, 60], "en": [80, 80, 95, 95, 82, 70, 80, 80]}
SQUAD = [70, 71, 99, 99, 60, 61, 70, 71]
TYDIQA = [40, 50, 99, 99, 55, 30, 55, 55]
BUCC = {"de": [10, 10, 90, 90, 10, 20, 30, 10], "fr": [10, 10, 90, 90, 10, 50, 20, 10]}


@pytest.fixture
def study() -> Study:
    return load(CONFIG)


@pytest.fixture
def scores() -> pd.DataFrame:
    """XNLI's dev split, and test scores by which the control and the last arm would be best everywhere."""
    dev = [("xnli", language, "dev", "accuracy", own) for language, own in XNLI.items()]
    test = [
        (target, language, split, metric, [0, 0, 99, 99, 1, 1, 98, 98])
        for target, languages in CONFIG["targets"].items()
        for language in languages["languages"]
        for split, metric in (("test", "accuracy"), ("test", "exact_match"), ("test", "f1"))
    ]
    tydiqa = [("tydiqa", code, "dev", metric, [0] * 7 + [90]) for code in ("en", "ko") for metric in METRICS]
    return table([*dev, *test, *tydiqa], "target", "language", "split", "metric")


METRICS = ("exact_match", "f1")


@pytest.fixture
def dev_scores() -> pd.DataFrame:
    """Other stages, tasks and languages than those that count say that the last arm is best."""
    rows = [
        *(("target", "squad_v1", "en", metric, SQUAD) for metric in METRICS),
        *(("target", "tydiqa", "en", metric, TYDIQA) for metric in METRICS),
        *(("retrieval", "bucc2018", language, "f1", own) for language, own in BUCC.items()),
        *(("retrieval", "bucc2018", language, "precision", [0] * 7 + [100]) for language in BUCC),
        ("target", "xnli", "en", "accuracy", [0] * 7 + [100]),
        *(("intermediate", "squad_v1", "en", metric, [0] * 7 + [100]) for metric in METRICS),
    ]
    return table(rows, "stage", "task", "language", "metric")


def table(rows: list[Any], *columns: str) -> pd.DataFrame:
    """Scores of one model as given, arm by arm, and of another that is best with everything else."""
    listed = [
        (*row, model, arm, seed, score if model == "xlmr" else 100 - score)
        for *row, own in rows
        for model in ("xlmr", "other")
        for (arm, seed), score in zip([(arm, seed) for arm in ARMS for seed in SEEDS], own, strict=True)
    ]
    frame = pd.DataFrame(listed, columns=[*columns, "model", "arm", "seed", "score"])
    return frame.assign(study="small", n=100, run="r").sample(frac=1, random_state=1)


def best(scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study) -> dict[str, ChosenRun]:
    return choose(scores, dev_scores, study, "xlmr", candidates(study))


def without(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows but those that have all the values."""
    matching = pd.Series(True, index=frame.index)
    for column, value in values.items():
        matching &= frame[column] == value
    assert matching.any()
    return frame[~matching]


def test_each_target_has_the_best_arm_and_seed_on_its_own_dev_data(scores, dev_scores, study) -> None:
    found = best(scores, dev_scores, study)
    assert {target: (choice.arm, choice.seed, choice.score) for target, choice in found.items()} == {
        "xnli": ("qqp", 1, 72),  # (64 + 80) / 2; mnli's best are 70 and 68
        "xquad": ("none", 2, 71),  # as good as qqp, which comes later
        "tydiqa": ("mnli", 1, 55),  # first of three
        "bucc2018": ("mnli", 2, 35),
        "tatoeba": ("mnli", 2, None),  # follows BUCC2018
    }
    assert found["xnli"].candidates == {"none": {1: 65, 2: 65.5}, "mnli": {1: 70, 2: 68}, "qqp": {1: 72, 2: 70}}
    assert found["xnli"].chosen_on == "XNLI's dev split, mean over 2 languages"
    assert found["xquad"].chosen_on == "English dev data of SQuAD 1.1"
    assert found["tydiqa"].chosen_on == "English dev data of TyDiQA-GoldP"
    assert found["bucc2018"].chosen_on == "BUCC2018's dev pairs, mean over 2 languages"
    assert found["tatoeba"].chosen_on == "the choice for BUCC2018: Tatoeba has no dev data"
    assert all(choice.left_out == [] for choice in found.values())


def test_test_scores_change_nothing(scores, dev_scores, study) -> None:
    expected = best(scores, dev_scores, study)
    is_test = scores["split"] == "test"
    for changed in (
        scores[~is_test],
        scores.assign(score=scores["score"].where(~is_test, 100 - scores["score"])),
        scores.assign(score=scores["score"].where(~is_test, float("nan"))),
        pd.concat([scores, scores[is_test]]),
    ):
        assert best(changed, dev_scores, study) == expected


def test_the_dev_set_of_tydiqa_is_its_test_set_and_does_not_count(scores, dev_scores, study) -> None:
    assert best(without(scores, target="tydiqa", split="dev"), dev_scores, study) == best(scores, dev_scores, study)


def test_a_dev_split_without_all_languages_gives_way_to_english(scores, dev_scores, study) -> None:
    found = best(without(scores, target="xnli", split="dev", language="de"), dev_scores, study)["xnli"]
    assert (found.arm, found.seed, found.score) == ("qqp", 2, 100)
    assert found.chosen_on == "English dev data of XNLI"


def test_a_run_that_lacks_a_score_is_no_candidate_and_named(scores, dev_scores, study) -> None:
    fewer = without(scores, target="xnli", split="dev", language="de", arm="qqp", seed=1, model="xlmr")
    found = best(fewer, without(dev_scores, task="squad_v1", metric="f1", arm="none"), study)
    assert (found["xnli"].arm, found["xnli"].seed) == ("mnli", 1)
    assert found["xnli"].left_out == ["qqp, seed 1"]
    assert (found["xquad"].arm, found["xquad"].left_out) == ("qqp", ["none, seed 1", "none, seed 2"])


def test_one_arm_s_submission_takes_its_best_seeds(scores, dev_scores, study) -> None:
    found = choose(scores, dev_scores, study, "xlmr", ["mnli"])
    assert {target: choice.seed for target, choice in found.items()} == {
        "xnli": 1,
        "xquad": 2,
        "tydiqa": 1,
        "bucc2018": 2,
        "tatoeba": 2,
    }
    assert {choice.arm for choice in found.values()} == {"mnli"}
    control = choose(scores, dev_scores, study, "xlmr", ["control"])
    assert {choice.arm for choice in control.values()} == {"control"}


def test_tatoeba_without_bucc_takes_the_baseline(scores, dev_scores) -> None:
    alone = load({**CONFIG, "targets": {"tatoeba": {"languages": ["de"]}}})
    found = best(scores, dev_scores, alone)["tatoeba"]
    assert (found.arm, found.seed, found.chosen_on) == ("none", 1, "nothing: Tatoeba has no dev data")
    assert choose(scores, dev_scores, alone, "xlmr", ["mnli"])["tatoeba"].arm == "mnli"


def test_where_there_is_one_run_only_no_score_is_needed(dev_scores) -> None:
    one = load({**CONFIG, "seeds": [1], "arms": {"none": {}}, "targets": {"xquad": {"languages": ["de"]}}})
    nothing = dev_scores[dev_scores["task"] == "xnli"]
    found = best(pd.DataFrame(columns=["model", "target", "split", "language", "metric"]), nothing, one)["xquad"]
    assert (found.arm, found.seed, found.score) == ("none", 1, None)


def test_nothing_to_choose_by_is_an_error_that_says_what_is_missing(scores, dev_scores, study) -> None:
    with pytest.raises(UserError, match=r"^xquad: .* none, mnli, qqp has scores on English dev data of SQuAD 1\.1"):
        best(scores, without(dev_scores, task="squad_v1", stage="target"), study)


def test_the_choices_as_json(scores, dev_scores, study) -> None:
    found = json.loads(json.dumps(as_json(best(scores, dev_scores, study), study, "xlmr")))
    assert (found["study"], found["model"], found["warning"]) == ("small", "xlmr", "")
    assert found["targets"]["bucc2018"] == {
        "target": "bucc2018",
        "arm": "mnli",
        "seed": 2,
        "score": 35,
        "chosen_on": "BUCC2018's dev pairs, mean over 2 languages",
        "candidates": {"none": {"1": 10, "2": 10}, "mnli": {"1": 10, "2": 35}, "qqp": {"1": 25, "2": 10}},
        "left_out": [],
    }
