"""Layout, schema and effects of simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from calibration.simulation import Layout, Spreads, simulated, xtreme_study

from xstilts.analysis.deltas import beyond_english, deltas
from xstilts.scores.score_files import KEY, SCORES
from xstilts.tasks.registry import TARGET_TASKS, TASKS

STILL = Spreads(0, 0, 0, 0, 0, 0, 0, 0)
FEW = {"xnli": ["en", "de", "ru", "sw", "zh"], "xquad": ["en", "de", "th"]}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_layout_is_that_of_xtreme_with_nine_arms() -> None:
    study = xtreme_study()
    scores = simulated(rng(), study).scores
    assert list(scores.columns) == SCORES.names
    assert not scores.duplicated(KEY).any()
    assert scores["score"].between(0, 100).all()
    gains = deltas(simulated(rng(), study))
    assert len(gains[gains["language"] != "en"]) == 1395
    languages = {target: set(of_target["language"]) for target, of_target in gains.groupby("target")}
    assert languages == {target: set(TASKS[target].languages) for target in TARGET_TASKS}


def test_the_same_seed_gives_the_same_scores_and_another_seed_others() -> None:
    study = xtreme_study(seeds=2, targets=FEW)
    pd.testing.assert_frame_equal(simulated(rng(3), study).scores, simulated(rng(3), study).scores)
    assert not simulated(rng(3), study).scores["score"].equals(simulated(rng(4), study).scores["score"])


def test_without_any_effect_every_score_is_the_same_and_no_arm_gains() -> None:
    gains = deltas(simulated(rng(), xtreme_study(targets=FEW), STILL))
    assert gains["score_before"].unique() == pytest.approx([55.0])
    assert gains["delta"].abs().max() < 1e-12


def test_a_slope_is_in_points_per_sd_of_distance() -> None:
    study = xtreme_study(targets=FEW)
    cells, _ = beyond_english(simulated(rng(), study, STILL, slope=-2.0), "xlmr")
    np.testing.assert_allclose(cells["delta"], -2.0 * cells["z_distance"], atol=1e-9)


def test_what_is_planted_is_added_where_it_says() -> None:
    study = xtreme_study(targets=FEW, models={name: {"path": f"models/{name}"} for name in ("a", "b")})
    planted = pd.DataFrame({"model": ["b", "b"], "arm": ["mnli", "ccg"], "delta": [3.0, -1.0]})
    gains = deltas(simulated(rng(), study, STILL, planted=planted)).groupby(["model", "arm"])["delta"].mean()
    assert gains["b", "mnli"] == pytest.approx(3)
    assert gains["b", "ccg"] == pytest.approx(-1)
    assert gains.drop([("b", "mnli"), ("b", "ccg")]).abs().max() < 1e-9


@pytest.mark.parametrize(
    ("spreads", "factors"),
    [
        (Spreads(2, 0, 0, 0, 0, 0), ["language"]),
        (Spreads(0, 2, 0, 0, 0, 0), ["genus"]),
        (Spreads(0, 0, 2, 0, 0, 0), ["arm", "target"]),
        (Spreads(0, 0, 0, 2, 0, 0), ["target", "language"]),
    ],
)
def test_each_effect_is_one_number_per_level_of_its_factors_with_its_sd(spreads: Spreads, factors: list[str]) -> None:
    cells, _ = beyond_english(simulated(rng(2), xtreme_study(), spreads), "xlmr")
    groups = cells.groupby(factors)["delta"]
    assert groups.std().max() < 1e-9
    assert 1.4 < groups.mean().std() < 2.8


def test_noise_shrinks_with_seeds_and_a_baselines_noise_is_in_every_arm() -> None:
    noisy = Spreads(0, 0, 0, 0, 0, noise=1)
    spread = {seeds: beyond_english(simulated(rng(5), xtreme_study(seeds=seeds), noisy), "xlmr")[0] for seeds in (1, 4)}
    single, four = (spread[seeds]["delta"].std() for seeds in (1, 4))
    assert single == pytest.approx(np.sqrt(2), rel=0.1)
    assert four == pytest.approx(np.sqrt(2) / 2, rel=0.1)
    shared = spread[1].groupby("place")["delta"].mean()
    assert shared.std() == pytest.approx(np.sqrt(1 + 1 / 9), rel=0.2)


def test_effects_that_leave_the_range_of_points_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Layout(xtreme_study(targets=FEW)).draw(rng(), Spreads(arm_target=60))
