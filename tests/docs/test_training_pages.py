"""The examples of docs/subsets.md and docs/targets.md are studies, and what the pages say of numbers is so."""

from __future__ import annotations

import re
from typing import Any, get_args

import yaml
from configs import ready_made
from workspace import REPOSITORY

from xstilts.config.study import load
from xstilts.data import subsets, text_space
from xstilts.translation import finished
from xstilts.translation.examples import Problem


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def example(name: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for text in re.findall(r"```yaml\n(.*?)```", page(name), re.DOTALL):
        merged |= yaml.safe_load(text)
    return merged


def test_subsets() -> None:
    study = load(ready_made(**example("subsets.md")))
    ways = {arm: section.choose.how for arm, section in study.arms.items()}
    assert ways["mnli_16k"] == "random" and ways["mnli_16k_narrow"] == "narrow" and ways["mnli_fiction"] == "domain"
    assert study.arms["mnli_16k"].steps == "fixed" and study.arms["mnli_1k"].steps == "epochs"
    assert study.languages_trained("mnli") == ("en", "de")


def test_targets() -> None:
    study = load(ready_made(**example("targets.md")))
    assert study.taught("xnli") == {"en", "fr", "de", "sw"} and study.taught("mlqa") == {"en", "hi"}
    (shots,) = study.shots("tydiqa")
    assert study.target("xnli").rates == (1e-5, 2e-5, 3e-5) and study.target("tydiqa").patience == 3
    assert (shots.task, shots.split, shots.language, shots.examples) == ("tydiqa", "train", "fi", 10)


def test_the_numbers_that_the_page_names() -> None:
    text = page("subsets.md")
    for number in (subsets.CANDIDATES, subsets.GREEDY, text_space.FITTED, text_space.MEASURED):
        assert f"{number:,}" in text
    assert f"{text_space.CLUSTERS} clusters" in text


def test_translation() -> None:
    study = load(ready_made(**example("translation.md")))
    assert study.translation is not None and study.languages_trained("mnli") == ("en", "de", "ru", "sw")
    assert study.translation.key("de") == "translation.models.de" and study.translation.key("ru") == "translation.model"
    text = page("translation.md")
    assert f"{finished.SHARD:,} to a file" in text
    problems = {problem for part in get_args(Problem) for problem in (get_args(part) or (part,))}
    assert problems and all(f"`{problem}`" in text for problem in problems)
