"""The examples of docs/arms.md are studies, and say what the page says of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from configs import ready_made
from workspace import REPOSITORY

from xstilts.config.study import Study, load

PAGE = (REPOSITORY / "docs" / "arms.md").read_text(encoding="utf-8")
EXAMPLES: list[dict[str, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def study(example: dict[str, Any]) -> Study:
    """A study with the sections of an example."""
    base = ready_made()
    base.pop("arms")
    return load({"arms": {"none": {}}, **base, **example})


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_study(example: dict[str, Any]) -> None:
    assert study(example).arms.keys() >= {"none"}


def named(arm: str) -> Study:
    """The study of the example that has an arm."""
    return study(next(example for example in EXAMPLES if arm in example.get("arms", {})))


def test_mixtures() -> None:
    arms = named("in_between").arms
    assert [arms[name].mixing_exponent for name in ("by_size", "equal", "in_between")] == [1.0, 0.0, 0.2]


def test_stages() -> None:
    found = named("mnli_then_squad")
    assert found.arms["mnli_then_squad"].all_tasks == ("mnli", "squad_v1")
    first, second = found.intermediate("mnli_then_squad")
    assert (first.epochs, second.epochs, second.learning_rate) == (1, 2, 3e-5)
    assert first.eval_every == second.eval_every == 500


def test_text() -> None:
    arms = named("mnli_with_news").arms
    assert [arms[name].sequence[0].text_share for name in ("mnli_with_text", "mnli_with_news", "text_alone")] == [
        0.5,
        0.3,
        1,
    ]
    text = arms["mnli_with_text"].masked_lm
    assert text is not None and text.sampling.exponent == 0.3, "the default that the page names"


def test_continued_models() -> None:
    found = study(next(example for example in EXAMPLES if "models" in example))
    code, prose = found.pretraining("code"), found.pretraining("prose")
    assert code == prose and code.max_steps == 10_000
    assert found.models["code"].code_of == "prose"
