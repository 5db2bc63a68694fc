"""The section that compares the models of a study: levels, the arms' mean gains, and whether they agree."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from xstilts.analysis.overall import Overall, overall
from xstilts.config.study import BASELINE, Study
from xstilts.report.page.view import HtmlCell, HtmlTable, shade
from xstilts.scores.gains import ZERO_SHOT, arms_of, language_cells
from xstilts.scores.labels import MISSING, arm_label
from xstilts.wording import counted, in_words, signed


def models_view(scores: pd.DataFrame, study: Study) -> tuple[str, HtmlTable] | None:
    """Compare models on the targets that can be averaged in all of them; None if the study has one, or no scores.

    Returns:
        A sentence on how far they agree, and a table of arms × models: the mean zero-shot gain with its interval.
    """
    if len(study.models) < 2 or scores.empty:
        return None
    found = {model: overall(scores, study, model) for model in study.models}
    shared = [target for target in _first(found).targets if all(target in one.targets for one in found.values())]
    kept = scores[scores["target"].isin(shared)]
    same = {model: overall(kept, study, model) for model in study.models}
    arms = [arm for arm in arms_of(study) if any(mean.arm == arm for one in same.values() for mean in one.arms)]
    gains = {(mean.arm, model): mean for model, one in same.items() for mean in one.arms}
    largest = max((abs(mean.gain) for mean in gains.values()), default=0.0)
    by_target = language_cells(kept, study)
    levels = [_level(by_target, study, model, shared) for model in same]
    rows = [[HtmlCell(f"{arm_label(BASELINE, study)}, points"), *levels]]
    for arm in arms:
        row = [HtmlCell(arm_label(arm, study))]
        for model in same:
            mean = gains.get((arm, model))
            text = MISSING if mean is None else signed(mean.gain, 1)
            if mean is not None and not math.isnan(mean.low):
                text += f" ({signed(mean.low, 1)} to {signed(mean.high, 1)})"
            row.append(HtmlCell(text, tone="" if mean is None else shade(mean.gain, largest)))
        rows.append(row)
    titles = ", ".join(study.title_of(target) for target in shared)
    table = HtmlTable(
        "Mean zero-shot gain by arm and model, with its 95 % interval",
        ["arm", *same],
        rows,
        frozenset({1}),
        [f"Averaged over {titles}: the targets with scores of every model." if shared else "No target is shared."],
    )
    return _sentence(same, arms, study), table


def _first(found: dict[str, Overall]) -> Overall:
    return next(iter(found.values()))


def _level(by_target: Mapping[str, pd.DataFrame], study: Study, model: str, targets: list[str]) -> HtmlCell:
    """The baseline's mean zero-shot score."""
    levels = [
        one.loc[
            (one["model"] == model)
            & (one["split"] == study.splits[0])
            & (one["arm"] == BASELINE)
            & (one["language"] == ZERO_SHOT),
            "score",
        ].mean()
        for one in map(by_target.__getitem__, targets)
    ]
    return HtmlCell(f"{sum(levels) / len(levels):.1f}" if levels and not any(map(math.isnan, levels)) else MISSING)


def _sentence(found: dict[str, Overall], arms: list[str], study: Study) -> str:
    """Say in how many arms the models agree on the sign, and how far apart they are."""
    gains = {model: {mean.arm: mean.gain for mean in one.arms} for model, one in found.items()}
    in_all = [arm for arm in arms if all(arm in of_model for of_model in gains.values())]
    if not in_all:
        return "No arm is scored with every model on the same targets."
    agree = [arm for arm in in_all if len({of_model[arm] > 0 for of_model in gains.values()}) == 1]
    apart = {arm: max(one[arm] for one in gains.values()) - min(one[arm] for one in gains.values()) for arm in in_all}
    most = max(apart, key=lambda arm: apart[arm])
    return (
        f"The {in_words(len(found))} models agree on whether an arm helps in {len(agree)} of "
        f"{counted(len(in_all), 'arm')}; they differ most on {arm_label(most, study)}, by {apart[most]:.1f} points."
    )
