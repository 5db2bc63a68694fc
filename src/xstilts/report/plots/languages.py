"""Languages in figures: their order and marks, and the scores in each."""

from __future__ import annotations

import altair as alt
import pandas as pd

from xstilts.analysis.study_data import language_frame
from xstilts.config.study import BASELINE, Study
from xstilts.report.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, RED, SKY, YELLOW, View
from xstilts.scores.gains import ALL, ZERO_SHOT, is_control, language_cells
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import listed

OTHERS = "other families"
UNKNOWN = "family not known"
_MARKS = (
    (BLUE, "circle"), (ORANGE, "square"), (GREEN, "triangle-up"), (RED, "diamond"),
    (PURPLE, "cross"), (SKY, "triangle-down"), (BLACK, "triangle-right"), (YELLOW, "triangle-left"),
)  # fmt: skip
_STAR = "M0,-1L0.25,-0.3L1,-0.3L0.4,0.15L0.6,0.9L0,0.45L-0.6,0.9L-0.4,0.15L-1,-0.3L-0.25,-0.3Z"
_PENTAGON = "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z"
_LAST_MARKS = {OTHERS: (GREY, _STAR), UNKNOWN: (PALE, _PENTAGON)}


def ordered_languages(study: Study, languages: pd.DataFrame) -> pd.DataFrame:
    """Order the languages that the study scores: English, then by family and by distance within a family.

    Args:
        study: The study.
        languages: What :func:`~xstilts.analysis.study_data.language_frame` returns; empty to have it made.

    Returns:
        By code, name, family, distance (NaN if not known) and ``family_group``, the family as legends show it: families
        of one language, and those beyond the eighth, are :data:`OTHERS`. Large families come first, languages whose
        family is not known (:data:`UNKNOWN`) last.
    """
    codes = sorted({code for target in study.targets for code in study.languages(target)})
    facts = (language_frame(study) if languages.empty else languages).loc[codes, ["name", "family", "distance"]].copy()
    family = facts["family"].fillna("").astype("str").str.split(" (", regex=False).str[0]  # "Basque (isolate)"
    facts["family"] = family.mask(family == "", UNKNOWN)
    sizes = facts.loc[facts.index != ENGLISH, "family"].value_counts().drop(UNKNOWN, errors="ignore")
    order = sorted(sizes.index, key=lambda family: (-sizes[family], family))
    large = [family for family in order if sizes[family] > 1][: len(_MARKS)] or order[: len(_MARKS)]
    facts["family_group"] = facts["family"].where(facts["family"].isin([*large, UNKNOWN]), OTHERS)
    rank = {family: place for place, family in enumerate([*order, UNKNOWN])}
    ranks = [-1 if code == ENGLISH else rank[family] for code, family in facts["family"].items()]
    ranked = facts.sort_index().assign(rank=ranks).sort_values(["rank", "distance"], kind="stable")
    return ranked.drop(columns="rank")


def family_marks(known: pd.DataFrame) -> tuple[alt.Color, alt.Shape]:
    """Return the colour and the shape of families, which share one legend."""
    groups = set(known["family_group"])
    names = [name for name in known["family_group"].drop_duplicates() if name not in _LAST_MARKS]
    marks = dict(zip(names, _MARKS, strict=False))
    marks |= {name: mark for name, mark in _LAST_MARKS.items() if name in groups}
    legend = alt.Legend(title="family", orient="right", symbolStrokeColor="#333", symbolSize=70)
    return (
        alt.Color("family_group:N", legend=legend).scale(
            domain=list(marks), range=[colour for colour, _ in marks.values()]
        ),
        alt.Shape("family_group:N", legend=legend).scale(
            domain=list(marks), range=[shape for _, shape in marks.values()]
        ),
    )


def distance_note(known: pd.DataFrame) -> str:
    """Return a sentence that names the languages left out because their distance is not known; empty for none."""
    names = known.loc[known["distance"].isna(), "name"].tolist()
    return f"Left out, as the distance to English is not known: {listed(names)}." if names else ""


def scored_by_language(scores: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the cells (see :mod:`xstilts.scores.gains`) of single languages of all targets."""
    cells = pd.concat(language_cells(scores, study).values(), ignore_index=True)
    return cells[~cells["language"].isin([ALL, ZERO_SHOT])]


def planned_languages(study: Study, target: str, split: str) -> tuple[str, ...]:
    """Return the languages in which a target is to be scored on a split, or on the split used in its place."""
    scored_split = split if split in study.splits_of(target) else study.splits_of(target)[0]
    return study.languages(target, scored_split)


def before_and_after(cells: pd.DataFrame, study: Study, view: View) -> pd.DataFrame:
    """Compute scores before and after intermediate training.

    Args:
        cells: What :func:`scored_by_language` returns.
        study: The study.
        view: The model and split.

    Returns:
        A row per target and language with ``before`` (the baseline), ``gain`` and ``after`` (unweighted means over
        ``arms`` intermediate arms) in points. An arm counts for a target if it has a gain in every language of the
        target that any arm has a gain in, so that the means of all languages are over the same arms. Controls do not
        count.
    """
    cells = view.of(cells)
    baseline = cells[cells["arm"] == BASELINE].set_index(["target", "language"])["score"].rename("before")
    counting = [arm for arm in study.arms if arm != BASELINE and not is_control(arm, study)]
    gains = cells[cells["arm"].isin(counting)].dropna(subset=["gain"])
    sizes = gains.groupby(["target", "arm"])["language"].transform("size")
    complete = gains[sizes == gains.groupby("target")["language"].transform("nunique")]
    mean = complete.groupby(["target", "language"])["gain"].agg(gain="mean", arms="size")
    rows = baseline.to_frame().join(mean).reset_index()
    rows["arms"] = rows["arms"].fillna(0).astype("int64")
    return rows.assign(after=rows["before"] + rows["gain"])
