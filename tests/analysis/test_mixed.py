"""The mixed model against statsmodels', its fallback, slopes of targets, and data that cannot be fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

from xstilts.analysis import mixed
from xstilts.analysis.mixed import CLUSTERED, MIXED, fit


def table_of(seed: int = 0, slope: float = -0.5, targets: int = 3, arms: int = 3) -> pd.DataFrame:
    """24 languages in 12 genera, some targets lacking some of them; effects as the model has them."""
    rng = np.random.default_rng(seed)
    genus = [f"g{number % 12}" for number in range(24)]
    languages = pd.DataFrame({"language": [f"l{n}" for n in range(24)], "genus": genus, "z": rng.normal(size=24)})
    languages["script"] = (np.arange(24) % 3 == 0).astype(float)
    languages["effect"] = rng.normal(0, 0.6, 24) + rng.normal(0, 0.8, 12)[np.arange(24) % 12]
    rows = []
    for target in range(targets):
        for _, language in languages.iloc[2 * target :].iterrows():
            place = rng.normal(0, 0.7)
            for arm in range(arms):
                y = 3 * arm - target + slope * language["z"] + language["effect"] + place + rng.normal(0, 0.8)
                cell, place_name = f"a{arm}:t{target}", f"t{target}:{language['language']}"
                rows.append((cell, f"t{target}", place_name, *language[:4], y))
    return pd.DataFrame(rows, columns=["cell", "target", "place", "language", "genus", "z", "script", "y"])


@pytest.mark.parametrize("seed", [0, 1])
def test_slope_error_and_variances_are_those_of_statsmodels(seed: int) -> None:
    table = table_of(seed)
    table["y"] += table["target"].map({"t0": -1.5, "t1": 0.5, "t2": 1.0}) * table["z"]  # away from a variance of 0
    found = fit(table, "y", "z", ["script"])
    parts = {name: f"0 + C({name})" for name in ("genus", "language", "place")}
    parts["slope of target"] = "0 + C(target):z"
    model = smf.mixedlm(
        "y ~ z + script + C(cell)", table.assign(one=1), groups="one", re_formula="0", vc_formula=parts
    ).fit(reml=True)
    assert found is not None
    assert found.method == MIXED
    assert found.slope == pytest.approx(model.params["z"], abs=5e-3)
    assert found.error == pytest.approx(model.bse["z"], rel=0.02)
    assert found.coefficients["script"] == pytest.approx(model.params["script"], abs=5e-3)
    variances = dict(zip(sorted(parts), model.vcomp / model.scale, strict=True))
    assert {name: sd**2 for name, sd in found.relative_sds.items()} == pytest.approx(variances, abs=0.05)


@pytest.mark.parametrize(("targets", "df"), [(1, 10), (2, 1), (5, 3), (9, 7), (11, 9)])
def test_p_and_interval_are_those_of_t_with_two_degrees_of_freedom_less_than_genera_or_targets(
    targets: int, df: int
) -> None:
    found = fit(table_of(targets=targets, arms=1), "y", "z")
    assert found is not None
    assert (found.languages, found.genera, found.df) == (24, 12, df)
    t = found.slope / found.error
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert found.high - found.low == pytest.approx(2 * stats.t.ppf(0.975, df) * found.error)
    assert found.partial_r2 == pytest.approx(t**2 / (t**2 + df))


def test_with_nothing_random_to_tell_apart_it_is_least_squares() -> None:
    """A genus per language and one row per language: what is left is the noise."""
    table = table_of(targets=1, arms=1)
    table = table.assign(genus=table["language"])
    found = fit(table, "y", "z", ["script"])
    model = sm.OLS(table["y"], sm.add_constant(table[["z", "script"]])).fit()
    assert found is not None
    assert found.relative_sds == {}
    assert found.slope == pytest.approx(model.params["z"])
    assert found.error == pytest.approx(model.bse["z"])


def test_where_the_search_fails_errors_are_clustered_by_genus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixed, "reml", lambda *_: None)
    table = table_of()
    found = fit(table, "y", "z", ["script"])
    design = pd.get_dummies(table["cell"], dtype=float).assign(z=table["z"], script=table["script"])
    groups = pd.factorize(table["genus"])[0]
    model = sm.OLS(table["y"], design).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True})
    assert found is not None
    assert found.method == CLUSTERED
    assert found.slope == pytest.approx(model.params["z"])
    assert found.error == pytest.approx(model.bse["z"], rel=1e-3)


def test_a_covariate_that_says_nothing_of_its_own_is_dropped() -> None:
    table = table_of().assign(constant=1.0, copy=lambda rows: 2 * rows["z"])
    found, plain = fit(table, "y", "z", ["constant", "copy", "script"]), fit(table, "y", "z", ["script"])
    assert found is not None and plain is not None
    assert found.dropped == ("constant", "copy")
    assert found.slope == pytest.approx(plain.slope)


def test_rows_without_a_value_are_left_out() -> None:
    table = table_of()
    table.loc[table["language"] == "l3", "z"] = np.nan
    found, without = fit(table, "y", "z"), fit(table[table["language"] != "l3"], "y", "z")
    assert found == without
    assert found is not None and found.languages == 23


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda table: table.assign(y=1.0),
        lambda table: table.assign(y=table["cell"].map(hash) % 7),
        lambda table: table.assign(z=1.0),
        lambda table: table[table["genus"].isin(["g0", "g1"])],
        lambda table: table[table["language"].isin(["l4"])],
        lambda table: table.drop_duplicates("genus").head(3).assign(cell="one").head(2),
        lambda table: table.iloc[:0],
        lambda table: table.assign(y=np.nan),
    ],
)
def test_what_cannot_be_fitted_gives_nothing(spoilt) -> None:
    assert fit(spoilt(table_of()), "y", "z") is None


def test_slopes_of_targets_widen_the_interval_of_their_mean() -> None:
    """Six targets with slopes of their own; those of the random effect are statsmodels' too."""
    table = table_of(targets=6, arms=1)
    own = {f"t{number}": slope for number, slope in enumerate((-2.0, 1.5, -1.0, 2.0, -1.5, 1.0))}
    sloped = table.assign(y=table["y"] + table["target"].map(own) * table["z"])
    plain, found = fit(table, "y", "z"), fit(sloped, "y", "z")
    assert plain is not None and found is not None
    assert found.relative_sds["slope of target"] > 1 > plain.relative_sds["slope of target"]
    assert found.error > 2 * plain.error


def test_one_target_has_no_slope_of_its_own() -> None:
    found = fit(table_of(targets=1), "y", "z")
    assert found is not None and "slope of target" not in found.relative_sds
