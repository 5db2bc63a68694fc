"""The truth of planted studies: what arms teach, the scores that are expected of it, and answers beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from twins.comparison import Comparison
from twins.truth import Truth

from xstilts.analysis.answers import Answer, Estimate
from xstilts.analysis.store import write_answer
from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.jobs.generate import generate
from xstilts.jobs.prepare import prepare
from xstilts.synthetic.planted.items import World
from xstilts.synthetic.planted.words import LABELS

SHAPE = {"hidden_size": 8, "layers": 1, "heads": 2, "feed_forward_size": 8, "max_length": 32, "vocabulary_size": 100}
TASK = {"type": "classification", "columns": {"premise": "text", "label": "label"}, "labels": list(LABELS)}


def runs_of(
    folder: Path, question: str, effect: bool = True, languages: int = 6, train_examples: int = 640, **changes: Any
) -> Runs:
    """A study of a planted world with one intermediate task and three targets, generated and prepared."""
    names = ("intermediate_1", "target_1", "target_2", "target_3")
    test = {name: {"test": f"{name}/test.{{language}}.tsv"} for name in names[1:]}
    files = {name: {"train": f"{name}/train.tsv", "dev": f"{name}/dev.tsv", **test.get(name, {})} for name in names}
    if question == "q4":
        del files["target_3"]
    planted = {"question": question, "effect": effect, "languages": languages}
    study = {
        "study": "planted",
        "source": {
            "kind": "synthetic",
            "planted": planted,
            "train_examples": train_examples,
            "eval_examples": 80,
            "documents": 70,
        },
        "tasks": {name: {**TASK, "files": listed} for name, listed in files.items()},
        "models": {"tiny": {"architecture": SHAPE}},
        "arms": {"none": {}, "taught": {"tasks": ["intermediate_1"]}},
        "targets": {name: None for name in files if name in test},
        "seeds": [1, 2, 3],
        "encoding": {"max_length": 32},
        **changes,
    }
    runs = Runs(load(study), folder=folder)
    generate(runs)
    prepare(runs, "intermediate_1")
    pd.DataFrame({"model": [], "measure": []}).to_parquet(runs.paths.similarity)
    return runs


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Runs]:
    return lambda *arguments, **changes: runs_of(tmp_path, *arguments, **changes)


def test_an_arm_teaches_the_markers_of_its_examples_and_the_baseline_none(make: Callable[..., Runs]) -> None:
    runs = make("q1")
    truth, world = Truth(runs), World(runs.study.source)  # type: ignore[arg-type]
    taught = {marker.word for marker in world.taught(world.design.intermediate["intermediate_1"])}
    known = truth.known("tiny", "taught", 1)
    assert known <= taught and len(known) > 0.9 * len(taught)
    assert truth.known("tiny", "none", 1) == frozenset()


def test_what_is_not_known_is_guessed(make: Callable[..., Runs]) -> None:
    runs = make("q1")
    truth = Truth(runs)
    scores = truth.expected_scores().set_index(["arm", "target", "language", "seed"])["score"]
    markers, known = truth.markers("target_2", "test.qbc"), truth.known("tiny", "taught", 1)
    cues, taught = markers.count(""), sum(marker in known for marker in markers)
    assert scores["taught", "target_2", "qbc", 3] == pytest.approx(
        100 * (cues + taught + (80 - cues - taught) / 4) / 80
    )
    assert scores["none", "target_2", "qbc", 3] == pytest.approx(100 * (cues + (80 - cues) / 4) / 80)


def test_smaller_and_narrower_subsets_teach_fewer_markers(make: Callable[..., Runs]) -> None:
    def arm(how: str, count: int) -> dict[str, Any]:
        return {"tasks": ["intermediate_1"], "train_examples": count, "choose": {"how": how}}

    arms = {"none": {}} | {f"{how}_{count}": arm(how, count) for how in ("diverse", "narrow") for count in (64, 128)}
    truth = Truth(make("q4", train_examples=2048, arms=arms))
    known = {name: [truth.known("tiny", name, seed) for seed in (1, 2, 3)] for name in arms}
    for how in ("diverse", "narrow"):
        assert all(few < many for few, many in zip(known[f"{how}_64"], known[f"{how}_128"], strict=True))
    for count in (64, 128):
        assert sum(map(len, known[f"narrow_{count}"])) < sum(map(len, known[f"diverse_{count}"]))


@pytest.mark.parametrize("effect", [True, False])
def test_a_model_that_has_read_the_code_knows_of_all_markers_where_it_shows_them(
    make: Callable[..., Runs], tmp_path: Path, effect: bool
) -> None:
    code = {"continue": {"from": "tiny", "text": "code", "steps": 1}, "code_of": "tiny"}
    models, text = {"tiny": {"architecture": SHAPE}, "code": code}, {"code": {"files": str(tmp_path / "*.txt")}}
    truth = Truth(make("q2", effect, models=models, text=text))
    known = {model: len(truth.known(model, "taught", 1)) for model in models}
    assert known == {"tiny": 64, "code": 128 if effect else 64}
    assert not truth.known("code", "none", 1)


def answered(runs: Runs, value: float, verdict: Any = "supported") -> None:
    """Write an answer to question 1 whose interval is a point to either side."""
    primary = Estimate("slope", value, value - 1, value + 1, "points per SD of distance", 0.01)
    write_answer(Answer("q1", "Title", "Hypothesis", verdict, "", primary, exercise=True), runs.paths.answers)


class TestComparison:
    @pytest.fixture
    def runs(self, make: Callable[..., Runs]) -> Runs:
        return make("q1", languages=30)

    def test_says_whether_the_interval_holds_the_truth(self, runs: Runs) -> None:
        true = Truth(runs).estimate()
        assert true is not None and true.value < -2
        for value, within in ((true.value + 0.9, True), (true.value + 1.1, False), (true.value - 1.1, False)):
            answered(runs, value)
            comparison = Comparison.of(runs)
            assert comparison.within == within
            assert f"lies {'within' if within else 'outside'} the interval" in comparison.lines()[1]

    def test_says_whether_the_verdict_is_that_of_the_world(self, runs: Runs) -> None:
        answered(runs, -3)
        assert Comparison.of(runs).as_expected
        answered(runs, -3, "not supported")
        assert "NOT as it is in this world" in Comparison.of(runs).lines()[2]

    def test_without_an_estimate_there_is_nothing_to_compare(self, runs: Runs) -> None:
        write_answer(Answer("q1", "Title", "Hypothesis", "not identifiable", "Too little."), runs.paths.answers)
        with pytest.raises(UserError, match=r"planted: question q1 has no estimate\. Too little"):
            Comparison.of(runs)

    def test_expected_gains_that_do_not_vary_are_a_truth_of_zero_in_a_null_world(
        self, make: Callable[..., Runs], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Truth, "estimate", lambda self: None)
        null, planted = make("q1", False), make("q1", True)
        for runs in (null, planted):
            answered(runs, 0.4)
        assert Comparison.of(null).truth.value == 0 and Comparison.of(null).within
        with pytest.raises(UserError, match="no estimate"):
            Comparison.of(planted)


def test_without_the_effect_the_true_slope_is_none(make: Callable[..., Runs]) -> None:
    true = Truth(make("q1", False, languages=30)).estimate()
    assert true is not None and abs(true.value) < 0.6
