from __future__ import annotations

import sys

import pytest

from xstilts.training import progress
from xstilts.training.progress import StepProgress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    return clock


def test_lines_now_and_then_in_a_log(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with StepProgress("fine-tuning", 10) as steps:
        for _ in range(4):
            clock.now += 10
            steps.step(0.5)
    assert capsys.readouterr().out.splitlines() == [
        "fine-tuning: 10 steps",
        "fine-tuning: step 2/10, loss 0.500, 80 s left",
        "fine-tuning: step 4/10, loss 0.500, 60 s left",
        "fine-tuning: done in 40 s",
    ]


def test_what_is_said_stands_between(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with StepProgress("work", 1) as steps:
        steps.log("dev 50.0 [xnli]")
    assert capsys.readouterr().out.splitlines()[1] == "dev 50.0 [xnli]"


def test_work_that_fails_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), StepProgress("work", 3):
        raise RuntimeError
    assert "done" not in capsys.readouterr().out


def test_a_bar_on_a_terminal_and_no_bar_in_a_redirected_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with StepProgress("pretraining", 2) as steps:
        steps.step(1.25)
        steps.log("halfway [of it]")
        steps.step(1.0)
    out, err = capsys.readouterr()
    assert "2/2" in err and "loss 1.000" in err and "halfway [of it]" in err
    assert out == "pretraining: done in 0 s\n"
