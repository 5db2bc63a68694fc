"""Question 5 on studies where similarity predicts gains, where it does not, and where there is too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted import at, nothing, scores_of, study_of

from xstilts.analysis.answers import Answer
from xstilts.analysis.questions.semantics import answer
from xstilts.analysis.study_data import StudyData
from xstilts.analysis.verdicts import decide
from xstilts.config.study import Study

CODES = ["ar", "de", "el", "en", "es", "fi", "hi", "hu", "id", "ja", "ko", "ru", "sw", "ta", "th", "tr", "vi", "zh"]
TARGETS = {
    "udpos": [code for code in CODES if code != "sw"],
    "panx": CODES,
    "tatoeba": [code for code in CODES if code != "en"],
}
ARMS = {"mnli": ["mnli"], "squad_v1": ["squad_v1"], "ccg": ["ccg"], "qqp": ["qqp"]}
Values = dict[tuple[str, str, str], float]


def small(seeds: tuple[int, ...] = (1, 2, 3), targets: dict[str, list[str]] | None = None) -> Study:
    return study_of(ARMS, targets or TARGETS, seeds)


def values_of(study: Study, draw: int, by_language: float = 0.0) -> Values:
    """A similarity of each cell: noise of SD 1, and a part that belongs to the language."""
    rng = np.random.default_rng(draw)
    own = {code: rng.normal(0, by_language) for code in CODES}
    return {
        (task, target, code): own[code] + rng.normal()
        for task in study.intermediate_tasks()
        for target in study.targets
        for code in study.languages(target)
    }


def measured(values: Values, measures: tuple[str, ...] = ("cosine", "cosine_centred")) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    rows = [
        (*place, measure, v + (measure == "cosine") * rng.normal())
        for measure in measures
        for place, v in values.items()
    ]
    return pd.DataFrame(rows, columns=["intermediate", "target", "language", "measure", "value"])


def data(slope: float, draw: int = 0, noise: float = 0.5, seeds: tuple[int, ...] = (1, 2, 3)) -> StudyData:
    """Gains with effects of arm, target and language beside what similarity adds."""
    study, rng = small(seeds), np.random.default_rng(draw)
    values = values_of(study, draw, by_language=0.3)
    effects = {name: rng.normal(0, 1) for name in (*ARMS, *TARGETS, *CODES)}

    def gain(model: str, arm: str, target: str, language: str, seed: int) -> float:
        return effects[arm] + effects[target] + effects[language] + slope * values[arm, target, language]

    return StudyData.of(study, scores_of(study, gain, noise, draw=draw), measured(values))


def increments(found: Answer) -> pd.DataFrame:
    return found.data["increments"].set_index(["left_out", "model"])


def test_similarity_that_predicts_is_found() -> None:
    found = answer(data(1.5))
    assert found.verdict == "supported" and found.primary is not None and found.primary.p is not None
    assert found.primary.name == "M2 − M1, leaving out languages"
    assert 0.2 < found.primary.low < found.primary.value < found.primary.high and found.primary.p < 0.01
    table = increments(found)
    assert table.loc[("language", "M2"), "r2"] > table.loc[("language", "M1"), "r2"] + 0.2
    assert table.loc[("language", "M2"), "mae"] < table.loc[("language", "M1"), "mae"]
    assert set(table.index.get_level_values("left_out")) == {"language", "family", "arm"}
    assert table.loc[("language", "M2"), "increment"] == pytest.approx(found.primary.value)
    alone = found.robustness.set_index("name")["value"]
    assert alone["cosine_centred alone"] > alone["cosine alone"] > 0
    assert "without retrieval" in alone.index


def test_similarity_that_predicts_nothing_is_seldom_found() -> None:
    answers = [answer(data(0.0, draw)) for draw in range(6)]
    assert sum(found.verdict == "supported" for found in answers) <= 1
    assert np.mean([found.primary.value for found in answers if found.primary]) < 0.02


def test_gains_that_are_noise_have_no_out_of_sample_r2() -> None:
    study = small()
    found = answer(StudyData.of(study, scores_of(study, nothing, 1.0), measured(values_of(study, 1))))
    assert found.verdict == "not supported"
    assert (increments(found)["r2"] < 0.1).all()


def test_similarity_that_predicts_worse_than_the_tasks_alone_is_not_supported_and_with_one_seed_no_verdict() -> None:
    """Languages' own effects mimic distance: M1 is worse than M0, and M2 may improve on M1 and stay behind M0."""
    found = answer(data(0.0))
    assert found.evidence is not None
    better = replace(found.evidence, p=0.01, as_hypothesised=True, error=6.6, rivals={"M1": 6.8, "M0": 6.3})
    assert decide(better)[0] == "not supported" and "6.6, against 6.3 of M0" in decide(better)[1]
    assert decide(replace(better, seeds=1))[0] == "not enough seeds"
    assert answer(data(1.5, seeds=(1,))).verdict == "not enough seeds"


