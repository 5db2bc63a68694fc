"""Question 4 on studies with planted learning curves, flat ones, and arms that declare nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import Gain, declared, nothing, scores_of, study_of

from xstilts.analysis.answers import Answer
from xstilts.analysis.questions.size_diversity import answer
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.trends import Curves, mean_gain, sd_across_families, trend, worst_family_gain
from xstilts.config.factors import Choose
from xstilts.config.study import Study
from xstilts.tasks.languages import languages_of

SIZES = (1_000, 4_000, 16_000, 64_000)
TARGETS = {"xnli": ["en", "de", "ru", "ar", "zh", "tr", "sw"], "udpos": ["en", "de", "ru", "ar", "zh", "tr"]}
FAMILY = {code: language.family for code, language in languages_of("files").items()}


def manipulated(
    sizes: tuple[int, ...] = SIZES, seeds: tuple[int, ...] = (1, 2, 3), tasks: tuple[str, ...] = ("mnli", "squad_v1")
) -> Study:
    """Arms like mnli-4000 on random subsets, and at 16,000 examples a narrow and a diverse one."""
    names = {f"{task}-{size}": (task, size, "random") for task in tasks for size in sizes}
    names |= {f"{task}-{how}": (task, 16_000, how) for task in tasks for how in ("narrow", "diverse")}
    study = study_of({name: [task] for name, (task, _, _) in names.items()}, TARGETS, seeds)
    for name, (_, size, how) in names.items():
        declared(study.arms[name], train_examples=size, choose=Choose.model_validate({"how": how}))
    return study


def measured(study: Study) -> dict[str, float]:
    """Vendi scores: 1, 8 and 64 of narrow, random and diverse subsets."""
    return {
        arm: {"narrow": 1.0, "diverse": 64.0}.get(arm.rsplit("-", 1)[1], 8.0) for arm in study.arms if arm != "none"
    }


def answered(gain: Gain, study: Study | None = None, noise: float = 0.3, draw: int = 0) -> Answer:
    study = study or manipulated()
    return answer(StudyData.of(study, scores_of(study, gain, noise, draw=draw)), diversity=measured(study))


def doublings(arm: str) -> float:
    """Of an arm's size above 1,000; narrow and diverse subsets have 16,000."""
    suffix = arm.rsplit("-", 1)[1]
    return float(np.log2(int(suffix) / 1000)) if suffix.isdigit() else 4.0


def worst_family_learns(model: str, arm: str, target: str, language: str, seed: int) -> float:
    """Turkic languages start 6 points below the others and gain 0.8 a doubling; no other language gains from size."""
    if FAMILY[language] != "Turkic":
        return 4.0
    return -2.0 + 0.8 * doublings(arm)


def test_a_worst_family_that_learns_is_found_with_its_slope() -> None:
    found = answered(worst_family_learns)
    assert found.verdict == "supported" and found.primary is not None and found.primary.p is not None
    assert found.primary.value == pytest.approx(0.8, abs=0.15)
    assert found.primary.low < 0.8 < found.primary.high and found.primary.p < 0.01
    assert found.primary.n == "2 tasks, 4 levels, 3 seeds, 5 families"
    by_name = found.secondary.set_index("name")
    assert by_name.loc["mean gain over families", "value"] == pytest.approx(0.8 / 5, abs=0.06)
    assert by_name.loc["SD of gains across families", "value"] < -0.1
    assert by_name.loc["SD of gains across families", "p"] < 0.05


def test_gains_that_shrink_with_size_do_not_support_the_hypothesis() -> None:
    found = answered(lambda model, arm, target, language, seed: -0.5 * doublings(arm))
    assert found.verdict == "not supported" and "opposite" in found.reason
    assert found.primary is not None and found.primary.value == pytest.approx(-0.5, abs=0.15)


def test_flat_curves_are_seldom_taken_for_trends() -> None:
    verdicts = [answered(nothing, noise=1.0, draw=draw).verdict for draw in range(8)]
    assert verdicts.count("supported") <= 2


def test_diversity_is_tested_at_one_size() -> None:
    levels = {"narrow": 0.0, "diverse": 3.0}

    def by_diversity(model: str, arm: str, target: str, language: str, seed: int) -> float:
        return levels.get(arm.rsplit("-", 1)[1], 1.5)

    table = answered(by_diversity).secondary.set_index("name")
    found = table.loc["gain in the worst family, by diversity"]
    assert found["value"] == pytest.approx(0.5, abs=0.1)  # points per doubling of 1, 8 or 64
    assert found["unit"] == "points per doubling of the Vendi score" and found["p"] < 0.05


def test_without_measured_diversity_it_is_not_tested() -> None:
    study = manipulated()
    found = answer(StudyData.of(study, scores_of(study, worst_family_learns)))
    assert found.verdict == "supported" and not found.secondary["name"].str.contains("diversity").any()


