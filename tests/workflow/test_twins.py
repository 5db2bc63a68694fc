"""The synthetic twins of the questions' studies: the jobs that they plan, and a small one down to its answer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from twins.comparison import Comparison
from workspace import REPOSITORY, Workspace

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import load, load_file
from xstilts.graph.runs import Runs
from xstilts.synthetic.planted.files import write_code

STUDIES = REPOSITORY / "workflow" / "studies" / "synthetic"
ONCE = [
    *("all", "answer", "collect", "figures", "generate", "prepared", "report", "similarity", "submission", "tables"),
    "text",
]


def twin(question: str, folder: Path, effect: bool = True) -> Workspace:
    """A question's twin, or its null twin."""
    config: dict[str, Any] = yaml.safe_load((STUDIES / f"{question}_twin.yaml").read_text(encoding="utf-8"))
    config["source"]["planted"]["effect"] = effect
    study = load(config)
    assert isinstance(study.source, SyntheticSource)
    for corpus in study.text.values():
        write_code(folder / str(corpus.files), study.source)
    return Workspace(folder, config)


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize(
    ("question", "jobs"),
    [
        # an arm and the baseline, six targets, three seeds; text is encoded, too
        ("q1", {"prepare": 7, "encode": 8, "tokenizer": 1, "pretrain": 1, "intermediate": 3, "finetune": 2 * 6 * 3}),
        # the same of two models, one of which continues the other on a corpus
        ("q2", {"prepare": 8, "encode": 16, "tokenizer": 2, "pretrain": 2, "intermediate": 6, "finetune": 4 * 6 * 3}),
        # six intermediate tasks and six targets
        (
            "q3",
            {"prepare": 12, "encode": 13, "tokenizer": 1, "pretrain": 1, "intermediate": 18, "finetune": 7 * 6 * 3},
        ),
        # two intermediate tasks in four sizes and two ways of choosing, targets with one training set
        ("q4", {"prepare": 4, "encode": 5, "tokenizer": 1, "pretrain": 1, "intermediate": 48, "finetune": 17 * 3}),
        # four intermediate tasks and three targets
        ("q5", {"prepare": 7, "encode": 8, "tokenizer": 1, "pretrain": 1, "intermediate": 12, "finetune": 5 * 3 * 3}),
    ],
)
def test_plans_the_jobs_that_the_question_needs(
    tmp_path: Path, question: str, jobs: dict[str, int], effect: bool
) -> None:
    assert twin(question, tmp_path, effect).counts() == Counter(jobs) + Counter(ONCE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The twin of question 5 with a third of its runs, and items and steps enough for it to learn."""
    made = twin("q5", tmp_path_factory.mktemp("q5"))
    made.config["seeds"] = [1]
    made.config["source"] |= {"train_examples": 800, "eval_examples": 60}
    made.config["targets"] = dict.fromkeys(["target_1", "target_2"])
    made.config["arms"] = {name: made.config["arms"][name] for name in ("none", *_ARMS)}
    made.snakemake(str(Path("results") / made.study / "answers")).ok()
    return made


_ARMS = ("intermediate_1", "intermediate_2", "intermediate_3")


def test_a_twin_answers_beside_its_truth(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.folder)
    comparison = Comparison.of(Runs(load_file(Path("results") / small.study / "study.json")))
    assert comparison.effect and comparison.truth.value > 0 and comparison.estimate.value > 0
    assert comparison.answer.exercise and comparison.answer.verdict == "not enough seeds"
    assert not comparison.as_expected
    assert any("truth" in line for line in comparison.lines())
