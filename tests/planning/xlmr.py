"""A study of XLM-R Large, whose shape is known without a download."""

from __future__ import annotations

from typing import Any

from configs import ready_made

from xstilts.config.study import load
from xstilts.graph.runs import Runs

HUB = "hf://FacebookAI/xlm-roberta-large@c23d21b0620b635a76227c604d44e43a9f0ee389"


def large(**changes: Any) -> Runs:
    """The study, with changes."""
    return Runs(load(ready_made(models={"xlmr": {"path": HUB}}, **changes)))
