"""The first screen: the answer in a sentence is right whatever a study has or lacks."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from small_page import answers
from small_study import MakeScores, ScoreRow, study_config, xquad

from xstilts.config.study import Study, load
from xstilts.report.page import PageContent
from xstilts.report.page.answer import FirstScreen, first_screen
from xstilts.report.page.page import render
from xstilts.scores.score_files import SCORES

ARMS: dict[str, Any] = {"none": {}, "mnli": {"tasks": ["mnli"]}, "qqp": {"tasks": ["qqp"]}}
NOTHING: pd.DataFrame = SCORES.empty_table().to_pandas()


def study_of(seeds: int = 3, arms: dict[str, Any] = ARMS, **changes: Any) -> Study:
    targets = {"xnli": {"languages": ["en", "de"]}, "xquad": {"languages": ["en", "de"]}}
    return load(study_config(**{"seeds": list(range(1, seeds + 1)), "arms": arms, "targets": targets, **changes}))


def rows_of(study: Study, **gains: tuple[float, float, float]) -> list[ScoreRow]:
    """Rows of arms that gain (XNLI, XQuAD, in English) points over a baseline of 50."""
    rows: list[ScoreRow] = []
    for arm, (xnli, squad, english) in {"none": (0.0, 0.0, 0.0), **gains}.items():
        for seed in study.seeds:
            rows += [
                (arm, "xnli", "en", "accuracy", seed, 50 + english),
                (arm, "xnli", "de", "accuracy", seed, 50 + xnli),
            ]
            rows += xquad(arm, seed, (50 + english,) * 2, (50 + squad,) * 2)
    return rows


def shown(study: Study, scores: pd.DataFrame) -> FirstScreen:
    return first_screen(scores, study, answers())


def sentence(study: Study, scores: pd.DataFrame) -> str:
    (line,) = shown(study, scores).lines
    return f"{line.word}: {line.text}"


def test_no_arm_helps(make_scores: MakeScores) -> None:
    study = study_of()
    scores = make_scores(rows_of(study, mnli=(-2.0, -4.0, 1.5), qqp=(-6.0, -8.0, 0.0)))
    assert sentence(study, scores) == (
        "No: averaged over two targets, no arm helps zero-shot; best is MNLI with −3.0 points "
        "(95 % interval −4.0 to −2.0; n = 3 seeds × 2 targets)."
    )
    screen = shown(study, scores)
    assert [(end.title, end.arm, end.zero_shot, end.english) for end in screen.ends] == [
        ("Best arm", "MNLI", "−3.0", "+1.5"), ("Worst arm", "QQP", "−7.0", "0.0"),
    ]  # fmt: skip
    assert screen.lines[0].notes == []


def test_an_arm_helps(make_scores: MakeScores) -> None:
    study = study_of()
    assert sentence(study, make_scores(rows_of(study, mnli=(2.0, 4.0, 0.0), qqp=(-1.0, 1.0, 0.0)))) == (
        "Yes: averaged over two targets, the best of two arms, MNLI, gains +3.0 points (95 % interval +2.0 to +4.0; "
        "n = 3 seeds × 2 targets) zero-shot, also after correction for choosing among two arms."
    )


@pytest.mark.parametrize(
    ("seeds", "gains", "why"),
    [(1, (2.0, 4.0, 0.0), "an answer needs at least three seeds"), (3, (-1.0, 4.0, 0.0), "this may be chance")],
)
def test_a_gain_that_is_no_yes(
    make_scores: MakeScores, seeds: int, gains: tuple[float, float, float], why: str
) -> None:
    study = study_of(seeds)
    text = sentence(study, make_scores(rows_of(study, mnli=gains, qqp=(-9.0, -9.0, 0.0))))
    assert text.startswith("Not clear: averaged over two targets, the best of two arms, MNLI, gains +") and why in text


def test_one_arm_and_one_seed(make_scores: MakeScores) -> None:
    study = study_of(1, {"none": {}, "mnli": {"tasks": ["mnli"]}})
    scores = make_scores(rows_of(study, mnli=(-1.0, -1.0, 2.0)))
    assert sentence(study, scores).startswith(
        "No: averaged over two targets, MNLI does not help zero-shot: −1.0 point ("
    )
    screen = shown(study, scores)
    assert [end.title for end in screen.ends] == ["The arm"]
    assert "One seed is too few to be sure." in screen.lines[0].notes


def test_a_study_without_arms(make_scores: MakeScores) -> None:
    why = "the study has no arm to compare with the baseline."
    for arms in ({"none": {}}, {"none": {}, "random": {"weights": "random"}}):
        study = study_of(arms=arms)
        assert sentence(study, make_scores(rows_of(study))) == f"No answer: {why}"
        assert shown(study, make_scores(rows_of(study))).ends == []


def test_a_study_that_has_not_run() -> None:
    assert sentence(study_of(), NOTHING) == "No answer yet: nothing has been scored."


def test_a_study_in_english_alone(make_scores: MakeScores) -> None:
    study = study_of(targets={"xnli": {"languages": ["en"]}})
    rows: list[ScoreRow] = [(arm, "xnli", "en", "accuracy", 1, 50.0) for arm in ARMS]
    assert "no target has a language that fine-tuning has no examples of" in sentence(study, make_scores(rows))


def test_missing_cells_are_left_out_and_named(make_scores: MakeScores) -> None:
    study = study_of()
    rows = rows_of(study, mnli=(-2.0, -4.0, 0.0), qqp=(-6.0, -8.0, 0.0))
    partly = make_scores(row for row in rows if row[:2] != ("none", "xnli"))
    (line,) = shown(study, partly).lines
    assert "averaged over one of two targets, no arm helps zero-shot; best is MNLI with −4.0 points" in line.text
    assert "Left out, as scores are missing: the target XNLI." in line.notes


def test_no_arm_can_be_compared_yet(make_scores: MakeScores) -> None:
    study = study_of()
    baseline = make_scores(row for row in rows_of(study) if row[0] == "none")
    assert "no arm and its baseline have scores with the same seed" in sentence(study, baseline)


def test_no_target_above_chance(make_scores: MakeScores) -> None:
    study = study_of(targets={"xnli": {"languages": ["en", "de"]}})
    rows: list[ScoreRow] = [
        (arm, "xnli", code, "accuracy", seed, score)
        for arm in ARMS for seed in study.seeds for code, score in (("en", 80.0), ("de", 33.5))
    ]  # fmt: skip
    text = sentence(study, make_scores(rows))
    assert text == "No answer: neither the baseline nor an arm is above chance zero-shot on its only target."


def test_data_that_are_not_whole_or_not_real_are_named(
    make_scores: MakeScores, synthetic_study: Study, synthetic_scores: pd.DataFrame
) -> None:
    assert ": on synthetic languages, averaged over" in sentence(synthetic_study, synthetic_scores)
    part = study_of(examples={"train": 20})
    scores = make_scores(rows_of(part, mnli=(-1.0, -1.0, 0.0), qqp=(-2.0, -2.0, 0.0)))
    assert sentence(part, scores).startswith("No: on a part of each data set, averaged over")


def test_every_model_has_its_answer(make_scores: MakeScores) -> None:
    study = study_of(models={"xlmr": {"path": "models/xlmr"}, "mbert": {"path": "models/mbert"}})
    scores = make_scores(rows_of(study, mnli=(2.0, 4.0, 0.0), qqp=(-2.0, -2.0, 0.0)))
    first, second = shown(study, scores).lines
    assert (first.word, second.word) == ("Yes", "No answer") and second.text.startswith("With mbert, ")


def test_the_strip_tells_the_five_verdicts(make_scores: MakeScores) -> None:
    study = study_of()
    chips = {chip.href: chip for chip in shown(study, make_scores(rows_of(study))).chips}
    assert list(chips) == ["q1", "q2", "q3", "q4", "q5"]
    assert (chips["q1"].verdict, chips["q1"].mark) == ("supported", "✓")
    assert chips["q2"].verdict == "not asked by this study" and chips["q3"].verdict == "not analysed"
    twins = {"text": {"path": "a"}, "code": {"path": "b", "code_of": "text"}}
    asked = first_screen(NOTHING, study_of(models=twins), answers())
    assert asked.chips[1].verdict == "not identifiable"


def test_the_answer_stands_above_everything_else(make_scores: MakeScores) -> None:
    study = study_of()
    scores = make_scores(rows_of(study, mnli=(-2.0, -4.0, 1.5), qqp=(-6.0, -8.0, 0.0)))
    html = render(PageContent(study, scores, answers=answers()))
    assert html.index('<div id="answer">') < html.index("<nav") < html.index("<h2")
    assert html.index("no arm helps zero-shot") < html.index("Worst arm") < html.index("Q5 Similar meaning")
