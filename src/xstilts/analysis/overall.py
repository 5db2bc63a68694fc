"""What each arm gains averaged over targets: zero-shot with an interval, and in English."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xstilts.analysis.resampling import resampling_weights
from xstilts.config.study import BASELINE, Study
from xstilts.scores.chance import chance
from xstilts.scores.flags import usable
from xstilts.scores.gains import (
    ZERO_SHOT,
    arms_of,
    by_language,
    is_control,
    over_languages,
    scored_languages,
    targets_of,
    with_study_splits,
)
from xstilts.tasks.languages import ENGLISH

_DRAWS = 10_000
_LEVEL = 0.05
_POINTS = 1.0  # above 0, for scores that have no share of right answers as chance


@dataclass(frozen=True)
class ArmMean:
    """The mean gain of an arm over targets, in points.

    Attributes:
        arm: The arm.
        gain: Over the languages of each target that fine-tuning has no examples of.
        low: Lower end of its 95 % interval; NaN for one seed and one target.
        high: Upper end.
        sure: Whether an interval that is corrected for the number of arms (Bonferroni) lies above 0.
        english: The gain in English, over those of the targets that have it; NaN where none has.
    """

    arm: str
    gain: float
    low: float
    high: float
    sure: bool
    english: float


@dataclass(frozen=True)
class Overall:
    """The mean gains of the arms of one model over the same targets.

    Attributes:
        model: The model.
        targets: The targets that the means are over.
        left_out: The other targets with zero-shot languages: an arm or the baseline has no score there.
        arms: The arms that compete, best first; empty where nothing can be compared.
        arms_left_out: The arms without a score on some of ``targets``. Controls are in neither.
        seeds: The number of seeds behind the means; the largest, where some targets have fewer.
        at_chance: The targets on which neither the baseline nor any arm is above chance zero-shot.
    """

    model: str
    targets: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    arms: tuple[ArmMean, ...] = ()
    arms_left_out: tuple[str, ...] = ()
    seeds: int = 0
    at_chance: tuple[str, ...] = ()


def overall(scores: pd.DataFrame, study: Study, model: str, fine_tuned: bool = False) -> Overall:
    """Average the gains of a model's arms over targets, on the study's first split.

    All arms are averaged over the same targets, since gains differ more between targets than between arms: of the
    targets and arms, the largest complete block is used. The interval is from the bootstrap of
    :func:`xstilts.analysis.effects.effects`, over seeds and targets in place of seeds and languages.

    Args:
        scores: The study's scores; flagged ones are left out.
        study: The study.
        model: One of its models.
        fine_tuned: Leave out retrieval.
    """
    known = with_study_splits(usable(scores), study)
    known = known[(known["model"] == model) & (known["split"] == study.splits[0])]
    if fine_tuned:
        known = known[known["target"].isin([name for name in study.targets if study.task(name).trained_on is not None])]
    single = by_language(known, study)
    zero_shot = over_languages(single, scored_languages(known), ZERO_SHOT, study)
    gains, english = _gains(zero_shot, study), _gains(single[single["language"] == ENGLISH], study)
    present = gains.notna().any(axis=1).unstack("target", fill_value=False) if len(gains) else pd.DataFrame()
    block = _largest_block(present)
    targets = [target for target in targets_of(study) if target in set(block.columns)]
    means = [_mean(arm, gains.loc[arm].loc[targets], english, targets, len(block)) for arm in block.index]
    with_zero_shot = [target for target in targets_of(study) if set(study.languages(target)) - study.taught(target)]
    if fine_tuned:
        with_zero_shot = [target for target in with_zero_shot if study.task(target).trained_on is not None]
    seeds = gains.loc[list(block.index)].notna().sum(axis=1).max() if len(block) else 0
    return Overall(
        model=model,
        targets=tuple(targets),
        left_out=tuple(target for target in with_zero_shot if target not in targets),
        arms=tuple(sorted(means, key=lambda mean: -mean.gain)),
        arms_left_out=tuple(arm for arm in _competing(study) if arm not in block.index),
        seeds=int(seeds),
        at_chance=tuple(target for target in targets if not _above_chance(zero_shot, study, target)),
    )


def _competing(study: Study) -> list[str]:
    return [arm for arm in arms_of(study) if arm != BASELINE and not is_control(arm, study)]


def _gains(per_seed: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the gains of competing arms, (arm, target) × seeds; NaN where the arm or the baseline has no score."""
    wide = per_seed.pivot_table(index=["arm", "target"], columns="seed", values="score")
    arms = [arm for arm in _competing(study) if arm in wide.index.get_level_values("arm")]
    if not arms or BASELINE not in wide.index.get_level_values("arm"):
        return wide[:0]
    baseline = wide.loc[BASELINE]
    of_arms = wide.loc[arms]
    return of_arms - baseline.reindex(of_arms.index.get_level_values("target")).to_numpy()


