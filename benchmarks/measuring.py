"""What the benchmarks share: ways that take turns, CPU seconds, ratios, and one JSON document.

Every benchmark compares XSTILTs with public tools that do the same work on the same data. The ways of doing it take
turns, so that a busy machine slows all of them alike, and what is reported is a ratio: the CPU seconds of the other
tool over those of XSTILTs in the same turn. Above 1, XSTILTs is faster. CPU seconds are those of the process and of the
children that it has waited for.

``--reduced`` is the form that the tests run: small data that the benchmark makes itself, in under a minute. The ratios
of that form are compared with ``benchmarks/ratios.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

OURS = "xstilts"

Way = Callable[[], object]


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reduced", action="store_true", help="small data, as in the tests")
    parser.add_argument("--turns", type=int, default=3, help="times that each way is measured")
    return parser


def cpu_seconds() -> float:
    """CPU seconds so far of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def take_turns(
    ways: Mapping[str, Way], turns: int, clock: Callable[[], float] = cpu_seconds, warm: bool = True
) -> dict[str, list[float]]:
    """Measure the CPU seconds of each way in each turn, after a turn that does not count.

    Args:
        ways: By name, what to measure; :data:`OURS` among them.
        turns: How often each way is measured.
        clock: CPU seconds so far of all that is measured.
        warm: Whether there is a turn that does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-warm, turns):
        for name, way in ways.items():
            before = clock()
            way()
            if turn >= 0:
                seconds[name].append(clock() - before)
    return seconds


def ratios(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """By name of each other way, the median over turns of its CPU seconds over those of XSTILTs in the same turn."""
    return {
        name: round(statistics.median(other / own for other, own in zip(values, seconds[OURS], strict=True)), 2)
        for name, values in seconds.items()
        if name != OURS
    }


def print_result(benchmark: str, seconds: Mapping[str, list[float]], packages: list[str], **details: Any) -> None:
    """Print the result as one JSON document.

    Args:
        benchmark: Its name, the key in ``ratios.json``.
        seconds: What :func:`take_turns` returned.
        packages: The packages whose versions matter.
        details: What else to say: sizes, checks that both ways computed the same.
    """
    _print(benchmark, {"ratios": ratios(seconds), **_times(seconds)}, packages, details)


def print_kinds(
    benchmark: str, by_kind: Mapping[str, Mapping[str, list[float]]], packages: list[str], **details: Any
) -> None:
    """Print the results for several kinds of data as one JSON document; see :func:`print_result`."""
    all_ratios = {f"{name}, {kind}": ratio for kind in by_kind for name, ratio in ratios(by_kind[kind]).items()}
    times = {kind: _times(seconds) for kind, seconds in by_kind.items()}
    _print(benchmark, {"ratios": all_ratios, "kinds": times}, packages, details)


def _times(seconds: Mapping[str, list[float]]) -> dict[str, Any]:
    return {
        "CPU seconds": {name: round(statistics.median(values), 3) for name, values in seconds.items()},
        "turns": {name: [round(value, 3) for value in values] for name, values in seconds.items()},
    }


def _print(benchmark: str, measured: dict[str, Any], packages: list[str], details: dict[str, Any]) -> None:
    result = {
        "benchmark": benchmark,
        **measured,
        **details,
        "machine": {"processor": processor(), "processors": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }
    print(json.dumps(result, indent=2))


def processor() -> str:
    """The name of the processor, as Linux knows it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
