"""The synthetic twins of the questions' studies: the jobs that they plan, and a small one down to its answer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from twins.comparison import Comparison
from workspace import REPOSITORY, Workspace

from xstilts.config.sources import SyntheticSource
from xstilts.config.study import load, load_file
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.synthetic.planted.files import write_code

STUDIES = REPOSITORY / "workflow" / "studies" / "synthetic"
ONCE = [
    *("all", "answer", "collect", "figures", "generate", "prepared", "report", "similarity", "submission", "tables"),
    "text",
]


def config_of(question: str) -> dict[str, Any]:
    return dict(yaml.safe_load((STUDIES / f"{question}_twin.yaml").read_text(encoding="utf-8")))


def twin(question: str, folder: Path, effect: bool) -> Workspace:
    """A question's twin, or its null twin."""
    config = config_of(question)
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
        # the same of two models, one of which continues the other on a corpus; two targets each have one training set
        ("q2", {"prepare": 8, "encode": 16, "tokenizer": 2, "pretrain": 2, "intermediate": 6, "finetune": 4 * 3 * 3}),
        # six intermediate tasks, and six targets with two training sets
        (
            "q3",
            {"prepare": 12, "encode": 13, "tokenizer": 1, "pretrain": 1, "intermediate": 18, "finetune": 7 * 2 * 3},
        ),
        # two intermediate tasks in four sizes and two ways of choosing, targets with one training set
        ("q4", {"prepare": 4, "encode": 5, "tokenizer": 1, "pretrain": 1, "intermediate": 48, "finetune": 17 * 3}),
        # four intermediate tasks, and three targets with one training set
        ("q5", {"prepare": 7, "encode": 8, "tokenizer": 1, "pretrain": 1, "intermediate": 12, "finetune": 5 * 3}),
    ],
)
def test_plans_the_jobs_that_the_question_needs(
    tmp_path: Path, question: str, jobs: dict[str, int], effect: bool
) -> None:
    assert twin(question, tmp_path, effect).counts() == Counter(jobs) + Counter(ONCE)


@pytest.fixture(scope="module")
def question() -> ModuleType:
    """The script behind ``make question``."""
    spec = importlib.util.spec_from_file_location("question", REPOSITORY / "scripts" / "question.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small(question: str) -> dict[str, Any]:
    """The twin of question 5 with one seed and fewer languages, arms, targets and items."""
    config = config_of(question)
    arms = ("none", "intermediate_1", "intermediate_2", "intermediate_3")
    source, planted = config["source"], {**config["source"]["planted"], "languages": 8}
    training = config["training"]
    return config | {
        "training": training | {"pretraining": training["pretraining"] | {"max_steps": 150}},
        "source": source | {"planted": planted, "train_examples": 800, "eval_examples": 60},
        "seeds": [1],
        "arms": {arm: config["arms"][arm] for arm in arms},
        "targets": {"target_1": None, "target_2": None},
    }


def test_a_twin_is_run_and_its_answer_printed_beside_the_truth(
    question: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Workspace(tmp_path, small("q5"))
    (tmp_path / "q5_twin.yaml").write_text(yaml.safe_dump(made.config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(question, "STUDIES", tmp_path)
    monkeypatch.setattr(sys, "argv", ["question.py", "5", "twin", "--cores", "2"])
    question.main()
    printed = capsys.readouterr().out
    assert "Question 5, twin: The similarity" in printed and "verdict  not enough seeds (exercise" in printed
    comparison = Comparison.of(Runs(load_file(Path("results") / "q5_twin" / "study.json")))
    assert comparison.effect and comparison.truth.value > 0.1 and comparison.estimate.value > 0.1
    assert all(line in printed for line in comparison.lines())


def test_the_null_twin_is_the_twin_without_the_effect(
    question: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def failing(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, returncode=1)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(question.subprocess, "run", failing)
    with pytest.raises(UserError, match="q2_null: the run has failed; results/q2_null/logs says why"):
        question.run(2, "null", 1, [])
    assert "study=q2_null" in commands[0] and "source={planted: {effect: false}}" in commands[0]
    lines = (tmp_path / "data" / "planted" / "code.txt").read_text(encoding="utf-8")
    study, other = (question.study_of(2, world) for world in ("null", "twin"))
    assert (study.source.planted.effect, other.source.planted.effect) == (False, True)
    write_code(tmp_path / "again.txt", study.source)
    assert lines == (tmp_path / "again.txt").read_text(encoding="utf-8")
