from __future__ import annotations

import logging
import sys

import pytest

from xstilts.training import progress
from xstilts.training.progress import StepProgress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="xstilts")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    return clock


def test_messages_every_few_seconds_in_a_log(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with StepProgress("fine-tuning", 10) as steps:
        for _ in range(4):
            clock.now += 10
            steps.step(0.5)
    assert caplog.messages == [
        "fine-tuning: 10 steps",
        "fine-tuning: step 2/10, loss 0.500, 80 s left",
        "fine-tuning: step 4/10, loss 0.500, 60 s left",
        "fine-tuning: done in 40 s",
    ]


def test_other_messages_are_between_them(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with StepProgress("work", 1) as steps:
        steps.log("dev 50.0 [xnli]")
    assert caplog.messages[1] == "dev 50.0 [xnli]"


def test_work_that_fails_is_not_done(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError), StepProgress("work", 3):
        raise RuntimeError
    assert "done" not in caplog.text


def test_a_bar_on_a_terminal_and_no_bar_in_a_redirected_output(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with StepProgress("pretraining", 2) as steps:
        steps.step(1.25)
        steps.log("halfway [of it]")
        steps.step(1.0)
    out, err = capsys.readouterr()
    assert "2/2" in err and "loss 1.000" in err and "halfway [of it]" in err
    assert not out and caplog.messages == ["pretraining: done in 0 s"]
