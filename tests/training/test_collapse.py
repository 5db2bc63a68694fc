"""Collapsed runs: chance level, margins, constant predictions."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from xstilts.config.settings import Encoding
from xstilts.task_types import task_type_of
from xstilts.tasks.registry import TASKS
from xstilts.training.collapse import DevOutcome, collapse_reason, dev_outcome, read_dev_outcomes


def judged(task: str, predictions: list[str], gold: dict[str, list]) -> DevOutcome:
    task_type = task_type_of(TASKS[task], Encoding(), TASKS[task].labels)
    table = pa.table({"id": [str(row) for row in range(len(predictions))], **gold})
    return dev_outcome(task_type, predictions, table)


def nli(right: int, count: int = 300) -> tuple[list[str], dict[str, list]]:
    """A third of each label; ``right`` predictions are, all others name another label."""
    labels = TASKS["xnli"].labels
    gold = [labels[row % 3] for row in range(count)]
    return [labels[(row + (row >= right)) % 3] for row in range(count)], {"label": gold}


class TestClassification:
    def test_chance_is_the_most_frequent_label(self):
        found = judged("xnli", ["neutral"] * 4, {"label": ["neutral", "neutral", "neutral", "entailment"]})
        assert (found.score, found.chance, found.constant) == (75, 75, True)

    def test_two_binomial_errors_above_chance_are_learnt(self):
        assert collapse_reason(judged("xnli", *nli(116))) == "38.7 on English dev, at chance", "33.3 + 2 x 2.7 = 38.8"
        assert collapse_reason(judged("xnli", *nli(117))) == ""

    def test_below_chance_is_not_learnt(self):
        assert "0.0 on English dev, at chance" in collapse_reason(judged("xnli", *nli(0)))

    def test_f1_may_make_the_rare_label_the_best_constant(self):
        found = judged("qqp", ["0"] * 10, {"label": ["0"] * 6 + ["1"] * 4})
        assert found.score == 30 and found.chance == pytest.approx((40 + 200 * 4 / 14) / 2)

    def test_the_same_answer_throughout_is_called_that(self):
        _, gold = nli(0)
        assert "the same answer to every example" in collapse_reason(judged("xnli", ["neutral"] * 300, gold))

    def test_dev_data_that_cannot_tell_accuse_nobody(self):
        assert collapse_reason(judged("xnli", ["neutral"] * 5, {"label": ["neutral"] * 5})) == ""
        assert collapse_reason(judged("pawsx", ["0", "0"], {"label": ["0", "1"]})) == "", "2 examples"


def test_choices_are_right_by_place():
    found = judged("commonsenseqa", ["0", "1", "0", "1"], {"choices": [["a", "b"]] * 4, "label": [0, 0, 0, 1]})
    assert (found.score, found.chance, found.constant) == (75, 75, False)


TAGGED = {"tokens": [["a", "b"], ["c"]] * 20, "tags": [["NOUN", "VERB"], ["NOUN"]] * 20}


class TestTagging:
    def test_one_tag_everywhere_is_constant_however_long_the_sentences(self):
        found = judged("ccg", ["NOUN NOUN", "NOUN"] * 20, TAGGED)
        assert found.constant and found.score == found.chance == pytest.approx(200 / 3)

    @pytest.mark.parametrize("task", ["udpos", "ccg"])
    def test_a_point_above_the_commonest_tag_is_learnt(self, task):
        assert collapse_reason(judged(task, ["NOUN VERB", "NOUN"] * 20, TAGGED)) == ""
        assert collapse_reason(judged(task, ["NOUN NOUN", "NOUN"] * 19 + ["VERB NOUN", "NOUN"], TAGGED))

    def test_nothing_but_outside_finds_no_name(self):
        gold = {"tokens": [["a", "b"]], "tags": [["O", "B-PER"]]}
        assert judged("panx", ["O O"], gold).chance == 0


class TestQuestions:
    def test_no_answer_is_right_where_there_is_none(self):
        gold = {"answers": [[], ["Rome"], []]}
        assert judged("squad_v2", ["", "", ""], gold) == DevOutcome(
            pytest.approx(200 / 3), pytest.approx(200 / 3), True, 1
        )

    def test_an_answer_is_better_than_none_where_all_have_one(self):
        gold = {"answers": [["Rome"], ["Anna"]]}
        assert collapse_reason(judged("squad_v1", ["in Rome", "Bert"], gold)) == ""
        assert collapse_reason(judged("squad_v1", ["Paris", "Bert"], gold)) == "0.0 on English dev, at chance"


def test_records_are_read_and_those_without_training_have_nothing():
    values = {"score": 33.0, "chance": 33.3, "constant": False, "margin": 1.0, "later": 1}
    assert read_dev_outcomes({"training": {"learnt": {"xnli": values}}}) == {"xnli": DevOutcome(33.0, 33.3, False, 1.0)}
    assert (
        read_dev_outcomes({"training": None})
        == read_dev_outcomes({"training": {"steps": 3}})
        == read_dev_outcomes({})
        == {}
    )


def test_judging_records_does_not_wait_for_torch():
    code = "import sys, xstilts.training.collapse; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
