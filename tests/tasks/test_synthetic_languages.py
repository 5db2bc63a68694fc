from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xstilts.tasks.languages import languages_of
from xstilts.tasks.synthetic_languages import (
    DESIGNS,
    LANGUAGES,
    RELATED_FROM,
    WEIGHTS,
    Design,
    distance,
    family,
    genus,
)

ENGLISH = DESIGNS[0]
#: For every parameter but the share of cognates, a value that English does not have.
UNLIKE_ENGLISH = {
    "order": "SOV",
    "adjective": "after",
    "adposition": "after",
    "case": True,
    "article": False,
    "script": "Geor",
}

designs = st.builds(
    Design,
    st.just("qzz"),
    st.just("Test"),
    st.floats(0, 1),
    order=st.sampled_from(["SVO", "VSO", "SOV"]),
    adjective=st.sampled_from(["before", "after"]),
    adposition=st.sampled_from(["before", "after"]),
    case=st.booleans(),
    article=st.booleans(),
    script=st.sampled_from(["Latn", "Cyrl", "Grek", "Geor"]),
)


def test_the_catalogue_gives_them_by_code() -> None:
    assert list(languages_of("synthetic")) == sorted(design.code for design in DESIGNS)


def test_no_code_or_name_is_a_real_language_but_english() -> None:
    real = languages_of("files")
    names = {language.name.lower() for language in real.values()}
    for language in LANGUAGES:
        if language.code == "en":
            assert (language.name, language.iso3, language.distance) == ("English", "eng", 0.0)
        else:
            assert "qaa" <= language.code <= "qtz" and language.iso3 == language.code
            assert language.code not in real and language.name.lower() not in names
            assert language.name.isascii() and language.name.isalpha()
    assert len({language.name.lower() for language in LANGUAGES}) == len(LANGUAGES)


def test_distance_of_a_worked_example() -> None:
    # a quarter of the words, Cyrillic, verb first, no article: .35 * .75 + .20 + .15 + .04
    design = Design("qzz", "Test", 0.25, order="VSO", article=False, script="Cyrl")
    assert distance(design) == pytest.approx(0.6525)


def test_distances_span_the_range() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert min(map(distance, DESIGNS)) == 0 and max(map(distance, DESIGNS)) == 1
    assert len({distance(design) for design in DESIGNS}) == len(DESIGNS)


@given(designs, st.sampled_from(sorted(UNLIKE_ENGLISH)))
def test_every_planted_difference_adds_its_weight(design: Design, parameter: str) -> None:
    like = replace(design, **{parameter: getattr(ENGLISH, parameter)})
    unlike = replace(design, **{parameter: UNLIKE_ENGLISH[parameter]})
    assert distance(unlike) - distance(like) == pytest.approx(WEIGHTS[parameter], abs=2e-4)
    assert 0 <= distance(like) <= distance(unlike) <= 1


@given(designs, st.floats(0, 1), st.floats(0, 1))
def test_fewer_cognates_are_never_nearer(design: Design, one: float, other: float) -> None:
    few, many = sorted((one, other))
    assert distance(replace(design, cognates=few)) >= distance(replace(design, cognates=many))


def test_families_follow_from_cognates_then_order() -> None:
    for design in DESIGNS:
        for other in DESIGNS:
            related = min(design.cognates, other.cognates) >= RELATED_FROM
            unrelated = max(design.cognates, other.cognates) < RELATED_FROM
            same = related or (unrelated and design.order == other.order)
            assert (family(design) == family(other)) is same
            assert (genus(design) == genus(other)) is (same and design.script == other.script)
