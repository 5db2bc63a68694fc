"""Mean gains over targets, compared with numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
from small_study import MakeScores, study_config, xquad
from study_fixtures import make_scores

from xstilts.analysis.overall import overall
from xstilts.config.study import Study, load
from xstilts.graph.runs import Job
from xstilts.scores.flags import with_flags
from xstilts.scores.score_files import SCORES

__all__ = ["make_scores"]


def one_point(
    arm: str, target: str, seed: int, english: float, other: float
) -> list[tuple[str, str, str, str, int, float]]:
    """Rows of a target in English and German."""
    if target == "xquad":
        return xquad(arm, seed, (english, english), (other, other))
    return [(arm, target, code, "accuracy", seed, score) for code, score in (("en", english), ("de", other))]


def several(*targets: str, **changes: object) -> Study:
    arms = {"none": {}, "mnli": {"tasks": ["mnli"]}, "qqp": {"tasks": ["qqp"]}, "random": {"weights": "random"}}
    languages = {target: {"languages": ["de"] if target == "tatoeba" else ["en", "de"]} for target in targets}
    return load(study_config(arms=arms, targets=languages, **changes))


def rows_of(gains: dict[tuple[str, str], tuple[float, float]], seeds: tuple[int, ...]) -> list:
    """Rows of baselines at 50 and of arms that gain (English, German) on a target."""
    baselines = [("none", target) for target in dict.fromkeys(target for _, target in gains)]
    every = {**dict.fromkeys(baselines, (0.0, 0.0)), **gains}
    return [
        row
        for (arm, target), (english, other) in every.items()
        for seed in seeds
        for row in one_point(arm, target, seed, 50 + english, 50 + other)
    ]


def test_means_are_over_targets_and_without_english(make_scores: MakeScores) -> None:
    study = several("xnli", "xquad")
    gains = {
        ("mnli", "xnli"): (10.0, 2.0), ("mnli", "xquad"): (0.0, -4.0),
        ("qqp", "xnli"): (1.0, -1.0), ("qqp", "xquad"): (1.0, -5.0), ("random", "xnli"): (30.0, 30.0),
    }  # fmt: skip
    found = overall(make_scores(rows_of(gains, (1, 2))), study, "xlmr")
    assert [(mean.arm, mean.gain, mean.english) for mean in found.arms] == [("mnli", -1.0, 5.0), ("qqp", -3.0, 1.0)]
    assert (found.targets, found.left_out, found.seeds) == (("xnli", "xquad"), (), 2)
    best = found.arms[0]
    assert (best.low, best.high) == (-4.0, 2.0) and not best.sure, "of two targets, either may be drawn twice"


def test_a_gain_on_every_target_and_seed_is_sure(make_scores: MakeScores) -> None:
    study = several("xnli", "xquad", seeds=[1, 2, 3])
    gains = {("mnli", "xnli"): (1.0, 3.0), ("mnli", "xquad"): (1.0, 2.0)}
    (best,) = overall(make_scores(rows_of(gains, (1, 2, 3))), study, "xlmr").arms
    assert best.sure and (best.low, best.high) == (2.0, 3.0)


def test_all_arms_are_averaged_over_the_same_targets(make_scores: MakeScores) -> None:
    study = several("xnli", "xquad")
    gains = {("mnli", "xnli"): (0.0, 2.0), ("mnli", "xquad"): (0.0, -9.0), ("qqp", "xnli"): (0.0, 1.0)}
    found = overall(make_scores(rows_of(gains, (1, 2))), study, "xlmr")
    assert found.arms[0].arm == "mnli"
    assert {mean.arm: mean.gain for mean in found.arms} in ({"mnli": 2.0, "qqp": 1.0}, {"mnli": -3.5})
    assert set(found.targets) | set(found.left_out) == {"xnli", "xquad"}


def test_a_seed_that_has_not_learnt_is_left_out_of_its_target_alone(make_scores: MakeScores) -> None:
    study = several("xnli", "xquad")
    gains = {("mnli", "xnli"): (0.0, 2.0), ("mnli", "xquad"): (0.0, 4.0)}
    scores = make_scores(rows_of(gains, (1, 2)))
    lost = (scores["arm"] == "mnli") & (scores["target"] == "xnli") & (scores["seed"] == 2)
    scores.loc[lost, "score"] = 0.0
    flagged = with_flags(scores, {Job("xlmr", "mnli", "xnli", 2): "collapsed: at chance"}, study)
    (best,) = overall(flagged, study, "xlmr").arms
    assert best.gain == 3.0 and math.isfinite(best.low)


def test_one_seed_and_one_target_have_no_interval(make_scores: MakeScores) -> None:
    study = several("xnli", seeds=[1])
    (best,) = overall(make_scores(rows_of({("mnli", "xnli"): (0.0, 5.0)}, (1,))), study, "xlmr").arms
    assert best.gain == 5.0 and math.isnan(best.low) and not best.sure


def test_retrieval_is_left_out_where_asked(make_scores: MakeScores) -> None:
    study = several("xquad", "tatoeba", seeds=[1])
    rows = rows_of({("mnli", "xquad"): (0.0, 5.0)}, (1,))
    rows += [(arm, "tatoeba", "de", "accuracy", 1, score) for arm, score in (("none", 50.0), ("mnli", 20.0))]
    scores = make_scores(rows)
    assert overall(scores, study, "xlmr").arms[0].gain == pytest.approx(-12.5)
    tuned = overall(scores, study, "xlmr", fine_tuned=True)
    assert tuned.arms[0].gain == 5.0 and tuned.left_out == ()


@pytest.mark.parametrize(("level", "at_chance"), [(34.0, ("xnli",)), (60.0, ())])
def test_targets_at_chance_are_named(make_scores: MakeScores, level: float, at_chance: tuple[str, ...]) -> None:
    study = several("xnli", seeds=[1])
    rows = [row for arm in ("none", "mnli") for row in one_point(arm, "xnli", 1, 80.0, level)]
    assert overall(make_scores(rows), study, "xlmr").at_chance == at_chance


def test_nothing_scored() -> None:
    found = overall(SCORES.empty_table().to_pandas(), several("xnli"), "xlmr")
    assert found.arms == () and found.left_out == ("xnli",) and found.arms_left_out == ("mnli", "qqp")
