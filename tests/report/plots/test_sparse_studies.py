"""Studies that lack something: every figure is plotted or absent with a reason, and nothing raises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from invented import invented_answers, invented_curves, invented_effects, invented_scores, xtreme_study
from pictures import collisions, texts

from xstilts.analysis.answers import Answer
from xstilts.analysis.effects import effects
from xstilts.analysis.questions import code_pretraining, domain, semantics, size_diversity, typology
from xstilts.analysis.study_data import StudyData
from xstilts.config.study import SYNTHETIC, Study
from xstilts.report.figures import all_figures, write_figures
from xstilts.report.plots.training import CURVES, read_curves, training_figure
from xstilts.scores.score_files import SCORES

_ARMS: dict[str, Any] = {"none": {}, "mnli": {"tasks": ["mnli"]}}
_THREE = {"xnli": {"languages": ["en", "de", "sw"]}}

STUDIES: dict[str, dict[str, Any]] = {
    "one seed, one arm, one target, three languages": {"seeds": [1], "arms": _ARMS, "targets": _THREE},
    "the baseline alone": {"arms": {"none": {}}, "targets": _THREE},
    "a control alone": {"arms": {"none": {}, "untrained": {"weights": "random"}}, "targets": _THREE},
    "retrieval alone": {"arms": _ARMS, "targets": {"tatoeba": {"languages": ["de", "fr"]}}},
    "English alone": {"arms": _ARMS, "targets": {"xnli": {"languages": ["en"]}}},
    "no English": {"arms": _ARMS, "targets": {"xnli": {"languages": ["de", "sw"]}}},
    "a release without dev split": {"arms": _ARMS, "splits": ["dev"], "targets": {"xquad": {}, "udpos": {}}},
    "synthetic": {"source": {"kind": "synthetic"}, "arms": _ARMS, "targets": {"xnli": {}, "tatoeba": {}}},
}


def answered(study: Study, scores: pd.DataFrame) -> list[Answer]:
    data = StudyData.of(study, scores)
    modules = (typology, code_pretraining, domain, size_diversity, semantics)
    return [module.answer(data) for module in modules]


@pytest.fixture(params=STUDIES, scope="module")
def study(request: pytest.FixtureRequest) -> Study:
    return xtreme_study(**STUDIES[request.param])


def test_everything_is_drawn_or_absent_for_a_reason(study: Study) -> None:
    scores = invented_scores(study)
    made = effects(scores, study)
    figures, absent = all_figures(study, scores, answers=answered(study, scores), effects=made)
    names = [figure.name for figure in figures] + [name for name, _ in absent]
    assert len(names) == len(set(names)) == 21 and all(reason.endswith(".") for _, reason in absent)
    for figure in figures:
        found = texts(figure)
        assert collisions(found) == [], figure.name
        assert study.warning in " ".join(text.text for text in found) and study.warning in figure.alt
        assert "nan" not in " ".join(text.text for text in found).lower().split(), figure.name


@pytest.mark.parametrize("how", ["nothing scored", "no baseline", "constant scores", "one language lost"])
def test_scores_that_say_little(how: str) -> None:
    study = xtreme_study(arms=_ARMS, targets={"xnli": {}, "tatoeba": {"languages": ["de", "fr"]}})
    scores = invented_scores(study)
    scores = {
        "nothing scored": SCORES.empty_table().to_pandas(),
        "no baseline": scores[scores["arm"] != "none"],
        "constant scores": scores.assign(score=50.0),
        "one language lost": scores[(scores["arm"] == "none") | (scores["language"] != "de")],
    }[how]
    figures, absent = all_figures(study, scores, answers=answered(study, scores), effects=effects(scores, study))
    assert {"gains", "missing"} <= {figure.name for figure in figures}
    for figure in figures:
        assert collisions(texts(figure)) == [], figure.name
    assert all(reason for _, reason in absent)


def test_frames_of_other_columns_and_empty_ones_are_no_figures(large_study: Study) -> None:
    scores = SCORES.empty_table().to_pandas()
    strange = pd.DataFrame({"something": [1.0]})
    for frame in (strange, pd.DataFrame()):
        answers = [
            Answer(
                answer.question, "t", "h", "not identifiable", "r", answer.primary,
                robustness=frame, data=dict.fromkeys(answer.data, frame),
            )
            for answer in invented_answers(large_study)
        ]  # fmt: skip
        figures, _ = all_figures(large_study, scores, answers=answers, effects=frame, records=frame)
        assert [figure.name for figure in figures] == ["gains", "missing"]


def test_frames_full_of_gaps_are_no_errors(large_study: Study, large_scores: pd.DataFrame) -> None:
    def gaps(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**dict.fromkeys(frame.select_dtypes("float"), np.nan))

    answers = [
        Answer(
            answer.question, "t", "h", "not identifiable", "r", answer.primary,
            robustness=gaps(answer.robustness), data={name: gaps(frame) for name, frame in answer.data.items()},
        )
        for answer in invented_answers(large_study)
    ]  # fmt: skip
    figures, absent = all_figures(
        large_study, large_scores, answers=answers, effects=gaps(invented_effects(large_study))
    )
    drawn = {figure.name for figure in figures}
    assert {name for name in drawn if name.startswith("q")} == {"q1_scores", "q1_gains"}
    assert len(absent) == 21 - len(figures)


def test_several_models_and_splits_have_figures_of_their_own() -> None:
    models = {"base": {"path": "models/base"}, "large": {"path": "models/large"}}
    study = xtreme_study(models=models, splits=["test", "dev"], arms=_ARMS, targets={"xnli": {}, "udpos": {}})
    test = invented_scores(study)
    dev = test.assign(split="dev")
    figures, absent = all_figures(study, pd.concat([test, dev]), records=invented_curves(study))
    names = {figure.name for figure in figures} | {name for name, _ in absent}
    for model in models:
        assert {
            f"training-{model}",
            f"q3_similarity-{model}",
            *(f"missing-{model}-{s}" for s in ("test", "dev")),
        } <= names
    assert "gains" in names and "missing" not in names
    shown = next(figure for figure in figures if figure.name == "missing-large-dev")
    assert "large, dev split" in shown.title and set(shown.data["model"]) == {"large"}


def test_an_index_says_what_there_is_and_what_not(tmp_path: Path) -> None:
    study = xtreme_study(**STUDIES["synthetic"])
    scores = invented_scores(study)
    files = write_figures(scores, study, tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    listed = [tmp_path / file for figure in index["figures"] for file in figure["files"]]
    assert [*listed, tmp_path / "index.json"] == files and sorted(tmp_path.iterdir()) == sorted(files)
    assert all(SYNTHETIC in figure["alt"] and figure["sentence"] and figure["title"] for figure in index["figures"])
    assert {"name": "training", "reason": "There are no records of training."} in index["absent"]


def test_curves_are_read_from_records(tmp_path: Path) -> None:
    curve = [
        {"step": 100, "loss": 0.7, "xnli": 50.0},
        {"step": 200, "loss": 0.6, "xnli": 60.0},
        {"step": 300, "loss": 0.5},
    ]
    records = {
        "xlmr/mnli/xnli/seed2.json": {"training": {"best_step": 200, "steps": 300, "curve": curve}},
        "xlmr/mnli/retrieval/seed2.json": {"training": None},
    }
    for name, record in records.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record))
    found = read_curves(sorted(tmp_path.rglob("*.json")))
    assert list(found.columns) == CURVES and list(found["score"].dropna()) == [50.0, 60.0]
    assert found.loc[found["best"], "step"].tolist() == [200] and set(found["seed"]) == {2}
    figure = training_figure(found, xtreme_study(), "xlmr")
    assert getattr(figure, "sentence", "").startswith("1 of 1 fine-tuning run")
    assert read_curves([]).empty


def test_more_rows_than_altair_takes_by_itself(large_study: Study, tmp_path: Path) -> None:
    curves = invented_curves(large_study)
    many = pd.concat([curves.assign(step=curves["step"] + shift) for shift in range(60)])
    figure = training_figure(many, large_study, "xlmr")
    assert len(getattr(figure, "data", ())) > 5000 and texts(figure)  # type: ignore[arg-type]
