"""Every figure of a study as large as XTREME: readable, self-contained, labelled."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from pictures import Text, collisions

from xstilts.config.study import Study
from xstilts.report.page.figures import page_figure
from xstilts.report.plots.figure import SUFFIXES, Figure, specification, write
from xstilts.report.plots.style import WIDEST

NAMES = (
    "gains", "gains_effects", "languages_gains", "languages_slopes", "q1_scores", "q1_gains", "q1_partial", "q1_slopes",
    "q1_families", "q1_specifications", "q2_gap", "q3_similarity", "q4_sizes", "q5_prediction", "q1_robustness",
    "q2_robustness", "q3_robustness", "q4_robustness", "q5_robustness", "training", "missing",
)  # fmt: skip


def test_these_are_the_figures(figures: dict[str, Figure]) -> None:
    assert tuple(figures) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_small_or_lies_on_another(shown: dict[str, list[Text]], name: str) -> None:
    assert min(text.size for text in shown[name] if text.text) >= 9
    assert collisions(shown[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_window_of_a_thousand_pixels_cuts_no_figure(
    figures: dict[str, Figure], large_study: Study, name: str
) -> None:
    figure = figures[name]
    root = ElementTree.fromstring(page_figure(figure.entry, specification(figure.chart), "", large_study).svg)
    assert float(root.get("width", "inf").removesuffix("px")) <= WIDEST


@pytest.mark.parametrize("name", NAMES)
def test_title_sentence_and_seeds_stand_above(
    figures: dict[str, Figure], shown: dict[str, list[Text]], name: str
) -> None:
    figure, all_text = figures[name], " ".join(text.text for text in shown[name])
    assert figure.sentence in all_text and "study invented" in all_text and "2 seeds (1, 2)" in all_text
    assert figure.sentence.endswith(".") and "nan" not in figure.sentence.lower()
    assert figure.sentence in figure.alt and figure.alt != figure.sentence


@pytest.mark.parametrize("name", NAMES)
def test_the_data_say_which_study_they_are_of(figures: dict[str, Figure], name: str) -> None:
    data = figures[name].data
    assert len(data) and set(data["study"]) == {"invented"} and not data["synthetic"].any()


def test_files_are_what_their_names_say(figures: dict[str, Figure], tmp_path: Path) -> None:
    files = write(figures["q1_partial"], tmp_path)
    assert [file.name for file in files] == [f"q1_partial.{suffix}" for suffix in SUFFIXES]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    table, spec, svg, png, pdf = files
    assert len(pd.read_csv(table)) == len(figures["q1_partial"].data)
    assert "$schema" in json.loads(spec.read_text()) and svg.read_text().startswith("<svg")
    assert png.read_bytes().startswith(b"\x89PNG") and pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_valid_and_fetches_nothing(figures: dict[str, Figure], name: str) -> None:
    spec = json.loads(specification(figures[name].chart))
    figures[name].chart.to_dict(validate=True)  # raises where Vega-Lite's schema does not allow it
    assert spec.pop("$schema").endswith(".json") and '"url"' not in json.dumps(spec)


def test_the_same_scores_give_the_same_spec(figures: dict[str, Figure]) -> None:
    assert specification(figures["missing"].chart) == specification(figures["missing"].chart)