def test_a_whole_task_is_the_end_of_the_curve_of_its_random_subsets() -> None:
    study = study_of(
        {f"{task}-{size}": [task] for task in ("mnli", "squad_v1") for size in (*SIZES[:3], "whole")}, TARGETS
    )
    for name, section in study.arms.items():
        if name.rsplit("-", 1)[-1].isdigit():
            declared(section, train_examples=int(name.rsplit("-", 1)[1]))

    def learns(model: str, arm: str, target: str, language: str, seed: int) -> float:
        return 0.5 * (6.0 if arm.endswith("whole") else doublings(arm))

    data = StudyData.of(study, scores_of(study, learns))
    found = answer(data, {"mnli": 64_000, "squad_v1": 64_000})
    assert found.primary is not None and found.primary.value == pytest.approx(0.5, abs=0.15)
    assert answer(data).verdict == "not identifiable", "of unknown size"


@pytest.mark.parametrize("study", [manipulated(SIZES[:3]), manipulated(tasks=("mnli",))])
def test_too_few_sizes_or_tasks(study: Study) -> None:
    found = answered(worst_family_learns, study)
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert "at least 4 sizes" in found.reason and not found.data["curves"].empty


def test_one_seed_is_estimated_and_has_no_verdict() -> None:
    found = answered(worst_family_learns, manipulated(seeds=(1,)))
    assert found.primary is not None and found.primary.value == pytest.approx(0.8, abs=0.3)
    assert found.verdict == "not enough seeds"
    assert "SD of gains across families" not in set(found.secondary["name"])


def test_tasks_as_they_are_give_a_description_alone() -> None:
    sizes = {"anli": 1_100_000, "mnli": 390_000, "qqp": 360_000, "ccg": 38_000, "cosmosqa": 25_000}
    study = study_of({task: [task] for task in sizes}, TARGETS, seeds=(1,))
    gain = {task: float(np.log2(size)) for task, size in sizes.items()}
    data = StudyData.of(study, scores_of(study, lambda model, arm, target, language, seed: gain[arm], 0.01))
    found = answer(data, sizes)
    assert found.verdict == "not identifiable" and "declares" in found.reason
    between = found.secondary.iloc[0]
    assert (between["unit"], between["value"]) == ("Spearman's rho", pytest.approx(1))
    assert between["p"] == pytest.approx(2 / 120)
    assert answer(data).secondary.empty


def test_curves_show_every_family_and_the_worst() -> None:
    drawn = answered(worst_family_learns, noise=0.01).data["curves"]
    of_arm = drawn[drawn["arm"] == "mnli-4000"].set_index("family")
    assert of_arm.loc["worst", "gain"] == pytest.approx(of_arm.loc["Turkic", "gain"], abs=0.05)
    assert set(of_arm["size"]) == {4000} and set(of_arm["seeds"]) == {3}
    assert {"Indo-European", "Afro-Asiatic", "Sino-Tibetan", "Turkic", "Atlantic-Congo", "worst"} == set(of_arm.index)


def test_a_language_that_an_arm_lacks_is_left_out_for_all_and_noted() -> None:
    study = manipulated()
    scores = scores_of(study, worst_family_learns)
    gone = (scores["arm"] == "mnli-4000") & (scores["target"] == "xnli") & (scores["language"] == "sw")
    found = answer(StudyData.of(study, scores[~gone]))
    assert found.notes == ("xnli in 'sw' is left out: not every arm and seed has it.",)
    assert found.primary is not None and found.primary.n.endswith("4 families")


def test_constant_scores_and_no_scores_do_not_fail() -> None:
    study = manipulated()
    scores = scores_of(study, nothing, noise=0)
    flat = answer(StudyData.of(study, scores))
    assert (
        flat.verdict == "not supported" and flat.primary is not None and (flat.primary.value, flat.primary.p) == (0, 1)
    )
    empty: pd.DataFrame = scores.iloc[:0]
    assert answer(StudyData.of(study, empty)).verdict == "not identifiable"


class TestTrends:
    def test_responses_are_those_worked_by_hand(self) -> None:
        gains = np.array([[[1.0, 3.0], [3.0, 1.0]], [[4.0, 8.0], [4.0, 8.0]]])  # levels, seeds, families
        assert mean_gain(gains).tolist() == [2, 6]
        assert worst_family_gain(gains).tolist() == [1, 4]
        # level 1: means over seeds are equal, all of the spread is noise; level 2: no noise, SD of 4 and 8
        np.testing.assert_allclose(sd_across_families(gains), [0, np.sqrt(8)])

    def test_noise_alone_leaves_little_spread_across_families(self) -> None:
        gains = np.random.default_rng(0).normal(size=(400, 3, 14))
        assert np.mean(sd_across_families(gains) ** 2) < 0.2  # where the plain variance of means is 1/3
        real = gains + 2 * np.random.default_rng(1).normal(size=(400, 1, 14))
        assert np.sqrt(np.mean(sd_across_families(real) ** 2)) == pytest.approx(2, abs=0.1)

    def test_the_slope_has_an_effect_per_task(self) -> None:
        x, rng = np.log2(SIZES), np.random.default_rng(2)
        curves = [
            Curves(name, x, start + 0.5 * x[:, None, None] + rng.normal(0, 0.01, (4, 3, 2)))
            for name, start in (("mnli", 0.0), ("squad_v1", -30.0))
        ]
        found = trend("x", curves, mean_gain)
        assert found.value == pytest.approx(0.5, abs=0.01) and found.low < 0.5 < found.high
