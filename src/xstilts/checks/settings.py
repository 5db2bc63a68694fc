"""Hyper-parameters of a small encoder, such as the demo's, that are used with a large one."""

from __future__ import annotations

from collections.abc import Iterator

from xstilts.checks import keys
from xstilts.checks.findings import Finding
from xstilts.encoders.config_file import size_of
from xstilts.graph.runs import Runs
from xstilts.tasks.protocols import PROTOCOLS
from xstilts.wording import listed

_PUBLISHED = PROTOCOLS["phang2020"].training  # of XLM-R Large
_RATE = _PUBLISHED["xnli"]["learning_rate"]  # of all its tasks
_EPOCHS = sorted({float(settings["epochs"]) for settings in _PUBLISHED.values()})

LARGE = 768  # units: the width of base models; the demo's encoder has 64
HIGH_RATE = 10 * _RATE
FEW_STEPS = 500  # about what TyDiQA takes, the protocol's smallest training set; the others take 6,000 and more


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over values that a large ready-made encoder can hardly be meant to be trained with."""
    large = [f"models.{model}" for model in runs.study.models if _is_large(runs, model)]
    if not large:
        return
    demo = "which looks like a value of the demo, whose encoder is tiny"
    for stage in keys.stages(runs.study):
        rate, steps = max(stage.settings.rates), stage.settings.max_steps
        if rate >= HIGH_RATE and not stage.settings.lora:  # adapters are trained at such rates
            yield Finding(
                stage.key("learning_rate"),
                f"is {rate:g} for {listed(large)}, {demo}. The published protocol has {_RATE:g}.",
                warning=True,
            )
        if steps is not None and steps <= FEW_STEPS:
            yield Finding(
                stage.key("max_steps"),
                f"is {steps} for {listed(large)}, {demo}. The published protocol trains {_epochs(stage.task)}: leave "
                "max_steps out and set epochs.",
                warning=True,
            )


def _is_large(runs: Runs, model: str) -> bool:
    return not runs.pretrains(model) and (size_of(runs.ready_made(model)).hidden_size or 0) >= LARGE


def _epochs(task: str | None) -> str:
    """What the protocol says of a task; of one that it is silent about, the range over its tasks."""
    if task is not None and task in _PUBLISHED:
        return f"{_PUBLISHED[task]['epochs']:g} epochs on this task"
    return f"{_EPOCHS[0]:g} to {_EPOCHS[-1]:g} epochs"
