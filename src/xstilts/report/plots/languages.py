"""Languages as figures order, name and mark them, and what a study scores in each."""

from __future__ import annotations

import altair as alt
import pandas as pd

from xstilts.analysis.study_data import language_frame
from xstilts.config.study import BASELINE, Study
from xstilts.report.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, YELLOW, View
from xstilts.scores.gains import ALL, ZERO_SHOT, is_control, language_cells, targets_of
from xstilts.tasks.languages import ENGLISH

OTHERS = "other families"
_MARKS = (
    (BLUE, "circle"), (ORANGE, "square"), (GREEN, "triangle-up"), (RED, "diamond"),
    (PURPLE, "cross"), (SKY, "triangle-down"), (BLACK, "triangle-right"), (YELLOW, "triangle-left"),
)  # fmt: skip
_STAR = "M0,-1L0.25,-0.3L1,-0.3L0.4,0.15L0.6,0.9L0,0.45L-0.6,0.9L-0.4,0.15L-1,-0.3L-0.25,-0.3Z"


def places(study: Study, languages: pd.DataFrame) -> pd.DataFrame:
    """The languages that the study scores, by code: name, family, distance, and ``kin``, the family as legends have it:
    families of one language, and those beyond the eighth, are :data:`OTHERS`.

    English first, then family by family, large families first, and by distance within. ``languages`` is a
    :func:`~xstilts.analysis.study_data.language_frame`; where it is empty, the study's own is made.
    """
    codes = sorted({code for target in study.targets for code in study.languages(target)})
    facts = (language_frame(study) if languages.empty else languages).loc[codes, ["name", "family", "distance"]].copy()
    facts["family"] = facts["family"].str.split(" (", regex=False).str[0]  # "Basque (isolate/family-level)"
    sizes = facts.loc[facts.index != ENGLISH, "family"].value_counts()
    order = sorted(sizes.index, key=lambda family: (-sizes[family], family))
    large = [family for family in order if sizes[family] > 1][: len(_MARKS)] or order[: len(_MARKS)]
    facts["kin"] = facts["family"].where(facts["family"].isin(large), OTHERS)
    rank = [-1 if code == ENGLISH else order.index(family) for code, family in facts["family"].items()]
    ranked = facts.sort_index().assign(rank=rank).sort_values(["rank", "distance"], kind="stable")
    return ranked.drop(columns="rank")


def marks_of_kin(known: pd.DataFrame) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape of a family; both say the same."""
    names = [kin for kin in known["kin"].drop_duplicates() if kin != OTHERS]
    colours, shapes = [colour for colour, _ in _MARKS][: len(names)], [shape for _, shape in _MARKS][: len(names)]
    if (known["kin"] == OTHERS).any():
        names, colours, shapes = [*names, OTHERS], [*colours, GREY], [*shapes, _STAR]
    legend = alt.Legend(title="family", orient="right", symbolStrokeColor="#333", symbolSize=70)
    return (
        alt.Color("kin:N", legend=legend).scale(domain=names, range=colours),
        alt.Shape("kin:N", legend=legend).scale(domain=names, range=shapes),
    )


def scored_by_language(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Cells (see :mod:`xstilts.scores.gains`) of every model, split, arm, target and language; no means over them."""
    cells = pd.concat([language_cells(scores, study, target) for target in targets_of(study)], ignore_index=True)
    return cells[~cells["language"].isin([ALL, ZERO_SHOT])]


def planned_languages(study: Study, target: str, split: str) -> tuple[str, ...]:
    """The languages in which a target is to be scored on a split, or on what stands in for it."""
    real = split if split in study.splits_of(target) else study.splits_of(target)[0]
    return study.languages(target, real)


def before_and_after(cells: pd.DataFrame, study: Study, view: View) -> pd.DataFrame:
    """target, language, before, gain and after in points: the baseline, and the unweighted mean over intermediate arms.

    ``arms``: how many arms that is. An arm counts for a target where it has a gain in every language of the target that
    any arm has one in, so that no language's mean is over other arms; controls do not count.
    """
    cells = view.of(cells)
    baseline = cells[cells["arm"] == BASELINE].set_index(["target", "language"])["score"].rename("before")
    counting = [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]
    gains = cells[cells["arm"].isin(counting)].dropna(subset=["gain"])
    sizes = gains.groupby(["target", "arm"])["language"].transform("size")
    complete = gains[sizes == gains.groupby("target")["language"].transform("nunique")]
    mean = complete.groupby(["target", "language"])["gain"].agg(gain="mean", arms="size")
    found = baseline.to_frame().join(mean).reset_index()
    found["arms"] = found["arms"].fillna(0).astype("int64")
    return found.assign(after=found["before"] + found["gain"])
