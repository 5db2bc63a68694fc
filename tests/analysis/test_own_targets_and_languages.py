"""Studies with targets that are none of XTREME's, and with languages of which something is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from own_study import NOTES, UNKNOWN, known_rows, own_target, study_with_own
from planted import declared, scores_of

from xstilts.analysis.covariates import with_covariates, with_known
from xstilts.analysis.deltas import beyond_english, deltas
from xstilts.analysis.effects import effects
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity, typology
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import Study
from xstilts.scores.chance import chance
from xstilts.tasks.registry import INTERMEDIATE_TASKS, TARGET_TASKS, TASKS

OWN = {"own_nli": own_target("classification", ["de", "en", "fr", "ru", *UNKNOWN])}


def gain(model: str, arm: str, target: str, language: str, seed: int) -> float:
    """Some gain that differs between arms, targets and languages."""
    return float(np.random.default_rng([len(arm), len(target), *language.encode()]).normal(0, 2))


def data_of(study: Study, similarity: pd.DataFrame | None = None) -> StudyData:
    return StudyData.of(study, scores_of(study, gain, noise=0.5), similarity)


@pytest.fixture(scope="module")
def wide() -> StudyData:
    """One arm, PAN-X in all of its languages, and an own target."""
    return data_of(study_with_own({"ccg": ["ccg"]}, {"panx": TASKS["panx"].languages}, OWN, seeds=(1,)))


class TestQuestion1:
    def test_languages_of_which_something_is_unknown_are_left_out_and_named(self, wide: StudyData) -> None:
        cells, notes = beyond_english(wide, "xlmr")
        assert notes == list(NOTES)
        assert not set(cells["language"]) & set(UNKNOWN)
        assert set(cells.loc[cells["target"] == "own_nli", "language"]) == {"de", "fr", "ru"}
        assert cells.notna().all()[["z_distance", "log_cc100", "same_script"]].all()

    def test_the_answer_is_that_of_the_study_without_them(self, wide: StudyData) -> None:
        found = typology.answer(wide)
        without = typology.answer(replace(wide, scores=known_rows(wide.scores)))
        assert found.primary is not None and found.primary == without.primary
        assert set(NOTES) <= set(found.notes)
        assert found.data["missing"].empty  # their cells have gains

    def test_an_own_target_takes_part_but_in_no_group(self, wide: StudyData) -> None:
        names = typology.answer(wide).secondary.set_index("name")
        alone = replace(wide, scores=wide.scores[wide.scores["target"] == "panx"])
        of_panx = typology.answer(alone).secondary.set_index("name")
        assert "Sentence pairs" not in names.index
        columns = ["value", "low", "high", "n"]
        assert (
            names.loc["Structured prediction", columns].tolist()
            == of_panx.loc["Structured prediction", columns].tolist()
        )
        assert names.loc["CCG", "value"] != of_panx.loc["CCG", "value"]

    def test_a_study_of_unknown_languages_alone_is_not_identifiable(self) -> None:
        own = {"own_nli": own_target("classification", UNKNOWN)}
        found = typology.answer(data_of(study_with_own({"mnli": ["mnli"]}, {}, own)))
        assert (found.verdict, found.primary) == ("not identifiable", None)
        assert set(NOTES) <= set(found.notes)


class TestQuestion2:
    def test_no_measure_of_a_language_is_needed(self) -> None:
        others = ["en", "de", "ar", "zh", "ru"]
        models = {"text": {"path": "models/text"}, "code": {"path": "models/code", "code_of": "text"}}
        targets = {"xnli": others, "udpos": others}
        found = code_pretraining.answer(data_of(study_with_own({"mnli": ["mnli"]}, targets, OWN, models=models)))
        assert found.primary is not None and found.primary.n == "3 targets, 14 languages in all, 3 seeds"
        floor = found.data["floor"].set_index(["target", "language"])
        assert floor.loc[("own_nli", "ha"), "chance"] == pytest.approx(100 / 3)


class TestQuestion3:
    def test_an_own_target_is_a_column_of_the_matrix_and_of_its_own_format(self) -> None:
        targets = {target: ["de", "en"] if "en" in TASKS[target].languages else ["de"] for target in TARGET_TASKS}
        targets["tydiqa"] = ["en", "ru"]
        own = {"own_qa": own_target("span_qa", ["en", "ha"])}
        study = study_with_own({task: [task] for task in INTERMEDIATE_TASKS}, targets, own, seeds=(1,))
        rng = np.random.default_rng(0)
        rows = [
            (task, target, "en", "jsd", rng.uniform()) for task in INTERMEDIATE_TASKS for target in (*targets, "own_qa")
        ]
        similarity = pd.DataFrame(rows, columns=["intermediate", "target", "language", "measure", "value"])
        found = domain.answer(data_of(study, similarity))
        assert found.primary is not None and "9 intermediate tasks x 10 targets" in found.primary.n
        matrix = found.data["matrix"].set_index(["arm", "target"])
        assert matrix.loc[("squad_v1", "own_qa"), "same_format"] == 1
        robust = found.robustness.set_index("name")["n"]
        assert "9 intermediate tasks x 6 targets" in robust["without question answering"]
        assert "9 intermediate tasks x 8 targets" in robust["without retrieval"]


class TestQuestion4:
    @pytest.fixture
    def sized(self) -> StudyData:
        """Four sizes of two tasks."""
        sizes = {f"{task}-{size}": (task, size) for task in ("mnli", "qqp") for size in (1000, 2000, 4000, 8000)}
        languages = ["en", "de", "ru", "ar", "zh", "tr"]
        arms = {arm: [task] for arm, (task, _) in sizes.items()}
        study = study_with_own(arms, {"xnli": languages}, OWN)
        for arm, (_, size) in sizes.items():
            declared(study.arms[arm], train_examples=size)
        return data_of(study)

    def test_a_language_of_unknown_family_is_left_out(self, sized: StudyData) -> None:
        found = size_diversity.answer(sized)
        without = size_diversity.answer(replace(sized, scores=sized.scores[sized.scores["language"] != "ig"]))
        assert found.primary == without.primary
        assert found.primary is not None and found.primary.n.endswith("5 families")  # Shona's has no other language
        assert "ig is left out: its family is not known." in found.notes
        assert not {"", "nan"} & set(found.data["curves"]["family"])

    def test_a_family_of_unknown_distance_is_left_out_of_the_slope_by_distance_alone(self, sized: StudyData) -> None:
        languages = sized.languages.copy()
        languages.loc["sn", "distance"] = np.nan
        found = size_diversity.answer(replace(sized, languages=languages))
        by_name = found.secondary.set_index("name")["n"]
        assert by_name["mean gain over families"].endswith("5 families")
        assert by_name["slope on size by distance of the family"].endswith("4 families")
        (note,) = [note for note in found.notes if "slope by distance" in note]
        assert note.startswith("Atlantic-Congo is left out")


class TestQuestion5:
    def test_the_answer_is_that_of_the_study_without_them(self) -> None:
        codes = ["ar", "de", "el", "en", "fi", "fr", "hi", "ru", "tr", "zh"]
        arms = {"mnli": ["mnli"], "qqp": ["qqp"], "ccg": ["ccg"]}
        study = study_with_own(arms, {"udpos": codes}, OWN, seeds=(1, 2))
        rng = np.random.default_rng(1)
        rows = [
            (arm, target, code, "cosine_centred", rng.normal())
            for arm in arms
            for target in study.targets
            for code in study.languages(target)
        ]
        similarity = pd.DataFrame(rows, columns=["intermediate", "target", "language", "measure", "value"])
        whole = data_of(study, similarity)
        found, without = (semantics.answer(data) for data in (whole, replace(whole, scores=known_rows(whole.scores))))
        assert found.primary is not None and found.primary == without.primary
        assert set(NOTES) <= set(found.notes)
        assert "own_nli" in set(found.data["cells"]["target"])


def test_per_target_estimates_include_own_targets_in_all_languages(wide: StudyData) -> None:
    table = effects(wide.scores, wide.study).set_index(["target", "language"])
    assert table.loc[("own_nli", "zero-shot"), "languages"] == 6
    table = deltas(wide)
    assert set(table.loc[table["target"] == "own_nli", "language"]) == {"de", "en", "fr", "ru", *UNKNOWN}


@pytest.mark.parametrize("unknown", [None, "", np.nan])
def test_an_unknown_family_genus_or_script_is_no_level_of_its_own(unknown: str | float | None) -> None:
    languages = pd.DataFrame(
        {"family": ["A", unknown], "genus": [unknown, "B"], "script": ["Latn", unknown]},
        index=["aa", "bb"],
        dtype=object,
    )
    table = with_covariates(languages)
    assert table[["family", "genus", "same_script"]].isna().to_numpy().tolist() == [
        [False, True, False],
        [True, False, True],
    ]
    known, notes = with_known(table, ["aa", "bb", "cc"], ["family", "genus", "same_script"])
    assert known.empty
    assert notes == [
        "aa is left out: its genus is not known.",
        "bb is left out: its family and its script are not known.",
        "cc is left out: its family, its genus and its script are not known.",
    ]


def test_chance_in_multiple_choice_is_one_in_the_number_of_choices() -> None:
    own = {
        "type": "multiple_choice",
        "files": {"train": "a.jsonl", "dev": "b.jsonl", "test": "c.jsonl"},
        "columns": {"prompt": "p", "choices": "c", "label": "l"},
    }
    study = study_with_own({}, {"xnli": ["en"]}, {"own_choice": own})
    assert chance(study.task("own_choice")) == 25
