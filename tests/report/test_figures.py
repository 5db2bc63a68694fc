"""The heat map of gains, read from its SVG, which keeps text as text."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from small_study import study_config

from xstilts.config.study import SYNTHETIC, Study, load
from xstilts.report.plots.figure import write
from xstilts.report.plots.gains import gains_figure
from xstilts.scores.score_files import SCORES


def texts(svg: Path) -> list[str]:
    root = ElementTree.fromstring(svg.read_text())
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def folder(scores: pd.DataFrame, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "figures"
    files = write(gains_figure(scores, study), folder)
    assert [file.name for file in files] == ["gains.csv", "gains.vl.json", "gains.svg", "gains.png", "gains.pdf"]
    return folder


def test_images_are_what_their_names_say(folder: Path) -> None:
    assert (folder / "gains.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "gains.pdf").read_bytes().startswith(b"%PDF")
    names = ["gains.csv", "gains.pdf", "gains.png", "gains.svg", "gains.vl.json"]
    assert sorted(file.name for file in folder.iterdir()) == names


def test_every_cell_shows_its_number(folder: Path) -> None:
    shown = texts(folder / "gains.svg")
    for text in ("+0.7", "+5.0†", "−53.0", "+23.5", "−11.0", "–", "MNLI", "two_tasks", "random (control)"):
        assert text in shown, text
    assert any("XQuAD" in text and "(63.0)" in text for text in shown)


def test_the_sentence_counts_gains_but_not_those_of_controls(scores: pd.DataFrame, study: Study) -> None:
    """MNLI +0.7 and +23.5; the mixture +5.0 on XQuAD with seed 1, and −11.0 on Tatoeba."""
    assert gains_figure(scores, study).sentence == (
        "Of 4 gains over the baseline, 3 are positive and 1 negative, from −11.0 (two_tasks, Tatoeba) to +23.5 (MNLI, "
        "Tatoeba)."
    )


def test_title_says_model_split_and_seeds(folder: Path) -> None:
    shown = " ".join(texts(folder / "gains.svg"))
    assert "xlmr, test split" in shown and "2 seeds (1, 2)" in shown and "small_one" in shown
    assert SYNTHETIC not in shown


def test_retrieval_and_missing_cells_have_their_own_colours(folder: Path) -> None:
    """+5.0 on XQuAD and +23.5 on Tatoeba are both at the end of their scale."""
    svg = ElementTree.fromstring((folder / "gains.svg").read_text())
    fill = {
        node.get("aria-label", ""): node.get("fill")
        for node in svg.iter("{http://www.w3.org/2000/svg}path")
        if node.get("aria-roledescription") == "rect mark"
    }

    def of(arm: str, target: str) -> str | None:
        return next(colour for label, colour in fill.items() if arm in label and target in label)

    assert of("two_tasks", "XQuAD") == of("MNLI", "Tatoeba") != of("MNLI", "XQuAD")
    assert of("random", "Tatoeba") == "white"


def test_the_data_lie_beside_the_figure(folder: Path) -> None:
    data = pd.read_csv(folder / "gains.csv")
    assert set(data["target"]) == {"xquad", "tatoeba"} and not data["synthetic"].any()
    gain = data.loc[(data["arm"] == "mnli") & (data["target"] == "xquad"), "gain"].item()
    assert gain == pytest.approx(0.6875)


def test_synthetic_scores_say_so(synthetic_scores: pd.DataFrame, synthetic_study: Study, tmp_path: Path) -> None:
    write(gains_figure(synthetic_scores, synthetic_study), tmp_path)
    assert any(SYNTHETIC in text for text in texts(tmp_path / "gains.svg"))
    assert pd.read_csv(tmp_path / "gains.csv")["synthetic"].all()


def test_scores_on_a_part_of_the_data_say_so(scores: pd.DataFrame, tmp_path: Path) -> None:
    limited = load(study_config(examples={"train": 20, "eval": 50}))
    write(gains_figure(scores, limited), tmp_path)
    shown = "".join(texts(tmp_path / "gains.svg")).replace(" ", "")  # broken into lines
    assert limited.warning and limited.warning.replace(" ", "") in shown
    assert pd.read_csv(tmp_path / "gains.csv")["limited"].all()


def test_a_study_whose_test_labels_are_stripped(study: Study, tmp_path: Path) -> None:
    write(gains_figure(SCORES.empty_table().to_pandas(), study), tmp_path)
    assert "–" in texts(tmp_path / "gains.svg")


def test_the_same_scores_give_the_same_picture(folder: Path, scores: pd.DataFrame, study: Study) -> None:
    write(gains_figure(scores.sample(frac=1, random_state=5), study), folder.parent / "again")
    # the names of gradients in an SVG count on within a process
    for name in ("gains.csv", "gains.png"):
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes(), name


def test_a_study_that_has_only_its_baseline(scores: pd.DataFrame, tmp_path: Path) -> None:
    study = load(study_config(arms={"none": {}}))
    write(gains_figure(scores[scores["arm"] == "none"], study), tmp_path)
    assert any("small_one" in text for text in texts(tmp_path / "gains.svg"))