def test_the_verdict_compares_squared_errors_in_left_out_languages() -> None:
    found = answer(data(1.5))
    r2 = increments(found)["r2"]["language"]
    assert found.evidence is not None and found.evidence.left_out == "languages"
    mean = found.evidence.rivals["the mean gain"]
    assert found.evidence.error == pytest.approx((1 - r2["M2"]) * mean)
    assert found.evidence.rivals["M1"] == pytest.approx((1 - r2["M1"]) * mean)
    assert found.evidence.rivals["M0"] == pytest.approx((1 - r2["M0"]) * mean)


def test_losses_are_told_from_the_rest_where_there_are_enough_of_them() -> None:
    found = answer(data(1.5))
    share = (found.data["cells"]["delta"] < -2 * found.data["cells"]["error"]).mean()
    assert share > 0.15
    areas = found.secondary[found.secondary["unit"] == "AUROC"].set_index("name")
    assert areas.loc["detection of losses by M2, leaving out languages", "value"] > 0.85
    assert areas["p"].isna().all()


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_without_losses_or_seeds_there_is_no_auroc(seeds: tuple[int, ...]) -> None:
    study = small(seeds)
    scores = scores_of(study, lambda model, arm, target, language, seed: 5.0)
    found = answer(StudyData.of(study, scores, measured(values_of(study, 0))))
    assert not (found.secondary["unit"] == "AUROC").any()
    expected = "2 seeds in every cell" if len(seeds) == 1 else "0% of the cells are losses"
    assert any(expected in note for note in found.notes)


def test_the_error_of_a_cell_comes_from_the_variance_between_seeds_of_its_target() -> None:
    cells = answer(data(0.0, noise=2.0, seeds=tuple(range(1, 9)))).data["cells"]
    assert cells.groupby("target")["error"].nunique().max() == 1
    assert cells["error"].mean() == pytest.approx(2 * np.sqrt(2 / 8), rel=0.1)  # noise in the arm and in the baseline


def test_without_similarity_the_smaller_models_are_compared_all_the_same() -> None:
    full = data(1.0)
    found = answer(StudyData.of(full.study, full.scores))
    assert (found.verdict, found.primary) == ("not identifiable", None)
    assert "not measured" in found.reason
    assert set(found.data["increments"]["model"]) == {"M0", "M1"}
    assert "M1 − M0, leaving out languages" in set(found.secondary["name"])


def test_a_measure_that_few_cells_have_is_no_predictor_and_a_cell_without_one_is_left_out() -> None:
    study = small()
    table = measured(values_of(study, 0))
    centred = at(table, measure="cosine_centred")
    table = table[~(centred & (table["target"] != "udpos"))]  # a third of the cells is left
    table = table[~at(table, measure="cosine", intermediate="ccg", target="panx", language="zh")]
    found = answer(StudyData.of(study, scores_of(study, nothing), table))
    assert any("cosine_centred is not a predictor" in note for note in found.notes)
    assert any(note.startswith("1 cell of ") for note in found.notes)
    assert "cosine_centred" not in found.data["cells"]
    lost = found.data["cells"]
    assert not at(lost, arm="ccg", target="panx", language="zh").any()


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"panx": ["de", "en", "zh", "ru"], "udpos": ["de", "en"]}, "3 languages (at least 6 needed)"),
        ({"panx": CODES}, "1 target (at least 2 needed)"),
        (
            {"panx": ["en", "es", "fr", "it", "pt", "de", "nl", "af"], "udpos": ["fr", "it"]},
            "2 genera (at least 5 needed)",
        ),
    ],
)
def test_too_few_languages_genera_or_targets(targets: dict[str, list[str]], words: str) -> None:
    study = small(targets=targets)
    found = answer(StudyData.of(study, scores_of(study, nothing)))
    assert (found.verdict, found.primary) == ("not identifiable", None) and words in found.reason


def test_constant_scores_and_no_scores_do_not_fail() -> None:
    study = small()
    scores, known = scores_of(study, nothing, noise=0), measured(values_of(small(), 0))
    assert "do not vary" in answer(StudyData.of(study, scores, known)).reason
    assert answer(StudyData.of(study, scores.iloc[:0], known)).verdict == "not identifiable"


def test_variance_is_split_between_languages_targets_and_tasks() -> None:
    study = small()
    by_language = {place: float(CODES.index(place[2])) for place in values_of(study, 0)}
    table = measured(by_language, ("cosine_centred",))
    found = answer(StudyData.of(study, scores_of(study, nothing), table)).data["variance"]
    shares = found[found["variable"] == "cosine_centred"].set_index("between")["share"]
    assert shares["language"] == pytest.approx(1) and shares["arm"] == pytest.approx(0)


def test_calibration_bins_cover_every_cell() -> None:
    found = answer(data(1.5))
    bins = found.data["calibration"]
    assert bins["cells"].sum() == len(found.data["cells"]) and bins["predicted"].is_monotonic_increasing
    assert np.corrcoef(bins["predicted"], bins["observed"])[0, 1] > 0.9
