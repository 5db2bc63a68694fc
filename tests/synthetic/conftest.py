"""A small synthetic data root and the world and grammars that the tests share."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from xstilts.config.sources import SyntheticSource
from xstilts.synthetic import lexicon
from xstilts.synthetic.generate import generate
from xstilts.synthetic.grammar import Grammar
from xstilts.synthetic.world import World
from xstilts.tasks.synthetic_languages import DESIGNS

SMALL = SyntheticSource(kind="synthetic", seed=3, train_examples=150, eval_examples=30, documents=800)


@pytest.fixture(scope="session")
def small() -> SyntheticSource:
    return SMALL


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All tasks and texts of the small settings."""
    folder = tmp_path_factory.mktemp("synthetic")
    generate(folder, SMALL)
    return folder


@pytest.fixture(scope="session")
def world() -> World:
    return World(3)


@pytest.fixture(scope="session")
def grammars(world: World) -> dict[str, Grammar]:
    forms = lexicon.forms(3, world.names.all())
    return {design.code: Grammar(design, forms[design.code]) for design in DESIGNS}


@pytest.fixture
def rng() -> random.Random:
    return random.Random("test")
