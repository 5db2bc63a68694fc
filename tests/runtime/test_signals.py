"""Requests to stop: at once, or as soon as the state can be saved."""

from __future__ import annotations

import signal

import pytest

from xstilts.runtime.signals import Stopped, StopRequest


@pytest.fixture
def stop():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield StopRequest().listen()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_once(stop, number):
    with pytest.raises(Stopped, match=f"{number.name} asked it to stop"):
        signal.raise_signal(number)
    assert stop.reason


def test_later(stop):
    with stop.deferred():
        signal.raise_signal(signal.SIGTERM)
        assert stop.reason == "SIGTERM asked it to stop"


def test_asking_again_changes_nothing(stop):
    with stop.deferred():
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


def test_without_a_request(stop):
    with stop.deferred():
        pass
    assert not stop.reason


def test_ignored_while_results_are_written(stop):
    stop.ignore_from_now_on()
    with stop.deferred():
        pass
    signal.raise_signal(signal.SIGTERM)