def _largest_block(present: pd.DataFrame) -> pd.DataFrame:
    """Return a complete block of arms × targets with as many cells as can be.

    Targets are added one by one, those of most arms first, which need not find the largest of all blocks but does
    where gaps are few; of equal blocks, that with more targets is taken.
    """
    order = present.sum().sort_values(ascending=False, kind="stable").index
    blocks = [present.loc[present[order[:count]].all(axis=1), order[:count]] for count in range(1, len(order) + 1)]
    return max(reversed(blocks), key=lambda block: block.size, default=present)


def _mean(arm: str, gains: pd.DataFrame, english: pd.DataFrame, targets: list[str], arms: int) -> ArmMean:
    """Average the gains (targets × seeds) of one arm that competes with others."""
    low, high, corrected = _interval(gains.to_numpy(dtype=float).T, arms)
    in_english = [
        float(english.loc[[(arm, target)]].mean(axis=1).iloc[0]) for target in targets if (arm, target) in english.index
    ]
    known = [gain for gain in in_english if not math.isnan(gain)]
    return ArmMean(
        arm, float(gains.mean(axis=1).mean()), low, high, corrected > 0, float(np.mean(known)) if known else math.nan
    )


def _interval(matrix: np.ndarray, arms: int) -> tuple[float, float, float]:
    """Return the 95 % interval of the mean of (seeds, targets) gains, and the lower end of the corrected one."""
    known = ~np.isnan(matrix)
    if known.sum() < 2:
        return math.nan, math.nan, math.nan
    rng = np.random.default_rng(1)
    seeds, targets = (resampling_weights(rng, size, _DRAWS) for size in matrix.shape)
    weight = seeds @ known
    with np.errstate(invalid="ignore"):
        by_target = (seeds @ np.where(known, matrix, 0.0)) / weight  # NaN where no drawn seed has the target
    targets = np.where(weight > 0, targets, 0.0)
    total = targets.sum(axis=1)
    drawn = total > 0
    means = (np.nan_to_num(by_target) * targets).sum(axis=1)[drawn] / total[drawn]
    low, high, corrected = np.quantile(means, [_LEVEL / 2, 1 - _LEVEL / 2, _LEVEL / 2 / arms])
    return float(low), float(high), float(corrected)


def _above_chance(zero_shot: pd.DataFrame, study: Study, target: str) -> bool:
    """Whether the baseline or an arm is above chance on a target by two binomial standard errors, or by a point."""
    of_target = zero_shot[(zero_shot["target"] == target) & zero_shot["arm"].isin([BASELINE, *_competing(study)])]
    means = of_target.groupby("arm")[["score", "n"]].mean()
    guessing = chance(study.task(target))
    margin = 2 * np.sqrt(guessing * (100 - guessing) / means["n"]) if guessing else _POINTS
    return bool((means["score"] > guessing + margin).any())
