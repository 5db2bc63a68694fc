"""The sentences and data of figures, compared with numbers computed in another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xstilts.analysis.study_data import language_frame
from xstilts.config.study import Study
from xstilts.report.plots.figure import Figure
from xstilts.report.plots.languages import OTHERS, before_and_after, ordered_languages, scored_by_language
from xstilts.report.plots.style import View, padded_domain
from xstilts.tasks.registry import TASKS
from xstilts.wording import counted, listed


def headline(scores: pd.DataFrame, arm: str, target: str) -> pd.Series:
    """Mean of the primary metrics by language and seed."""
    rows = scores[(scores["arm"] == arm) & (scores["target"] == target)]
    rows = rows[rows["metric"].isin(TASKS[target].primary_metrics)]
    return rows.groupby(["language", "seed"])["score"].mean()


def test_missing_counts_every_planned_cell(figures: dict[str, Figure], large_study: Study) -> None:
    planned = 12 * 2 * sum(len(large_study.languages(target)) for target in large_study.targets)
    data = figures["missing"].data
    assert len(data) == planned and (~data["done"]).sum() == 40 + 2 * 15 + 2
    assert figures["missing"].sentence == (
        f"72 cells of {planned:,} are missing, most of QQP on PAN-X (40), CCG on XNLI (30) and MNLI on UDPOS (2)."
    )


def test_gains_of_languages_are_means_over_the_group(figures: dict[str, Figure], large_scores: pd.DataFrame) -> None:
    data = figures["languages_gains"].data.set_index(["group", "language", "arm"])
    expected = [
        (headline(large_scores, "squad_v1", target) - headline(large_scores, "none", target))["hi"].mean()
        for target in ("xquad", "mlqa")
    ]
    assert data.loc[("question_answering", "hi", "squad_v1"), "gain"] == pytest.approx(np.mean(expected))
    assert data.loc[("question_answering", "hi", "squad_v1"), "targets"] == 2
    missing = data.loc[("sentence_pairs", "en", "ccg")]  # PAWS-X is there, XNLI is not
    assert np.isnan(missing["gain"]) and missing["text"] == "–"
    assert data.loc[("question_answering", "ms", "mnli"), "targets"] == 0


def test_an_arm_with_a_hole_counts_in_no_language_of_the_target(large_study: Study, large_scores: pd.DataFrame) -> None:
    cells = scored_by_language(large_scores, large_study)
    found = before_and_after(cells, large_study, View("xlmr", "test", False)).set_index(["target", "language"])
    assert (found.loc["udpos", "arms"] == 9).all() and (found.loc["panx", "arms"] == 10).all()  # without MNLI
    arms = [arm for arm in large_study.arms if arm not in ("none", "mnli", "untrained")]
    base = headline(large_scores, "none", "udpos")
    expected = np.mean([(headline(large_scores, arm, "udpos") - base)["de"].mean() for arm in arms])
    assert found.loc[("udpos", "de"), "gain"] == pytest.approx(expected)


def test_slopes_tell_the_change_of_the_gap(figures: dict[str, Figure]) -> None:
    data = figures["languages_slopes"].data
    english = data["language"] == "en"
    gaps = {
        when: (data[english].set_index("target")[when] - data[~english].groupby("target")[when].mean()).mean()
        for when in ("before", "after")
    }
    assert f"from {gaps['before']:.1f} to {gaps['after']:.1f}" in figures["languages_slopes"].sentence
    assert set(data["target"]) == {"xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa"}


def test_correlations_are_over_targets_with_languages_enough(figures: dict[str, Figure]) -> None:
    data = figures["q1_scores"].data.query("language != 'en'")
    rhos = {
        target: rows["distance"].rank().corr(rows["value"].rank())
        for target, rows in data.groupby("target")
        if len(rows) >= 10
    }
    assert set(rhos) == {"xnli", "udpos", "panx", "xquad", "tatoeba"}
    sentence = figures["q1_scores"].sentence.replace("−", "-")
    assert f"in {sum(rho < 0 for rho in rhos.values())} of 5 targets" in sentence
    assert f"from {min(rhos.values()):+.2f} " in sentence and f"to {max(rhos.values()):+.2f} " in sentence


def test_effects_count_intervals_without_controls(figures: dict[str, Figure]) -> None:
    data = figures["gains_effects"].data
    assert "untrained" not in set(data["arm"]) and len(data) == 10 * 9
    up, down = (data["low"] > 0).sum(), (data["high"] < 0).sum()
    assert f"Of 90 effects, {up} are gains and {down} losses" in figures["gains_effects"].sentence


def test_leaving_out_names_the_family_that_matters_most(figures: dict[str, Figure]) -> None:
    data = figures["q1_families"].data
    whole, rest = data.iloc[0], data.iloc[1:]
    most = rest.loc[(rest["value"] - whole["value"]).abs().idxmax(), "name"]
    assert whole["name"] == "all families" and most in figures["q1_families"].sentence


def test_languages_stand_by_family_with_english_first(large_study: Study) -> None:
    known = ordered_languages(large_study, language_frame(large_study))
    assert list(known.index[:2]) == ["en", "nl"] and len(known) == 40
    runs = known["family"].iloc[1:]
    assert (runs != runs.shift()).sum() == runs.nunique() == 14
    assert set(known.loc[known["family_group"] == OTHERS, "family"]) >= {"Basque", "Japonic"}
    assert known["family_group"].nunique() == 9
    assert ordered_languages(large_study, pd.DataFrame()).equals(known)


@pytest.mark.parametrize(
    ("values", "zero", "low", "high"),
    [([10, 20], False, 9.2, 20.8), ([10, 20], True, -1.6, 21.6), ([5, 5], False, 4.5, 5.5), ([], False, -0.08, 1.08)],
)
def test_domains_have_room_on_both_sides(values: list[float], zero: bool, low: float, high: float) -> None:
    assert padded_domain(pd.Series(values, dtype=float), zero=zero) == pytest.approx([low, high])


def test_words() -> None:
    assert counted(1, "cell") == "1 cell" and counted(1395, "cell") == "1,395 cells"
    assert counted(2, "family", "families") == "2 families"
    assert listed(["a"]) == "a" and listed(["a", "b", "c"]) == "a, b and c" and listed([]) == ""
